//! The status report on all parts that follow the log: progress, completeness, and whether they are alive.
//!
//! Lag alone does not show that a part works, because without new events nothing lags. So each part must also give
//! heartbeats, and the number of events that it has applied is compared with the log.

use std::time::Duration;

use serde::Serialize;
use sqlx::PgPool;

use crate::heartbeats::Kind;
use crate::status::readings::{Beats, ConsumerLag, Counted, Seen, count, look};
use domain::wording::counted;

/// The age of the last heartbeat from which a part counts as dead or stuck. A living part writes one every 2 s.
const SILENT: Duration = Duration::from_secs(7);
/// The age of the oldest unhandled event from which a part is degraded.
const BEHIND: Duration = Duration::from_secs(10);
/// The age of the oldest unhandled event from which a part is failing.
const FAR_BEHIND: Duration = Duration::from_secs(30);

/// Begins a transaction that sees one snapshot, so that counts can be compared.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";

/// The parts that a complete system has.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    pub projections: Vec<&'static str>,
    pub handlers: Vec<&'static str>,
    pub relay: bool,
    pub workers: Vec<String>,
}

/// Whether the events are counted, which takes some time for a long log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    Yes,
    No,
}

/// The state of a part or of the system, in order of severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Verdict {
    Ok,
    /// It works, but needs attention.
    Degraded,
    /// It does not do its work.
    Failing,
}

/// The kind of a part in the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum PartKind {
    Projection,
    Handler,
    Relay,
    Worker,
    Scheduler,
}

impl PartKind {
    const fn kind(self) -> Kind {
        match self {
            Self::Projection | Self::Handler => Kind::Consumer,
            Self::Relay => Kind::Relay,
            Self::Worker => Kind::Worker,
            Self::Scheduler => Kind::Scheduler,
        }
    }
}

/// The status of all parts, and the worst of their verdicts.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    pub verdict: Verdict,
    /// The newest position of the log.
    pub head: i64,
    pub parts: Vec<PartStatus>,
}

/// The status of one part.
#[derive(Debug, Clone, Serialize)]
pub struct PartStatus {
    pub what: PartKind,
    pub name: String,
    pub verdict: Verdict,
    /// Descriptions of the problems, for human readers.
    pub problems: Vec<String>,
    /// The seconds since the last heartbeat of any process that does this part's work.
    pub last_beat_seconds: Option<f64>,
    /// The progress; `None` for parts that do not follow the log.
    #[serde(flatten)]
    pub reading: Option<ConsumerLag>,
}

/// Returns the status of all parts. Only reads.
///
/// # Errors
/// [`sqlx::Error`] if a query fails.
pub async fn status(pool: &PgPool, expected: &Expected, counting: Counting) -> Result<Status, sqlx::Error> {
    let seen = match counting {
        // No transaction: the caller may be cancelled, and sqlx would return a connection whose BEGIN was not
        // answered yet to the pool with its transaction open.
        Counting::No => look(&mut *pool.acquire().await?).await?,
        Counting::Yes => {
            let mut tx = pool.begin_with(BEGIN).await?;
            let mut seen = look(&mut tx).await?;
            count(&mut tx, &mut seen.readings).await?;
            tx.commit().await?;
            seen
        }
    };
    Ok(seen.judge(expected))
}

impl Seen {
    fn judge(self, expected: &Expected) -> Status {
        let Self { head, beats, mut readings, relay, stream_problems } = self;
        let mut parts = Vec::new();
        for (what, names) in [(PartKind::Projection, &expected.projections), (PartKind::Handler, &expected.handlers)] {
            for name in names {
                let reading = readings.remove(*name).unwrap_or_default();
                parts.push(PartStatus::new(what, (*name).to_owned(), &beats, Some(reading)));
            }
        }
        if expected.relay || beats.has(Kind::Relay) {
            let mut part = PartStatus::new(PartKind::Relay, "relay".to_owned(), &beats, Some(relay));
            if !stream_problems.is_empty() {
                part.verdict = part.verdict.max(Verdict::Degraded);
                part.problems.extend(stream_problems);
            }
            parts.push(part);
        }
        parts.extend(expected.workers.iter().map(|name| PartStatus::new(PartKind::Worker, name.clone(), &beats, None)));
        parts.push(PartStatus::new(PartKind::Scheduler, "scheduler".to_owned(), &beats, None));
        let verdict = parts.iter().map(|part| part.verdict).max().unwrap_or(Verdict::Ok);
        Status { verdict, head, parts }
    }
}

impl PartStatus {
    fn new(what: PartKind, name: String, beats: &Beats, reading: Option<ConsumerLag>) -> Self {
        let beats = beats.of(what.kind(), &name);
        let mut judged = judge_beats(&beats);
        let parked = if what == PartKind::Relay { "ayushma stream parked" } else { "ayushma parked list" };
        judged.extend(reading.iter().flat_map(|reading| judge_reading(reading, parked)));
        let verdict = judged.iter().map(|(verdict, _)| *verdict).max().unwrap_or(Verdict::Ok);
        let problems = judged.into_iter().map(|(_, problem)| problem).collect();
        Self { what, name, verdict, problems, last_beat_seconds: beats.first().copied(), reading }
    }
}

type Judged = Vec<(Verdict, String)>;

/// Judges the ages in seconds of the last heartbeat of each process, the newest first.
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

/// Judges progress and completeness. `parked` is the command that lists parked events.
fn judge_reading(reading: &ConsumerLag, parked: &str) -> Judged {
    let mut judged = Vec::new();
    if reading.lag_seconds >= BEHIND.as_secs_f64() {
        let is_far = reading.lag_seconds >= FAR_BEHIND.as_secs_f64();
        let verdict = if is_far { Verdict::Failing } else { Verdict::Degraded };
        judged.push((verdict, format!("behind by {:.0} s", reading.lag_seconds)));
    }
    if reading.parked > 0 {
        let problem = format!("{} parked: see `{parked}`", counted(reading.parked, "event"));
        judged.push((Verdict::Degraded, problem));
    }
    if reading.dropped > 0 {
        judged.push((Verdict::Degraded, format!("incomplete: {} dropped", counted(reading.dropped, "event"))));
    }
    let dealt_with = reading.applied + reading.parked + reading.dropped;
    if let Some(Counted { expected, .. }) = reading.counted.filter(|counted| counted.expected != dealt_with) {
        let problem =
            format!("has dealt with {} where the log has {expected}: rebuild it", counted(dealt_with, "event"));
        judged.push((Verdict::Failing, problem));
    }
    judged
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
