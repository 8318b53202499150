//! absent -> existing (questions are added, changed and deleted) -> deleted.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::event::{Attachment, Retrieval, SuiteSettings, TestQuestion, TestSuiteEvent};
use crate::{
    AggregateType,
    aggregate::{StoredAggregate, bridge_to_cqrs_es},
    ids::{DocumentId, SubjectId, TestQuestionId, UserId},
    values::SuiteName,
};

/// A question in its suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionInSuite {
    /// The question's id.
    pub id: TestQuestionId,
    /// The question.
    pub content: TestQuestion,
    /// Its attachments.
    pub documents: BTreeSet<DocumentId>,
}

/// A test suite, as far as decisions and runs need it.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub enum TestSuite {
    /// The suite was never created.
    #[default]
    Absent,
    /// The suite exists.
    Existing {
        /// The name, and the settings with which its questions are asked.
        settings: SuiteSettings,
        /// Its questions, oldest first.
        questions: Vec<QuestionInSuite>,
    },
    /// The suite was deleted.
    Deleted,
}

/// Changes of a suite; `None` leaves a part as it is.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct SuiteChanges {
    /// The name.
    pub name: Option<SuiteName>,
    /// The model's temperature.
    pub temperature: Option<f64>,
    /// The number of passages that may be retrieved.
    pub top_k: Option<i32>,
}

/// Changes of a question; `None` leaves a part as it is.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct QuestionChanges {
    /// The question.
    pub question: Option<String>,
    /// The answer by a person.
    pub human_answer: Option<String>,
    /// The language of both.
    pub language: Option<String>,
}

/// A command to a test suite.
#[derive(Debug, Clone, PartialEq)]
pub enum TestSuiteCommand {
    /// Creates the suite.
    Create {
        /// The user who creates it; `None` for the system.
        creator: Option<UserId>,
        /// The initial settings.
        settings: SuiteSettings,
    },
    /// Changes the suite.
    Change(SuiteChanges),
    /// Adds a question at the end.
    AddQuestion(TestQuestionId, TestQuestion),
    /// Changes a question.
    ChangeQuestion(TestQuestionId, QuestionChanges),
    /// Deletes a question.
    DeleteQuestion(TestQuestionId),
    /// Attaches a file or text to a question.
    Attach {
        /// The question's id.
        question_id: TestQuestionId,
        /// The attachment's id.
        document_id: DocumentId,
        /// The attachment.
        attachment: Attachment,
    },
    /// Removes an attachment from a question.
    RemoveDocument(TestQuestionId, DocumentId),
    /// Deletes the suite.
    Delete,
}

/// The reason for which a command is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TestSuiteError {
    /// The suite exists.
    #[error("the test suite already exists")]
    AlreadyCreated,
    /// There is no such suite.
    #[error("there is no such test suite")]
    NotFound,
    /// The suite has no such question.
    #[error("there is no such question in the test suite")]
    QuestionNotFound,
    /// The question has no such attachment.
    #[error("there is no such document at the question")]
    DocumentNotFound,
    /// The suite has a question or attachment with this id.
    #[error("the test suite has it already")]
    AlreadyAdded,
    /// The number is not finite, which JSON cannot represent.
    #[error("a number is not finite")]
    NotFinite,
}

impl TestSuite {
    /// The question with this id, if the suite has it.
    pub fn question(&self, id: TestQuestionId) -> Option<&QuestionInSuite> {
        match self {
            Self::Existing { questions, .. } => questions.iter().find(|question| question.id == id),
            Self::Absent | Self::Deleted => None,
        }
    }

    fn question_mut(&mut self, id: TestQuestionId) -> Option<&mut QuestionInSuite> {
        match self {
            Self::Existing { questions, .. } => questions.iter_mut().find(|question| question.id == id),
            Self::Absent | Self::Deleted => None,
        }
    }

    fn require_question(&self, id: TestQuestionId) -> Result<&QuestionInSuite, TestSuiteError> {
        self.question(id).ok_or(TestSuiteError::QuestionNotFound)
    }

    /// The events that the command leads to; none if it changes nothing.
    ///
    /// # Errors
    /// [`TestSuiteError`] if the command is illegal in this state.
    pub fn decide(&self, command: TestSuiteCommand) -> Result<Vec<TestSuiteEvent>, TestSuiteError> {
        let settings = match (self, &command) {
            (Self::Absent, TestSuiteCommand::Create { .. }) => None,
            (Self::Existing { .. } | Self::Deleted, TestSuiteCommand::Create { .. }) => {
                return Err(TestSuiteError::AlreadyCreated);
            }
            (Self::Absent | Self::Deleted, _) => return Err(TestSuiteError::NotFound),
            (Self::Existing { settings, .. }, _) => Some(settings),
        };
        match command {
            TestSuiteCommand::Create { creator, settings } => {
                require_finite(settings.retrieval)?;
                Ok(vec![TestSuiteEvent::Created { creator, settings }])
            }
            TestSuiteCommand::Change(changes) => settings.map_or(Ok(vec![]), |settings| change(settings, changes)),
            TestSuiteCommand::AddQuestion(question_id, question) => match self.question(question_id) {
                Some(_) => Err(TestSuiteError::AlreadyAdded),
                None => Ok(vec![TestSuiteEvent::QuestionAdded { question_id, question }]),
            },
            TestSuiteCommand::ChangeQuestion(question_id, changes) => {
                let old = &self.require_question(question_id)?.content;
                let question = TestQuestion {
                    question: changes.question.unwrap_or_else(|| old.question.clone()),
                    human_answer: changes.human_answer.unwrap_or_else(|| old.human_answer.clone()),
                    language: changes.language.unwrap_or_else(|| old.language.clone()),
                };
                let differs = question != *old;
                Ok(differs.then_some(TestSuiteEvent::QuestionChanged { question_id, question }).into_iter().collect())
            }
            TestSuiteCommand::DeleteQuestion(question_id) => {
                self.require_question(question_id)?;
                Ok(vec![TestSuiteEvent::QuestionDeleted { question_id }])
            }
            TestSuiteCommand::Attach { question_id, document_id, attachment } => {
                if self.require_question(question_id)?.documents.contains(&document_id) {
                    return Err(TestSuiteError::AlreadyAdded);
                }
                Ok(vec![TestSuiteEvent::DocumentAttached { question_id, document_id, attachment }])
            }
            TestSuiteCommand::RemoveDocument(question_id, document_id) => {
                if !self.require_question(question_id)?.documents.contains(&document_id) {
                    return Err(TestSuiteError::DocumentNotFound);
                }
                Ok(vec![TestSuiteEvent::DocumentRemoved { question_id, document_id }])
            }
            TestSuiteCommand::Delete => Ok(vec![TestSuiteEvent::Deleted {}]),
        }
    }

    fn fold(&mut self, event: TestSuiteEvent) {
        match event {
            TestSuiteEvent::Created { settings, .. } => *self = Self::Existing { settings, questions: vec![] },
            TestSuiteEvent::Renamed { name } => {
                if let Self::Existing { settings, .. } = self {
                    settings.name = name;
                }
            }
            TestSuiteEvent::RetrievalChanged(retrieval) => {
                if let Self::Existing { settings, .. } = self {
                    settings.retrieval = retrieval;
                }
            }
            TestSuiteEvent::QuestionAdded { question_id: id, question: content } => {
                if let Self::Existing { questions, .. } = self {
                    questions.push(QuestionInSuite { id, content, documents: BTreeSet::new() });
                }
            }
            TestSuiteEvent::QuestionChanged { question_id, question } => {
                if let Some(changed) = self.question_mut(question_id) {
                    changed.content = question;
                }
            }
            TestSuiteEvent::QuestionDeleted { question_id } => {
                if let Self::Existing { questions, .. } = self {
                    questions.retain(|question| question.id != question_id);
                }
            }
            TestSuiteEvent::DocumentAttached { question_id, document_id, .. } => {
                if let Some(question) = self.question_mut(question_id) {
                    question.documents.insert(document_id);
                }
            }
            TestSuiteEvent::DocumentRemoved { question_id, document_id } => {
                if let Some(question) = self.question_mut(question_id) {
                    question.documents.remove(&document_id);
                }
            }
            TestSuiteEvent::Deleted {} => *self = Self::Deleted,
        }
    }
}

fn change(settings: &SuiteSettings, changes: SuiteChanges) -> Result<Vec<TestSuiteEvent>, TestSuiteError> {
    let old = settings.retrieval;
    let retrieval = Retrieval {
        temperature: changes.temperature.unwrap_or(old.temperature),
        top_k: changes.top_k.unwrap_or(old.top_k),
    };
    require_finite(retrieval)?;
    let renamed = changes.name.filter(|name| *name != settings.name).map(|name| TestSuiteEvent::Renamed { name });
    let asked_otherwise = (retrieval != old).then_some(TestSuiteEvent::RetrievalChanged(retrieval));
    Ok(renamed.into_iter().chain(asked_otherwise).collect())
}

fn require_finite(retrieval: Retrieval) -> Result<(), TestSuiteError> {
    if retrieval.temperature.is_finite() { Ok(()) } else { Err(TestSuiteError::NotFinite) }
}

impl StoredAggregate for TestSuite {
    const AGGREGATE_TYPE: AggregateType = AggregateType::TestSuite;
    const SNAPSHOT_VERSION: i32 = 1;

    fn subject(&self, _: Uuid) -> Option<SubjectId> {
        None
    }
}

bridge_to_cqrs_es!(TestSuite, TestSuiteCommand, TestSuiteEvent, TestSuiteError);
