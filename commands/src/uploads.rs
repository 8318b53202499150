//! Uploads of files into the media store.
//!
//! No two files ever have the same name, even if one of them is removed, and no name can be guessed, because the URL of
//! a file gives access to it.
//!
//! A file is stored before the event that refers to it, and a process can die between the two. So every name is
//! recorded first; the event's transaction marks it as kept ([`KeepUpload`]); a file that is not kept is removed after
//! a day.

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

/// The age at which an upload without an event counts as interrupted. No request lasts nearly as long.
const UNFINISHED: TimeDelta = TimeDelta::days(1);
const SWEPT_AT_ONCE: i64 = 1_000;

/// A file that a client has sent.
pub struct NewFile {
    /// The client's name of it.
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

/// Marks the file of this name as kept, in the append of the event that refers to it.
pub struct KeepUpload(pub String);

#[async_trait]
impl TransactionalWrite for KeepUpload {
    async fn write(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query!("UPDATE uploads SET is_kept = true WHERE name = $1", self.0).execute(connection).await?;
        Ok(())
    }
}

/// Names and stores files, and removes those of interrupted uploads.
#[derive(Clone)]
pub struct Uploads {
    pool: PgPool,
    media: SharedMediaStore,
}

impl Uploads {
    pub const fn new(pool: PgPool, media: SharedMediaStore) -> Self {
        Self { pool, media }
    }

    /// Stores the bytes under a new name similar to the wished one; returns that name. [`KeepUpload`] has to be
    /// appended with the event that refers to it, otherwise the file is removed a day later.
    ///
    /// # Errors
    /// - [`UploadError::Media`]: the media store failed.
    /// - [`UploadError::Database`]: the name could not be recorded.
    ///
    /// Bytes that were written by then are removed a day later.
    pub async fn store(&self, wished_name: &str, bytes: Bytes) -> Result<String, UploadError> {
        loop {
            let name = names::unique_name(wished_name);
            sqlx::query!("INSERT INTO uploads (name) VALUES ($1)", name).execute(&self.pool).await?;
            // The name is new, but a retried request of the store may find the file of its first attempt, whose
            // response was lost. That file is removed a day later.
            if self.media.create(&name, bytes.clone()).await? {
                return Ok(name);
            }
        }
    }

    /// [`Self::store`]s a file; returns the fields that an event has of it.
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
        // An append with an unknown outcome may have happened, so its file must stay.
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
    /// [`UploadError`] if the media store or the database failed; the file is then removed a day later.
    pub async fn discard(&self, name: &str) -> Result<(), UploadError> {
        self.media.remove(name).await?;
        Ok(self.forget(name).await?)
    }

    /// Removes a file that events refer to, for good. Its former existence stays recorded.
    ///
    /// # Errors
    /// [`UploadError`] if the media store or the database failed; then the call has to be repeated.
    pub async fn remove(&self, name: &str) -> Result<(), UploadError> {
        // Recorded first, so that at no moment the file seems never to have existed.
        sqlx::query!(
            "INSERT INTO uploads (name, is_kept, removed_at) VALUES ($1, true, now())
             ON CONFLICT (name) DO UPDATE SET is_kept = true, removed_at = coalesce(uploads.removed_at, now())",
            name
        )
        .execute(&self.pool)
        .await?;
        Ok(self.media.remove(name).await?)
    }

    /// The time at which the file of this name was removed; `None` if it never existed or still exists.
    ///
    /// # Errors
    /// [`sqlx::Error`] if the database failed.
    pub async fn removed_at(&self, name: &str) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
        if !ports::is_possible_name(name) {
            return Ok(None);
        }
        let removed_at = sqlx::query_scalar!("SELECT removed_at FROM uploads WHERE name = $1", name);
        Ok(removed_at.fetch_optional(&self.pool).await?.flatten())
    }

    /// Removes the files of uploads that were interrupted before this time; returns their number.
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
