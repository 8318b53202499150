//! The adapter between the two sides: makes a projector of views a consumer of the event log.

use std::sync::Arc;

use async_trait::async_trait;
use commands::event_log::{ConsumerError, EventConsumer, Replayable};
use domain::{AggregateType, envelope::RecordedEvent};
use projections::Projector;
use sqlx::PgTransaction;

pub(crate) struct Projection(pub(crate) Arc<dyn Projector>);

#[async_trait]
impl EventConsumer for Projection {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn aggregate_types(&self) -> &'static [AggregateType] {
        self.0.aggregate_types()
    }

    async fn consume(&self, event: &RecordedEvent, tx: &mut PgTransaction<'_>) -> Result<(), ConsumerError> {
        self.0.project(event, tx).await.map_err(|error| ConsumerError::Effect(Box::new(error)))
    }

    async fn consume_all(&self, events: &[RecordedEvent], tx: &mut PgTransaction<'_>) -> Result<(), ConsumerError> {
        self.0.project_all(events, tx).await.map_err(|error| ConsumerError::Effect(Box::new(error)))
    }
}

/// A projector gets only an event and a transaction, so it has no effect but rows.
impl Replayable for Projection {}
