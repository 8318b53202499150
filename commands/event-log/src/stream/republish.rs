//! The operator's commands for the stream: its state, its parked events, publishing again.
//!
//! A command only stores a request; the elected relay carries it out, in whichever process it runs.

use chrono::{DateTime, Utc};
use domain::AggregateType;
use sqlx::PgPool;

use crate::{
    EventLog,
    stored::names,
    stream::{
        kafka::{KafkaSettings, StreamError},
        topics::Cluster,
    },
};

/// The state of the stream that is relayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamState {
    /// The id of the Kafka cluster; empty as long as nothing was ever relayed.
    pub cluster_id: String,
    pub prefix: String,
    /// The position up to which everything is acknowledged, except what the partitions counted below owe.
    pub mark: i64,
    /// The number of partitions that are published again, or for which this was requested.
    pub owing: i64,
    /// The number of partitions that wait behind an event that Kafka refuses.
    pub parked: i64,
}

/// An event that Kafka refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedRecord {
    pub position: i64,
    pub aggregate_type: String,
    pub aggregate_id: String,
    pub event_type: String,
    pub partition: i32,
    pub error: String,
    pub parked_at: DateTime<Utc>,
    /// The number of later events of its partition that wait behind it.
    pub waiting: i64,
}

impl KafkaSettings {
    /// Returns the id of the Kafka cluster.
    ///
    /// # Errors
    /// [`StreamError`] if the cluster does not answer.
    pub async fn cluster_id(&self) -> Result<String, StreamError> {
        Cluster::new(self)?.id().await
    }
}

/// Returns the parked events that Kafka refuses, in the order of the log.
///
/// # Errors
/// [`sqlx::Error`] if a query fails.
pub async fn parked_records(pool: &PgPool) -> Result<Vec<ParkedRecord>, sqlx::Error> {
    sqlx::query_as!(
        ParkedRecord,
        r#"SELECT event.position, event.aggregate_type, event.aggregate_id, event.event_type, event.partition,
                  parked.error AS "error!", parked.parked_at AS "parked_at!",
                  (SELECT count(*) - 1 FROM events
                   WHERE events.aggregate_type = parked.aggregate_type AND events.partition = parked.partition
                     AND events.position >= parked.resend_from) AS "waiting!"
           FROM relay_mark
           JOIN relay_partitions AS parked USING (cluster_id, prefix)
           CROSS JOIN LATERAL (
               SELECT * FROM events
               WHERE events.aggregate_type = parked.aggregate_type AND events.partition = parked.partition
                 AND events.position >= parked.resend_from
               ORDER BY events.position LIMIT 1
           ) AS event
           WHERE relay_mark.is_current AND parked.error IS NOT NULL
           ORDER BY event.position"#
    )
    .fetch_all(pool)
    .await
}

impl EventLog {
    /// Returns the state of the stream that is relayed.
    ///
    /// # Errors
    /// [`sqlx::Error`] if a query fails.
    pub async fn stream(&self) -> Result<StreamState, sqlx::Error> {
        sqlx::query_as!(
            StreamState,
            r#"SELECT cluster_id, prefix, position AS mark,
                      (SELECT count(*) FROM relay_partitions AS owing
                       WHERE owing.cluster_id = relay_mark.cluster_id AND owing.prefix = relay_mark.prefix
                         AND (owing.handled < owing.requests OR owing.resend_from IS NOT NULL AND owing.error IS NULL)
                      ) AS "owing!",
                      (SELECT count(*) FROM relay_partitions AS parked
                       WHERE parked.cluster_id = relay_mark.cluster_id AND parked.prefix = relay_mark.prefix
                         AND parked.error IS NOT NULL
                      ) AS "parked!"
               FROM relay_mark WHERE is_current"#
        )
        .fetch_one(&self.pool)
        .await
    }

    /// Requests that events of these types, or of all types if none is given, are published again from this position
    /// on. Returns the number of partitions.
    ///
    /// # Errors
    /// [`sqlx::Error`] if a query fails.
    pub async fn republish(&self, types: &[AggregateType], from: i64) -> Result<u64, sqlx::Error> {
        let types = names(if types.is_empty() { AggregateType::ALL } else { types });
        let asked = sqlx::query!(
            "INSERT INTO relay_partitions (cluster_id, prefix, aggregate_type, partition, resend_from, requests)
             SELECT cluster_id, prefix, name, number, $2, 1
             FROM relay_mark, log_head, unnest($1::text[]) AS name, generate_series(0, log_head.partitions - 1) AS number
             WHERE is_current AND EXISTS (
                 SELECT FROM events
                 WHERE events.aggregate_type = name AND events.partition = number
                   AND events.position >= $2 AND events.position <= relay_mark.position
             )
             ON CONFLICT (cluster_id, prefix, aggregate_type, partition) DO UPDATE
             SET resend_from = least(relay_partitions.resend_from, excluded.resend_from),
                 requests = relay_partitions.requests + 1, error = NULL, parked_at = NULL,
                 first_offset = CASE WHEN EXISTS (
                     SELECT FROM events
                     WHERE events.aggregate_type = excluded.aggregate_type AND events.partition = excluded.partition
                       AND events.position < excluded.resend_from
                 ) THEN relay_partitions.first_offset END",
            &types,
            from,
        );
        Ok(asked.execute(&self.pool).await?.rows_affected())
    }

    /// Requests that the parked events are retried. Returns the number of waiting partitions.
    ///
    /// # Errors
    /// [`sqlx::Error`] if a query fails.
    pub async fn retry_records(&self) -> Result<u64, sqlx::Error> {
        let asked = sqlx::query!(
            "UPDATE relay_partitions AS parked SET requests = requests + 1
             FROM relay_mark
             WHERE is_current AND parked.cluster_id = relay_mark.cluster_id AND parked.prefix = relay_mark.prefix
               AND parked.error IS NOT NULL"
        );
        Ok(asked.execute(&self.pool).await?.rows_affected())
    }
}
