//! What can happen to a test suite.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    document::Source,
    ids::{DocumentId, TestQuestionId, UserId},
    values::{SuiteName, Title},
};

/// How the questions of a suite are asked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Retrieval {
    /// The model's temperature, as given: no range is checked.
    pub temperature: f64,
    /// How many passages may be retrieved, as given: no range is checked.
    pub top_k: i32,
}

/// What a suite is made with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SuiteSettings {
    /// Its name.
    pub name: SuiteName,
    /// How its questions are asked.
    #[serde(flatten)]
    pub retrieval: Retrieval,
}

/// A question with the answer that a person gave to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestQuestion {
    /// The question.
    pub question: String,
    /// The answer against which others are measured.
    pub human_answer: String,
    /// The language of both, as the client names it (`en`, `hi`).
    pub language: String,
}

/// A file or text that belongs to a question, for those who judge its answers. Nothing is retrieved from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The title.
    pub title: Title,
    /// What it is about.
    pub description: Option<String>,
    /// Where its content is.
    #[serde(flatten)]
    pub source: Source,
}

/// An event of a test suite's stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type")]
pub enum TestSuiteEvent {
    /// The suite was made, without questions.
    Created {
        /// Who made it; `None` if the system did.
        creator: Option<UserId>,
        /// What it was made with.
        #[serde(flatten)]
        settings: SuiteSettings,
    },
    /// The name was changed.
    Renamed {
        /// The new one.
        name: SuiteName,
    },
    /// Its questions are asked in another way from now on.
    RetrievalChanged(Retrieval),
    /// A question was added behind the others.
    QuestionAdded {
        /// The question's id.
        question_id: TestQuestionId,
        /// The question.
        #[serde(flatten)]
        question: TestQuestion,
    },
    /// A question was written anew.
    QuestionChanged {
        /// The question's id.
        question_id: TestQuestionId,
        /// The question as it is now.
        #[serde(flatten)]
        question: TestQuestion,
    },
    /// A question was deleted, and its attachments with it.
    QuestionDeleted {
        /// The question's id.
        question_id: TestQuestionId,
    },
    /// A file or text was attached to a question.
    DocumentAttached {
        /// The question's id.
        question_id: TestQuestionId,
        /// The attachment's id.
        document_id: DocumentId,
        /// The attachment.
        #[serde(flatten)]
        attachment: Attachment,
    },
    /// An attachment was taken from a question.
    DocumentRemoved {
        /// The question's id.
        question_id: TestQuestionId,
        /// The attachment's id.
        document_id: DocumentId,
    },
    /// The suite was deleted.
    Deleted {},
}

impl TestSuiteEvent {
    pub(crate) const fn version(&self) -> &'static str {
        match self {
            Self::Created { .. }
            | Self::Renamed { .. }
            | Self::RetrievalChanged(_)
            | Self::QuestionAdded { .. }
            | Self::QuestionChanged { .. }
            | Self::QuestionDeleted { .. }
            | Self::DocumentAttached { .. }
            | Self::DocumentRemoved { .. }
            | Self::Deleted {} => "1",
        }
    }
}
