//! What can be asked of a chat, and why it is refused.

use super::event::{AnswerFailure, Completion, Question, RetrievedPassage, Stage};
use crate::{
    document::StoredFile,
    ids::{ApiKeyId, FeedbackId, MessageId, ProjectId, ServiceId, UserId},
    values::{Model, Title},
};

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
    /// Start it with an API key, without a project.
    StartWithKey {
        /// The client whose key it is.
        service_id: ServiceId,
        /// The key.
        key_id: ApiKeyId,
        /// Its title.
        title: Title,
        /// The template of the system message.
        prompt: Option<String>,
        /// Which model shall answer.
        model: Option<Model>,
    },
    /// Change the title.
    Retitle(Title),
    /// Change or remove the prompt of a chat without a project.
    ChangePrompt(Option<String>),
    /// Let another model answer in a chat without a project.
    ChangeModel(Option<Model>),
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
    /// A complete answer can be heard.
    RecordSpeech {
        /// The answer.
        answer_id: MessageId,
        /// Its speech, as the media store keeps it.
        audio: StoredFile,
        /// When it was spoken.
        speech: Stage,
        /// When it was stored.
        upload: Stage,
    },
    /// Speech could not be transcribed.
    RecordTranscriptionFailure {
        /// The message that says so.
        message_id: MessageId,
        /// What the conversation shall show.
        notice: String,
        /// What a chat without messages shall be called then.
        title: Option<Title>,
    },
    /// Rate a message.
    GiveFeedback {
        /// The rating's own id.
        feedback_id: FeedbackId,
        /// The message.
        message_id: MessageId,
        /// Whether it was of help.
        liked: bool,
        /// What there is to say of it.
        message: Option<String>,
    },
    /// Delete it.
    Delete,
    /// Erase all that was said in a chat of an API key, whether it was deleted or not.
    Erase,
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
    /// The chat has no such message.
    #[error("there is no such message in the chat")]
    NoSuchMessage,
    /// The answer can be heard already, or there is none.
    #[error("the answer is not one that waits for its speech")]
    NotSpeakable,
    /// Only chats without a project have a prompt and a model of their own.
    #[error("the chat's project decides prompt and model")]
    BelongsToProject,
    /// It is erased with its owner.
    #[error("the chat belongs to a person")]
    BelongsToPerson,
    /// JSON has no such number: the event could be written, but never read again.
    #[error("a number is infinite or none at all")]
    NotFinite,
}
