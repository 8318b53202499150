//! absent -> started (running -> completed | canceled | failed, and running again) -> deleted.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::event::{RunFailure, RunPlan, RunResult, TestRunEvent};
use crate::{
    AggregateType,
    aggregate::{StoredAggregate, bridge_to_cqrs_es},
    ids::{ResultId, SubjectId, TestQuestionId, UserId},
    values::{Model, RunStatus},
};

/// A test run, as far as decisions and the work on it need it.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub enum TestRun {
    /// The run was never started.
    #[default]
    Absent,
    /// The run exists.
    Started {
        /// The questions and models.
        plan: RunPlan,
        /// The status.
        status: RunStatus,
        /// The pairs of model and question that have results.
        asked: Vec<(Model, TestQuestionId)>,
        /// The results so far.
        results: BTreeSet<ResultId>,
    },
    /// The run was deleted.
    Deleted,
}

/// Changes of a run; `None` leaves a part as it is.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct RunChanges {
    /// The models that are asked.
    pub models: Option<Vec<Model>>,
    /// Whether documents are recorded with the answers.
    pub references: Option<bool>,
    /// The requested status.
    pub status: Option<RunStatus>,
}

/// A command to a test run.
#[derive(Debug, Clone, PartialEq)]
pub enum TestRunCommand {
    /// Starts the run.
    Start {
        /// The user who starts it; `None` for the system.
        creator: Option<UserId>,
        /// The questions and models.
        plan: RunPlan,
    },
    /// Changes the run.
    Change(RunChanges),
    /// Records the result of a question for a model.
    RecordResult(Box<RunResult>),
    /// Records that all questions have results.
    Complete,
    /// Records that the run cannot continue.
    Fail(RunFailure),
    /// Deletes the run.
    Delete,
}

/// The reason for which a command is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TestRunError {
    /// The run exists.
    #[error("the test run already exists")]
    AlreadyStarted,
    /// There is no such run.
    #[error("there is no such test run")]
    NotFound,
    /// The run has ended.
    #[error("the test run does not run")]
    NotRunning,
    /// The model already has a result for this question.
    #[error("the question has a result already")]
    AlreadyAsked,
    /// The number is not finite, which JSON cannot represent.
    #[error("a number is not finite")]
    NotFinite,
}

impl TestRun {
    /// The remaining pairs of model and question, in order: all questions of one model after the other. Empty unless
    /// the run is running.
    pub fn remaining(&self) -> impl Iterator<Item = (Model, TestQuestionId)> {
        let (plan, asked) = match self {
            Self::Started { plan, asked, status: RunStatus::Running, .. } => (Some(plan), asked.as_slice()),
            Self::Absent | Self::Started { .. } | Self::Deleted => (None, [].as_slice()),
        };
        plan.into_iter()
            .flat_map(|plan| plan.models.iter().flat_map(|model| plan.questions.iter().map(|id| (*model, *id))))
            .filter(|next| !asked.contains(next))
    }

    /// The events that the command leads to; none if it changes nothing.
    ///
    /// # Errors
    /// [`TestRunError`] if the command is illegal in this state.
    pub fn decide(&self, command: TestRunCommand) -> Result<Vec<TestRunEvent>, TestRunError> {
        match (self, command) {
            (Self::Absent, TestRunCommand::Start { creator, plan }) => {
                require_finite([Some(plan.retrieval.temperature)])?;
                Ok(vec![TestRunEvent::Started { creator, plan }])
            }
            (Self::Started { .. } | Self::Deleted, TestRunCommand::Start { .. }) => Err(TestRunError::AlreadyStarted),
            (Self::Absent | Self::Deleted, _) => Err(TestRunError::NotFound),
            (Self::Started { plan, status, .. }, TestRunCommand::Change(changes)) => Ok(change(plan, *status, changes)),
            (Self::Started { .. }, TestRunCommand::Delete) => Ok(vec![TestRunEvent::Deleted {}]),
            (Self::Started { status, .. }, _) if *status != RunStatus::Running => Err(TestRunError::NotRunning),
            (Self::Started { asked, results, .. }, TestRunCommand::RecordResult(result)) => {
                if results.contains(&result.result_id) || asked.contains(&(result.model, result.question_id)) {
                    return Err(TestRunError::AlreadyAsked);
                }
                let temperature = result.generation.as_ref().map(|generation| generation.temperature);
                require_finite([result.cosine_sim, result.bleu_score, temperature])?;
                Ok(vec![TestRunEvent::ResultRecorded(result)])
            }
            (Self::Started { .. }, TestRunCommand::Complete) => Ok(vec![TestRunEvent::Completed {}]),
            (Self::Started { .. }, TestRunCommand::Fail(reason)) => Ok(vec![TestRunEvent::Failed { reason }]),
        }
    }

    fn fold(&mut self, event: TestRunEvent) {
        match event {
            TestRunEvent::Started { plan, .. } => {
                *self = Self::Started { plan, status: RunStatus::Running, asked: vec![], results: BTreeSet::new() };
            }
            TestRunEvent::ModelsChanged { models } => {
                if let Self::Started { plan, .. } = self {
                    plan.models = models;
                }
            }
            TestRunEvent::ReferencesChanged { references } => {
                if let Self::Started { plan, .. } = self {
                    plan.references = references;
                }
            }
            TestRunEvent::ResultRecorded(result) => {
                if let Self::Started { asked, results, .. } = self {
                    asked.push((result.model, result.question_id));
                    results.insert(result.result_id);
                }
            }
            TestRunEvent::Completed {} => self.set_status(RunStatus::Completed),
            TestRunEvent::Canceled {} => self.set_status(RunStatus::Canceled),
            TestRunEvent::Failed { .. } => self.set_status(RunStatus::Failed),
            TestRunEvent::Resumed {} => self.set_status(RunStatus::Running),
            TestRunEvent::Deleted {} => *self = Self::Deleted,
        }
    }

    const fn set_status(&mut self, new: RunStatus) {
        if let Self::Started { status, .. } = self {
            *status = new;
        }
    }
}

fn change(plan: &RunPlan, old: RunStatus, changes: RunChanges) -> Vec<TestRunEvent> {
    let models = changes.models.filter(|models| *models != plan.models);
    let references = changes.references.filter(|references| *references != plan.references);
    let status = changes.status.filter(|status| *status != old).map(|status| match status {
        RunStatus::Running => TestRunEvent::Resumed {},
        RunStatus::Completed => TestRunEvent::Completed {},
        RunStatus::Canceled => TestRunEvent::Canceled {},
        RunStatus::Failed => TestRunEvent::Failed { reason: RunFailure::Declared },
    });
    let models = models.map(|models| TestRunEvent::ModelsChanged { models });
    let references = references.map(|references| TestRunEvent::ReferencesChanged { references });
    models.into_iter().chain(references).chain(status).collect()
}

fn require_finite<const N: usize>(numbers: [Option<f64>; N]) -> Result<(), TestRunError> {
    if numbers.into_iter().flatten().all(f64::is_finite) { Ok(()) } else { Err(TestRunError::NotFinite) }
}

impl StoredAggregate for TestRun {
    const AGGREGATE_TYPE: AggregateType = AggregateType::TestRun;
    const SNAPSHOT_VERSION: i32 = 1;

    fn subject(&self, _: Uuid) -> Option<SubjectId> {
        None
    }
}

bridge_to_cqrs_es!(TestRun, TestRunCommand, TestRunEvent, TestRunError);
