//! What is deleted goes: from each place in turn, as often as it takes, and each confirms it by an event.

use std::time::Duration;

use async_trait::async_trait;
use domain::{
    document::{Document, DocumentCommand, DocumentError, Place},
    ids::{DocumentId, ProjectId},
};
use sqlx::{PgConnection, PgPool};

use super::{
    ingest,
    jobs::{Embed, Remove, job_context},
};
use crate::{
    event_log::{JobPayload, TransactionalWrite},
    execute::{Commands, ExecuteError},
    jobs::{Job, JobError, JobHandler},
    passage_store::PassageStore,
    uploads::Uploads,
};

/// No search finds the document's passages from now on, wherever they are.
pub(super) struct HideDocument {
    pub project: ProjectId,
    pub document: DocumentId,
}

#[async_trait]
impl TransactionalWrite for HideDocument {
    async fn write(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query!(
            "INSERT INTO hidden_documents (document_id, project_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            self.document.value(),
            self.project.value(),
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}

/// Removes deleted documents. Nothing is ever given up: what is not confirmed stays open, and everybody can see that.
pub struct Removal {
    pub pool: PgPool,
    pub commands: Commands,
    pub passage_store: PassageStore,
    pub uploads: Uploads,
}

/// How soon it is looked again whether an embedding has ended: later and later.
const PATIENCE: Duration = Duration::from_millis(500);
const LONGEST_PATIENCE: Duration = Duration::from_secs(8);

#[derive(Debug, thiserror::Error)]
#[error("its embedding has not ended yet")]
struct StillEmbedding;

impl Removal {
    /// The kinds of its jobs.
    pub const KINDS: &'static [&'static str] = &[Remove::KIND];
}

#[async_trait]
impl JobHandler for Removal {
    fn kinds(&self) -> &'static [&'static str] {
        Self::KINDS
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let loaded = self.commands.log().load::<Document>(job.subject_id).await.map_err(JobError::from_source)?;
        let Document::Deleted { files, left_in, .. } = loaded.aggregate else { return Ok(()) };
        let id = DocumentId::new(job.subject_id);
        // Each place by itself: one that is down does not keep the others.
        let (mut failed, mut places) = (None, left_in);
        places.sort_unstable();
        for place in places {
            let removed = match place {
                Place::Index => self.remove_from_index(job, id).await,
                Place::MediaStore => self.remove_files(&files).await,
            };
            let confirmed = match removed {
                Ok(()) => self.confirm(job, id, place).await,
                Err(error) => Err(error),
            };
            failed = confirmed.err().or(failed);
        }
        failed.map_or(Ok(()), Err)
    }

    async fn give_up(&self, job: &Job) -> Result<(), JobError> {
        let result = self.run(job).await;
        // One that waits is well: whoever embeds it will let go of it.
        if result.as_ref().is_err_and(|error| !error.is_expected()) {
            tracing::error!(document = %job.subject_id, "a deleted document cannot be removed everywhere");
        }
        result
    }
}

impl Removal {
    async fn remove_from_index(&self, job: &Job, id: DocumentId) -> Result<(), JobError> {
        // What is being embedded would come back. An attempt that was put off is made now: it finds that there is nothing to do.
        let is_embedding = sqlx::query_scalar!(
            r#"WITH due AS (
                   UPDATE jobs SET run_at = now()
                   WHERE kind = $1 AND subject_id = $2 AND leased_by IS NULL AND run_at > now()
               )
               SELECT EXISTS (SELECT FROM jobs WHERE kind = $1 AND subject_id = $2) AS "is_embedding!""#,
            Embed::KIND,
            id.value()
        );
        if is_embedding.fetch_one(&self.pool).await.map_err(JobError::from_source)? {
            if job.attempts <= 1 {
                tracing::info!(document = %id, "a deleted document is removed as soon as nobody embeds it any more");
            }
            let doublings = u32::try_from(job.attempts.clamp(1, 8) - 1).unwrap_or(0);
            return Err(JobError::for_a_while(StillEmbedding, LONGEST_PATIENCE.min(PATIENCE * 2_u32.pow(doublings))));
        }
        self.passage_store.remove_document(id).await.map_err(JobError::from_source)?;
        ingest::forget(&self.pool, id).await.map_err(JobError::from_source)?;
        sqlx::query!("DELETE FROM hidden_documents WHERE document_id = $1", id.value())
            .execute(&self.pool)
            .await
            .map_err(JobError::from_source)?;
        Ok(())
    }

    async fn remove_files(&self, files: &[String]) -> Result<(), JobError> {
        for file in files {
            self.uploads.remove(file).await.map_err(JobError::from_source)?;
        }
        Ok(())
    }

    async fn confirm(&self, job: &Job, id: DocumentId, place: Place) -> Result<(), JobError> {
        let command = DocumentCommand::ConfirmRemoval(place);
        match self.commands.execute::<Document>(id.value(), command, &job_context(job, "removal")).await {
            Ok(_) | Err(ExecuteError::Refused(DocumentError::NotFound)) => Ok(()),
            Err(error) => Err(JobError::from_source(error)),
        }
    }
}
