//! Moments of the log, as people name them, and the positions that they mean.

use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::times::{DISORDER, halved};

/// A moment of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Moment {
    /// The end of the log.
    #[default]
    Now,
    /// Behind the event at this position, of the log with this id if one is named.
    Position { log_id: Option<Uuid>, position: i64 },
    /// Behind the last event that was recorded at or before this time.
    Time(DateTime<Utc>),
}

/// The text is no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a moment: a position such as 1200, LOG_ID@1200, or a time such as 2026-12-01T08:30:00Z")]
pub struct MalformedMoment;

impl FromStr for Moment {
    type Err = MalformedMoment;

    /// Parses `1200`, `7f81988b-…@1200` or a time in RFC 3339 format.
    fn from_str(text: &str) -> Result<Self, MalformedMoment> {
        if let Some((log_id, position)) = text.split_once('@') {
            let log_id = Some(Uuid::try_parse(log_id).map_err(|_| MalformedMoment)?);
            return Ok(Self::Position { log_id, position: number(position)? });
        }
        if let Ok(position) = number(text) {
            return Ok(Self::Position { log_id: None, position });
        }
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| MalformedMoment)?;
        Ok(Self::Time(time.to_utc()))
    }
}

fn number(text: &str) -> Result<i64, MalformedMoment> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().map_err(|_| MalformedMoment) } else { Err(MalformedMoment) }
}

/// A moment of a log that there was: the state behind the event at the position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPosition {
    pub log_id: Uuid,
    /// From 1; 0 is the end of a log without events.
    pub position: i64,
    /// When the event at the position was recorded, in RFC 3339 format with microseconds; `None` at position 0.
    pub recorded_at: Option<String>,
}

/// The reason why a moment is none of this log.
#[derive(Debug, thiserror::Error)]
pub enum MomentError {
    #[error("the log ends at position {end}, before position {position}")]
    BeyondEnd { position: i64, end: i64 },
    #[error("the positions of the log begin at 1: there is no position {0}")]
    NoPosition(i64),
    #[error("the log begins at {}, after {}", text(.begins), text(.time))]
    BeforeBegin { time: DateTime<Utc>, begins: DateTime<Utc> },
    #[error("the log has no events yet")]
    NoEvents,
    #[error("{} is later than {}, until when the log is known here", text(.time), text(.known))]
    NotYet { time: DateTime<Utc>, known: DateTime<Utc> },
    #[error("position {position} is of the log {named}, and this one is the log {found}")]
    OtherLog { position: i64, named: Uuid, found: Uuid },
    #[error("the log cannot be read")]
    Database(#[from] sqlx::Error),
}

fn text(time: &DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The log as far as moments are looked up in it.
struct Known {
    log_id: Uuid,
    end: i64,
    /// When its first event was recorded.
    begins: Option<DateTime<Utc>>,
    /// Until when its events are known here: a standby is behind.
    until: Option<DateTime<Utc>>,
}

impl Moment {
    /// Returns the position that the moment means.
    ///
    /// # Errors
    /// [`MomentError`] if there is no such moment in the log, or the log cannot be read.
    pub(crate) async fn find(self, pool: &PgPool) -> Result<LogPosition, MomentError> {
        let known = known(pool).await?;
        let position = match self {
            Self::Now => known.end,
            Self::Position { log_id: Some(named), position } if named != known.log_id => {
                return Err(MomentError::OtherLog { position, named, found: known.log_id });
            }
            Self::Position { position, .. } if position < 1 => return Err(MomentError::NoPosition(position)),
            Self::Position { position, .. } if position > known.end => {
                return Err(MomentError::BeyondEnd { position, end: known.end });
            }
            Self::Position { position, .. } => position,
            Self::Time(time) => last_recorded_by(pool, time, &known).await?,
        };
        let recorded_at = sqlx::query_scalar!(
            r#"SELECT (metadata ->> 'recorded_at')::timestamptz AS "recorded_at!" FROM events WHERE position = $1"#,
            position,
        )
        .fetch_optional(pool)
        .await?;
        Ok(LogPosition { log_id: known.log_id, position, recorded_at: recorded_at.as_ref().map(text) })
    }
}

async fn known(pool: &PgPool) -> Result<Known, sqlx::Error> {
    sqlx::query_as!(
        Known,
        r#"SELECT log_id, position AS end,
                  (SELECT (metadata ->> 'recorded_at')::timestamptz FROM events ORDER BY position LIMIT 1) AS begins,
                  greatest(
                      CASE WHEN pg_is_in_recovery() THEN pg_last_xact_replay_timestamp() ELSE now() END,
                      (SELECT (metadata ->> 'recorded_at')::timestamptz FROM events ORDER BY position DESC LIMIT 1)
                  ) AS until
           FROM log_head"#
    )
    .fetch_one(pool)
    .await
}

/// Returns the position of the last event that was recorded at or before the time.
async fn last_recorded_by(pool: &PgPool, time: DateTime<Utc>, known: &Known) -> Result<i64, MomentError> {
    let (Some(begins), Some(until)) = (known.begins, known.until) else { return Err(MomentError::NoEvents) };
    if time > until {
        return Err(MomentError::NotYet { time, known: until });
    }
    let too_late_behind = halved(pool, known.end, time.checked_add_signed(DISORDER).unwrap_or(time)).await?;
    let found = sqlx::query_scalar!(
        "SELECT position FROM events
         WHERE position <= $1 AND (metadata ->> 'recorded_at')::timestamptz <= $2
         ORDER BY position DESC LIMIT 1",
        too_late_behind.unwrap_or(known.end),
        time,
    )
    .fetch_optional(pool)
    .await?;
    found.ok_or(MomentError::BeforeBegin { time, begins })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_position_with_or_without_the_log_or_a_time() {
        let log_id = Uuid::from_u128(7);
        let at = |log_id, position| Ok(Moment::Position { log_id, position });
        assert_eq!("1200".parse(), at(None, 1200));
        assert_eq!("-1".parse(), at(None, -1), "it is a number, of which it can be said what is wrong");
        assert_eq!(format!("{log_id}@1200").parse(), at(Some(log_id), 1200));
        let half_past_eight = DateTime::from_timestamp(1_796_113_800, 0).expect("a time");
        for text in ["2026-12-01T08:30:00Z", "2026-12-01T14:00:00+05:30"] {
            assert_eq!(text.parse(), Ok(Moment::Time(half_past_eight)), "{text}");
        }
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in ["", "-", "@", "@5", "x@5", "+5", "1 2", "99999999999999999999", "2026-12-01", "yesterday", "now"] {
            assert_eq!(text.parse::<Moment>(), Err(MalformedMoment), "{text}");
        }
        assert_eq!(format!("{}@", Uuid::nil()).parse::<Moment>(), Err(MalformedMoment));
    }
}
