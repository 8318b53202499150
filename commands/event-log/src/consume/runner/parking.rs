//! Parking: an event that a consumer cannot apply is parked, and so are all later events of its aggregate, so that
//! their order is kept. Other aggregates continue.
//!
//! Parked events are written and removed under the lock of their checkpoint, which also counts them. A transaction that
//! moves a checkpoint therefore knows without another query whether its partition has parked events.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{Connection, PgPool, PgTransaction};
use uuid::Uuid;

use super::{Runner, checkpoints::Taken, classify};
use crate::{
    consume::consumer::{ConsumerError, Delivery, MAX_BATCH},
    keys::codec::CodecError,
    stored::StoredEvent,
};

/// Aggregate type and id.
pub(super) type AggregateKey = (String, String);

/// The result of retrying parked events.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Retried {
    /// The number of events that have taken effect.
    pub applied: usize,
    /// The number of aggregates of which an event has failed again.
    pub failed: usize,
}

impl Runner {
    /// Applies the events of a batch one by one, and parks those that cannot be applied.
    pub(super) async fn apply_one_by_one(&self, batch: &[Delivery]) -> Result<(), ConsumerError> {
        let batch = self.as_stored(batch).await?;
        self.prefetch_each(batch.iter().map(|delivery| &delivery.event)).await?;
        let mut tx = self.begin(batch.iter().map(|delivery| &delivery.event)).await?;
        let mut taken = self.take(&batch, &mut tx).await?;
        let mut stopped = BTreeSet::new();
        for event in std::mem::take(&mut taken.events) {
            let aggregate = (event.aggregate_type.clone(), event.aggregate_id.clone());
            let error = if stopped.contains(&aggregate) {
                None
            } else {
                let Err(error) = self.attempt(Some(&event), &mut tx).await? else { continue };
                stopped.insert(aggregate);
                tracing::error!(
                    consumer = self.consumer.name(),
                    position = event.position,
                    aggregate_type = event.aggregate_type,
                    aggregate_id = event.aggregate_id,
                    event_type = event.event_type,
                    error,
                    "an event cannot be applied and is parked, with all later ones of its aggregate; see `ayushma parked list`"
                );
                Some(error)
            };
            self.park(&event, error.as_deref(), &mut taken, &mut tx).await?;
        }
        self.finish(taken, tx).await
    }

    /// Parks the taken events of aggregates that have parked events.
    pub(super) async fn set_aside(&self, taken: &mut Taken, tx: &mut PgTransaction<'_>) -> Result<(), sqlx::Error> {
        let stopped = self.stopped(&taken.events, tx).await?;
        let (waiting, free): (Vec<_>, Vec<_>) = std::mem::take(&mut taken.events)
            .into_iter()
            .partition(|event| stopped.contains(&(event.aggregate_type.clone(), event.aggregate_id.clone())));
        taken.events = free;
        for event in &waiting {
            self.park(event, None, taken, tx).await?;
        }
        Ok(())
    }

    /// Retries parked events, of one aggregate or of all; each aggregate in order, up to the first event that fails
    /// again.
    ///
    /// # Errors
    /// [`ConsumerError`] if the failure is transient; events applied before it stay applied.
    pub(crate) async fn retry(&self, aggregate_id: Option<Uuid>) -> Result<Retried, ConsumerError> {
        let aggregates = sqlx::query!(
            r#"SELECT aggregate_type, aggregate_id, min(partition) AS "partition!" FROM parked_events
               WHERE consumer = $1 AND dropped_at IS NULL AND ($2::text IS NULL OR aggregate_id = $2)
               GROUP BY aggregate_type, aggregate_id ORDER BY min(position)"#,
            self.consumer.name(),
            aggregate_id.map(|id| id.to_string()),
        )
        .fetch_all(&self.pool)
        .await?;
        let mut retried = Retried::default();
        for aggregate in aggregates {
            let key = (aggregate.aggregate_type, aggregate.aggregate_id);
            loop {
                let round = self.retry_aggregate(&key, aggregate.partition).await?;
                retried.applied += round.applied;
                retried.failed += round.failed;
                if round.applied == 0 || round.failed > 0 {
                    break;
                }
            }
        }
        if retried != Retried::default() {
            let (applied, failed) = (retried.applied, retried.failed);
            tracing::info!(consumer = self.consumer.name(), applied, failed, "parked events were tried again");
        }
        Ok(retried)
    }

    /// Retries a batch of an aggregate's parked events in one transaction.
    async fn retry_aggregate(&self, key: &AggregateKey, partition: i32) -> Result<Retried, ConsumerError> {
        let expected = self.parked_of(key, &mut *self.pool.acquire().await?).await?;
        let stored = read_positions(&self.pool, &expected).await?;
        self.prefetch_each(stored.values()).await?;
        let mut tx = self.begin(stored.values()).await?;
        self.codec.keys().learn_erasures(&mut *tx).await.map_err(CodecError::from)?;
        // The running consumer parks more events of this aggregate, or moves the checkpoint, either before or after
        // this transaction.
        sqlx::query!(
            "SELECT position FROM checkpoints WHERE consumer = $1 AND aggregate_type = $2 AND partition = $3 FOR UPDATE",
            self.consumer.name(),
            key.0,
            partition,
        )
        .fetch_one(&mut *tx)
        .await?;
        let (mut applied, mut failed) = (Vec::new(), 0);
        for position in self.parked_of(key, &mut tx).await? {
            // Parked after `expected` was read: left to the next round.
            if !expected.contains(&position) {
                break;
            }
            match self.attempt(stored.get(&position), &mut tx).await? {
                Ok(()) => applied.push(position),
                Err(error) => {
                    self.note(position, &error, &mut tx).await?;
                    failed = 1;
                    break;
                }
            }
        }
        sqlx::query!(
            "WITH gone AS (DELETE FROM parked_events WHERE consumer = $1 AND position = ANY($4) RETURNING 1),
                  counted AS (SELECT count(*) AS events FROM gone)
             UPDATE checkpoints SET applied = applied + events, parked = parked - events FROM counted
             WHERE consumer = $1 AND aggregate_type = $2 AND partition = $3",
            self.consumer.name(),
            key.0,
            partition,
            &applied,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Retried { applied: applied.len(), failed })
    }

    /// Applies one event in a savepoint. The inner error is the reason to park the event; the outer error is transient.
    /// `None` stands for an event that is not in the log.
    async fn attempt(
        &self,
        event: Option<&StoredEvent>,
        tx: &mut PgTransaction<'_>,
    ) -> Result<Result<(), String>, ConsumerError> {
        let mut savepoint = tx.begin().await?;
        match self.apply_alone(event, &mut savepoint).await {
            Ok(()) => {
                savepoint.commit().await?;
                Ok(Ok(()))
            }
            Err(error) if classify::is_of_the_event(&error) => {
                savepoint.rollback().await?;
                Ok(Err(classify::describe(&error)))
            }
            Err(error) => Err(error),
        }
    }

    async fn apply_alone(&self, event: Option<&StoredEvent>, tx: &mut PgTransaction<'_>) -> Result<(), ConsumerError> {
        let event = event.ok_or(ConsumerError::NotInTheLog)?;
        for event in &self.codec.decode_all(std::slice::from_ref(event)).await? {
            self.consumer.consume(event, tx).await?;
        }
        Ok(())
    }

    /// Reads the keys of the events before the transaction begins, as [`Self::apply`] does. An event whose metadata
    /// cannot be read is ignored here and fails later on its own.
    async fn prefetch_each(&self, stored: impl Iterator<Item = &StoredEvent>) -> Result<(), ConsumerError> {
        for event in stored {
            match self.codec.prefetch_keys(std::iter::once(event)).await.map_err(ConsumerError::from) {
                Err(error) if !classify::is_of_the_event(&error) => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// Returns the batch with its events as the log has them, because they may have been damaged on the way through
    /// Kafka.
    async fn as_stored(&self, batch: &[Delivery]) -> Result<Vec<Delivery>, sqlx::Error> {
        let positions: Vec<i64> = batch.iter().map(|delivery| delivery.event.position).collect();
        let mut stored = read_positions(&self.pool, &positions).await?;
        let as_stored = |delivery: &Delivery| {
            let event = stored.remove(&delivery.event.position).unwrap_or_else(|| delivery.event.clone());
            Delivery { event, previous: delivery.previous }
        };
        Ok(batch.iter().map(as_stored).collect())
    }

    /// Returns the aggregates of the events that have parked events.
    async fn stopped(
        &self,
        events: &[StoredEvent],
        tx: &mut PgTransaction<'_>,
    ) -> Result<BTreeSet<AggregateKey>, sqlx::Error> {
        let types: Vec<String> = events.iter().map(|event| event.aggregate_type.clone()).collect();
        let ids: Vec<String> = events.iter().map(|event| event.aggregate_id.clone()).collect();
        let rows = sqlx::query!(
            "SELECT DISTINCT aggregate_type, aggregate_id FROM parked_events
             WHERE consumer = $1 AND dropped_at IS NULL
               AND (aggregate_type, aggregate_id) IN (SELECT * FROM unnest($2::text[], $3::text[]))",
            self.consumer.name(),
            &types,
            &ids,
        )
        .fetch_all(&mut **tx)
        .await?;
        Ok(rows.into_iter().map(|row| (row.aggregate_type, row.aggregate_id)).collect())
    }

    /// Parks one of the taken events; without an error it only waits behind another one.
    async fn park(
        &self,
        event: &StoredEvent,
        error: Option<&str>,
        taken: &mut Taken,
        tx: &mut PgTransaction<'_>,
    ) -> Result<(), sqlx::Error> {
        sqlx::query!(
            "INSERT INTO parked_events (consumer, position, aggregate_type, aggregate_id, partition, error)
             VALUES ($1, $2, $3, $4, $5, $6)",
            self.consumer.name(),
            event.position,
            event.aggregate_type,
            event.aggregate_id,
            event.partition,
            error,
        )
        .execute(&mut **tx)
        .await?;
        taken.count_as_parked(event);
        Ok(())
    }

    async fn note(&self, position: i64, error: &str, tx: &mut PgTransaction<'_>) -> Result<(), sqlx::Error> {
        sqlx::query!(
            "UPDATE parked_events SET error = $3 WHERE consumer = $1 AND position = $2",
            self.consumer.name(),
            position,
            error,
        )
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// Returns the positions of an aggregate's parked events in order, at most [`MAX_BATCH`].
    async fn parked_of(
        &self,
        (aggregate_type, aggregate_id): &AggregateKey,
        connection: &mut sqlx::PgConnection,
    ) -> Result<Vec<i64>, sqlx::Error> {
        sqlx::query_scalar!(
            "SELECT position FROM parked_events
             WHERE consumer = $1 AND aggregate_type = $2 AND aggregate_id = $3 AND dropped_at IS NULL
             ORDER BY position LIMIT $4",
            self.consumer.name(),
            aggregate_type,
            aggregate_id,
            i64::try_from(MAX_BATCH).unwrap_or(i64::MAX),
        )
        .fetch_all(connection)
        .await
    }
}

/// Reads the events at these positions from the log.
async fn read_positions(pool: &PgPool, positions: &[i64]) -> Result<BTreeMap<i64, StoredEvent>, sqlx::Error> {
    let events = sqlx::query_as!(
        StoredEvent,
        r#"SELECT position, aggregate_type, aggregate_id, sequence, event_type, event_version,
                  payload::text AS "payload!", metadata::text AS "metadata!", partition, command_id
           FROM events WHERE position = ANY($1)"#,
        positions,
    )
    .fetch_all(pool)
    .await?;
    Ok(events.into_iter().map(|event| (event.position, event)).collect())
}
