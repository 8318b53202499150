//! How far an embedding is, for those who wait for it.

use domain::ids::DocumentId;
use sqlx::PgPool;

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

/// Writes down how far the embedding of one version is.
pub(super) struct Reporter<'a> {
    pub(super) pool: &'a PgPool,
    pub(super) document: DocumentId,
    pub(super) version: u32,
    /// The one that is being made included.
    pub(super) attempts: i32,
}

impl Reporter<'_> {
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
            self.document.value(),
            self.version.cast_signed(),
            stage,
            count(done),
            total.map(count),
            self.attempts,
        )
        .execute(self.pool)
        .await;
        if let Err(error) = written {
            tracing::debug!(%error, "the progress of an embedding was not written");
        }
    }
}

/// Forgets all reports and drafts.
pub(super) async fn forget(pool: &PgPool, document: DocumentId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH progress AS (DELETE FROM document_progress WHERE document_id = $1)
         DELETE FROM drafted_vectors WHERE document_id = $1",
        document.value()
    )
    .execute(pool)
    .await?;
    Ok(())
}
