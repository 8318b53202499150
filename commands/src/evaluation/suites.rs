//! Making, changing and deleting suites.

use std::sync::Arc;

use domain::{
    ids::SuiteId,
    test_suite::{SuiteChanges, SuiteSettings, TestSuite, TestSuiteCommand, TestSuiteError},
};
use tokio::sync::{Mutex, MutexGuard};

use super::{Evaluation, EvaluationError};
use crate::{
    event_log::{Committed, Row},
    execute::{Context, ExecuteError},
};

const QUEUES: usize = 64;

/// Changes of one suite wait for each other in this process, so that an import of hundreds of questions at once does not
/// decide every one of them hundreds of times. Other processes are met with a version conflict, as everywhere.
#[derive(Clone)]
pub(super) struct Turns(Arc<[Mutex<()>]>);

impl Default for Turns {
    fn default() -> Self {
        Self((0..QUEUES).map(|_| Mutex::new(())).collect())
    }
}

impl Turns {
    async fn of(&self, suite: SuiteId) -> MutexGuard<'_, ()> {
        let last = suite.value().as_bytes()[15];
        self.0[usize::from(last) % QUEUES].lock().await
    }
}

impl Evaluation {
    /// Makes a suite.
    ///
    /// # Errors
    /// The aggregate's refusal, or the log's.
    pub async fn create_suite(
        &self,
        id: SuiteId,
        settings: SuiteSettings,
        context: &Context,
    ) -> Result<Committed, EvaluationError> {
        let command = TestSuiteCommand::Create { creator: context.actor_user(), settings };
        Ok(self.on_suite(id, command, context).await?)
    }

    /// Changes a suite.
    ///
    /// # Errors
    /// The aggregate's refusal, or the log's.
    pub async fn change_suite(
        &self,
        id: SuiteId,
        changes: SuiteChanges,
        context: &Context,
    ) -> Result<Committed, EvaluationError> {
        Ok(self.on_suite(id, TestSuiteCommand::Change(changes), context).await?)
    }

    /// Deletes a suite; runs of it that are not through fail.
    ///
    /// # Errors
    /// The aggregate's refusal, or the log's.
    pub async fn delete_suite(&self, id: SuiteId, context: &Context) -> Result<Committed, EvaluationError> {
        Ok(self.on_suite(id, TestSuiteCommand::Delete, context).await?)
    }

    pub(super) async fn on_suite(
        &self,
        id: SuiteId,
        command: TestSuiteCommand,
        context: &Context,
    ) -> Result<Committed, ExecuteError<TestSuiteError>> {
        self.on_suite_with(id, command, vec![], context).await
    }

    pub(super) async fn on_suite_with(
        &self,
        id: SuiteId,
        command: TestSuiteCommand,
        rows: Vec<Row>,
        context: &Context,
    ) -> Result<Committed, ExecuteError<TestSuiteError>> {
        let _turn = self.turns.of(id).await;
        self.commands.execute_with::<TestSuite>(id.value(), command, rows, context).await
    }
}
