//! A clock that goes back, as after a wrong setting: work that was due before is due.
//!
//! Jobs wait for a time of the database's clock. When that is set back by hours, what was due a moment ago would lie there
//! for hours. Leases and signs of life that reach further into the future than any does are void by themselves, where they
//! are read; a clock that goes forward ends leases and lives early, and nothing else.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use tokio::{sync::Mutex, time::Instant};

use crate::scheduler::{Expiry, ExpiryError};

/// Clocks are corrected by less every day.
const TOLERATED: TimeDelta = TimeDelta::seconds(10);
/// A jump is seen so late: what was put off or made in between may have been due then.
const SEEN_LATE: TimeDelta = TimeDelta::minutes(5);

/// A step of the scheduler that compares the database's clock with one that only goes forward.
pub struct ClockJumps {
    pool: PgPool,
    last: Mutex<Option<Reading>>,
}

#[derive(Clone, Copy)]
struct Reading {
    database: DateTime<Utc>,
    monotonic: Instant,
}

impl ClockJumps {
    pub fn new(pool: PgPool) -> Self {
        Self { pool, last: Mutex::new(None) }
    }

    /// As if the database's clock had shown this just now.
    pub fn after(pool: PgPool, database: DateTime<Utc>) -> Self {
        Self { pool, last: Mutex::new(Some(Reading { database, monotonic: Instant::now() })) }
    }
}

#[async_trait]
impl Expiry for ClockJumps {
    fn name(&self) -> &'static str {
        "waiting times from before the clock was set back"
    }

    async fn expire(&self, _: DateTime<Utc>) -> Result<u64, ExpiryError> {
        let mut last = self.last.lock().await;
        let database = sqlx::query_scalar!(r#"SELECT now() AS "now!""#).fetch_one(&self.pool).await?;
        let now = Reading { database, monotonic: Instant::now() };
        let Some(before) = last.replace(now) else { return Ok(0) };
        let passed = now.monotonic.duration_since(before.monotonic);
        let behind = before.database + TimeDelta::from_std(passed).unwrap_or_default() - now.database;
        if behind < TOLERATED {
            return Ok(0);
        }
        let reach = (behind + SEEN_LATE).to_std().unwrap_or(Duration::ZERO);
        tracing::warn!(
            seconds = behind.num_seconds(),
            "the database's clock was set back: what was due before is done now"
        );
        let due = sqlx::query!(
            "UPDATE jobs SET run_at = now() WHERE run_at > now() AND run_at <= now() + make_interval(secs => $1)",
            reach.as_secs_f64(),
        );
        Ok(due.execute(&self.pool).await?.rows_affected())
    }
}
