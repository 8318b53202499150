//! The job queue in the database. A job is written in the same transaction as the change that requires it.

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use sqlx::PgTransaction;
use uuid::Uuid;

/// How long a worker holds a job without renewing its lease.
pub const LEASE: Duration = Duration::from_secs(30);

/// A job to be enqueued.
#[derive(Debug, Clone)]
pub struct NewJob {
    pub job_id: Uuid,
    pub kind: &'static str,
    /// The id of the thing that the job works on. There is at most one job for each kind and subject.
    pub subject_id: Uuid,
    pub arguments: serde_json::Value,
    /// The worker that holds the job from the start, for [`LEASE`]; `None` if any worker may take it.
    pub leased_by: Option<Uuid>,
}

/// The arguments of a job for its handler, one type for each kind. The serialized form is stored, so it must stay
/// readable: jobs outlive upgrades of the program.
pub trait JobPayload: Serialize + DeserializeOwned {
    /// The stored name of the kind.
    const KIND: &'static str;
}

impl NewJob {
    /// Creates a job that any worker may take.
    pub fn new<P: JobPayload>(job_id: Uuid, subject_id: Uuid, payload: &P) -> Self {
        Self { job_id, kind: P::KIND, subject_id, arguments: json!(payload), leased_by: None }
    }
}

/// Enqueues a job that is due at once. An existing job of the same kind and subject stays unchanged.
///
/// # Errors
/// [`sqlx::Error`] if a query fails.
pub async fn enqueue(job: &NewJob, tx: &mut PgTransaction<'_>) -> Result<(), sqlx::Error> {
    enqueue_in(Duration::ZERO, job, tx).await
}

/// Enqueues a job that is due after a delay. An existing job of the same kind and subject stays unchanged.
///
/// # Errors
/// [`sqlx::Error`] if a query fails.
pub async fn enqueue_in(due_in: Duration, job: &NewJob, tx: &mut PgTransaction<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO jobs (job_id, kind, subject_id, arguments, leased_by, lease_until, run_at)
         VALUES ($1, $2, $3, $4, $5, CASE WHEN $5::uuid IS NOT NULL THEN now() + make_interval(secs => $6) END,
                 now() + make_interval(secs => $7))
         ON CONFLICT (kind, subject_id) DO NOTHING",
        job.job_id,
        job.kind,
        job.subject_id,
        job.arguments,
        job.leased_by,
        LEASE.as_secs_f64(),
        due_in.as_secs_f64(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Replaces the job of the same kind and subject, if there is one. A worker that holds the old job loses its lease.
///
/// # Errors
/// [`sqlx::Error`] if a query fails.
pub async fn supersede(job: &NewJob, tx: &mut PgTransaction<'_>) -> Result<(), sqlx::Error> {
    withdraw(job.kind, job.subject_id, tx).await?;
    enqueue(job, tx).await
}

/// Deletes the job of this kind and subject. A worker that holds it loses its lease.
///
/// # Errors
/// [`sqlx::Error`] if a query fails.
pub async fn withdraw(kind: &str, subject_id: Uuid, tx: &mut PgTransaction<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM jobs WHERE kind = $1 AND subject_id = $2", kind, subject_id).execute(&mut **tx).await?;
    Ok(())
}
