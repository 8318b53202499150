//! What has a life ends, by one process at a time.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use commands::{
    accounts::ResetCodeExpiry,
    clock::SystemClock,
    event_log::IdempotencyExpiry,
    scheduler::{Expiry, ExpiryError, Scheduler},
};
use sqlx::PgPool;
use tokio::sync::Semaphore;

use crate::support::{ManualClock, number, until};

/// A step that begins at once and ends when it may.
struct Slow {
    begun: Semaphore,
    go_on: Semaphore,
    rounds: AtomicU32,
}

#[async_trait]
impl Expiry for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    async fn expire(&self, _: DateTime<Utc>) -> Result<u64, ExpiryError> {
        self.rounds.fetch_add(1, Ordering::SeqCst);
        self.begun.add_permits(1);
        self.go_on.acquire().await.map_err(ExpiryError::from_source)?.forget();
        Ok(1)
    }
}

struct Failing;

#[async_trait]
impl Expiry for Failing {
    fn name(&self) -> &'static str {
        "failing"
    }

    async fn expire(&self, _: DateTime<Utc>) -> Result<u64, ExpiryError> {
        Err(sqlx::Error::RowNotFound.into())
    }
}

fn scheduler(pool: &PgPool, steps: Vec<Arc<dyn Expiry>>) -> Scheduler {
    Scheduler::new(pool.clone(), Arc::new(SystemClock), steps)
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn one_process_at_a_time_takes_the_steps_and_a_failure_stops_no_other(pool: PgPool) {
    let slow = Arc::new(Slow { begun: Semaphore::new(0), go_on: Semaphore::new(0), rounds: AtomicU32::new(0) });
    let first = scheduler(&pool, vec![Arc::new(Failing), slow.clone()]);
    let second = scheduler(&pool, vec![slow.clone()]);
    let meanwhile = async {
        slow.begun.acquire().await.expect("never closed").forget();
        let took = second.round().await.expect("the lock can be asked for");
        slow.go_on.add_permits(2);
        took
    };
    let (ours, theirs) = tokio::join!(first.round(), meanwhile);
    assert_eq!((ours.expect("the lock can be asked for"), theirs), (true, false));
    assert_eq!(slow.rounds.load(Ordering::SeqCst), 1);
    // The lock goes with the connection, which is closed a moment later.
    until("the lock is given back", async || second.round().await.expect("the lock can be asked for")).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn codes_are_forgotten_a_day_after_they_have_expired_and_keys_at_once(pool: PgPool) {
    sqlx::raw_sql(
        "INSERT INTO reset_codes (address, sealed_code, tries_left, expires_at)
             VALUES ('a person', '', 5, now() + interval '5 minutes');
         INSERT INTO idempotency_keys (actor, key, fingerprint, resource_id, expires_at)
             VALUES ('user:1', 'a key', '', gen_random_uuid(), now() + interval '1 minute')",
    )
    .execute(&pool)
    .await
    .expect("rows can be made");
    let clock = Arc::new(ManualClock::default());
    let steps: Vec<Arc<dyn Expiry>> =
        vec![Arc::new(ResetCodeExpiry(pool.clone())), Arc::new(IdempotencyExpiry(pool.clone()))];
    let scheduler = Scheduler::new(pool.clone(), clock.clone(), steps);
    for (later, left) in [(TimeDelta::zero(), (1, 1)), (TimeDelta::hours(23), (1, 0)), (TimeDelta::hours(2), (0, 0))] {
        clock.advance(later);
        until("a round is made", async || scheduler.round().await.expect("the lock can be asked for")).await;
        let codes = number(&pool, "SELECT count(*) FROM reset_codes").await;
        assert_eq!((codes, number(&pool, "SELECT count(*) FROM idempotency_keys").await), left, "{later}");
    }
}
