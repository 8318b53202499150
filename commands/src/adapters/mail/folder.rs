//! A folder that mail is put into, one `.eml` file each: for a machine without a mail server.

use std::path::PathBuf;

use async_trait::async_trait;
use lettre::message::Mailbox;

use super::{message, unavailable};
use crate::{
    clock::SharedClock,
    ports::{Mail, MailError, Mailer},
};

/// Any mail program opens the files; they are named in the order in which they were made.
pub struct MailFolder {
    folder: PathBuf,
    from: Mailbox,
    clock: SharedClock,
}

impl MailFolder {
    pub const fn new(folder: PathBuf, from: Mailbox, clock: SharedClock) -> Self {
        Self { folder, from, clock }
    }
}

#[async_trait]
impl Mailer for MailFolder {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let bytes = message(&self.from, mail)?.formatted();
        let name = self.clock.new_id();
        // A mail may let its reader in somewhere: only the server's own user reads them.
        let mut folder = tokio::fs::DirBuilder::new();
        folder.recursive(true);
        #[cfg(unix)]
        folder.mode(0o700);
        folder.create(&self.folder).await.map_err(unavailable)?;
        // Whoever looks into the folder sees whole mails only.
        let unfinished = self.folder.join(format!("{name}.part"));
        tokio::fs::write(&unfinished, bytes).await.map_err(unavailable)?;
        let path = self.folder.join(format!("{name}.eml"));
        tokio::fs::rename(&unfinished, &path).await.map_err(unavailable)?;
        tracing::info!(path = %path.display(), "there is no mail server (SMTP_URL): a mail was put into a file");
        Ok(())
    }
}
