//! Chats that were made with an API key: they belong to no project, and are visible to that key only.

use domain::ids::{ApiKeyId, ChatId};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::ChatHead;
use crate::{
    QueryError, Views,
    listing::{FOUND, Page, Window, page_of_ids, push_search},
};

/// The column behind a name that a client may order the list by.
pub fn key_chat_ordering_column(wire_name: &str) -> Option<&'static str> {
    Some(match wire_name {
        "external_id" => "id",
        "title" => "title",
        "created_at" => "created_at",
        "modified_at" => "modified_at",
        "prompt" => "prompt",
        "model" => "model",
        _ => return None,
    })
}

/// The ids of the chats of a key whose titles contain all of these words; oldest first unless ordered otherwise.
pub async fn page_of_key(
    db: &Views,
    key: ApiKeyId,
    search: &[String],
    window: &Window,
) -> Result<Page<Uuid>, QueryError> {
    let mut found = QueryBuilder::new(FOUND);
    found.push("SELECT * FROM views.chats WHERE NOT is_deleted AND key_id = ").push_bind(key.value());
    push_search(&mut found, "title", search);
    page_of_ids(db, found, "position", window).await
}

/// The chat with this id, whosever and wherever it is; only its owner is to see it.
pub async fn head_anywhere(db: &Views, id: ChatId) -> Result<Option<ChatHead>, QueryError> {
    ChatHead::find(db, id).await
}
