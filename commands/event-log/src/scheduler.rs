//! The scheduler of expiries: small steps that are run once a minute, by one process at a time.
//!
//! To add a step, implement [`Expiry`] next to the thing that expires, and add a line to `App::expiries` in
//! `api/src/app.rs`. A step must be correct whenever, however often and in whichever process it runs. Changes of
//! aggregates go through [`Commands::execute`](crate::execute::Commands::execute), as everywhere; plain rows may be
//! deleted directly.

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

/// The failure of a step. The other steps of the round are still run, and the step is retried in the next round.
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

/// A step that ends one kind of thing when its time has come.
#[async_trait]
pub trait Expiry: Send + Sync {
    /// Returns the name for log lines, such as `reset codes`.
    fn name(&self) -> &'static str;

    /// Ends everything that is due at this time. Returns the number of things that were ended.
    ///
    /// # Errors
    /// [`ExpiryError`] if the step failed.
    async fn expire(&self, now: DateTime<Utc>) -> Result<u64, ExpiryError>;
}

/// The scheduler of a process, with its steps.
pub struct Scheduler {
    pool: PgPool,
    clock: SharedClock,
    steps: Vec<Arc<dyn Expiry>>,
}

impl Scheduler {
    pub const fn new(pool: PgPool, clock: SharedClock, steps: Vec<Arc<dyn Expiry>>) -> Self {
        Self { pool, clock, steps }
    }

    /// Runs all steps once a minute until the future is dropped.
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

    /// Runs all steps once, unless another process is running them. Returns whether it did.
    ///
    /// # Errors
    /// [`sqlx::Error`] if the lock cannot be requested. A failed step is only logged.
    pub async fn round(&self) -> Result<bool, sqlx::Error> {
        // The lock belongs to this connection and is released when it closes, however this function returns.
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
