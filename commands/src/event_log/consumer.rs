//! Consumers of the log: each event once in effect, because the checkpoint moves in the transaction of its effects.
//!
//! Where events come from (the log itself, or Kafka) is a [source](super::source)'s business; what is behind a checkpoint is skipped,
//! what a source has left out comes from the log a moment later.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use domain::envelope::RecordedEvent;
use sqlx::{PgPool, PgTransaction};

use super::{
    codec::{Codec, CodecError},
    progress::Progress,
    stored::StoredEvent,
};

/// Somebody who makes rows out of events: a projection, or a handler that enqueues jobs.
#[async_trait]
pub trait EventConsumer: Send + Sync {
    /// Names its checkpoints and its consumer group.
    fn name(&self) -> &'static str;

    /// The aggregate types that it wants.
    fn aggregate_types(&self) -> &'static [&'static str];

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
    #[error("an event cannot be decoded")]
    Undecodable(#[from] CodecError),
    #[error("an event cannot be consumed")]
    Effect(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// An event with what its source knows of the one before it in the same topic's partition.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    pub event: StoredEvent,
    /// Position of the event before it; `None` if the source leaves none out.
    pub previous: Option<i64>,
}

/// A crash of the server may take the newest transactions of a consumer back, checkpoints and rows together: they are made
/// again from the log, which is durable. So nobody has to wait for the disk.
///
/// The lock is shared by all transactions that write what they have decoded, but for those with an erasure, which wait for
/// the others: so whatever was written with a key that was destroyed in the meantime is there for them to be blanked.
const BEGIN: &str =
    "BEGIN; SET LOCAL synchronous_commit = off; SELECT pg_advisory_xact_lock_shared(7023774232394686738)";
const BEGIN_WITH_ERASURE: &str =
    "BEGIN; SET LOCAL synchronous_commit = off; SELECT pg_advisory_xact_lock(7023774232394686738)";

type PartitionKey = (String, i32);

/// A consumer with its checkpoints.
pub(super) struct Runner {
    pub pool: PgPool,
    pub codec: Codec,
    pub consumer: Arc<dyn EventConsumer>,
    pub progress: Progress,
}

impl Runner {
    /// Makes the checkpoints of a new consumer, at the beginning of the log.
    pub(super) async fn prepare(&self) -> Result<(), sqlx::Error> {
        let types: Vec<String> = self.consumer.aggregate_types().iter().map(|name| (*name).to_owned()).collect();
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
        Ok(())
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

    /// Applies a batch in one transaction. Events that were applied before are skipped.
    pub(super) async fn apply(&self, batch: &[Delivery]) -> Result<(), ConsumerError> {
        if batch.is_empty() {
            return Ok(());
        }
        // Before the transaction: one that waited for a second connection could wait for itself.
        self.codec.prefetch_keys(batch.iter().map(|delivery| &delivery.event)).await?;
        let erases = batch.iter().any(|delivery| delivery.event.is_erasure());
        let mut tx = self.pool.begin_with(if erases { BEGIN_WITH_ERASURE } else { BEGIN }).await?;
        self.codec.learn_erasures(&mut *tx).await?;
        let mut checkpoints = self.lock_checkpoints(batch, &mut tx).await?;
        let wanted = self.wanted(batch, &checkpoints);
        let events = self.codec.decode_all(&wanted).await?;
        self.consumer.consume_all(&events, &mut tx).await?;
        checkpoints.extend(
            events.iter().map(|event| ((event.event.aggregate_type().to_owned(), event.partition), event.position)),
        );
        if !wanted.is_empty() {
            self.move_checkpoints(&checkpoints, &mut tx).await?;
        }
        tx.commit().await?;
        self.progress.advance(self.consumer.name(), &checkpoints);
        Ok(())
    }

    /// The events of the batch that are beyond the checkpoints. Behind a gap nothing is taken: what is missing, and what follows
    /// it, comes from the log, as late events do.
    fn wanted(&self, batch: &[Delivery], checkpoints: &BTreeMap<PartitionKey, i64>) -> Vec<StoredEvent> {
        let mut reached = checkpoints.clone();
        let mut wanted = Vec::new();
        for delivery in batch {
            let event = &delivery.event;
            let Some(position) = reached.get_mut(&(event.aggregate_type.clone(), event.partition)) else { continue };
            if event.position <= *position {
                continue;
            }
            if delivery.previous.is_some_and(|previous| previous > *position) {
                tracing::warn!(
                    consumer = self.consumer.name(),
                    partition = event.partition,
                    from = *position,
                    to = event.position,
                    "the stream has a gap, which is filled from the log"
                );
                *position = i64::MAX;
                continue;
            }
            *position = event.position;
            wanted.push(event.clone());
        }
        wanted
    }

    async fn lock_checkpoints(
        &self,
        batch: &[Delivery],
        tx: &mut PgTransaction<'_>,
    ) -> Result<BTreeMap<PartitionKey, i64>, sqlx::Error> {
        let mut keys: Vec<PartitionKey> =
            batch.iter().map(|delivery| (delivery.event.aggregate_type.clone(), delivery.event.partition)).collect();
        keys.sort_unstable();
        keys.dedup();
        let (types, partitions): (Vec<String>, Vec<i32>) = keys.into_iter().unzip();
        // Always locked in the same order, so that two processes cannot wait for each other.
        let rows = sqlx::query!(
            "SELECT aggregate_type, partition, position FROM checkpoints
             WHERE consumer = $1 AND (aggregate_type, partition) IN (SELECT * FROM unnest($2::text[], $3::int[]))
             ORDER BY aggregate_type, partition FOR UPDATE",
            self.consumer.name(),
            &types,
            &partitions,
        )
        .fetch_all(&mut **tx)
        .await?;
        Ok(rows.into_iter().map(|row| ((row.aggregate_type, row.partition), row.position)).collect())
    }

    async fn move_checkpoints(
        &self,
        checkpoints: &BTreeMap<PartitionKey, i64>,
        tx: &mut PgTransaction<'_>,
    ) -> Result<(), sqlx::Error> {
        let types: Vec<String> = checkpoints.keys().map(|(name, _)| name.clone()).collect();
        let partitions: Vec<i32> = checkpoints.keys().map(|(_, partition)| *partition).collect();
        let positions: Vec<i64> = checkpoints.values().copied().collect();
        sqlx::query!(
            "UPDATE checkpoints SET position = reached.position
             FROM unnest($2::text[], $3::int[], $4::bigint[]) AS reached (aggregate_type, partition, position)
             WHERE checkpoints.consumer = $1
               AND checkpoints.aggregate_type = reached.aggregate_type
               AND checkpoints.partition = reached.partition",
            self.consumer.name(),
            &types,
            &partitions,
            &positions,
        )
        .execute(&mut **tx)
        .await?;
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
