//! A folder that mail is put into, one `.eml` file each: for a machine without a mail server.

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use lettre::message::Mailbox;
use uuid::Uuid;

use super::{message, unavailable};
use ports::{Mail, MailError, Mailer};

/// Any mail program opens the files; they are named in the order in which they were made.
pub struct MailFolder {
    folder: PathBuf,
    from: Mailbox,
    new_name: NewName,
}

/// Makes names of which a later one is greater.
pub type NewName = Arc<dyn Fn() -> Uuid + Send + Sync>;

impl MailFolder {
    pub const fn new(folder: PathBuf, from: Mailbox, new_name: NewName) -> Self {
        Self { folder, from, new_name }
    }
}

#[async_trait]
impl Mailer for MailFolder {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let bytes = message(&self.from, mail)?.formatted();
        let name = (self.new_name)();
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
