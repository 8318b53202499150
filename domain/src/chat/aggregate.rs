//! absent -> open -> deleted -> erased. Each question opens a turn, which one answer or one failure closes.
//!
//! The state has no texts of messages, because a chat may grow to thousands of them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    command::{ChatCommand, ChatError},
    event::{ChatEvent, ChatOwner, Completion, Question},
    message_ids::MessageIds,
};
use crate::{
    AggregateType,
    aggregate::{StoredAggregate, bridge_to_cqrs_es},
    ids::{FeedbackId, MessageId, ProjectId, SubjectId},
    personal::Personal,
    values::{Model, Title},
};

/// A chat, as far as decisions need it.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Chat {
    /// The chat was never started.
    #[default]
    Absent,
    /// The chat exists.
    Open(OpenChat),
    /// The chat was deleted.
    Deleted {
        /// The former owner.
        owner: ChatOwner,
    },
    /// The chat of an API key was erased: its texts cannot be decrypted any more.
    Erased,
}

/// The state of a chat that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenChat {
    /// The home of the chat, which decides prompt and model.
    pub home: Home,
    /// The owner.
    pub owner: ChatOwner,
    /// Whether a question has been asked.
    has_questions: bool,
    /// Answers that were announced and are neither complete nor failed.
    open_turns: BTreeSet<MessageId>,
    /// Questions, answers and notices.
    messages: MessageIds,
    /// Complete answers without speech.
    unspoken: MessageIds,
    /// Ratings of messages.
    feedback: BTreeSet<FeedbackId>,
}

/// The project of a chat, or its own settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Home {
    /// A project, which decides prompt and model.
    Project(ProjectId),
    /// No project: the chat has a prompt and a model of its own.
    None {
        /// The template of the system message.
        prompt: Option<String>,
        /// The model that answers.
        model: Option<Model>,
    },
}

impl Chat {
    /// The events that the command leads to. A turn has one outcome, so that a second one is refused; the title is not
    /// in the state, so that setting the same title again is an event.
    ///
    /// # Errors
    /// [`ChatError`] if the command is illegal in this state.
    pub fn decide(&self, command: ChatCommand) -> Result<Vec<ChatEvent>, ChatError> {
        match (self, command) {
            (Self::Absent, ChatCommand::Start { project_id, owner, title }) => {
                Ok(vec![ChatEvent::Started { project_id, owner, title: title.into() }])
            }
            (Self::Absent, ChatCommand::StartWithKey { service_id, key_id, title, prompt, model }) => {
                let (title, prompt) = (title.into(), prompt.map(Personal::from));
                Ok(vec![ChatEvent::StartedWithKey { service_id, key_id, title, prompt, model }])
            }
            (
                Self::Open(_) | Self::Deleted { .. } | Self::Erased,
                ChatCommand::Start { .. } | ChatCommand::StartWithKey { .. },
            ) => Err(ChatError::AlreadyStarted),
            (Self::Open(OpenChat { owner, .. }) | Self::Deleted { owner }, ChatCommand::Erase) => match owner {
                ChatOwner::ApiKey(_) => Ok(vec![ChatEvent::SubjectErased {}]),
                ChatOwner::User(_) => Err(ChatError::BelongsToPerson),
            },
            (Self::Erased, ChatCommand::Erase) => Ok(vec![]),
            (Self::Absent | Self::Deleted { .. } | Self::Erased, _) => Err(ChatError::NotFound),
            (Self::Open(chat), command) => chat.decide(command),
        }
    }

    fn fold(&mut self, event: ChatEvent) {
        match (&mut *self, event) {
            (_, ChatEvent::Started { project_id, owner, .. }) => {
                *self = Self::Open(OpenChat::new(Home::Project(project_id), ChatOwner::User(owner)));
            }
            (_, ChatEvent::StartedWithKey { key_id, prompt, model, .. }) => {
                let prompt = prompt.map(Personal::into_inner);
                *self = Self::Open(OpenChat::new(Home::None { prompt, model }, ChatOwner::ApiKey(key_id)));
            }
            (Self::Open(chat), ChatEvent::Deleted {}) => *self = Self::Deleted { owner: chat.owner },
            (_, ChatEvent::SubjectErased {}) => *self = Self::Erased,
            (Self::Open(chat), event) => chat.fold(event),
            (Self::Absent | Self::Deleted { .. } | Self::Erased, _) => {}
        }
    }
}

impl OpenChat {
    fn new(home: Home, owner: ChatOwner) -> Self {
        Self {
            home,
            owner,
            has_questions: false,
            open_turns: BTreeSet::new(),
            messages: MessageIds::default(),
            unspoken: MessageIds::default(),
            feedback: BTreeSet::new(),
        }
    }

    fn decide(&self, command: ChatCommand) -> Result<Vec<ChatEvent>, ChatError> {
        match command {
            ChatCommand::Start { .. } | ChatCommand::StartWithKey { .. } => Err(ChatError::AlreadyStarted),
            ChatCommand::Retitle(title) => Ok(vec![ChatEvent::Retitled { title: title.into() }]),
            ChatCommand::ChangePrompt(new) => Ok(match self.own()? {
                (prompt, _) if *prompt == new => vec![],
                _ => vec![ChatEvent::PromptChanged { prompt: new.map(Personal::from) }],
            }),
            ChatCommand::ChangeModel(new) => Ok(match self.own()? {
                (_, model) if *model == new => vec![],
                _ => vec![ChatEvent::ModelChanged { model: new }],
            }),
            ChatCommand::Ask(question) => self.ask(question),
            ChatCommand::RecordPassages { answer_id, passages } => {
                self.require_open(answer_id)?;
                require_finite(passages.iter().all(|passage| passage.score.is_finite()))?;
                Ok(vec![ChatEvent::PassagesRetrieved { answer_id, passages }])
            }
            ChatCommand::CompleteAnswer(completion) => {
                self.require_open(completion.answer_id)?;
                require_finite(completion.generation.temperature.is_finite())?;
                Ok(vec![ChatEvent::AnswerCompleted(*completion)])
            }
            ChatCommand::FailAnswer { answer_id, reason, partial_text, notice } => {
                self.require_open(answer_id)?;
                Ok(vec![ChatEvent::AnswerFailed { answer_id, reason, partial_text: partial_text.into(), notice }])
            }
            ChatCommand::RecordSpeech { answer_id, audio, speech, upload } => {
                if !self.unspoken.contains(answer_id) {
                    return Err(ChatError::NotSpeakable);
                }
                Ok(vec![ChatEvent::AnswerSpoken { answer_id, audio, speech, upload }])
            }
            ChatCommand::RecordTranscriptionFailure { message_id, .. } if self.messages.contains(message_id) => {
                Ok(vec![])
            }
            ChatCommand::RecordTranscriptionFailure { message_id, notice, title } => {
                let title = title.filter(|_| self.messages.is_empty());
                Ok(std::iter::once(ChatEvent::TranscriptionFailed { message_id, notice })
                    .chain(title.map(|title| ChatEvent::Retitled { title: title.into() }))
                    .collect())
            }
            ChatCommand::GiveFeedback { feedback_id, message_id, liked, message } => {
                if !self.messages.contains(message_id) {
                    return Err(ChatError::NoSuchMessage);
                }
                if self.feedback.contains(&feedback_id) {
                    return Ok(vec![]);
                }
                let message = message.map(Personal::from);
                Ok(vec![ChatEvent::FeedbackGiven { feedback_id, message_id, liked, message }])
            }
            ChatCommand::Delete => Ok(vec![ChatEvent::Deleted {}]),
            // The command is refused for a chat of a person, deleted or not.
            ChatCommand::Erase => Err(ChatError::BelongsToPerson),
        }
    }

    fn ask(&self, question: Question) -> Result<Vec<ChatEvent>, ChatError> {
        require_finite(question.temperature.is_finite())?;
        if self.open_turns.contains(&question.answer_id) {
            return Err(ChatError::AlreadyAsked);
        }
        let title = if self.has_questions { None } else { Title::from_start_of(&question.text) };
        Ok(std::iter::once(ChatEvent::QuestionAsked(question))
            .chain(title.map(|title| ChatEvent::Retitled { title: title.into() }))
            .collect())
    }

    /// The chat's own prompt and model, if it has no project.
    const fn own(&self) -> Result<(&Option<String>, &Option<Model>), ChatError> {
        match &self.home {
            Home::None { prompt, model } => Ok((prompt, model)),
            Home::Project(_) => Err(ChatError::BelongsToProject),
        }
    }

    fn require_open(&self, answer_id: MessageId) -> Result<(), ChatError> {
        if self.open_turns.contains(&answer_id) { Ok(()) } else { Err(ChatError::NoOpenTurn) }
    }

    fn fold(&mut self, event: ChatEvent) {
        match event {
            ChatEvent::QuestionAsked(question) => {
                self.has_questions = true;
                self.messages.insert(question.message_id);
                self.open_turns.insert(question.answer_id);
            }
            ChatEvent::AnswerCompleted(Completion { answer_id, .. }) => {
                self.open_turns.remove(&answer_id);
                self.messages.insert(answer_id);
                self.unspoken.insert(answer_id);
            }
            ChatEvent::AnswerFailed { answer_id, notice, .. } => {
                self.open_turns.remove(&answer_id);
                if notice.is_some() {
                    self.messages.insert(answer_id);
                }
            }
            ChatEvent::AnswerSpoken { answer_id, .. } => {
                self.unspoken.remove(answer_id);
            }
            ChatEvent::TranscriptionFailed { message_id, .. } => {
                self.messages.insert(message_id);
            }
            ChatEvent::FeedbackGiven { feedback_id, .. } => {
                self.feedback.insert(feedback_id);
            }
            ChatEvent::PromptChanged { prompt: new } => {
                if let Home::None { prompt, .. } = &mut self.home {
                    *prompt = new.map(Personal::into_inner);
                }
            }
            ChatEvent::ModelChanged { model: new } => {
                if let Home::None { model, .. } = &mut self.home {
                    *model = new;
                }
            }
            ChatEvent::Started { .. }
            | ChatEvent::StartedWithKey { .. }
            | ChatEvent::Retitled { .. }
            | ChatEvent::PassagesRetrieved { .. }
            | ChatEvent::Deleted {}
            | ChatEvent::SubjectErased {} => {}
        }
    }
}

fn require_finite(is_finite: bool) -> Result<(), ChatError> {
    if is_finite { Ok(()) } else { Err(ChatError::NotFinite) }
}

impl StoredAggregate for Chat {
    const AGGREGATE_TYPE: AggregateType = AggregateType::Chat;
    const SNAPSHOT_VERSION: i32 = 2;

    fn subject(&self, aggregate_id: Uuid) -> Option<SubjectId> {
        match self {
            Self::Open(OpenChat { owner: ChatOwner::User(user), .. })
            | Self::Deleted { owner: ChatOwner::User(user) } => Some((*user).into()),
            // A chat without a person is its own subject.
            Self::Absent | Self::Open(_) | Self::Deleted { .. } | Self::Erased => Some(SubjectId::new(aggregate_id)),
        }
    }
}

bridge_to_cqrs_es!(Chat, ChatCommand, ChatEvent, ChatError);
