//! Consumers of the log: each event once in effect, because the checkpoint moves in the transaction of its effects.
//!
//! Where events come from (the log itself, or Kafka) is a [source](super::source)'s business; what is behind a checkpoint is skipped,
//! what a source has left out comes from the log a moment later.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use domain::envelope::RecordedEvent;
use sqlx::{PgPool, PgTransaction};

use super::{
    codec::{Codec, CodecError},
    fault,
    fence::{self, FenceError},
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
pub(super) const BEGIN: &str =
    "BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL idle_in_transaction_session_timeout = '3s'";

pub(super) type PartitionKey = (String, i32);

/// How far a consumer has come in one partition of an aggregate type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Checkpoint {
    pub position: i64,
    /// Events up to the position that have taken effect.
    pub applied: i64,
    /// Events up to the position that wait to be tried again.
    pub parked: i64,
}

/// What a transaction takes of a batch, under the locks of the checkpoints.
pub(super) struct Taken {
    /// Beyond the checkpoints and not behind a parked one, in their order.
    pub events: Vec<StoredEvent>,
    /// The batch's, as they are when these events have taken effect.
    checkpoints: BTreeMap<PartitionKey, Checkpoint>,
    /// Whether that is not what was stored at first.
    is_corrected: bool,
}

impl Taken {
    /// One of them waits instead of having taken effect.
    pub(super) fn count_as_parked(&mut self, event: &StoredEvent) {
        if let Some(checkpoint) = self.checkpoints.get_mut(&(event.aggregate_type.clone(), event.partition)) {
            checkpoint.applied -= 1;
            checkpoint.parked += 1;
            self.is_corrected = true;
        }
    }
}

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
            Err(error) if fault::is_of_the_event(&error) => self.apply_one_by_one(batch).await,
            result => result,
        }
    }

    async fn apply_at_once(&self, batch: &[Delivery]) -> Result<(), ConsumerError> {
        // Before the transaction: one that waited for a second connection could wait for itself.
        self.codec.prefetch_keys(batch.iter().map(|delivery| &delivery.event)).await?;
        let mut tx = self.pool.begin_with(BEGIN).await?;
        let taken = self.take(batch, &mut tx).await?;
        let events = self.codec.decode_all(&taken.events).await?;
        self.consumer.consume_all(&events, &mut tx).await?;
        self.finish(taken, tx).await
    }

    /// Ends a transaction whose events have been dealt with.
    pub(super) async fn finish(&self, taken: Taken, mut tx: PgTransaction<'_>) -> Result<(), ConsumerError> {
        if taken.is_corrected {
            self.set_checkpoints(&taken.checkpoints, &mut tx).await?;
        }
        tx.commit().await?;
        self.progress.advance(self.consumer.name(), &taken.checkpoints);
        Ok(())
    }

    /// The events of the batch that are beyond the checkpoints. Behind a gap nothing is taken: what is missing, and what follows
    /// it, comes from the log, as late events do. What has to wait behind a parked event is parked.
    pub(super) async fn take(&self, batch: &[Delivery], tx: &mut PgTransaction<'_>) -> Result<Taken, sqlx::Error> {
        let checkpoints = self.move_checkpoints(batch, tx).await?;
        let mut taken = Taken { events: Vec::new(), checkpoints, is_corrected: false };
        let mut behind_gaps = BTreeSet::new();
        for delivery in batch {
            let event = &delivery.event;
            let key = (event.aggregate_type.clone(), event.partition);
            let Some(checkpoint) = taken.checkpoints.get_mut(&key) else { continue };
            if event.position <= checkpoint.position || behind_gaps.contains(&key) {
                continue;
            }
            if delivery.previous.is_some_and(|previous| previous > checkpoint.position) {
                tracing::warn!(
                    consumer = self.consumer.name(),
                    partition = event.partition,
                    from = checkpoint.position,
                    to = event.position,
                    "the stream has a gap, which is filled from the log"
                );
                behind_gaps.insert(key);
                taken.is_corrected = true;
                continue;
            }
            checkpoint.position = event.position;
            checkpoint.applied += 1;
            taken.events.push(event.clone());
        }
        if taken.checkpoints.values().any(|checkpoint| checkpoint.parked > 0) {
            self.set_aside(&mut taken, tx).await?;
        }
        Ok(taken)
    }

    /// Locks the checkpoints of the batch and moves them to its end, as if all of it that is beyond them took effect: one round
    /// trip, before the effects. Says where they were.
    async fn move_checkpoints(
        &self,
        batch: &[Delivery],
        tx: &mut PgTransaction<'_>,
    ) -> Result<BTreeMap<PartitionKey, Checkpoint>, sqlx::Error> {
        let types: Vec<String> = batch.iter().map(|delivery| delivery.event.aggregate_type.clone()).collect();
        let partitions: Vec<i32> = batch.iter().map(|delivery| delivery.event.partition).collect();
        let positions: Vec<i64> = batch.iter().map(|delivery| delivery.event.position).collect();
        // Always locked in the same order, so that two processes cannot wait for each other. A row that another process has just
        // moved is read as it is now (READ COMMITTED).
        let rows = sqlx::query!(
            "WITH delivered AS (
                 SELECT * FROM unnest($2::text[], $3::int[], $4::bigint[])
                     AS delivered (aggregate_type, partition, position)
             ), locked AS (
                 SELECT aggregate_type, partition, position, applied, parked FROM checkpoints
                 WHERE consumer = $1 AND (aggregate_type, partition) IN (SELECT aggregate_type, partition FROM delivered)
                 ORDER BY aggregate_type, partition FOR UPDATE
             ), moved AS (
                 UPDATE checkpoints SET position = ahead.position, applied = ahead.applied
                 FROM (
                     SELECT aggregate_type, partition, max(delivered.position) AS position,
                            locked.applied + count(DISTINCT delivered.position) AS applied
                     FROM locked JOIN delivered USING (aggregate_type, partition)
                     WHERE delivered.position > locked.position
                     GROUP BY aggregate_type, partition, locked.applied
                 ) AS ahead
                 WHERE checkpoints.consumer = $1
                   AND checkpoints.aggregate_type = ahead.aggregate_type
                   AND checkpoints.partition = ahead.partition
             )
             SELECT aggregate_type, partition, position, applied, parked FROM locked",
            self.consumer.name(),
            &types,
            &partitions,
            &positions,
        )
        .fetch_all(&mut **tx)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let checkpoint = Checkpoint { position: row.position, applied: row.applied, parked: row.parked };
                ((row.aggregate_type, row.partition), checkpoint)
            })
            .collect())
    }

    /// Where they were moved too far: puts the checkpoints, whose locks the transaction holds, where they belong.
    async fn set_checkpoints(
        &self,
        checkpoints: &BTreeMap<PartitionKey, Checkpoint>,
        tx: &mut PgTransaction<'_>,
    ) -> Result<(), sqlx::Error> {
        let types: Vec<String> = checkpoints.keys().map(|(name, _)| name.clone()).collect();
        let partitions: Vec<i32> = checkpoints.keys().map(|(_, partition)| *partition).collect();
        let column = |column: fn(&Checkpoint) -> i64| checkpoints.values().map(column).collect::<Vec<_>>();
        sqlx::query!(
            "UPDATE checkpoints SET position = reached.position, applied = reached.applied, parked = reached.parked
             FROM unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[])
                 AS reached (aggregate_type, partition, position, applied, parked)
             WHERE checkpoints.consumer = $1
               AND checkpoints.aggregate_type = reached.aggregate_type
               AND checkpoints.partition = reached.partition",
            self.consumer.name(),
            &types,
            &partitions,
            &column(|checkpoint| checkpoint.position),
            &column(|checkpoint| checkpoint.applied),
            &column(|checkpoint| checkpoint.parked),
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
