//! Mail: through a server by SMTP, or into a folder where there is no server.

mod folder;
mod smtp;

use lettre::{
    Message,
    message::{Mailbox, MultiPart},
};

pub use folder::{MailFolder, NewName};
use ports::{Mail, MailError};
pub use smtp::SmtpMailer;

/// A malformed setting of mail. The server's address may contain a password and is not shown.
#[derive(Debug, thiserror::Error)]
pub enum MailSettingsError {
    #[error("the mail server's address is not of the form smtp://user:password@host:587?tls=required")]
    Server,
    #[error("{0} is not a sender such as Ayushma <ayushma@example.org>")]
    Sender(String),
}

/// Parses the sender of all mail: an address, or a name and an address.
///
/// # Errors
/// [`MailSettingsError::Sender`] if the text is neither.
pub fn sender(text: &str) -> Result<Mailbox, MailSettingsError> {
    text.trim().parse().map_err(|_| MailSettingsError::Sender(text.to_owned()))
}

/// The mail in its transmitted form.
fn message(from: &Mailbox, mail: &Mail) -> Result<Message, MailError> {
    let to = mail.to.as_str().parse().map_err(refused)?;
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(&mail.subject)
        .message_id(None)
        .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
        .map_err(refused)
}

fn refused(error: impl std::error::Error + Send + Sync + 'static) -> MailError {
    MailError::Refused(Box::new(error))
}

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> MailError {
    MailError::Unavailable(Box::new(error))
}
