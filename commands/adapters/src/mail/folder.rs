//! A folder with one `.eml` file for each mail, for a machine without a mail server.

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use lettre::message::Mailbox;
use uuid::Uuid;

use super::{message, unavailable};
use ports::{Mail, MailError, Mailer};

/// Writes mail to files that any mail program opens; their names sort in the order in which they were written.
pub struct MailFolder {
    folder: PathBuf,
    from: Mailbox,
    new_name: NewName,
}

/// Makes names in ascending order.
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
        // A mail may contain a link that gives access, so only the server's own user may read the files.
        let mut folder = tokio::fs::DirBuilder::new();
        folder.recursive(true);
        #[cfg(unix)]
        folder.mode(0o700);
        folder.create(&self.folder).await.map_err(unavailable)?;
        // The file is renamed when it is complete, so that readers of the folder see whole mails only.
        let unfinished = self.folder.join(format!("{name}.part"));
        tokio::fs::write(&unfinished, bytes).await.map_err(unavailable)?;
        let path = self.folder.join(format!("{name}.eml"));
        tokio::fs::rename(&unfinished, &path).await.map_err(unavailable)?;
        tracing::info!(path = %path.display(), "there is no mail server (SMTP_URL): a mail was put into a file");
        Ok(())
    }
}
