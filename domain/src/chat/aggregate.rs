//! absent -> open -> deleted. Each question opens a turn, which one answer or one failure closes.
//!
//! The state holds no texts: a chat may grow to thousands of messages.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::event::{AnswerFailure, ChatEvent, Completion, Question, RetrievedPassage};
use crate::{
    event::{HasSubject, bridge_to_cqrs_es},
    ids::{MessageId, ProjectId, SubjectId, UserId},
    values::Title,
};

/// A chat, as far as decisions need it.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Chat {
    /// There is no such chat.
    #[default]
    Absent,
    /// There is.
    Open {
        /// The project that it belongs to.
        project_id: ProjectId,
        /// Whose chat it is.
        owner: UserId,
        /// Whether a question has been asked.
        has_questions: bool,
        /// Answers that were announced and are neither complete nor failed.
        open_turns: BTreeSet<MessageId>,
    },
    /// There was.
    Deleted {
        /// Whose chat it was.
        owner: UserId,
    },
}

/// What can be asked of a chat.
#[derive(Debug, Clone, PartialEq)]
pub enum ChatCommand {
    /// Start it.
    Start {
        /// The project.
        project_id: ProjectId,
        /// Whose chat it shall be.
        owner: UserId,
        /// Its title.
        title: Title,
    },
    /// Change the title.
    Retitle(Title),
    /// Ask a question.
    Ask(Question),
    /// Passages were found for an open turn.
    RecordPassages {
        /// The announced answer.
        answer_id: MessageId,
        /// The passages, best first.
        passages: Vec<RetrievedPassage>,
    },
    /// The answer is complete.
    CompleteAnswer(Box<Completion>),
    /// There will be no answer.
    FailAnswer {
        /// The announced answer.
        answer_id: MessageId,
        /// Why.
        reason: AnswerFailure,
        /// What had been written until then.
        partial_text: String,
        /// What the conversation shall show in the answer's place.
        notice: Option<String>,
    },
    /// Delete it.
    Delete,
}

/// Why a command is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// The chat exists.
    #[error("the chat already exists")]
    AlreadyStarted,
    /// There is no such chat.
    #[error("there is no such chat")]
    NotFound,
    /// The turn is closed, or was never opened.
    #[error("no answer with this id is awaited")]
    NoOpenTurn,
    /// Another question already awaits the answer with this id.
    #[error("an answer with this id is already awaited")]
    AlreadyAsked,
    /// JSON has no such number: the event could be written, but never read again.
    #[error("a number is infinite or none at all")]
    NotFinite,
}

impl Chat {
    /// The events that the command leads to. A turn has one outcome, so a repeated one is refused; the title is not in
    /// the state, so the same title again is an event.
    ///
    /// # Errors
    /// [`ChatError`] if the command is illegal in this state.
    pub fn decide(&self, command: ChatCommand) -> Result<Vec<ChatEvent>, ChatError> {
        match (self, command) {
            (Self::Absent, ChatCommand::Start { project_id, owner, title }) => {
                Ok(vec![ChatEvent::Started { project_id, owner, title }])
            }
            (Self::Open { .. } | Self::Deleted { .. }, ChatCommand::Start { .. }) => Err(ChatError::AlreadyStarted),
            (Self::Absent | Self::Deleted { .. }, _) => Err(ChatError::NotFound),
            (Self::Open { .. }, ChatCommand::Retitle(title)) => Ok(vec![ChatEvent::Retitled { title }]),
            (Self::Open { has_questions, open_turns, .. }, ChatCommand::Ask(question)) => {
                require_finite(question.temperature.is_finite())?;
                if open_turns.contains(&question.answer_id) {
                    return Err(ChatError::AlreadyAsked);
                }
                let title = if *has_questions { None } else { Title::from_start_of(&question.text) };
                Ok(std::iter::once(ChatEvent::QuestionAsked(question))
                    .chain(title.map(|title| ChatEvent::Retitled { title }))
                    .collect())
            }
            (Self::Open { open_turns, .. }, ChatCommand::RecordPassages { answer_id, passages }) => {
                require_open(open_turns, answer_id)?;
                require_finite(passages.iter().all(|passage| passage.score.is_finite()))?;
                Ok(vec![ChatEvent::PassagesRetrieved { answer_id, passages }])
            }
            (Self::Open { open_turns, .. }, ChatCommand::CompleteAnswer(completion)) => {
                require_open(open_turns, completion.answer_id)?;
                require_finite(completion.generation.temperature.is_finite())?;
                Ok(vec![ChatEvent::AnswerCompleted(*completion)])
            }
            (Self::Open { open_turns, .. }, ChatCommand::FailAnswer { answer_id, reason, partial_text, notice }) => {
                require_open(open_turns, answer_id)?;
                Ok(vec![ChatEvent::AnswerFailed { answer_id, reason, partial_text, notice }])
            }
            (Self::Open { .. }, ChatCommand::Delete) => Ok(vec![ChatEvent::Deleted {}]),
        }
    }

    fn fold(&mut self, event: ChatEvent) {
        match event {
            ChatEvent::Started { project_id, owner, .. } => {
                *self = Self::Open { project_id, owner, has_questions: false, open_turns: BTreeSet::new() };
            }
            ChatEvent::Retitled { .. } | ChatEvent::PassagesRetrieved { .. } => {}
            ChatEvent::QuestionAsked(question) => {
                if let Self::Open { has_questions, open_turns, .. } = self {
                    *has_questions = true;
                    open_turns.insert(question.answer_id);
                }
            }
            ChatEvent::AnswerCompleted(Completion { answer_id, .. }) | ChatEvent::AnswerFailed { answer_id, .. } => {
                if let Self::Open { open_turns, .. } = self {
                    open_turns.remove(&answer_id);
                }
            }
            ChatEvent::Deleted {} => {
                if let Self::Open { owner, .. } = self {
                    *self = Self::Deleted { owner: *owner };
                }
            }
        }
    }
}

fn require_open(open_turns: &BTreeSet<MessageId>, answer_id: MessageId) -> Result<(), ChatError> {
    if open_turns.contains(&answer_id) { Ok(()) } else { Err(ChatError::NoOpenTurn) }
}

fn require_finite(is_finite: bool) -> Result<(), ChatError> {
    if is_finite { Ok(()) } else { Err(ChatError::NotFinite) }
}

impl HasSubject for Chat {
    fn subject(&self, aggregate_id: Uuid) -> Option<SubjectId> {
        match self {
            Self::Absent => Some(SubjectId::new(aggregate_id)),
            Self::Open { owner, .. } | Self::Deleted { owner } => Some((*owner).into()),
        }
    }
}

bridge_to_cqrs_es!(Chat, "chat", ChatCommand, ChatEvent, ChatError);
