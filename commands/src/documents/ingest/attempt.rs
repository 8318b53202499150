//! Cancellation and progress of an attempt, around its steps: whether somebody still waits for it, and how far it is.

use std::time::Duration;

use domain::{
    document::{Document, VersionState},
    ids::DocumentId,
};
use sqlx::PgPool;
use tokio::time::timeout;

use super::{Failed, Version};
use crate::execute::Commands;

/// How soon it is seen that a document was deleted, or its embedding cancelled, while it is read.
const GLANCE: Duration = Duration::from_millis(500);

/// A step on the way to the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Stage {
    /// Another attempt will be made.
    Queued,
    Extracting,
    Chunking,
    Embedding,
}

/// An attempt to ingest a version.
pub(super) struct Attempt<'a> {
    pub(super) pool: &'a PgPool,
    pub(super) commands: &'a Commands,
    pub(super) version: Version,
    /// How many attempts were made, this one included.
    pub(super) number: i32,
}

impl Attempt<'_> {
    /// Does what may take its time, and drops it soon after nobody waits for the version any more.
    pub(super) async fn while_awaited<T>(&self, step: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
        let mut step = std::pin::pin!(step);
        loop {
            if let Ok(done) = timeout(GLANCE, &mut step).await {
                return done;
            }
            if let Err(Failed::Unwanted) = self.require_awaited().await {
                return Err(Failed::Unwanted);
            }
        }
    }

    /// Ends the attempt, as [`Failed::Unwanted`], if nobody waits for the version any more.
    pub(super) async fn require_awaited(&self) -> Result<(), Failed> {
        let Version { document, number, .. } = &self.version;
        let loaded = self.commands.log().load::<Document>(document.value()).await.map_err(Failed::for_now)?;
        match loaded.aggregate {
            Document::Added { version: newest, state: VersionState::Waiting, .. } if newest == *number => Ok(()),
            _ => Err(Failed::Unwanted),
        }
    }

    /// `done` of `total` passages, as soon as it is known how many there are. A report that is not written costs nothing but
    /// the report.
    pub(super) async fn report(&self, stage: Stage, done: usize, total: Option<usize>) {
        let count = |passages: usize| i32::try_from(passages).unwrap_or(i32::MAX);
        let stage: &str = stage.into();
        let written = sqlx::query!(
            "INSERT INTO document_progress (document_id, version, stage, done, total, attempts)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (document_id) DO UPDATE
             SET version = excluded.version, stage = excluded.stage, done = excluded.done, total = excluded.total,
                 attempts = excluded.attempts, changed_at = now()",
            self.version.document.value(),
            self.version.number.cast_signed(),
            stage,
            count(done),
            total.map(count),
            self.number,
        )
        .execute(self.pool)
        .await;
        if let Err(error) = written {
            tracing::debug!(%error, "the progress of an embedding was not written");
        }
    }
}

/// Forgets what attempts have written down of a document: how far they were, and their vectors.
pub(in super::super) async fn forget(pool: &PgPool, document: DocumentId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH progress AS (DELETE FROM document_progress WHERE document_id = $1)
         DELETE FROM drafted_vectors WHERE document_id = $1",
        document.value()
    )
    .execute(pool)
    .await?;
    Ok(())
}
