//! What follows from the events of documents, and from the end of their project.

use async_trait::async_trait;
use domain::{
    AggregateType, document::DocumentEvent, envelope::RecordedEvent, event::Event, project::ProjectEvent,
    values::DocumentType,
};
use sqlx::PgTransaction;
use uuid::Uuid;

use super::jobs::{Cause, Embed, Empty, Remove, Revisit};
use crate::event_log::{ConsumerError, EventConsumer, JobPayload, NewJob, enqueue, enqueue_in, supersede, withdraw};

/// Enqueues the work that follows from events of documents, and from the deletion of their project. Starts at the beginning of the log.
pub struct EmbeddingHandler;

#[async_trait]
impl EventConsumer for EmbeddingHandler {
    fn name(&self) -> &'static str {
        "embedding"
    }

    fn aggregate_types(&self) -> &'static [AggregateType] {
        &[AggregateType::Document, AggregateType::Project]
    }

    async fn consume(&self, event: &RecordedEvent, tx: &mut PgTransaction<'_>) -> Result<(), ConsumerError> {
        let (job_id, subject_id) = (event.metadata.event_id.value(), event.aggregate_id);
        let cause = Cause { correlation_id: Some(event.metadata.correlation_id) };
        let document = match &event.event {
            Event::Document(document) => document,
            Event::Project(ProjectEvent::Deleted {}) => {
                return Ok(enqueue(&NewJob::new(job_id, subject_id, &Empty(cause)), tx).await?);
            }
            _ => return Ok(()),
        };
        if let DocumentEvent::Added { source, .. } | DocumentEvent::VersionAdded { source, .. } = document
            && source.document_type == DocumentType::Url
        {
            let job_id = Uuid::new_v5(&job_id, Revisit::KIND.as_bytes());
            enqueue_in(Revisit::PERIOD, &NewJob::new(job_id, subject_id, &Revisit(cause)), tx).await?;
        }
        match document {
            // Whoever is still at the version before need not go on.
            DocumentEvent::Added { .. }
            | DocumentEvent::VersionAdded { .. }
            | DocumentEvent::EmbeddingRequested { .. } => {
                supersede(&NewJob::new(job_id, subject_id, &Embed(cause)), tx).await?;
            }
            DocumentEvent::Deleted {} => {
                withdraw(Revisit::KIND, subject_id, tx).await?;
                enqueue(&NewJob::new(job_id, subject_id, &Remove(cause)), tx).await?;
            }
            DocumentEvent::TitleChanged { .. }
            | DocumentEvent::DescriptionChanged { .. }
            | DocumentEvent::Embedded { .. }
            | DocumentEvent::EmbeddingFailed { .. }
            | DocumentEvent::RemovalConfirmed { .. } => {}
        }
        Ok(())
    }
}
