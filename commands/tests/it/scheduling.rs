//! What has a life ends, by one process at a time.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use commands::{
    accounts::ResetCodeExpiry,
    clock::SystemClock,
    event_log::IdempotencyExpiry,
    scheduler::{Expiry, ExpiryError, Scheduler},
};
use sqlx::PgPool;
use tokio::sync::Semaphore;

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
    for _ in 0..100 {
        if second.round().await.expect("the lock can be asked for") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the turn was never given back");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn codes_are_forgotten_a_day_after_they_have_expired_and_keys_at_once(pool: PgPool) {
    sqlx::raw_sql(
        "INSERT INTO reset_codes (address, sealed_code, tries_left, expires_at) VALUES
             ('living', '', 5, now() + interval '5 minutes'),
             ('expired', '', 5, now() - interval '23 hours'),
             ('forgotten', '', 5, now() - interval '25 hours');
         INSERT INTO idempotency_keys (actor, key, fingerprint, resource_id, expires_at) VALUES
             ('user:1', 'living', '', gen_random_uuid(), now() + interval '1 minute'),
             ('user:1', 'expired', '', gen_random_uuid(), now() - interval '1 minute')",
    )
    .execute(&pool)
    .await
    .expect("rows can be made");
    let steps: Vec<Arc<dyn Expiry>> =
        vec![Arc::new(ResetCodeExpiry(pool.clone())), Arc::new(IdempotencyExpiry(pool.clone()))];
    assert!(scheduler(&pool, steps).round().await.expect("nobody else is about it"));
    let codes: Vec<String> = sqlx::query_scalar("SELECT encode(address, 'escape') FROM reset_codes ORDER BY 1")
        .fetch_all(&pool)
        .await
        .expect("readable");
    let keys: Vec<String> =
        sqlx::query_scalar("SELECT key FROM idempotency_keys").fetch_all(&pool).await.expect("readable");
    assert_eq!((codes, keys), (vec!["expired".to_owned(), "living".to_owned()], vec!["living".to_owned()]));
}
