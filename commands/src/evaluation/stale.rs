//! Runs whose work was lost.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::test_run::{RunFailure, TestRun, TestRunCommand};
use uuid::Uuid;

use super::{Evaluation, EvaluationError, NextQuestion};
use crate::{
    event_log::JobPayload,
    execute::{Context, ExecuteError},
    scheduler::{Expiry, ExpiryError},
};

/// The time without a job and without an event after which a run counts as lost.
const PATIENCE: TimeDelta = TimeDelta::hours(6);

impl Evaluation {
    /// Fails running runs that have had neither a job nor an event for [`PATIENCE`]; returns their number.
    async fn fail_stale_runs(&self, now: DateTime<Utc>) -> Result<u64, EvaluationError> {
        let quiet_since = now - PATIENCE;
        // The last event that set the run's status, and the last event of all.
        let ids = sqlx::query_scalar!(
            r#"SELECT aggregate_id FROM events AS said
               WHERE aggregate_type = 'testrun' AND event_type IN ('Started', 'Resumed')
                 AND NOT EXISTS (
                     SELECT FROM events AS later
                     WHERE later.aggregate_type = said.aggregate_type AND later.aggregate_id = said.aggregate_id
                       AND later.sequence > said.sequence
                       AND (later.event_type IN ('Completed', 'Canceled', 'Failed', 'Resumed', 'Deleted')
                            OR (later.metadata ->> 'recorded_at')::timestamptz > $1))
                 AND (metadata ->> 'recorded_at')::timestamptz <= $1
                 AND NOT EXISTS (SELECT FROM jobs WHERE kind = $2 AND subject_id = said.aggregate_id::uuid)"#,
            quiet_since,
            NextQuestion::KIND,
        )
        .fetch_all(&self.pool)
        .await?;
        let mut failed = 0;
        for id in ids.iter().filter_map(|id| Uuid::try_parse(id).ok()) {
            let context = Context::system("scheduler", self.clock.new_id());
            let command = TestRunCommand::Fail(RunFailure::Stale);
            match self.commands.execute::<TestRun>(id, command, &context).await {
                Ok(_) => failed += 1,
                Err(ExecuteError::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(failed)
    }
}

#[async_trait]
impl Expiry for Evaluation {
    fn name(&self) -> &'static str {
        "stale runs"
    }

    async fn expire(&self, now: DateTime<Utc>) -> Result<u64, ExpiryError> {
        self.fail_stale_runs(now).await.map_err(ExpiryError::from_source)
    }
}
