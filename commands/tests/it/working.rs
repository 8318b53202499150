//! Jobs that are tried again, as often as it helps.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use commands::{
    event_log::Progress,
    jobs::{Job, JobError, JobHandler, Worker},
};
use sqlx::{PgPool, postgres::PgPoolOptions};

use crate::{
    proxy::Proxy,
    support::{new_id, number},
};

/// More than a job that gets nowhere has.
const ATTEMPTS: u32 = 20;

/// Does a twentieth of its work at each attempt.
#[derive(Default)]
struct Slow {
    done: AtomicU32,
    given_up: AtomicU32,
}

#[async_trait]
impl JobHandler for Slow {
    fn kinds(&self) -> &'static [&'static str] {
        &["slow"]
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        assert_eq!(job.attempts, 1, "each goes on where the one before stood");
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if done == ATTEMPTS { Ok(()) } else { Err(JobError::to_be_continued(sqlx::Error::RowNotFound)) }
    }

    async fn give_up(&self, _: &Job) -> Result<(), JobError> {
        self.given_up.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_job_that_gets_on_is_never_given_up(pool: PgPool) {
    let insert = sqlx::query("INSERT INTO jobs (job_id, kind, subject_id, arguments) VALUES ($1, 'slow', $1, '{}')");
    insert.bind(new_id()).execute(&pool).await.expect("the table is there");
    let slow = Arc::new(Slow::default());
    let worker = Worker::new(pool.clone(), new_id(), vec![slow.clone()], Progress::default());
    assert_eq!(worker.run_due().await.expect("the database is there"), ATTEMPTS as usize);
    assert_eq!((slow.done.load(Ordering::Relaxed), slow.given_up.load(Ordering::Relaxed)), (ATTEMPTS, 0));
    assert_eq!(number(&pool, "SELECT count(*) FROM jobs").await, 0);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn after_an_outage_expired_leases_are_left_to_those_who_live_for_a_while(pool: PgPool) {
    let insert = "INSERT INTO jobs (job_id, kind, subject_id, arguments, leased_by, lease_until)
                  VALUES ($1, 'slow', $1, '{}', $1, now() - interval '1 second')";
    sqlx::query(insert).bind(new_id()).execute(&pool).await.expect("the table is there");
    let proxy = Proxy::start(&pool.connect_options()).await;
    let through = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(1));
    let through = through.connect_with(proxy.options.clone()).await.expect("the proxy is up");
    let slow = Arc::new(Slow::default());
    let worker = Worker::new(through, new_id(), vec![slow.clone()], Progress::default());
    proxy.go_down();
    worker.run_due().await.expect_err("the database is away");
    proxy.come_back();
    let taken = loop {
        if let Ok(taken) = worker.run_due().await {
            break taken;
        }
    };
    assert_eq!(taken, 0, "its holder had no chance to renew it");
    // Nobody renews it.
    while worker.run_due().await.expect("the database is there") == 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(slow.done.load(Ordering::Relaxed), ATTEMPTS);
}

/// Fails by a bug, whatever it is asked.
#[derive(Default)]
struct Panicking {
    given_up: AtomicU32,
}

#[async_trait]
impl JobHandler for Panicking {
    fn kinds(&self) -> &'static [&'static str] {
        &["panicking"]
    }

    async fn run(&self, _: &Job) -> Result<(), JobError> {
        panic!("what a patient said")
    }

    async fn give_up(&self, _: &Job) -> Result<(), JobError> {
        self.given_up.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_job_that_panics_ends_neither_its_worker_nor_the_attempts_that_it_has(pool: PgPool) {
    let insert =
        sqlx::query("INSERT INTO jobs (job_id, kind, subject_id, arguments) VALUES ($1, 'panicking', $1, '{}')");
    insert.bind(new_id()).execute(&pool).await.expect("the table is there");
    let panicking = Arc::new(Panicking::default());
    let worker = Worker::new(pool.clone(), new_id(), vec![panicking.clone()], Progress::default());
    for attempt in 1..=8 {
        assert_eq!(worker.run_due().await.expect("the worker is alive"), 1);
        assert_eq!(number(&pool, "SELECT attempts::bigint FROM jobs WHERE leased_by IS NULL").await, attempt);
        assert_eq!(number(&pool, "SELECT count(*) FROM jobs WHERE run_at > now()").await, 1, "there is a pause");
        let last: String = sqlx::query_scalar("SELECT last_error FROM jobs").fetch_one(&pool).await.expect("a job");
        assert_eq!(last, "it panicked");
        sqlx::query("UPDATE jobs SET run_at = now()").execute(&pool).await.expect("a job");
    }
    assert_eq!(worker.run_due().await.expect("the worker is alive"), 1);
    assert_eq!(panicking.given_up.load(Ordering::Relaxed), 1);
    assert_eq!(number(&pool, "SELECT count(*) FROM jobs").await, 0);
}
