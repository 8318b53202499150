//! The adapters for mail, captchas, uploads and the language model: servers that the settings name, or local
//! substitutes.

use std::sync::Arc;

use adapters::{
    extractive::ExtractiveAnswerer,
    mail::{self, MailFolder, SmtpMailer},
    media::ObjectMedia,
    openai::{OpenAiChat, OpenAiServer},
    recaptcha::Recaptcha,
};
use anyhow::Context as _;
use commands::clock::SharedClock;
use ports::{SharedCaptcha, SharedLanguageModel, SharedMailer, SharedMediaStore};
use secrecy::ExposeSecret as _;

use crate::config::Settings;

pub(crate) fn mailer(settings: &Settings, clock: &SharedClock) -> anyhow::Result<SharedMailer> {
    let from = mail::sender(&settings.outside.mail_from).context("MAIL_FROM")?;
    let clock = clock.clone();
    let new_name = Arc::new(move || clock.new_id());
    Ok(match &settings.outside.smtp_url {
        Some(url) => Arc::new(SmtpMailer::new(url.expose_secret(), from).context("SMTP_URL")?),
        None => Arc::new(MailFolder::new(settings.mail_dir(), from, new_name)),
    })
}

pub(crate) fn captcha(settings: &Settings) -> anyhow::Result<Option<SharedCaptcha>> {
    let Some(secret) = &settings.outside.recaptcha_secret else { return Ok(None) };
    Ok(Some(Arc::new(Recaptcha::new(&settings.outside.recaptcha_url, secret.clone())?)))
}

/// The store of uploads: the S3 bucket of the settings, or else the media folder, which is created.
pub(crate) fn media(settings: &Settings) -> anyhow::Result<SharedMediaStore> {
    if let Some(bucket) = settings.s3() {
        return Ok(Arc::new(ObjectMedia::in_bucket(bucket)?));
    }
    let folder = settings.media_dir();
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(Arc::new(ObjectMedia::in_folder(&folder)?))
}

/// The model provider, if there is one.
pub(crate) fn provider(settings: &Settings) -> anyhow::Result<Option<OpenAiServer>> {
    let Some(url) = settings.provider_url() else { return Ok(None) };
    Ok(Some(OpenAiServer::new(&url, settings.openai_api_key.clone().unwrap_or_default())?))
}

pub(crate) fn language_model(server: Option<&OpenAiServer>) -> SharedLanguageModel {
    match server {
        Some(server) => Arc::new(OpenAiChat::new(server.clone())),
        None => Arc::new(ExtractiveAnswerer),
    }
}
