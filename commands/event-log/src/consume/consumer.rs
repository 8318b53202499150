//! Consumers of the log, and why one cannot go on.

use std::time::Duration;

use async_trait::async_trait;
use domain::{AggregateType, envelope::RecordedEvent};
use sqlx::PgTransaction;

use crate::{keys::codec::CodecError, proof::incarnation::IncarnationError, stored::StoredEvent};

/// Somebody who makes rows out of events: a projection, or a handler that enqueues jobs.
#[async_trait]
pub trait EventConsumer: Send + Sync {
    /// Names its checkpoints and its consumer group.
    fn name(&self) -> &'static str;

    /// The aggregate types that it wants.
    fn aggregate_types(&self) -> &'static [AggregateType];

    /// How long it rests after a batch that was not full. Somebody for whom nobody waits has several in one transaction then.
    fn rest(&self) -> Duration {
        Duration::ZERO
    }

    /// Writes what follows from an event. The checkpoint is moved in the same transaction; nothing else may be touched.
    async fn consume(&self, event: &RecordedEvent, tx: &mut PgTransaction<'_>) -> Result<(), ConsumerError>;

    /// The same for the events of a batch, in their order. One that can write the rows of several events at once does so here.
    async fn consume_all(&self, events: &[RecordedEvent], tx: &mut PgTransaction<'_>) -> Result<(), ConsumerError> {
        for event in events {
            self.consume(event, tx).await?;
        }
        Ok(())
    }
}

/// Why a consumer cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ConsumerError {
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    #[error("the checkpoints do not fit the log")]
    Fenced(#[from] IncarnationError),
    #[error("an event cannot be decoded")]
    Undecodable(#[from] CodecError),
    /// The cause's own text is kept with an event that is parked for it: it must name nothing personal.
    #[error("an event cannot be consumed")]
    Effect(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the log has no such event")]
    NotInTheLog,
}

/// The greatest number of events in one transaction of a consumer.
pub(crate) const MAX_BATCH: usize = 500;

/// An event with what its source knows of the one before it in the same topic's partition.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub event: StoredEvent,
    /// Position of the event before it; `None` if the source leaves none out.
    pub previous: Option<i64>,
}
