//! What can happen to a test run.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray, VariantNames};

use crate::{
    chat::{AnswerFailure, Generation},
    ids::{DocumentId, ProjectId, ResultId, SuiteId, TestQuestionId, UserId},
    test_suite::{Retrieval, TestQuestion},
    values::Model,
};

/// What is to be asked, fixed when the run starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunPlan {
    /// The suite whose questions are asked.
    pub suite_id: SuiteId,
    /// The project whose prompt and documents are used.
    pub project_id: ProjectId,
    /// The models that are asked, one after the other.
    pub models: Vec<Model>,
    /// Whether the documents that an answer names are recorded with it.
    pub references: bool,
    /// The questions, in the order in which every model is asked.
    pub questions: Vec<TestQuestionId>,
    /// How they are asked.
    #[serde(flatten)]
    pub retrieval: Retrieval,
}

/// What one model made of one question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// The result's id.
    pub result_id: ResultId,
    /// The question's id.
    pub question_id: TestQuestionId,
    /// The question as it was asked, with the answer that a person gave.
    #[serde(flatten)]
    pub question: TestQuestion,
    /// The model that was asked.
    pub model: Model,
    /// The model's answer, in the question's language; empty if there is none.
    pub answer: String,
    /// The documents that the model named as its sources, best first; none if the run records none.
    pub references: Vec<DocumentId>,
    /// The cosine of the vectors of both answers; `None` if they cannot be compared.
    pub cosine_sim: Option<f64>,
    /// BLEU of the model's answer against the person's; `None` if there is no answer.
    pub bleu_score: Option<f64>,
    /// The embedding model behind `cosine_sim`.
    pub embedding_model: Option<String>,
    /// Why there is no answer.
    pub failure: Option<ResultFailure>,
    /// How the answer was made.
    pub generation: Option<Generation>,
}

/// Why a question of a run has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResultFailure {
    /// The question's language needs a translation, which could not be had.
    NoTranslation,
    /// As in a chat.
    #[serde(untagged)]
    Answer(AnswerFailure),
}

/// Why a run could not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, VariantArray)]
#[serde(rename_all = "snake_case")]
pub enum RunFailure {
    /// A provider's key is needed and there is none.
    NoKey,
    /// The suite was deleted.
    SuiteGone,
    /// Again and again a question could not be worked on.
    Unworkable,
    /// Nobody works on it any more.
    Stale,
    /// Somebody has declared it failed.
    Declared,
}

/// An event of a test run's stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type")]
pub enum TestRunEvent {
    /// The run was started.
    Started {
        /// Who started it; `None` if the system did.
        creator: Option<UserId>,
        /// What is to be asked.
        #[serde(flatten)]
        plan: RunPlan,
    },
    /// Other models are asked from now on.
    ModelsChanged {
        /// All of them.
        models: Vec<Model>,
    },
    /// Documents are recorded with the answers from now on, or not any more.
    ReferencesChanged {
        /// Whether they are.
        references: bool,
    },
    /// A question was put to a model.
    ResultRecorded(Box<RunResult>),
    /// All questions have been put to all models, or somebody has declared so.
    Completed {},
    /// Somebody has stopped the run.
    Canceled {},
    /// The run cannot go on.
    Failed {
        /// Why.
        reason: RunFailure,
    },
    /// Somebody lets the run go on from where it stood.
    Resumed {},
    /// The run was deleted.
    Deleted {},
}

impl TestRunEvent {
    pub(crate) const fn version(&self) -> &'static str {
        match self {
            Self::Started { .. }
            | Self::ModelsChanged { .. }
            | Self::ReferencesChanged { .. }
            | Self::ResultRecorded(_)
            | Self::Completed {}
            | Self::Canceled {}
            | Self::Failed { .. }
            | Self::Resumed {}
            | Self::Deleted {} => "1",
        }
    }
}
