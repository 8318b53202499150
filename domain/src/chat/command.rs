//! The commands of a chat, and the errors by which they are refused.

use super::event::{AnswerFailure, Completion, Question, RetrievedPassage, Stage};
use crate::{
    document::StoredFile,
    ids::{ApiKeyId, FeedbackId, MessageId, ProjectId, ServiceId, UserId},
    values::{Model, Title},
};

/// A command to a chat.
#[derive(Debug, Clone, PartialEq)]
pub enum ChatCommand {
    /// Starts the chat.
    Start {
        /// The project.
        project_id: ProjectId,
        /// The owner.
        owner: UserId,
        /// Its title.
        title: Title,
    },
    /// Starts the chat with an API key, without a project.
    StartWithKey {
        /// The client whose key it is.
        service_id: ServiceId,
        /// The key.
        key_id: ApiKeyId,
        /// Its title.
        title: Title,
        /// The template of the system message.
        prompt: Option<String>,
        /// The model that answers.
        model: Option<Model>,
    },
    /// Changes the title.
    Retitle(Title),
    /// Changes or removes the prompt of a chat without a project.
    ChangePrompt(Option<String>),
    /// Changes the model of a chat without a project.
    ChangeModel(Option<Model>),
    /// Asks a question.
    Ask(Question),
    /// Records the passages that were found for an open turn.
    RecordPassages {
        /// The announced answer.
        answer_id: MessageId,
        /// The passages, best first.
        passages: Vec<RetrievedPassage>,
    },
    /// Records the complete answer.
    CompleteAnswer(Box<Completion>),
    /// Records that there is no answer.
    FailAnswer {
        /// The announced answer.
        answer_id: MessageId,
        /// The reason.
        reason: AnswerFailure,
        /// The text that was written until then.
        partial_text: String,
        /// The text that the conversation shows in the answer's place.
        notice: Option<String>,
    },
    /// Records the speech of a complete answer.
    RecordSpeech {
        /// The answer.
        answer_id: MessageId,
        /// The stored file of the speech.
        audio: StoredFile,
        /// The time of speaking.
        speech: Stage,
        /// The time of storing.
        upload: Stage,
    },
    /// Records that a recording could not be transcribed.
    RecordTranscriptionFailure {
        /// The id of the message that shows this.
        message_id: MessageId,
        /// The text that the conversation shows.
        notice: String,
        /// The new title of a chat without messages.
        title: Option<Title>,
    },
    /// Rates a message.
    GiveFeedback {
        /// The id of the rating.
        feedback_id: FeedbackId,
        /// The message.
        message_id: MessageId,
        /// Whether the message was helpful.
        liked: bool,
        /// A remark.
        message: Option<String>,
    },
    /// Deletes the chat.
    Delete,
    /// Erases all text of a chat of an API key, also of a deleted one.
    Erase,
}

/// The reason for which a command is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// The chat exists.
    #[error("the chat already exists")]
    AlreadyStarted,
    /// There is no such chat.
    #[error("there is no such chat")]
    NotFound,
    /// The turn is closed or was never opened.
    #[error("no answer with this id is awaited")]
    NoOpenTurn,
    /// Another question already awaits the answer with this id.
    #[error("an answer with this id is already awaited")]
    AlreadyAsked,
    /// The chat has no such message.
    #[error("there is no such message in the chat")]
    NoSuchMessage,
    /// The answer already has speech, or does not exist.
    #[error("the answer is not one that waits for its speech")]
    NotSpeakable,
    /// Only chats without a project have a prompt and a model of their own.
    #[error("the chat's project decides prompt and model")]
    BelongsToProject,
    /// The chat is erased with its owner only.
    #[error("the chat belongs to a person")]
    BelongsToPerson,
    /// The number is not finite: JSON could store the event, but not read it again.
    #[error("a number is infinite or none at all")]
    NotFinite,
}
