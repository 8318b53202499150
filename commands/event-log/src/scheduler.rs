//! What has a life ends here: small steps, taken once a minute by one process at a time.
//!
//! To add a step: implement [`Expiry`] beside what expires, and add a line to `App::expiries` in `api/src/app.rs`. A step
//! must be right whenever it runs, however often, in whichever process. What changes an aggregate goes through
//! [`Commands::execute`](crate::execute::Commands::execute) like everything else; a plain row may simply be deleted.

use domain::wording::error_chain;
use std::{error::Error, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::{
    advisory_locks,
    clock::SharedClock,
    heartbeats::{HeartbeatRegistry, Kind},
};

const PAUSE: Duration = Duration::from_mins(1);

/// A step that failed. The others of the round are taken, and it is tried again in the next one.
#[derive(Debug, thiserror::Error)]
#[error("what is due cannot be ended")]
pub struct ExpiryError(#[source] Box<dyn Error + Send + Sync>);

impl ExpiryError {
    pub fn from_source(source: impl Error + Send + Sync + 'static) -> Self {
        Self(Box::new(source))
    }
}

impl From<sqlx::Error> for ExpiryError {
    fn from(error: sqlx::Error) -> Self {
        Self::from_source(error)
    }
}

/// Ends one kind of thing when its time has come.
#[async_trait]
pub trait Expiry: Send + Sync {
    /// For log lines, such as `reset codes`.
    fn name(&self) -> &'static str;

    /// Ends everything that is due at this time. Says how many there were.
    async fn expire(&self, now: DateTime<Utc>) -> Result<u64, ExpiryError>;
}

/// The steps of a process.
pub struct Scheduler {
    pool: PgPool,
    clock: SharedClock,
    steps: Vec<Arc<dyn Expiry>>,
}

impl Scheduler {
    pub const fn new(pool: PgPool, clock: SharedClock, steps: Vec<Arc<dyn Expiry>>) -> Self {
        Self { pool, clock, steps }
    }

    /// Takes all steps again and again: until the future is dropped.
    pub async fn run(self, heart: HeartbeatRegistry) {
        let pulse = heart.pulse(Kind::Scheduler, "scheduler");
        loop {
            pulse.beat();
            if let Err(error) = self.round().await {
                tracing::warn!(%error, "the scheduler has lost a round");
            }
            pulse.during(tokio::time::sleep(PAUSE)).await;
        }
    }

    /// Takes all steps once, unless another process is about it. Says whether it did.
    ///
    /// # Errors
    /// The database's, about the lock. A step that fails is logged only.
    pub async fn round(&self) -> Result<bool, sqlx::Error> {
        // The lock belongs to this connection, and ends with it on every way out.
        let mut connection = self.pool.acquire().await?.detach();
        let is_ours = sqlx::query_scalar!("SELECT pg_try_advisory_lock($1)", advisory_locks::SCHEDULER)
            .fetch_one(&mut connection)
            .await?;
        if is_ours != Some(true) {
            return Ok(false);
        }
        for step in &self.steps {
            match step.expire(self.clock.now()).await {
                Ok(0) => {}
                Ok(count) => tracing::info!(what = step.name(), count, "expired"),
                Err(error) => {
                    tracing::warn!(what = step.name(), error = error_chain(&error), "an expiry failed");
                }
            }
        }
        Ok(true)
    }
}
