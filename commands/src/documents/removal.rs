//! What is deleted goes: from each place in turn, as often as it takes, and each confirms it by an event.

use std::time::Duration;

use async_trait::async_trait;
use domain::{
    document::{Document, DocumentCommand, DocumentError, Place},
    ids::DocumentId,
};
use sqlx::PgPool;

use super::{
    handler::{EMBED, REMOVE},
    job_context, progress,
};
use crate::{
    execute::{Commands, ExecuteError},
    jobs::{Job, JobError, JobHandler},
    library::Library,
    uploads::Uploads,
};

/// Removes deleted documents. Nothing is ever given up: what is not confirmed stays open, and everybody can see that.
pub struct Removal {
    pub pool: PgPool,
    pub commands: Commands,
    pub library: Library,
    pub uploads: Uploads,
}

/// How soon it is looked again whether an embedding has ended.
const PATIENCE: Duration = Duration::from_millis(500);

#[derive(Debug, thiserror::Error)]
#[error("its embedding has not ended yet")]
struct StillEmbedding;

#[async_trait]
impl JobHandler for Removal {
    fn kinds(&self) -> &'static [&'static str] {
        &[REMOVE]
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
                Place::Index => self.remove_from_index(id).await,
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
        tracing::error!(document = %job.subject_id, "a deleted document cannot be removed everywhere");
        self.run(job).await
    }
}

impl Removal {
    async fn remove_from_index(&self, id: DocumentId) -> Result<(), JobError> {
        // What is being embedded would come back.
        let is_embedding = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM jobs WHERE kind = $1 AND subject_id = $2) AS "is_embedding!""#,
            EMBED,
            id.value()
        );
        if is_embedding.fetch_one(&self.pool).await.map_err(JobError::from_source)? {
            return Err(JobError::for_a_while(StillEmbedding, PATIENCE));
        }
        self.library.remove_document(id).await.map_err(JobError::from_source)?;
        progress::forget(&self.pool, id).await.map_err(JobError::from_source)?;
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
