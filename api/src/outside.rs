//! The servers for mail and captchas, as the settings name them.

use std::sync::Arc;

use anyhow::Context as _;
use commands::{
    adapters::{
        mail::{self, MailFolder, SmtpMailer},
        recaptcha::Recaptcha,
    },
    clock::SharedClock,
    ports::{SharedCaptcha, SharedMailer},
};

use crate::config::Settings;

pub(crate) fn mailer(settings: &Settings, clock: &SharedClock) -> anyhow::Result<SharedMailer> {
    let from = mail::sender(&settings.outside.mail_from).context("MAIL_FROM")?;
    Ok(match &settings.outside.smtp_url {
        Some(url) => Arc::new(SmtpMailer::new(url, from).context("SMTP_URL")?),
        None => Arc::new(MailFolder::new(settings.mail_dir(), from, clock.clone())),
    })
}

pub(crate) fn captcha(settings: &Settings) -> anyhow::Result<Option<SharedCaptcha>> {
    let Some(secret) = &settings.outside.recaptcha_secret else { return Ok(None) };
    Ok(Some(Arc::new(Recaptcha::new(&settings.outside.recaptcha_url, secret)?)))
}
