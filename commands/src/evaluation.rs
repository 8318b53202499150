//! Evaluation of answers: test suites, their runs, and the reviewers' feedback on results.

mod feedback;
mod questions;
mod run_job;
mod runs;
mod stale;
mod suites;

use domain::{feedback::FeedbackError, test_run::TestRunError, test_suite::TestSuiteError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Resources,
    clock::SharedClock,
    event_log::{JobPayload, StoreError},
    execute::{Commands, ExecuteError},
    holds::Held,
    uploads::{UploadError, Uploads},
};
pub use run_job::RunQuestions;
pub use runs::NewRun;
use sqlx::PgPool;

/// The job that asks a model the next question of a run.
#[derive(Serialize, Deserialize)]
struct NextQuestion {
    correlation_id: Uuid,
}

impl JobPayload for NextQuestion {
    const KIND: &'static str = "run_test";
}

#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    #[error("there is no such project")]
    ProjectNotFound,
    #[error("there is no such test suite")]
    SuiteNotFound,
    #[error("there is no such result")]
    ResultNotFound,
    #[error(transparent)]
    Suite(#[from] ExecuteError<TestSuiteError>),
    #[error(transparent)]
    Run(#[from] ExecuteError<TestRunError>),
    #[error(transparent)]
    Feedback(#[from] ExecuteError<FeedbackError>),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Upload(#[from] UploadError),
    #[error("the database cannot be read")]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Held(#[from] Held),
}

impl From<FeedbackError> for EvaluationError {
    fn from(refusal: FeedbackError) -> Self {
        Self::Feedback(ExecuteError::Refused(refusal))
    }
}

impl From<ExecuteError<Self>> for EvaluationError {
    fn from(error: ExecuteError<Self>) -> Self {
        match error {
            ExecuteError::Refused(refusal) => refusal,
            ExecuteError::Store(error) => Self::Store(error),
            ExecuteError::Append(error) => Self::Feedback(error.into()),
        }
    }
}

/// The use cases of evaluation.
#[derive(Clone)]
pub struct Evaluation {
    commands: Commands,
    pool: PgPool,
    clock: SharedClock,
    uploads: Uploads,
}

impl Evaluation {
    pub fn new(resources: &Resources, uploads: Uploads) -> Self {
        let Resources { commands, pool, clock, .. } = resources.clone();
        Self { commands, pool, clock, uploads }
    }
}
