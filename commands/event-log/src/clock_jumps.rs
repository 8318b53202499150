//! Recovery from a database clock that was set back, for example after it had been set wrong.
//!
//! A job's due time is a time of the database's clock. When that clock is set back by hours, a job that was due a
//! moment ago would wait for hours. This step makes such jobs due at once. Leases and heartbeats that lie further in
//! the future than any valid one are ignored where they are read. A clock that is set forward only ends leases and
//! heartbeats early.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use tokio::{sync::Mutex, time::Instant};

use crate::scheduler::{Expiry, ExpiryError};

/// The backward jump that is ignored, because routine clock corrections are smaller.
const TOLERATED: TimeDelta = TimeDelta::seconds(10);
/// The longest time until a jump is noticed. Jobs that were postponed or created in between may have been due within
/// it.
const SEEN_LATE: TimeDelta = TimeDelta::minutes(5);

/// A scheduler step that compares the database's clock with a monotonic clock.
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

    /// Creates the step as if the database's clock had just shown this time.
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
