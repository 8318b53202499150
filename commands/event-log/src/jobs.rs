//! Durable jobs: leased by a worker, whose lease is renewed while it works; retried with backoff; taken over when the
//! worker dies.

use domain::wording::error_chain;
use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::FutureExt;
use parking_lot::Mutex;
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    JobPayload, LEASE, Progress,
    heartbeats::{HeartbeatRegistry, Kind},
};

/// How often the lease of a running job is renewed.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// The time for which expired leases are left alone when the database is back; living holders try five times a second.
const GRACE: Duration = Duration::from_secs(3);
/// The poll interval, in case a wake-up is lost.
const POLL: Duration = Duration::from_secs(1);
/// The shortest pause after a look that found no job. On a busy server there are hundreds of wake-ups, few of which
/// mean a new job.
const PAUSE: Duration = Duration::from_millis(50);
/// The number of attempts after which a job is given up.
const MAX_ATTEMPTS: i32 = 8;
/// The timeout of an attempt.
const MAX_RUN_TIME: Duration = Duration::from_mins(10);

/// A job leased by a worker.
#[derive(Debug, Clone)]
pub struct Job {
    pub id: Uuid,
    pub kind: String,
    pub subject_id: Uuid,
    pub arguments: serde_json::Value,
    /// The number of attempts, including this one.
    pub attempts: i32,
}

impl Job {
    /// Deserializes the job's arguments.
    ///
    /// # Errors
    /// [`JobError`] if the stored arguments do not have the form of `P`.
    pub fn payload<P: JobPayload>(&self) -> Result<P, JobError> {
        serde_json::from_value(self.arguments.clone()).map_err(JobError::from_source)
    }
}

/// The error of an attempt; the job is retried.
#[derive(Debug, thiserror::Error)]
#[error("the attempt failed")]
pub struct JobError {
    source: Box<dyn std::error::Error + Send + Sync>,
    /// The time until the next attempt; `None` for exponential backoff.
    retry_in: Option<Duration>,
    /// Whether the count of attempts starts again from zero.
    is_progress: bool,
}

impl JobError {
    pub fn from_source(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { source: Box::new(source), retry_in: None, is_progress: false }
    }

    /// Creates an error whose cause is known and will probably last for `retry_in`.
    pub fn for_a_while(source: impl std::error::Error + Send + Sync + 'static, retry_in: Duration) -> Self {
        Self { source: Box::new(source), retry_in: Some(retry_in), is_progress: false }
    }

    /// Returns whether the attempt was merely too early, which is no failure and is not logged as one.
    pub const fn is_expected(&self) -> bool {
        self.retry_in.is_some()
    }

    /// Creates an error for a job that has done a part of its work and lets other jobs run before the rest.
    pub fn to_be_continued(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::for_a_while(source, Duration::ZERO).after_progress()
    }

    /// Marks the attempt as progress: the next one continues its work, and the count of attempts starts again from
    /// zero.
    #[must_use]
    pub const fn after_progress(mut self) -> Self {
        self.is_progress = true;
        self
    }
}

/// A handler of some kinds of jobs. A job may run more than once, so a handler must record its outcome only once. A
/// panic counts as a failed attempt.
#[async_trait]
pub trait JobHandler: Send + Sync {
    /// Returns the kinds of jobs that it handles.
    fn kinds(&self) -> &'static [&'static str];

    /// Does the work. The job is deleted after success.
    ///
    /// # Errors
    /// [`JobError`] if the attempt failed: the job is retried.
    async fn run(&self, job: &Job) -> Result<(), JobError>;

    /// Records, where users can see it, that all attempts have failed.
    ///
    /// # Errors
    /// [`JobError`] if this cannot be recorded: it is retried.
    async fn give_up(&self, job: &Job) -> Result<(), JobError>;
}

/// A worker, which takes jobs and runs their handlers.
pub struct Worker {
    pool: PgPool,
    id: Uuid,
    handlers: HashMap<&'static str, Arc<dyn JobHandler>>,
    progress: Progress,
    contact: Mutex<Contact>,
}

/// A worker's contact with the database. Where the database was away from it, it was away from those who hold leases,
/// too: a holder that lives renews its lease when the database is back, before anybody takes it for dead.
#[derive(Debug, Clone, Copy)]
enum Contact {
    Steady,
    Lost,
    BackSince(Instant),
}

impl Contact {
    fn takes_expired(self) -> bool {
        match self {
            Self::Steady => true,
            Self::Lost => false,
            Self::BackSince(then) => then.elapsed() >= GRACE,
        }
    }

    fn note(&mut self, is_there: bool) {
        *self = match *self {
            _ if !is_there => Self::Lost,
            Self::Lost => Self::BackSince(Instant::now()),
            Self::BackSince(then) if then.elapsed() >= GRACE => Self::Steady,
            as_before => as_before,
        };
    }
}

impl Worker {
    pub fn new(pool: PgPool, id: Uuid, handlers: Vec<Arc<dyn JobHandler>>, progress: Progress) -> Self {
        let handlers =
            handlers.into_iter().flat_map(|handler| handler.kinds().iter().map(move |kind| (*kind, handler.clone())));
        Self { pool, id, handlers: handlers.collect(), progress, contact: Mutex::new(Contact::Steady) }
    }

    /// Returns the kinds of its jobs, which tell it from other workers.
    pub fn name(&self) -> String {
        Self::name_of(self.handlers.keys().copied())
    }

    /// Returns the name of a worker with jobs of these kinds.
    pub fn name_of<'a>(kinds: impl IntoIterator<Item = &'a str>) -> String {
        let mut kinds: Vec<&str> = kinds.into_iter().collect();
        kinds.sort_unstable();
        kinds.join(", ")
    }

    /// Takes and runs jobs until the future is dropped. The job that was being run is taken over when its lease ends,
    /// or as soon as it is [given back](give_back). After `ending` is cancelled, no further job is taken.
    pub async fn run(self, heart: HeartbeatRegistry, ending: CancellationToken) {
        let pulse = heart.pulse_of(Kind::Worker, self.name(), self.id);
        let mut wake = self.progress.subscribe();
        loop {
            pulse.beat();
            wake.mark_unchanged();
            if ending.is_cancelled() {
                return std::future::pending().await;
            }
            match self.take().await {
                Ok(Some(job)) => pulse.during(self.work_on(&job)).await,
                // A consumer's progress may mean that a job was enqueued.
                Ok(None) => {
                    let pause = tokio::time::sleep(PAUSE);
                    drop(tokio::time::timeout(POLL, wake.changed()).await);
                    pause.await;
                }
                Err(error) => {
                    tracing::warn!(%error, "jobs cannot be taken at the moment");
                    tokio::time::sleep(POLL).await;
                }
            }
        }
    }

    /// Runs all jobs that are due, then returns the number of attempts.
    ///
    /// # Errors
    /// [`sqlx::Error`] if a query fails.
    pub async fn run_due(&self) -> Result<usize, sqlx::Error> {
        let mut attempts = 0;
        while let Some(job) = self.take().await? {
            self.work_on(&job).await;
            attempts += 1;
        }
        Ok(attempts)
    }

    async fn take(&self) -> Result<Option<Job>, sqlx::Error> {
        let takes_expired = self.contact.lock().takes_expired();
        let taken = self.take_from(takes_expired).await;
        self.contact.lock().note(taken.is_ok());
        taken
    }

    async fn take_from(&self, takes_expired: bool) -> Result<Option<Job>, sqlx::Error> {
        let kinds: Vec<String> = self.handlers.keys().map(|kind| (*kind).to_owned()).collect();
        sqlx::query_as!(
            Job,
            "UPDATE jobs SET leased_by = $1, lease_until = now() + make_interval(secs => $2), attempts = attempts + 1
             WHERE job_id = (
                 SELECT job_id FROM jobs
                 WHERE kind = ANY($3) AND run_at <= now()
                   -- No lease is longer, unless the clock was set back.
                   AND (lease_until IS NULL OR ($4 AND lease_until < now()) OR lease_until > now() + 2 * make_interval(secs => $2))
                 ORDER BY run_at LIMIT 1 FOR UPDATE SKIP LOCKED
             )
             RETURNING job_id AS id, kind, subject_id, arguments, attempts",
            self.id,
            LEASE.as_secs_f64(),
            &kinds,
            takes_expired,
        )
        .fetch_optional(&self.pool)
        .await
    }

    async fn work_on(&self, job: &Job) {
        let Some(handler) = self.handlers.get(job.kind.as_str()) else { return };
        let work =
            async { if job.attempts > MAX_ATTEMPTS { handler.give_up(job).await } else { handler.run(job).await } };
        // A panic that ended the process would recur after each restart, because the job would be taken first again.
        // Catching it is safe: handlers keep no state between jobs that a panic could leave inconsistent, only state in
        // the database.
        let work = AssertUnwindSafe(work).catch_unwind();
        let result = tokio::select! {
            result = tokio::time::timeout(MAX_RUN_TIME, work) => result,
            () = keep_alive(&self.pool, job.id, self.id) => return,
        };
        let stored = match result {
            Ok(Ok(Ok(()))) => finish(&self.pool, job.id).await,
            Ok(Ok(Err(error))) => self.try_later(job, &error_chain(&error), error.retry_in, error.is_progress).await,
            // The message of a panic may contain personal text; its location is in the program's log already.
            Ok(Err(_)) => {
                tracing::error!(job = %job.id, kind = job.kind, attempts = job.attempts, "a job panicked: this is a bug");
                self.try_later(job, "it panicked", None, false).await
            }
            Err(_) => self.try_later(job, "it took too long", None, false).await,
        };
        if let Err(error) = stored {
            tracing::warn!(%error, job = %job.id, kind = job.kind, "a job's state was not stored; its lease will end");
        }
    }

    async fn try_later(
        &self,
        job: &Job,
        error: &str,
        retry_in: Option<Duration>,
        is_progress: bool,
    ) -> Result<(), sqlx::Error> {
        if retry_in.is_none() {
            tracing::warn!(error, job = %job.id, kind = job.kind, attempts = job.attempts, "a job failed and is tried again");
        }
        let pause = retry_in.map_or_else(|| 2_f64.powi(job.attempts.clamp(0, 8)), |pause| pause.as_secs_f64());
        sqlx::query!(
            "UPDATE jobs SET run_at = now() + make_interval(secs => $3), leased_by = NULL, lease_until = NULL, last_error = $4,
                             attempts = CASE WHEN $5 THEN 0 ELSE attempts END
             WHERE job_id = $1 AND leased_by = $2",
            job.id,
            self.id,
            pause,
            error,
            is_progress,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// Renews a lease repeatedly. Returns when the lease is lost to another worker, or the job is deleted.
pub async fn keep_alive(pool: &PgPool, job: Uuid, worker: Uuid) {
    let mut pause = HEARTBEAT;
    // One of the tries after each pause of a heartbeat is logged, not each of the many in between.
    let mut quiet_until = Instant::now();
    loop {
        tokio::time::sleep(pause).await;
        pause = HEARTBEAT;
        let prolonged = sqlx::query!(
            "UPDATE jobs SET lease_until = now() + make_interval(secs => $3) WHERE job_id = $1 AND leased_by = $2",
            job,
            worker,
            LEASE.as_secs_f64(),
        )
        .execute(pool)
        .await;
        match prolonged {
            Ok(done) if done.rows_affected() == 0 => return,
            Ok(_) => {}
            Err(error) => {
                if Instant::now() >= quiet_until {
                    tracing::warn!(%error, %job, "a job's lease was not prolonged; it is tried again all the time");
                    quiet_until = Instant::now() + HEARTBEAT;
                }
                // After an outage, a living worker must renew its lease before another worker takes the job over.
                pause = Duration::from_millis(200);
            }
        }
    }
}

/// Releases the jobs that these workers hold, without counting the attempt, so that others can take them at once. The
/// workers must not be running them any more. Returns the number of jobs.
///
/// # Errors
/// [`sqlx::Error`] if a query fails.
pub async fn give_back(pool: &PgPool, workers: &[Uuid]) -> Result<u64, sqlx::Error> {
    let given_back = sqlx::query!(
        "UPDATE jobs SET leased_by = NULL, lease_until = NULL, attempts = GREATEST(attempts - 1, 0)
         WHERE leased_by = ANY($1)",
        workers,
    );
    Ok(given_back.execute(pool).await?.rows_affected())
}

async fn finish(pool: &PgPool, job: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM jobs WHERE job_id = $1", job).execute(pool).await?;
    Ok(())
}
