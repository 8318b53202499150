//! Ratings of messages.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{
    chat::ChatOwner,
    ids::{ApiKeyId, ChatId, FeedbackId, MessageId, UserId},
};
use serde::Serialize;
use sqlx::{QueryBuilder, query, query_as, query_scalar};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    QueryError, Views,
    listing::{FOUND, Page, Window, page_of_ids},
    timestamps,
};

/// A rating in the contract's shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FeedbackView {
    pub external_id: Uuid,
    pub chat_message: Uuid,
    pub liked: bool,
    pub message: Option<String>,
    #[serde(with = "timestamps")]
    pub created_at: DateTime<Utc>,
    #[serde(with = "timestamps")]
    pub modified_at: DateTime<Utc>,
}

/// The first rating of each of these messages.
pub(super) async fn first_of_each(db: &Views, messages: &[Uuid]) -> Result<HashMap<Uuid, FeedbackView>, QueryError> {
    let feedback = query_as!(
        FeedbackView,
        "SELECT DISTINCT ON (message_id)
                id AS external_id, message_id AS chat_message, liked, message, created_at, modified_at
         FROM views.chat_feedback WHERE message_id = ANY($1) ORDER BY message_id, position",
        messages
    )
    .fetch_all(db)
    .await?;
    Ok(feedback.into_iter().map(|feedback| (feedback.chat_message, feedback)).collect())
}

/// A filter of the list of ratings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedbackFilter {
    /// The owner of the chats; `None` for the chats of all.
    pub owner: Option<UserId>,
    pub liked: Option<bool>,
    pub message: Option<Uuid>,
    pub chat: Option<Uuid>,
    pub project: Option<Uuid>,
}

/// The kinds of objects that a filter may name by the position of the event that created them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbered {
    Message,
    Chat,
    Project,
}

/// The id of the object that the event at this position created.
pub async fn at_position(db: &Views, kind: Numbered, position: i64) -> Result<Option<Uuid>, QueryError> {
    let id = match kind {
        Numbered::Message => query_scalar!("SELECT id FROM views.messages WHERE position = $1", position),
        Numbered::Chat => query_scalar!("SELECT id FROM views.chats WHERE position = $1", position),
        Numbered::Project => query_scalar!("SELECT id FROM views.projects WHERE position = $1", position),
    };
    Ok(id.fetch_optional(db).await?)
}

/// The column behind a name that a client may order ratings by.
pub fn feedback_ordering_column(wire_name: &str) -> Option<&'static str> {
    Some(match wire_name {
        "external_id" => "id",
        "chat_message" => "message_id",
        "liked" => "liked",
        "message" => "message",
        "created_at" => "created_at",
        "modified_at" => "modified_at",
        _ => return None,
    })
}

/// Ratings, in the order in which they were given unless ordered otherwise.
pub async fn feedback_list(
    db: &Views,
    filter: &FeedbackFilter,
    window: &Window,
) -> Result<Page<FeedbackView>, QueryError> {
    let mut found = QueryBuilder::new(format!(
        "{FOUND}SELECT feedback.* FROM views.chat_feedback AS feedback JOIN views.chats ON chats.id = feedback.chat_id WHERE true"
    ));
    if let Some(owner) = filter.owner {
        found.push(" AND chats.owner = ").push_bind(owner.value());
    }
    if let Some(liked) = filter.liked {
        found.push(" AND feedback.liked = ").push_bind(liked);
    }
    for (column, id) in [
        (" AND feedback.message_id = ", filter.message),
        (" AND feedback.chat_id = ", filter.chat),
        (" AND chats.project_id = ", filter.project),
    ] {
        if let Some(id) = id {
            found.push(column).push_bind(id);
        }
    }
    let page = page_of_ids(db, found, "position", window).await?;
    let rows = query_as!(
        FeedbackView,
        "SELECT feedback.id AS external_id, message_id AS chat_message, liked, message, created_at, modified_at
         FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place) JOIN views.chat_feedback AS feedback USING (id)
         ORDER BY place",
        &page.results
    )
    .fetch_all(db)
    .await?;
    Ok(page.with_rows(rows))
}

/// The ratings of a chat's messages, in the order in which they were given.
pub async fn feedback_of_chat(db: &Views, chat: ChatId) -> Result<Vec<FeedbackView>, QueryError> {
    let feedback = query_as!(
        FeedbackView,
        "SELECT id AS external_id, message_id AS chat_message, liked, message, created_at, modified_at
         FROM views.chat_feedback WHERE chat_id = $1 ORDER BY position",
        chat.value()
    )
    .fetch_all(db)
    .await?;
    Ok(feedback)
}

/// The rating with this id, and the owner of the chat that it is about.
pub async fn find_feedback(
    db: &Views,
    id: FeedbackId,
) -> Result<Option<(FeedbackView, Option<ChatOwner>)>, QueryError> {
    let row = query!(
        "SELECT feedback.id, feedback.message_id, feedback.liked, feedback.message, feedback.created_at,
                feedback.modified_at, chats.owner, chats.key_id
         FROM views.chat_feedback AS feedback JOIN views.chats ON chats.id = feedback.chat_id WHERE feedback.id = $1",
        id.value()
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| {
        let view = FeedbackView {
            external_id: row.id,
            chat_message: row.message_id,
            liked: row.liked,
            message: row.message,
            created_at: row.created_at,
            modified_at: row.modified_at,
        };
        (view, owner(row.owner, row.key_id))
    }))
}

/// The chats that ratings with these ids are about, each once, with their owners.
pub async fn rated(db: &Views, ratings: &[Uuid]) -> Result<Vec<(ChatId, Option<ChatOwner>)>, QueryError> {
    let rows = query!(
        "SELECT id, owner, key_id FROM views.chats
         WHERE id IN (SELECT chat_id FROM views.chat_feedback WHERE id = ANY($1)) ORDER BY position",
        ratings
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (ChatId::new(row.id), owner(row.owner, row.key_id))).collect())
}

/// The chat that a message belongs to, with its owner; `None` if either is deleted.
pub async fn chat_of_message(
    db: &Views,
    message: MessageId,
) -> Result<Option<(ChatId, Option<ChatOwner>)>, QueryError> {
    let row = query!(
        "SELECT chats.id, chats.owner, chats.key_id FROM views.messages JOIN views.chats ON chats.id = messages.chat_id
         WHERE messages.id = $1 AND NOT chats.is_deleted",
        message.value()
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (ChatId::new(row.id), owner(row.owner, row.key_id))))
}

fn owner(user: Option<Uuid>, key: Option<Uuid>) -> Option<ChatOwner> {
    let user = user.map(UserId::new).map(ChatOwner::User);
    user.or_else(|| key.map(ApiKeyId::new).map(ChatOwner::ApiKey))
}
