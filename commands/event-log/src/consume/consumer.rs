//! The consumer interface, and the errors of a consumer.

use std::time::Duration;

use async_trait::async_trait;
use domain::{AggregateType, envelope::RecordedEvent};
use sqlx::PgTransaction;

use crate::{keys::codec::CodecError, proof::incarnation::IncarnationError, stored::StoredEvent};

/// A consumer of events: a projection that writes rows, or a handler that enqueues jobs.
#[async_trait]
pub trait EventConsumer: Send + Sync {
    /// Returns the consumer's name, which identifies its checkpoints and its consumer group.
    fn name(&self) -> &'static str;

    /// Returns the aggregate types whose events the consumer reads.
    fn aggregate_types(&self) -> &'static [AggregateType];

    /// Returns the pause after a batch that was not full. With a pause, a consumer whose result nobody waits for
    /// handles several events in one transaction.
    fn rest(&self) -> Duration {
        Duration::ZERO
    }

    /// Writes the effects of an event. The checkpoint is moved in the same transaction. The consumer must not have
    /// other effects.
    ///
    /// # Errors
    /// [`ConsumerError`]. It decides whether the event is parked, or tried again later.
    async fn consume(&self, event: &RecordedEvent, tx: &mut PgTransaction<'_>) -> Result<(), ConsumerError>;

    /// Writes the effects of a batch of events, in their order. Consumers that can write the rows of several events at
    /// once override this method.
    ///
    /// # Errors
    /// [`ConsumerError`], as for [`Self::consume`].
    async fn consume_all(&self, events: &[RecordedEvent], tx: &mut PgTransaction<'_>) -> Result<(), ConsumerError> {
        for event in events {
            self.consume(event, tx).await?;
        }
        Ok(())
    }
}

/// The reason why a consumer cannot continue.
#[derive(Debug, thiserror::Error)]
pub enum ConsumerError {
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    #[error("the checkpoints do not fit the log")]
    Fenced(#[from] IncarnationError),
    #[error("an event cannot be decoded")]
    Undecodable(#[from] CodecError),
    /// The text of the cause is stored with the parked event, so it must contain nothing personal.
    #[error("an event cannot be consumed")]
    Effect(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the log has no such event")]
    NotInTheLog,
}

/// The greatest number of events in one transaction of a consumer.
pub(crate) const MAX_BATCH: usize = 500;

/// An event, with the position of the preceding event in its topic partition if the source knows it.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub event: StoredEvent,
    /// The position of the preceding event in the partition; `None` if the source leaves no event out.
    pub previous: Option<i64>,
}
