//! A mail server, through `lettre`.

use std::time::Duration;

use async_trait::async_trait;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor, message::Mailbox, transport::smtp};

use super::{MailSettingsError, message, refused, unavailable};
use ports::{Mail, MailError, Mailer};

/// The limit for each command of the conversation.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Sends through one server.
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl SmtpMailer {
    /// Connects to `url`: `smtp://user:password@host:587?tls=required`, `smtps://…` for TLS from the start, or
    /// `smtp://localhost:25` for a server that requires neither TLS nor a login.
    ///
    /// # Errors
    /// [`MailSettingsError::Server`] if the URL is malformed.
    pub fn new(url: &str, from: Mailbox) -> Result<Self, MailSettingsError> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| MailSettingsError::Server)?;
        Ok(Self { transport: transport.timeout(Some(TIMEOUT)).build(), from })
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let message = message(&self.from, mail)?;
        self.transport.send(message).await.map(drop).map_err(|error: smtp::Error| {
            // A server that is unreachable or refuses the login may accept later; a mail that it refuses stays refused.
            let code = error.status().map(u16::from);
            let is_about_the_mail = code.is_some_and(|code| (550..=559).contains(&code));
            match code {
                Some(code) if is_about_the_mail => refused(ServerAnswered(code)),
                Some(code) => unavailable(ServerAnswered(code)),
                None => unavailable(error),
            }
        })
    }
}

/// Only the status code is kept: the server's text repeats the recipient's address, and errors go to the log and to
/// jobs.
#[derive(Debug, thiserror::Error)]
#[error("the mail server answered {0}")]
struct ServerAnswered(u16);
