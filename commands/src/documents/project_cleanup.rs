//! A project that is deleted takes its documents with it.

use async_trait::async_trait;
use domain::{
    document::DocumentError,
    ids::{DocumentId, ProjectId},
};
use sqlx::PgPool;

use super::{
    Documents, DocumentsError,
    jobs::{Empty, job_context},
};
use crate::{
    event_log::JobPayload,
    execute::ExecuteError,
    jobs::{Job, JobError, JobHandler},
};

/// Deletes the documents of deleted projects, one by one: each is then removed and confirmed like any other.
pub struct ProjectCleanup {
    pub pool: PgPool,
    pub documents: Documents,
}

impl ProjectCleanup {
    /// The kinds of its jobs.
    pub const KINDS: &'static [&'static str] = &[Empty::KIND];
}

#[async_trait]
impl JobHandler for ProjectCleanup {
    fn kinds(&self) -> &'static [&'static str] {
        Self::KINDS
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let project = ProjectId::new(job.subject_id);
        let ids = sqlx::query_scalar!(
            r#"SELECT aggregate_id::uuid AS "id!" FROM events
               WHERE aggregate_type = 'document' AND event_type = 'Added' AND payload ->> 'project_id' = $1"#,
            project.value().to_string()
        );
        for id in ids.fetch_all(&self.pool).await.map_err(JobError::from_source)? {
            let deleted = self.documents.delete(project, DocumentId::new(id), &job_context(job, "emptying")).await;
            match deleted {
                Ok(_) | Err(DocumentsError::Execute(ExecuteError::Refused(DocumentError::NotFound))) => {}
                Err(error) => return Err(JobError::from_source(error)),
            }
        }
        Ok(())
    }

    async fn give_up(&self, job: &Job) -> Result<(), JobError> {
        tracing::error!(project = %job.subject_id, "the documents of a deleted project cannot be deleted");
        self.run(job).await
    }
}
