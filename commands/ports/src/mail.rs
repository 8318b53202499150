//! Mail.

use std::{error::Error, sync::Arc};

use async_trait::async_trait;
use domain::values::Email;

/// A mail to one person, in two forms that say the same.
#[derive(Clone)]
pub struct Mail {
    pub to: Email,
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// It would be refused again.
    #[error("the mail is refused")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
    /// Another attempt may succeed.
    #[error("mail cannot be sent at the moment")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands the mail over; whoever takes it answers for its delivery.
    async fn send(&self, mail: &Mail) -> Result<(), MailError>;
}

pub type SharedMailer = Arc<dyn Mailer>;
