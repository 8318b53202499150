//! Executes the jobs that mail codes for new passwords.

use async_trait::async_trait;
use secrecy::ExposeSecret as _;

use super::{
    AccountError, Accounts,
    mails::{FrontEnd, reset_mail},
    reset_codes::{CodeToMail, ResetMail},
};
use crate::{
    event_log::JobPayload,
    execute::{Context, IdempotencyKey},
    jobs::{Job, JobError, JobHandler},
};
use ports::{Mail, MailError, SharedMailer};

/// Sends a mail; fails if the server is unavailable, so that the job is tried again. A refused mail is only logged,
/// because it would be refused again.
pub(super) async fn deliver(mailer: &SharedMailer, mail: &Mail, job: &Job) -> Result<(), JobError> {
    match mailer.send(mail).await {
        Ok(()) => Ok(()),
        Err(error @ MailError::Refused(_)) => {
            tracing::warn!(error = crate::error_chain(&error), job = %job.id, kind = job.kind, "a mail was not sent");
            Ok(())
        }
        Err(error @ MailError::Unavailable(_)) => Err(JobError::from_source(error)),
    }
}

/// The handler of the jobs of forgotten passwords.
pub struct PasswordResets {
    pub accounts: Accounts,
    pub mailer: SharedMailer,
    pub front_end: FrontEnd,
}

impl PasswordResets {
    /// The kinds of its jobs.
    pub const KINDS: &'static [&'static str] = &[ResetMail::KIND];
}

#[async_trait]
impl JobHandler for PasswordResets {
    fn kinds(&self) -> &'static [&'static str] {
        Self::KINDS
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let mail: ResetMail = job.payload()?;
        let opened = self.accounts.open_email(job.id, &mail.sealed_email);
        let Some(email) = opened.map_err(JobError::from_source)? else { return Ok(()) };
        let correlation_id = mail.correlation_id.unwrap_or(job.id);
        let once = IdempotencyKey { holder: None, key: job.id.to_string(), request: ResetMail::KIND.into() };
        let context = Context { idempotency: Some(once), ..Context::system("password-reset", correlation_id) };
        let to_mail = match self.accounts.code_to_mail(&email, mail.is_new, &context).await {
            // The account was deactivated or deleted in the meantime.
            Err(AccountError::Execute(crate::execute::ExecuteError::Refused(_))) => None,
            result => result.map_err(JobError::from_source)?,
        };
        let Some(CodeToMail { account, to, code }) = to_mail else { return Ok(()) };
        deliver(&self.mailer, &reset_mail(&account, to, code.expose_secret(), &self.front_end), job).await
    }

    async fn give_up(&self, job: &Job) -> Result<(), JobError> {
        tracing::warn!(job = %job.id, "a code for a new password was not mailed, after many attempts");
        Ok(())
    }
}
