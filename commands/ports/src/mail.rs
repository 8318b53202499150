//! Sending mail.

use std::{error::Error, sync::Arc};

use async_trait::async_trait;
use domain::values::Email;

/// A mail to one person, with the same content in two forms.
#[derive(Clone)]
pub struct Mail {
    pub to: Email,
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// The reason for which a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The server refused the mail and would refuse it again.
    #[error("the mail is refused")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
    /// The server could not be reached or was not ready; another attempt may succeed.
    #[error("mail cannot be sent at the moment")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands the mail over to a server, which is then responsible for its delivery.
    async fn send(&self, mail: &Mail) -> Result<(), MailError>;
}

pub type SharedMailer = Arc<dyn Mailer>;
