//! Making, changing and deleting suites.

use domain::{
    ids::SuiteId,
    test_suite::{SuiteChanges, SuiteSettings, TestSuite, TestSuiteCommand, TestSuiteError},
};

use super::{Evaluation, EvaluationError};
use crate::{
    event_log::{Committed, Row},
    execute::{Context, ExecuteError},
};

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
        self.commands.execute_with::<TestSuite>(id.value(), command, rows, context).await
    }
}
