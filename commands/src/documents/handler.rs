//! What follows from the events of documents, and from the end of their project.

use async_trait::async_trait;
use domain::{
    AggregateType, document::DocumentEvent, envelope::RecordedEvent, event::Event, project::ProjectEvent,
    values::DocumentType,
};
use serde_json::json;
use sqlx::PgTransaction;
use uuid::Uuid;

use super::revisiting::{PERIOD, REVISIT};
use crate::event_log::{ConsumerError, EventConsumer, NewJob, enqueue, enqueue_in, supersede, withdraw};

/// Jobs that embed the newest version of a document.
pub(super) const EMBED: &str = "embed_document";
/// Jobs that remove what is left of a deleted document.
pub(super) const REMOVE: &str = "remove_document";
/// Jobs that delete the documents of a deleted project.
pub(super) const EMPTY: &str = "empty_project";

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
        let job = |kind| NewJob {
            job_id: event.metadata.event_id.value(),
            kind,
            subject_id: event.aggregate_id,
            arguments: json!({ "correlation_id": event.metadata.correlation_id }),
            leased_by: None,
        };
        let document = match &event.event {
            Event::Document(document) => document,
            Event::Project(ProjectEvent::Deleted {}) => return Ok(enqueue(&job(EMPTY), tx).await?),
            _ => return Ok(()),
        };
        if let DocumentEvent::Added { source, .. } | DocumentEvent::VersionAdded { source, .. } = document
            && source.document_type == DocumentType::Url
        {
            let job_id = Uuid::new_v5(&event.metadata.event_id.value(), REVISIT.as_bytes());
            enqueue_in(PERIOD, &NewJob { job_id, ..job(REVISIT) }, tx).await?;
        }
        match document {
            // Whoever is still at the version before need not go on.
            DocumentEvent::Added { .. }
            | DocumentEvent::VersionAdded { .. }
            | DocumentEvent::EmbeddingRequested { .. } => supersede(&job(EMBED), tx).await?,
            DocumentEvent::Deleted {} => {
                withdraw(REVISIT, event.aggregate_id, tx).await?;
                enqueue(&job(REMOVE), tx).await?;
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
