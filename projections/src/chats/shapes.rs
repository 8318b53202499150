//! The shapes of a chat in the contract: in a list, alone, and where an assistant answers.

use chrono::{DateTime, Utc};
use domain::chat::ChatOwner;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::messages::MessageView;
use crate::{documents::DocumentView, projects::ProjectView, timestamps};

/// A chat in the contract's shape for lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChatSummary {
    pub external_id: Uuid,
    pub title: String,
    #[serde(with = "timestamps")]
    pub created_at: DateTime<Utc>,
    #[serde(with = "timestamps")]
    pub modified_at: DateTime<Utc>,
    /// Absent if the chat has no owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub username: Option<String>,
    pub project: Option<ProjectView>,
    /// Not shown; used to check ownership.
    #[serde(skip)]
    pub owner: Option<ChatOwner>,
}

/// A chat with its messages in the contract's shape.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ChatDetail<M = MessageView> {
    pub external_id: Uuid,
    pub title: String,
    /// Absent if the chat has no owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub username: Option<String>,
    #[serde(with = "timestamps")]
    pub created_at: DateTime<Utc>,
    #[serde(with = "timestamps")]
    pub modified_at: DateTime<Utc>,
    /// The messages, oldest first.
    pub chats: Vec<M>,
    /// The prompt of a chat without a project.
    pub prompt: Option<String>,
    /// The model number of a chat without a project.
    #[schema(minimum = 1, maximum = 8)]
    pub model: Option<i16>,
    /// Not shown; used to check ownership.
    #[serde(skip)]
    pub owner: Option<ChatOwner>,
    /// Not shown; whether an assistant answers in the chat's project, so that fewer fields of each message are shown.
    #[serde(skip)]
    pub by_assistant: bool,
}

/// The contract's shape of a message in a chat that an assistant answers.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ThreadMessage {
    #[serde(rename = "messageType")]
    #[schema(minimum = 1, maximum = 3)]
    pub message_type: i16,
    pub message: String,
    pub reference_documents: Vec<DocumentView>,
    pub language: String,
    pub meta: NoMeta,
}

/// An empty JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct NoMeta {}

impl ChatDetail {
    /// The same chat in the shape for assistants.
    pub fn into_thread(self) -> ChatDetail<ThreadMessage> {
        let chats = self.chats.into_iter().map(|message| ThreadMessage {
            message_type: message.message_type,
            message: message.message,
            reference_documents: message.reference_documents,
            language: message.language,
            meta: NoMeta {},
        });
        ChatDetail {
            external_id: self.external_id,
            title: self.title,
            username: self.username,
            created_at: self.created_at,
            modified_at: self.modified_at,
            chats: chats.collect(),
            prompt: self.prompt,
            model: self.model,
            owner: self.owner,
            by_assistant: self.by_assistant,
        }
    }
}
