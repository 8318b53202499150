//! Runs a consumer: each event once in effect, because the checkpoint moves in the transaction of its effects.
//!
//! Where events come from (the log itself, or Kafka) is a [source](crate::consume::source)'s business; an event up to the checkpoint is skipped,
//! what a source has left out comes from the log a moment later.

mod checkpoints;
mod classify;
mod parking;

use std::sync::Arc;

use sqlx::{PgPool, PgTransaction};

use crate::{
    advisory_locks::DECODING,
    consume::{
        consumer::{ConsumerError, Delivery, EventConsumer},
        progress::Progress,
    },
    keys::codec::Codec,
    proof::incarnation,
    stored::{StoredEvent, names},
};
use checkpoints::Taken;
pub use parking::Retried;

/// A crash of the server may take the newest transactions of a consumer back, checkpoints and rows together: they are made
/// again from the log, which is durable. So nobody has to wait for the disk. A process that stalls in the middle loses its
/// checkpoints' locks to those who wait for them.
const BEGIN: &str = "BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL idle_in_transaction_session_timeout = '3s'";

/// A consumer with its checkpoints.
pub(crate) struct Runner {
    pub pool: PgPool,
    pub codec: Codec,
    pub consumer: Arc<dyn EventConsumer>,
    pub progress: Progress,
}

impl Runner {
    /// Makes the checkpoints of a new consumer, at the beginning of the log. Those that are there must be of this log.
    pub(crate) async fn prepare(&self) -> Result<(), ConsumerError> {
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
        Ok(incarnation::check_checkpoints(&self.pool, self.consumer.name()).await?)
    }

    /// The oldest event that the consumer has not seen, if there is one up to `limit`.
    pub(crate) async fn oldest_pending(&self, limit: i64) -> Result<Option<i64>, sqlx::Error> {
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
    pub(crate) async fn apply(&self, batch: &[Delivery]) -> Result<(), ConsumerError> {
        if batch.is_empty() {
            return Ok(());
        }
        match self.apply_at_once(batch).await {
            Err(error) if classify::is_of_the_event(&error) => {
                let (consumer, error) = (self.consumer.name(), classify::describe(&error));
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
    /// [learn](crate::keys::ring::KeyRing::learn_erasures) of erasures before it decodes.
    pub(crate) async fn begin(
        &self,
        mut events: impl Iterator<Item = &StoredEvent>,
    ) -> Result<PgTransaction<'static>, sqlx::Error> {
        let share = if events.any(StoredEvent::is_erasure) { "" } else { "_shared" };
        // In a replay the first schema of the search path is that of the version that is filled.
        let tables = format!("hashtext(concat(current_schema(), '.{}'))", self.consumer.name());
        self.pool.begin_with(format!("{BEGIN}; SELECT pg_advisory_xact_lock{share}({DECODING}, {tables})")).await
    }

    /// Ends a transaction whose events have been dealt with.
    async fn finish(&self, taken: Taken, mut tx: PgTransaction<'_>) -> Result<(), ConsumerError> {
        self.correct_checkpoints(&taken, &mut tx).await?;
        tx.commit().await?;
        let reached =
            taken.checkpoints.iter().map(|((name, partition), end)| (name.as_str(), *partition, end.position));
        self.progress.advance(self.consumer.name(), reached);
        Ok(())
    }
}
