//! Files on their way into the media store.
//!
//! No two files are ever called the same, also if one of them is gone, and no name can be guessed: whoever has the address of
//! a file may read it.
//!
//! A file is kept before the event that refers to it, and a process can die between the two. So every name is written
//! down first; the event's transaction marks it as kept ([`KeepUpload`]); what is not kept
//! after a day goes.

mod names;
mod removal;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::document::StoredFile;
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgPool};
use tokio_util::bytes::Bytes;

pub(crate) use removal::EraseMedia;
pub use removal::{MediaRemoval, MediaRemovalHandler};

use crate::{
    event_log::{AppendError, Committed, TransactionalWrite},
    execute::ExecuteError,
    scheduler::{Expiry, ExpiryError},
};
use ports::{MediaError, SharedMediaStore};

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

/// A file that an event of the append refers to, by its name: it stays.
pub struct KeepUpload(pub String);

#[async_trait]
impl TransactionalWrite for KeepUpload {
    async fn write(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query!("UPDATE uploads SET is_kept = true WHERE name = $1", self.0).execute(connection).await?;
        Ok(())
    }
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

    /// Keeps the bytes under a new name made from the wished one, and says which name it is. Append
    /// [`KeepUpload`] with the event that refers to it, or it is removed a day later.
    ///
    /// # Errors
    /// The media store's or the database's; what has been written by then is removed a day later.
    pub async fn store(&self, wished_name: &str, bytes: Bytes) -> Result<String, UploadError> {
        loop {
            let name = names::unique_name(wished_name);
            sqlx::query!("INSERT INTO uploads (name) VALUES ($1)", name).execute(&self.pool).await?;
            // A name is new, but the store may have got it in a request that was repeated because no answer came. It is removed a
            // day later.
            if self.media.create(&name, bytes.clone()).await? {
                return Ok(name);
            }
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

    /// Removes a file that events refer to, for good. That it was there is not forgotten.
    ///
    /// # Errors
    /// The media store's or the database's; then do it again.
    pub async fn remove(&self, name: &str) -> Result<(), UploadError> {
        // First, so that there is no moment at which it never was.
        sqlx::query!(
            "INSERT INTO uploads (name, is_kept, removed_at) VALUES ($1, true, now())
             ON CONFLICT (name) DO UPDATE SET is_kept = true, removed_at = coalesce(uploads.removed_at, now())",
            name
        )
        .execute(&self.pool)
        .await?;
        Ok(self.media.remove(name).await?)
    }

    /// When the file of this name was removed; `None` if there never was one, or there is.
    ///
    /// # Errors
    /// The database's.
    pub async fn removed_at(&self, name: &str) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
        if !ports::is_possible_name(name) {
            return Ok(None);
        }
        let removed_at = sqlx::query_scalar!("SELECT removed_at FROM uploads WHERE name = $1", name);
        Ok(removed_at.fetch_optional(&self.pool).await?.flatten())
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
