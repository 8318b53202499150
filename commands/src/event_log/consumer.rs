//! Consumers of the log: each event once in effect, because the checkpoint moves in the transaction of its effects.
//!
//! Where events come from (the log itself, or Kafka) is a [source](super::source)'s business; what is behind a checkpoint is skipped,
//! what a source has left out comes from the log a moment later.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{AggregateType, envelope::RecordedEvent};
use sqlx::{PgPool, PgTransaction};

use super::{
    checkpoints::Taken,
    codec::{Codec, CodecError},
    fault,
    fence::{self, FenceError},
    progress::Progress,
    stored::{StoredEvent, names},
};

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
    Fenced(#[from] FenceError),
    #[error("an event cannot be decoded")]
    Undecodable(#[from] CodecError),
    /// The cause's own text is kept with an event that is parked for it: it must name nothing personal.
    #[error("an event cannot be consumed")]
    Effect(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the log has no such event")]
    NotInTheLog,
}

/// An event with what its source knows of the one before it in the same topic's partition.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    pub event: StoredEvent,
    /// Position of the event before it; `None` if the source leaves none out.
    pub previous: Option<i64>,
}

/// A crash of the server may take the newest transactions of a consumer back, checkpoints and rows together: they are made
/// again from the log, which is durable. So nobody has to wait for the disk. A process that stalls in the middle loses its
/// checkpoints' locks to those who wait for them.
const BEGIN: &str = "BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL idle_in_transaction_session_timeout = '3s'";

/// Names the advisory locks of transactions that decode, in the database: one for each consumer and version of its tables. It is
/// always the first lock that they take.
const ERASURES: i32 = 0x6179_7512;

/// A consumer with its checkpoints.
pub(super) struct Runner {
    pub pool: PgPool,
    pub codec: Codec,
    pub consumer: Arc<dyn EventConsumer>,
    pub progress: Progress,
}

impl Runner {
    /// Makes the checkpoints of a new consumer, at the beginning of the log. Those that are there must be of this log.
    pub(super) async fn prepare(&self) -> Result<(), ConsumerError> {
        let types: Vec<String> = names(self.consumer.aggregate_types());
        sqlx::query!(
            "INSERT INTO checkpoints (consumer, aggregate_type, partition, position)
             SELECT $1, aggregate_type, partition, 0
             FROM unnest($2::text[]) AS aggregate_type, log_head, generate_series(0, log_head.partitions - 1) AS partition
             ON CONFLICT DO NOTHING",
            self.consumer.name(),
            &types,
        )
        .execute(&self.pool)
        .await?;
        Ok(fence::check_checkpoints(&self.pool, self.consumer.name()).await?)
    }

    /// The oldest event that the consumer has not seen, if there is one up to `limit`.
    pub(super) async fn oldest_pending(&self, limit: i64) -> Result<Option<i64>, sqlx::Error> {
        sqlx::query_scalar!(
            "SELECT min(next.position)
             FROM checkpoints
             CROSS JOIN LATERAL (
                 SELECT events.position FROM events
                 WHERE events.aggregate_type = checkpoints.aggregate_type
                   AND events.partition = checkpoints.partition
                   AND events.position > checkpoints.position
                 ORDER BY events.position LIMIT 1
             ) AS next
             WHERE checkpoints.consumer = $1 AND next.position <= $2",
            self.consumer.name(),
            limit,
        )
        .fetch_one(&self.pool)
        .await
    }

    /// Applies a batch in one transaction. Events that were applied before are skipped; those that cannot be applied are parked.
    ///
    /// # Errors
    /// Those of the moment: the batch can be applied later.
    pub(super) async fn apply(&self, batch: &[Delivery]) -> Result<(), ConsumerError> {
        if batch.is_empty() {
            return Ok(());
        }
        match self.apply_at_once(batch).await {
            Err(error) if fault::is_of_the_event(&error) => {
                let (consumer, error) = (self.consumer.name(), fault::describe(&error));
                tracing::warn!(consumer, error, "a batch cannot be applied at once and is applied one by one");
                self.apply_one_by_one(batch).await
            }
            result => result,
        }
    }

    async fn apply_at_once(&self, batch: &[Delivery]) -> Result<(), ConsumerError> {
        // Before the transaction: one that waited for a second connection could wait for itself.
        self.codec.prefetch_keys(batch.iter().map(|delivery| &delivery.event)).await?;
        let mut tx = self.begin(batch.iter().map(|delivery| &delivery.event)).await?;
        let taken = self.take(batch, &mut tx).await?;
        let events = self.codec.decode_all(&taken.events).await?;
        self.consumer.consume_all(&events, &mut tx).await?;
        self.finish(taken, tx).await
    }

    /// Begins a transaction in which these events are decoded and take effect. Such transactions of a consumer share a lock, but
    /// for those with an erasure, which wait for the others: so whatever was decoded with a key that was destroyed in the
    /// meantime is there for them to be blanked. Who has the lock must
    /// [learn](super::keys::KeyRing::learn_erasures) of erasures before it decodes.
    pub(super) async fn begin(
        &self,
        mut events: impl Iterator<Item = &StoredEvent>,
    ) -> Result<PgTransaction<'static>, sqlx::Error> {
        let share = if events.any(StoredEvent::is_erasure) { "" } else { "_shared" };
        // In a replay the first schema of the search path is that of the version that is filled.
        let tables = format!("hashtext(concat(current_schema(), '.{}'))", self.consumer.name());
        self.pool.begin_with(format!("{BEGIN}; SELECT pg_advisory_xact_lock{share}({ERASURES}, {tables})")).await
    }

    /// Ends a transaction whose events have been dealt with.
    pub(super) async fn finish(&self, taken: Taken, mut tx: PgTransaction<'_>) -> Result<(), ConsumerError> {
        self.correct_checkpoints(&taken, &mut tx).await?;
        tx.commit().await?;
        self.progress.advance(self.consumer.name(), &taken.checkpoints);
        Ok(())
    }
}

/// Events of some types after a position and up to another, in order.
pub(super) async fn read_log(
    pool: &PgPool,
    types: &[String],
    after: i64,
    up_to: i64,
    limit: i64,
) -> Result<Vec<StoredEvent>, sqlx::Error> {
    sqlx::query_as!(
        StoredEvent,
        r#"SELECT position, aggregate_type, aggregate_id, sequence, event_type, event_version,
                  payload::text AS "payload!", metadata::text AS "metadata!", partition, command_id
           FROM events
           WHERE position > $1 AND position <= $2 AND aggregate_type = ANY($3)
           ORDER BY position
           LIMIT $4"#,
        after,
        up_to,
        types,
        limit,
    )
    .fetch_all(pool)
    .await
}
