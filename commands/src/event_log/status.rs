//! How all who follow the log are doing: how far they are, how complete, and whether they live.
//!
//! Progress alone proves nothing: where nothing moves, nothing lags. So each part must also give signs of life, and what it has
//! applied is counted against the log.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;

use super::EventLog;
use crate::heartbeats::Kind;

/// A part that lives writes a sign of life every other second; without one for so long it is dead or stuck.
const SILENT: Duration = Duration::from_secs(7);
/// The age of the oldest event that a part has not come to, from which it is behind, and from which it fails.
const BEHIND: Duration = Duration::from_secs(10);
const FAR_BEHIND: Duration = Duration::from_secs(30);

/// Of one snapshot, so that a count can be held against the other.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";

/// The parts that a whole system has.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    pub projections: Vec<&'static str>,
    pub handlers: Vec<&'static str>,
    pub relay: bool,
    pub workers: Vec<String>,
}

/// Whether the events are counted, which takes a moment for a long log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    Yes,
    No,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Verdict {
    Ok,
    /// It works, but somebody should look.
    Degraded,
    /// It does not do its work.
    Failing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum What {
    Projection,
    Handler,
    Relay,
    Worker,
    Scheduler,
}

impl What {
    const fn kind(self) -> Kind {
        match self {
            Self::Projection | Self::Handler => Kind::Consumer,
            Self::Relay => Kind::Relay,
            Self::Worker => Kind::Worker,
            Self::Scheduler => Kind::Scheduler,
        }
    }
}

/// All parts, and the worst of their verdicts.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    pub verdict: Verdict,
    /// The newest position of the log.
    pub head: i64,
    pub parts: Vec<PartStatus>,
}

#[derive(Debug, Clone, Serialize)]
pub struct PartStatus {
    pub what: What,
    pub name: String,
    pub verdict: Verdict,
    /// What is wrong, for people.
    pub problems: Vec<String>,
    /// Seconds since the last sign of life of any process of it.
    pub last_beat_seconds: Option<f64>,
    /// Of those who follow the log.
    #[serde(flatten)]
    pub reading: Option<Reading>,
}

/// How far somebody has come in the log.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Reading {
    /// Everything up to here has been dealt with.
    pub position: i64,
    /// Age of the oldest event that has not.
    pub lag_seconds: f64,
    pub applied: i64,
    pub parked: i64,
    pub dropped: i64,
    #[serde(flatten)]
    pub counted: Option<Counted>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Events that have not been dealt with.
    pub lag_events: i64,
    /// Events that the log has up to the checkpoints.
    pub expected: i64,
}

impl EventLog {
    /// Looks at all parts at once.
    ///
    /// # Errors
    /// The database's.
    pub async fn status(&self, expected: &Expected, counting: Counting) -> Result<Status, sqlx::Error> {
        let mut tx = self.pool.begin_with(BEGIN).await?;
        let head = sqlx::query!(r#"SELECT position, now() AS "now!" FROM log_head"#).fetch_one(&mut *tx).await?;
        let beats = Beats::read(&mut tx).await?;
        let mut readings = readings(&mut tx, head.position, head.now).await?;
        if counting == Counting::Yes {
            count(&mut tx, &mut readings).await?;
        }
        let relay = relay(&mut tx, head.position, head.now).await?;
        tx.commit().await?;

        let mut parts = Vec::new();
        for (what, names) in [(What::Projection, &expected.projections), (What::Handler, &expected.handlers)] {
            for name in names {
                let reading = readings.remove(*name).unwrap_or_default();
                parts.push(PartStatus::new(what, (*name).to_owned(), &beats, Some(reading)));
            }
        }
        if expected.relay || beats.has(Kind::Relay) {
            parts.push(PartStatus::new(What::Relay, "relay".to_owned(), &beats, Some(relay)));
        }
        parts.extend(expected.workers.iter().map(|name| PartStatus::new(What::Worker, name.clone(), &beats, None)));
        parts.push(PartStatus::new(What::Scheduler, "scheduler".to_owned(), &beats, None));
        let verdict = parts.iter().map(|part| part.verdict).max().unwrap_or(Verdict::Ok);
        Ok(Status { verdict, head: head.position, parts })
    }
}

impl PartStatus {
    fn new(what: What, name: String, beats: &Beats, reading: Option<Reading>) -> Self {
        let beats = beats.of(what.kind(), &name);
        let mut judged = judge_beats(&beats);
        judged.extend(reading.iter().flat_map(judge_reading));
        let verdict = judged.iter().map(|(verdict, _)| *verdict).max().unwrap_or(Verdict::Ok);
        let problems = judged.into_iter().map(|(_, problem)| problem).collect();
        Self { what, name, verdict, problems, last_beat_seconds: beats.first().copied(), reading }
    }
}

type Judged = Vec<(Verdict, String)>;

/// Of the seconds since the last sign of life of each process, the newest first.
fn judge_beats(beats: &[f64]) -> Judged {
    let is_silent = |seconds: f64| seconds >= SILENT.as_secs_f64();
    match beats {
        [] => vec![(Verdict::Failing, "no process does it".to_owned())],
        [newest, ..] if is_silent(*newest) => vec![(Verdict::Failing, format!("no sign of life for {newest:.0} s"))],
        [_, others @ ..] => others
            .iter()
            .filter(|seconds| is_silent(**seconds))
            .map(|seconds| (Verdict::Degraded, format!("one of its processes gave no sign of life for {seconds:.0} s")))
            .collect(),
    }
}

fn judge_reading(reading: &Reading) -> Judged {
    let mut judged = Vec::new();
    if reading.lag_seconds >= BEHIND.as_secs_f64() {
        let is_far = reading.lag_seconds >= FAR_BEHIND.as_secs_f64();
        let verdict = if is_far { Verdict::Failing } else { Verdict::Degraded };
        judged.push((verdict, format!("behind by {:.0} s", reading.lag_seconds)));
    }
    if reading.parked > 0 {
        let problem = format!("{} events are parked: see `ayushma parked list`", reading.parked);
        judged.push((Verdict::Degraded, problem));
    }
    if reading.dropped > 0 {
        judged.push((Verdict::Degraded, format!("incomplete: {} events were dropped", reading.dropped)));
    }
    let dealt_with = reading.applied + reading.parked + reading.dropped;
    if let Some(Counted { expected, .. }) = reading.counted.filter(|counted| counted.expected != dealt_with) {
        let problem = format!("has dealt with {dealt_with} events where the log has {expected}: rebuild it");
        judged.push((Verdict::Failing, problem));
    }
    judged
}

/// Seconds since the last signs of life.
struct Beats(Vec<(String, String, f64)>);

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

    fn has(&self, kind: Kind) -> bool {
        self.0.iter().any(|(known, ..)| *known == <&str>::from(kind))
    }

    fn of(&self, kind: Kind, name: &str) -> Vec<f64> {
        let all = self.0.iter().filter(|(known, part, _)| *known == <&str>::from(kind) && part == name);
        all.map(|(.., seconds)| *seconds).collect()
    }
}

/// Of all consumers that have checkpoints: a look into an index for each of them.
async fn readings(
    connection: &mut PgConnection,
    head: i64,
    now: DateTime<Utc>,
) -> Result<HashMap<String, Reading>, sqlx::Error> {
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
            let reading = Reading {
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

/// The relay publishes everything, and positions have no holes.
async fn relay(connection: &mut PgConnection, head: i64, now: DateTime<Utc>) -> Result<Reading, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT relay_mark.position, events.metadata ->> 'recorded_at' AS recorded_at
           FROM relay_mark LEFT JOIN events ON events.position = relay_mark.position + 1"#
    )
    .fetch_one(connection)
    .await?;
    Ok(Reading {
        position: row.position,
        lag_seconds: age(row.recorded_at.as_deref(), now),
        applied: row.position,
        counted: Some(Counted { lag_events: head - row.position, expected: row.position }),
        ..Reading::default()
    })
}

/// Counts the log, and what lies beyond the checkpoints.
async fn count(connection: &mut PgConnection, readings: &mut HashMap<String, Reading>) -> Result<(), sqlx::Error> {
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

/// Seconds since an event was recorded; none if there is no event.
fn age(recorded_at: Option<&str>, now: DateTime<Utc>) -> f64 {
    let recorded_at = recorded_at.and_then(|text| text.parse::<DateTime<Utc>>().ok());
    recorded_at.map_or(0.0, |then| (now - then).as_seconds_f64().max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(judged: &Judged) -> Verdict {
        judged.iter().map(|(verdict, _)| *verdict).max().unwrap_or(Verdict::Ok)
    }

    #[test]
    fn whoever_gives_no_sign_of_life_fails_even_if_nothing_lags() {
        assert_eq!(verdict(&judge_beats(&[])), Verdict::Failing);
        assert_eq!(verdict(&judge_beats(&[7.5, 40.0])), Verdict::Failing);
        assert_eq!(verdict(&judge_beats(&[3.0])), Verdict::Ok);
        assert_eq!(verdict(&judge_beats(&[0.5, 40.0])), Verdict::Degraded);
    }

    #[test]
    fn whoever_lives_but_stays_behind_is_reported_within_ten_seconds() {
        let behind = |lag_seconds| Reading { lag_seconds, ..Reading::default() };
        assert_eq!(verdict(&judge_reading(&behind(2.0))), Verdict::Ok);
        assert_eq!(verdict(&judge_reading(&behind(10.0))), Verdict::Degraded);
        assert_eq!(verdict(&judge_reading(&behind(31.0))), Verdict::Failing);
    }

    #[test]
    fn every_event_of_the_log_must_be_accounted_for() {
        let reading = |applied, parked, dropped, expected| Reading {
            applied,
            parked,
            dropped,
            counted: Some(Counted { lag_events: 0, expected }),
            ..Reading::default()
        };
        assert_eq!(verdict(&judge_reading(&reading(10, 0, 0, 10))), Verdict::Ok);
        assert_eq!(verdict(&judge_reading(&reading(8, 2, 0, 10))), Verdict::Degraded);
        assert_eq!(verdict(&judge_reading(&reading(9, 0, 1, 10))), Verdict::Degraded);
        assert_eq!(verdict(&judge_reading(&reading(9, 0, 0, 10))), Verdict::Failing);
        assert_eq!(verdict(&judge_reading(&reading(11, 0, 0, 10))), Verdict::Failing);
    }
}
