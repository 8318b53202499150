//! The refusals and failures of chats, questions and their answers.

use commands::{
    answering::{AskError, FormError, NoKey, RetrievalFailed},
    chats::ChatsError,
};
use domain::chat::ChatError;

use super::{RETRY_AFTER, conflict};
use crate::contract::problem::ApiError;

const KEY_REQUIRED: &str = "OpenAI-Key header is required to create a chat";

impl From<ChatError> for ApiError {
    fn from(error: ChatError) -> Self {
        match error {
            ChatError::NotFound | ChatError::NoSuchMessage => Self::not_found(),
            ChatError::AlreadyStarted
            | ChatError::AlreadyAsked
            | ChatError::NotFinite
            | ChatError::NoOpenTurn
            | ChatError::NotSpeakable
            | ChatError::BelongsToProject
            | ChatError::BelongsToPerson => conflict(&error),
        }
    }
}

impl From<ChatsError> for ApiError {
    fn from(error: ChatsError) -> Self {
        match error {
            ChatsError::ProjectNotFound => Self::not_found(),
            ChatsError::ProjectArchived => Self::NonFieldText("Project is archived. Cannot create chat.".to_owned()),
            ChatsError::Key(error) => error.into(),
            ChatsError::Held(error) => error.into(),
            ChatsError::Execute(error) => error.into(),
        }
    }
}

impl From<NoKey> for ApiError {
    fn from(_: NoKey) -> Self {
        Self::error(KEY_REQUIRED)
    }
}

impl From<FormError> for ApiError {
    fn from(error: FormError) -> Self {
        match error {
            FormError::NoKey(error) => error.into(),
            error @ (FormError::NoModel | FormError::Provider(_)) => Self::error(error.to_string()),
        }
    }
}

impl From<AskError> for ApiError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::ChatNotFound => Self::not_found(),
            AskError::NonceUsed => Self::error("This noonce has already been used"),
            AskError::NoKey(error) => error.into(),
            AskError::TranscriptTooLong { transcript, max } => Self::too_long_to_ask(transcript, max),
            error @ (AskError::Translation | AskError::Transcription { .. }) => Self::error(error.to_string()),
            AskError::Execute(error) => error.into(),
            AskError::Projects(error) => error.into(),
        }
    }
}

impl From<RetrievalFailed> for ApiError {
    fn from(_: RetrievalFailed) -> Self {
        Self::unavailable(RETRY_AFTER)
    }
}
