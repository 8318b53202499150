//! Running a consumer. Each event takes effect once, because the checkpoint moves in the transaction of the effects.
//!
//! A [source](crate::consume::source) delivers the events, from the log or from Kafka. Events up to the checkpoint are
//! skipped; events that a source leaves out are read from the log shortly afterwards.

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

/// Begins a consumer's transaction. It does not wait for the disk: a crash of the database server may lose the newest
/// transactions of a consumer, checkpoints and rows together, and they are repeated from the log, which is durable. A
/// process that stalls within a transaction for 3 s loses the locks on its checkpoints to waiting processes.
const BEGIN: &str = "BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL idle_in_transaction_session_timeout = '3s'";

/// A consumer with what it needs to run.
pub(crate) struct Runner {
    pub pool: PgPool,
    pub codec: Codec,
    pub consumer: Arc<dyn EventConsumer>,
    pub progress: Progress,
}

impl Runner {
    /// Creates missing checkpoints at the beginning of the log, and checks that existing ones belong to this log.
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

    /// Returns the position of the oldest event up to `limit` that is beyond the consumer's checkpoints.
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
    /// [`ConsumerError`] if the failure is transient: the batch can be applied later.
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
        // Before the transaction begins, because a transaction that waits for a second connection of the pool could
        // wait for itself.
        self.codec.prefetch_keys(batch.iter().map(|delivery| &delivery.event)).await?;
        let mut tx = self.begin(batch.iter().map(|delivery| &delivery.event)).await?;
        let taken = self.take(batch, &mut tx).await?;
        let events = self.codec.decode_all(&taken.events).await?;
        self.consumer.consume_all(&events, &mut tx).await?;
        self.finish(taken, tx).await
    }

    /// Begins a transaction in which these events are decoded and take effect.
    ///
    /// Such transactions of a consumer share a lock. A transaction with an erasure takes it exclusively and so waits
    /// for the others. Thus rows that were decoded with a since destroyed key are visible to the erasure, which blanks
    /// them. A transaction that holds the lock must [learn](crate::keys::ring::KeyRing::learn_erasures) of erasures
    /// before it decodes.
    pub(crate) async fn begin(
        &self,
        mut events: impl Iterator<Item = &StoredEvent>,
    ) -> Result<PgTransaction<'static>, sqlx::Error> {
        let share = if events.any(StoredEvent::is_erasure) { "" } else { "_shared" };
        // In a replay, the current schema is the one that is being filled.
        let tables = format!("hashtext(concat(current_schema(), '.{}'))", self.consumer.name());
        self.pool.begin_with(format!("{BEGIN}; SELECT pg_advisory_xact_lock{share}({DECODING}, {tables})")).await
    }

    /// Corrects the checkpoints, commits, and publishes the progress.
    async fn finish(&self, taken: Taken, mut tx: PgTransaction<'_>) -> Result<(), ConsumerError> {
        self.correct_checkpoints(&taken, &mut tx).await?;
        tx.commit().await?;
        let reached =
            taken.checkpoints.iter().map(|((name, partition), end)| (name.as_str(), *partition, end.position));
        self.progress.advance(self.consumer.name(), reached);
        Ok(())
    }
}
