//! Creating, changing and deleting suites.

use domain::{
    ids::SuiteId,
    test_suite::{SuiteChanges, SuiteSettings, TestSuite, TestSuiteCommand, TestSuiteError},
};

use uuid::Uuid;

use super::{Evaluation, EvaluationError};
use crate::{
    event_log::{Committed, Row},
    execute::{Context, ExecuteError},
};

impl Evaluation {
    /// Creates a suite.
    ///
    /// # Errors
    /// [`EvaluationError::Suite`] if the aggregate refuses it or the event log failed.
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
    /// [`EvaluationError::Suite`] if the suite does not exist or the event log failed.
    pub async fn change_suite(
        &self,
        id: SuiteId,
        changes: SuiteChanges,
        context: &Context,
    ) -> Result<Committed, EvaluationError> {
        Ok(self.on_suite(id, TestSuiteCommand::Change(changes), context).await?)
    }

    /// Deletes a suite; unfinished runs of it fail.
    ///
    /// # Errors
    /// [`EvaluationError::Suite`] if the suite does not exist or the event log failed.
    pub async fn delete_suite(&self, id: SuiteId, context: &Context) -> Result<Committed, EvaluationError> {
        Ok(self.on_suite(id, TestSuiteCommand::Delete, context).await?)
    }

    pub(super) async fn on_suite(
        &self,
        id: SuiteId,
        command: TestSuiteCommand,
        context: &Context,
    ) -> Result<Committed, ExecuteError<TestSuiteError>> {
        self.commands.execute::<TestSuite>(id.value(), command, context).await
    }

    /// Creates a part of a suite.
    pub(super) async fn make_in_suite(
        &self,
        id: SuiteId,
        part: Uuid,
        command: TestSuiteCommand,
        rows: Vec<Row>,
        context: &Context,
    ) -> Result<Committed, ExecuteError<TestSuiteError>> {
        let rows = |_: &[_]| rows.clone();
        self.commands.execute_making::<TestSuite>(id.value(), part, vec![command], context, rows).await
    }
}
