//! The database's clock is set back by hours, as after a wrong setting: nothing waits for that long.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use commands::{
    clock_jumps::ClockJumps,
    event_log::Progress,
    jobs::{Job, JobError, JobHandler, Worker, give_back},
    scheduler::Expiry as _,
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::new_id;

#[derive(Default)]
struct Counter(AtomicU32);

#[async_trait]
impl JobHandler for Counter {
    fn kinds(&self) -> &'static [&'static str] {
        &["counted"]
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        assert_eq!(job.attempts, 1);
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn give_up(&self, _: &Job) -> Result<(), JobError> {
        unreachable!("it succeeds at once")
    }
}

fn worker(pool: &PgPool) -> Worker {
    Worker::new(pool.clone(), new_id(), vec![Arc::new(Counter::default())], Progress::default())
}

/// A job that waits until then, or that a worker holds until then.
async fn job(pool: &PgPool, run_in: &str, held: Option<(Uuid, &str)>) {
    let (holder, lease) = held.unzip();
    sqlx::query(
        "INSERT INTO jobs (job_id, kind, subject_id, arguments, run_at, leased_by, lease_until, attempts)
         VALUES ($1, 'counted', $1, '{}', now() + $2::text::interval, $3, now() + $4::text::interval,
                 CASE WHEN $3 IS NULL THEN 0 ELSE 1 END)",
    )
    .bind(new_id())
    .bind(run_in)
    .bind(holder)
    .bind(lease)
    .execute(pool)
    .await
    .expect("the table is there");
}

async fn database_time(pool: &PgPool) -> DateTime<Utc> {
    sqlx::query_scalar("SELECT now()").fetch_one(pool).await.expect("the database is there")
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn jobs_from_before_the_clock_was_set_back_are_done_and_no_others(pool: PgPool) {
    for run_in in ["2 hours 59 minutes", "1 day"] {
        job(&pool, run_in, None).await;
    }
    assert_eq!(worker(&pool).run_due().await.expect("the database is there"), 0);
    let an_hour_ago = ClockJumps::after(pool.clone(), database_time(&pool).await - TimeDelta::hours(1));
    assert_eq!(an_hour_ago.expire(DateTime::UNIX_EPOCH).await.expect("the database is there"), 0, "it went forward");

    let set_back = ClockJumps::after(pool.clone(), database_time(&pool).await + TimeDelta::hours(3));
    assert_eq!(set_back.expire(DateTime::UNIX_EPOCH).await.expect("the database is there"), 1);
    assert_eq!(set_back.expire(DateTime::UNIX_EPOCH).await.expect("the database is there"), 0, "once");
    assert_eq!(worker(&pool).run_due().await.expect("the database is there"), 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_lease_that_ends_in_hours_is_no_lease(pool: PgPool) {
    job(&pool, "0", Some((new_id(), "20 seconds"))).await;
    assert_eq!(worker(&pool).run_due().await.expect("the database is there"), 0, "its worker may live");
    sqlx::query("UPDATE jobs SET lease_until = now() + interval '3 hours', attempts = 0")
        .execute(&pool)
        .await
        .expect("written");
    assert_eq!(worker(&pool).run_due().await.expect("the database is there"), 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn jobs_that_are_given_back_are_taken_at_once_as_if_nobody_had_had_them(pool: PgPool) {
    let (ours, another) = (new_id(), new_id());
    job(&pool, "0", Some((ours, "20 seconds"))).await;
    job(&pool, "0", Some((another, "20 seconds"))).await;
    assert_eq!(worker(&pool).run_due().await.expect("the database is there"), 0);
    assert_eq!(give_back(&pool, &[ours, new_id()]).await.expect("the database is there"), 1);
    assert_eq!(worker(&pool).run_due().await.expect("the database is there"), 1);
}
