//! The operator's commands for parked events: listing, retrying, dropping.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    EventLog,
    consume::{
        consumer::{ConsumerError, EventConsumer},
        progress::Progress,
        runner::{Retried, Runner},
    },
};

/// A parked event, behind which later events of its aggregate wait, or an event that was dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedEvent {
    pub consumer: String,
    pub position: i64,
    pub aggregate_type: String,
    pub aggregate_id: String,
    /// `None` if the log has no such event.
    pub event_type: Option<String>,
    /// The reason why it was parked; `None` if it only waited behind an event that was dropped, and can be retried.
    pub error: Option<String>,
    pub parked_at: DateTime<Utc>,
    pub dropped_at: Option<DateTime<Utc>>,
    /// The number of later events of its aggregate that wait behind it.
    pub waiting: i64,
}

/// Returns the first parked event of each aggregate, and all dropped events, in the order of the log; of one
/// consumer, or of all if `consumer` is `None`.
///
/// # Errors
/// [`sqlx::Error`] if a query fails.
pub async fn parked_events(pool: &PgPool, consumer: Option<&str>) -> Result<Vec<ParkedEvent>, sqlx::Error> {
    sqlx::query_as!(
        ParkedEvent,
        r#"WITH waiting AS (
               SELECT consumer, aggregate_type, aggregate_id, min(position) AS position, count(*) - 1 AS events
               FROM parked_events WHERE dropped_at IS NULL
               GROUP BY consumer, aggregate_type, aggregate_id
           )
           SELECT parked.consumer, parked.position, parked.aggregate_type, parked.aggregate_id,
                  events.event_type AS "event_type?", parked.error, parked.parked_at, parked.dropped_at,
                  coalesce(waiting.events, 0) AS "waiting!"
           FROM parked_events AS parked
           LEFT JOIN waiting ON waiting.consumer = parked.consumer AND waiting.position = parked.position
           LEFT JOIN events ON events.position = parked.position
           WHERE (waiting.position IS NOT NULL OR parked.dropped_at IS NOT NULL)
             AND ($1::text IS NULL OR parked.consumer = $1)
           ORDER BY parked.consumer, parked.position"#,
        consumer,
    )
    .fetch_all(pool)
    .await
}

impl EventLog {
    /// Retries the parked events of a consumer, of one aggregate or of all. The events of an aggregate are retried in
    /// order, up to the first that fails again. This is safe while the consumer runs.
    ///
    /// # Errors
    /// [`ConsumerError`] if a transient error interrupts the retry; events applied before it stay applied.
    pub async fn retry_parked(
        &self,
        consumer: Arc<dyn EventConsumer>,
        aggregate_id: Option<Uuid>,
    ) -> Result<Retried, ConsumerError> {
        self.runner(consumer, Progress::default()).retry(aggregate_id).await
    }

    /// Drops a parked event. Its consumer is incomplete from then on, and the events that wait behind it can be
    /// retried. Returns whether there was such an event.
    ///
    /// # Errors
    /// [`sqlx::Error`] if a query fails.
    pub async fn drop_parked(&self, consumer: &str, position: i64) -> Result<bool, sqlx::Error> {
        let mut tx = self.pool.begin().await?;
        // Locks the checkpoint first, as parking and retrying do.
        sqlx::query!(
            "SELECT checkpoints.position FROM checkpoints
             JOIN parked_events USING (consumer, aggregate_type, partition)
             WHERE parked_events.consumer = $1 AND parked_events.position = $2
             FOR UPDATE OF checkpoints",
            consumer,
            position,
        )
        .fetch_optional(&mut *tx)
        .await?;
        let dropped = sqlx::query!(
            "WITH gone AS (
                 UPDATE parked_events SET dropped_at = now()
                 WHERE consumer = $1 AND position = $2 AND dropped_at IS NULL
                 RETURNING consumer, aggregate_type, partition
             )
             UPDATE checkpoints SET parked = parked - 1, dropped = dropped + 1 FROM gone
             WHERE checkpoints.consumer = gone.consumer
               AND checkpoints.aggregate_type = gone.aggregate_type
               AND checkpoints.partition = gone.partition",
            consumer,
            position,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(dropped.rows_affected() == 1)
    }

    pub(crate) fn runner(&self, consumer: Arc<dyn EventConsumer>, progress: Progress) -> Runner {
        Runner { pool: self.pool.clone(), codec: self.codec.clone(), consumer, progress }
    }
}
