//! Status data read from the database: heartbeats, positions, counts.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;

use crate::heartbeats::Kind;

/// The progress and lag of a consumer, or of the relay.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ConsumerLag {
    /// The position up to which all events were handled.
    pub position: i64,
    /// The age of the oldest event that was not handled, in seconds; 0 if there is none.
    pub lag_seconds: f64,
    /// The number of events that have taken effect.
    pub applied: i64,
    /// The number of parked events.
    pub parked: i64,
    /// The number of dropped events.
    pub dropped: i64,
    /// Counts of the log's events; `None` if they were not requested.
    #[serde(flatten)]
    pub counted: Option<Counted>,
}

/// Counts of the log's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// The number of events that were not handled.
    pub lag_events: i64,
    /// The number of events that the log has up to the checkpoints.
    pub expected: i64,
}

/// The status data of all parts.
pub(crate) struct Seen {
    pub head: i64,
    pub beats: Beats,
    pub readings: HashMap<String, ConsumerLag>,
    pub relay: ConsumerLag,
    /// The problems with brokers and topics that the relay has found.
    pub stream_problems: Vec<String>,
}

/// Reads the status data with a few index lookups, whatever the length of the log.
///
/// # Errors
/// [`sqlx::Error`] if a query fails.
pub(crate) async fn look(connection: &mut PgConnection) -> Result<Seen, sqlx::Error> {
    let head = sqlx::query!(r#"SELECT position, now() AS "now!" FROM log_head"#).fetch_one(&mut *connection).await?;
    let beats = Beats::read(&mut *connection).await?;
    let readings = readings(&mut *connection, head.position, head.now).await?;
    let (relay, stream_problems) = relay(connection, head.position, head.now).await?;
    Ok(Seen { head: head.position, beats, readings, relay, stream_problems })
}

/// The heartbeats, as kind, name and age in seconds, the newest first.
pub(crate) struct Beats(Vec<(String, String, f64)>);

impl Beats {
    async fn read(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let rows = sqlx::query!(
            r#"SELECT kind, name, extract(epoch FROM now() - beat_at)::float8 AS "seconds!"
               FROM heartbeats ORDER BY beat_at DESC"#
        )
        .fetch_all(connection)
        .await?;
        Ok(Self(rows.into_iter().map(|row| (row.kind, row.name, row.seconds.max(0.0))).collect()))
    }

    /// Returns whether there is a heartbeat of this kind.
    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.0.iter().any(|(known, ..)| *known == <&str>::from(kind))
    }

    /// Returns the ages in seconds of the heartbeats of this kind and name, the newest first.
    pub(crate) fn of(&self, kind: Kind, name: &str) -> Vec<f64> {
        let all = self.0.iter().filter(|(known, part, _)| *known == <&str>::from(kind) && part == name);
        all.map(|(.., seconds)| *seconds).collect()
    }
}

/// Reads the progress of all consumers that have checkpoints, with an index lookup for each checkpoint.
async fn readings(
    connection: &mut PgConnection,
    head: i64,
    now: DateTime<Utc>,
) -> Result<HashMap<String, ConsumerLag>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"WITH readings AS (
               SELECT consumer, sum(applied)::bigint AS applied, sum(parked)::bigint AS parked,
                      sum(dropped)::bigint AS dropped, min(next.position) AS oldest
               FROM checkpoints
               LEFT JOIN LATERAL (
                   SELECT events.position FROM events
                   WHERE events.aggregate_type = checkpoints.aggregate_type
                     AND events.partition = checkpoints.partition
                     AND events.position > checkpoints.position
                   ORDER BY events.position LIMIT 1
               ) AS next ON true
               GROUP BY consumer
           )
           SELECT consumer AS "consumer!", applied AS "applied!", parked AS "parked!", dropped AS "dropped!", oldest,
                  events.metadata ->> 'recorded_at' AS recorded_at
           FROM readings LEFT JOIN events ON events.position = oldest"#
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let reading = ConsumerLag {
                position: row.oldest.map_or(head, |oldest| oldest - 1),
                lag_seconds: age(row.recorded_at.as_deref(), now),
                applied: row.applied,
                parked: row.parked,
                dropped: row.dropped,
                counted: None,
            };
            (row.consumer, reading)
        })
        .collect())
}

/// Reads the progress of the relay, and its problems. The relay publishes everything and positions have no gaps, so the
/// position is also a count. Events that wait behind one that Kafka refuses are counted up to 10,000 for each
/// partition.
async fn relay(
    connection: &mut PgConnection,
    head: i64,
    now: DateTime<Utc>,
) -> Result<(ConsumerLag, Vec<String>), sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT relay_mark.position, relay_mark.problems, events.metadata ->> 'recorded_at' AS recorded_at,
                  (SELECT coalesce(sum(waiting.events), 0)::bigint
                   FROM relay_partitions AS parked
                   CROSS JOIN LATERAL (
                       SELECT count(*) AS events FROM (
                           SELECT FROM events
                           WHERE events.aggregate_type = parked.aggregate_type AND events.partition = parked.partition
                             AND events.position >= parked.resend_from AND events.position <= relay_mark.position
                           LIMIT 10000
                       ) AS counted
                   ) AS waiting
                   WHERE parked.error IS NOT NULL
                     AND parked.cluster_id = relay_mark.cluster_id AND parked.prefix = relay_mark.prefix
                  ) AS "parked!"
           FROM relay_mark LEFT JOIN events ON events.position = relay_mark.position + 1
           WHERE relay_mark.is_current"#
    )
    .fetch_one(connection)
    .await?;
    let reading = ConsumerLag {
        position: row.position,
        lag_seconds: age(row.recorded_at.as_deref(), now),
        applied: row.position - row.parked,
        parked: row.parked,
        counted: Some(Counted { lag_events: head - row.position, expected: row.position }),
        ..ConsumerLag::default()
    };
    Ok((reading, row.problems))
}

/// Counts the events of the log, and those beyond the checkpoints, for each consumer.
pub(crate) async fn count(
    connection: &mut PgConnection,
    readings: &mut HashMap<String, ConsumerLag>,
) -> Result<(), sqlx::Error> {
    let rows = sqlx::query!(
        r#"WITH log AS (
               SELECT aggregate_type, partition, count(*) AS events FROM events GROUP BY aggregate_type, partition
           )
           SELECT consumer, sum(beyond.events)::bigint AS "beyond!",
                  (coalesce(sum(log.events), 0) - sum(beyond.events))::bigint AS "expected!"
           FROM checkpoints
           LEFT JOIN log USING (aggregate_type, partition)
           CROSS JOIN LATERAL (
               SELECT count(*) AS events FROM events
               WHERE events.aggregate_type = checkpoints.aggregate_type
                 AND events.partition = checkpoints.partition
                 AND events.position > checkpoints.position
           ) AS beyond
           GROUP BY consumer"#
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        if let Some(reading) = readings.get_mut(&row.consumer) {
            reading.counted = Some(Counted { lag_events: row.beyond, expected: row.expected });
        }
    }
    Ok(())
}

/// Returns the seconds since an event was recorded; 0 if there is no event.
fn age(recorded_at: Option<&str>, now: DateTime<Utc>) -> f64 {
    let recorded_at = recorded_at.and_then(|text| text.parse::<DateTime<Utc>>().ok());
    recorded_at.map_or(0.0, |then| (now - then).as_seconds_f64().max(0.0))
}
