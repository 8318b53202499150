//! Files on their way into the media store.
//!
//! A file is kept before the event that refers to it, and a process can die between the two. So every name is written
//! down first; the event's transaction marks it as kept ([`Row::KeepUpload`](crate::event_log::Row)); what is not kept
//! after a day goes.

mod names;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::document::StoredFile;
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use tokio_util::bytes::Bytes;

use crate::{
    event_log::{AppendError, Committed},
    execute::ExecuteError,
    ports::{MediaError, SharedMediaStore},
    scheduler::{Expiry, ExpiryError},
};

/// After which an upload without an event is one that was interrupted. No request lasts nearly as long.
const UNFINISHED: TimeDelta = TimeDelta::days(1);
const SWEPT_AT_ONCE: i64 = 1_000;

/// A file that somebody has sent.
pub struct NewFile {
    /// As the client calls it.
    pub name: String,
    pub bytes: Bytes,
}

#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error(transparent)]
    Media(#[from] MediaError),
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

/// Gives files their names in the media store, and takes out those that nothing came of.
#[derive(Clone)]
pub struct Uploads {
    pool: PgPool,
    media: SharedMediaStore,
}

impl Uploads {
    pub const fn new(pool: PgPool, media: SharedMediaStore) -> Self {
        Self { pool, media }
    }

    /// Keeps the bytes under a free name made from the wished one, and says which name it is. Append
    /// [`Row::KeepUpload`](crate::event_log::Row) with the event that refers to it, or it is removed a day later.
    ///
    /// # Errors
    /// The media store's or the database's; what has been written by then is removed a day later.
    pub async fn store(&self, wished_name: &str, bytes: Bytes) -> Result<String, UploadError> {
        let mut candidates = names::candidates(wished_name);
        loop {
            let name = candidates.next_name();
            // A file that is there already must never get a row: it could be taken for an interrupted upload.
            if self.media.describe(&name).await?.is_some() || !self.claim(&name).await? {
                continue;
            }
            if self.media.create(&name, bytes.clone()).await? {
                return Ok(name);
            }
            self.forget(&name).await?;
        }
    }

    /// [`Self::store`]s a file, and says what an event says of it.
    ///
    /// # Errors
    /// As for [`Self::store`].
    pub async fn keep(&self, file: NewFile) -> Result<StoredFile, UploadError> {
        let size = file.bytes.len() as u64;
        let sha256 = hex::encode(Sha256::digest(&file.bytes));
        let name = self.store(&file.name, file.bytes).await?;
        Ok(StoredFile { name, size, sha256 })
    }

    /// Removes a file again if the event that should refer to it was not recorded.
    pub async fn discard_unless_recorded<E>(
        &self,
        file: Option<&StoredFile>,
        result: &Result<Committed, ExecuteError<E>>,
    ) {
        let is_new = matches!(result, Ok(committed) if committed.repeats.is_none());
        // An append whose outcome is unknown may have happened: its file must stay.
        let is_certain =
            !matches!(result, Err(ExecuteError::Append(AppendError::Unavailable(_) | AppendError::Closed)));
        if let Some(file) = file.filter(|_| !is_new && is_certain)
            && let Err(error) = self.discard(&file.name).await
        {
            tracing::warn!(error = %crate::error_chain(&error), "a file that nothing refers to is left for the sweep");
        }
    }

    /// Removes a file of [`Self::store`] that no event will refer to.
    ///
    /// # Errors
    /// The media store's or the database's; the file is then removed a day later.
    pub async fn discard(&self, name: &str) -> Result<(), UploadError> {
        self.media.remove(name).await?;
        Ok(self.forget(name).await?)
    }

    /// Removes a file that events refer to, for good.
    ///
    /// # Errors
    /// The media store's or the database's; then do it again.
    pub async fn remove(&self, name: &str) -> Result<(), UploadError> {
        self.media.remove(name).await?;
        sqlx::query!("DELETE FROM uploads WHERE name = $1", name).execute(&self.pool).await?;
        Ok(())
    }

    /// Removes the files of uploads that were interrupted before this time; says how many.
    async fn sweep(&self, before: DateTime<Utc>) -> Result<u64, UploadError> {
        let names = sqlx::query_scalar!(
            "SELECT name FROM uploads WHERE NOT is_kept AND begun_at < $1 ORDER BY begun_at LIMIT $2",
            before,
            SWEPT_AT_ONCE,
        )
        .fetch_all(&self.pool)
        .await?;
        for name in &names {
            self.discard(name).await?;
        }
        Ok(names.len() as u64)
    }

    /// Says whether the name was free.
    async fn claim(&self, name: &str) -> Result<bool, sqlx::Error> {
        let claimed = sqlx::query!("INSERT INTO uploads (name) VALUES ($1) ON CONFLICT DO NOTHING", name);
        Ok(claimed.execute(&self.pool).await?.rows_affected() == 1)
    }

    async fn forget(&self, name: &str) -> Result<(), sqlx::Error> {
        sqlx::query!("DELETE FROM uploads WHERE name = $1 AND NOT is_kept", name).execute(&self.pool).await?;
        Ok(())
    }
}

#[async_trait]
impl Expiry for Uploads {
    fn name(&self) -> &'static str {
        "unfinished uploads"
    }

    async fn expire(&self, now: DateTime<Utc>) -> Result<u64, ExpiryError> {
        self.sweep(now - UNFINISHED).await.map_err(ExpiryError::from_source)
    }
}
