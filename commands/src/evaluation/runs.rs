//! Starting, changing and deleting runs. The work on them is one job for each question.

use domain::{
    ids::{ProjectId, RunId, SuiteId},
    project::Project,
    test_run::{RunChanges, RunPlan, TestRun, TestRunCommand},
    test_suite::TestSuite,
    values::{Model, RunStatus},
};
use uuid::Uuid;

use super::{Evaluation, EvaluationError, NextQuestion};
use crate::{
    event_log::{Committed, NewJob, Row},
    execute::Context,
};

/// A run to be started.
pub struct NewRun {
    pub suite: SuiteId,
    pub project: ProjectId,
    pub models: Vec<Model>,
    pub references: bool,
    /// The initial status.
    pub status: RunStatus,
}

/// The job that asks a model the next question of a run.
pub(super) fn next_question(run: Uuid, job_id: Uuid, correlation_id: Uuid) -> Row {
    Row::Job(NewJob::new(job_id, run, &NextQuestion { correlation_id }))
}

impl Evaluation {
    /// Starts a run over the present questions of the suite.
    ///
    /// # Errors
    /// - [`EvaluationError::SuiteNotFound`], [`EvaluationError::ProjectNotFound`]: the suite or the project does not
    ///   exist.
    /// - [`EvaluationError::Store`], [`EvaluationError::Run`]: the event log failed.
    pub async fn start_run(&self, id: RunId, run: NewRun, context: &Context) -> Result<Committed, EvaluationError> {
        let log = self.commands.log();
        let TestSuite::Existing { settings, questions } = log.load::<TestSuite>(run.suite.value()).await?.aggregate
        else {
            return Err(EvaluationError::SuiteNotFound);
        };
        if !matches!(log.load::<Project>(run.project.value()).await?.aggregate, Project::Existing { .. }) {
            return Err(EvaluationError::ProjectNotFound);
        }
        let plan = RunPlan {
            suite_id: run.suite,
            project_id: run.project,
            models: run.models,
            references: run.references,
            questions: questions.into_iter().map(|question| question.id).collect(),
            retrieval: settings.retrieval,
        };
        let changes = RunChanges { status: Some(run.status), ..RunChanges::default() };
        let steps =
            vec![TestRunCommand::Start { creator: context.actor_user(), plan }, TestRunCommand::Change(changes)];
        let rows = self.work_on(id, Some(run.status), context);
        Ok(self.commands.execute_all::<TestRun>(id.value(), steps, rows, context).await?)
    }

    /// Changes a run. A canceled run stops before its next question; a resumed one continues where it stood.
    ///
    /// # Errors
    /// [`EvaluationError::Run`] if the aggregate refuses the change or the event log failed.
    pub async fn change_run(
        &self,
        id: RunId,
        changes: RunChanges,
        context: &Context,
    ) -> Result<Committed, EvaluationError> {
        let rows = self.work_on(id, changes.status, context);
        let command = TestRunCommand::Change(changes);
        Ok(self.commands.execute_with::<TestRun>(id.value(), command, rows, context).await?)
    }

    /// Deletes a run; the work on it ends.
    ///
    /// # Errors
    /// [`EvaluationError::Run`] if the run does not exist or the event log failed.
    pub async fn delete_run(&self, id: RunId, context: &Context) -> Result<Committed, EvaluationError> {
        Ok(self.commands.execute::<TestRun>(id.value(), TestRunCommand::Delete, context).await?)
    }

    fn work_on(&self, run: RunId, status: Option<RunStatus>, context: &Context) -> Vec<Row> {
        let is_wanted = status == Some(RunStatus::Running);
        let job_id = self.clock.new_id();
        is_wanted.then(|| next_question(run.value(), job_id, context.correlation_id)).into_iter().collect()
    }
}
