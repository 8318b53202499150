//! Jobs as they wait in the database: written in the transaction that they follow from.

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use sqlx::PgTransaction;
use uuid::Uuid;

/// How long a worker may give no sign of life.
pub const LEASE: Duration = Duration::from_secs(30);

/// Durable work to be done.
#[derive(Debug, Clone)]
pub struct NewJob {
    pub job_id: Uuid,
    pub kind: &'static str,
    /// What it is about; one job of a kind at a time.
    pub subject_id: Uuid,
    pub arguments: serde_json::Value,
    /// A worker that has it from the start, under the usual lease.
    pub leased_by: Option<Uuid>,
}

/// What a job says to whoever does it; a type for each kind. Its form is stored: jobs wait while programs change.
pub trait JobPayload: Serialize + DeserializeOwned {
    /// The stored name of the kind.
    const KIND: &'static str;
}

impl NewJob {
    /// A job that any worker may take.
    pub fn new<P: JobPayload>(job_id: Uuid, subject_id: Uuid, payload: &P) -> Self {
        Self { job_id, kind: P::KIND, subject_id, arguments: json!(payload), leased_by: None }
    }
}

/// Writes a job. One that is already there stays as it is.
pub async fn enqueue(job: &NewJob, tx: &mut PgTransaction<'_>) -> Result<(), sqlx::Error> {
    enqueue_in(Duration::ZERO, job, tx).await
}

/// Writes a job that is due after this time, unless there is one of its kind for its subject.
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

/// Writes a job in the place of the one that is there, if there is one: whoever works on that one loses it.
pub async fn supersede(job: &NewJob, tx: &mut PgTransaction<'_>) -> Result<(), sqlx::Error> {
    withdraw(job.kind, job.subject_id, tx).await?;
    enqueue(job, tx).await
}

/// Takes a job out: whoever works on it loses it.
pub async fn withdraw(kind: &str, subject_id: Uuid, tx: &mut PgTransaction<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM jobs WHERE kind = $1 AND subject_id = $2", kind, subject_id).execute(&mut **tx).await?;
    Ok(())
}
