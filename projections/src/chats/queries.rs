//! Chats, as the contract shows them: in lists with their project, alone with their messages.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{
    chat::ChatOwner,
    ids::{ApiKeyId, ChatId, ProjectId, UserId},
};
use serde::Serialize;
use sqlx::{PgPool, QueryBuilder, query_as, query_scalar};
use utoipa::ToSchema;
use uuid::Uuid;

use super::messages::{MessageView, of_chats};
use crate::{
    QueryError,
    documents::DocumentView,
    listing::{FOUND, Page, Window, page_of_ids, push_search},
    projects::{self, ProjectRow, ProjectView},
    wire_time,
};

/// A chat, as the contract shows one in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChatSummary {
    pub external_id: Uuid,
    pub title: String,
    #[serde(with = "wire_time")]
    pub created_at: DateTime<Utc>,
    #[serde(with = "wire_time")]
    pub modified_at: DateTime<Utc>,
    /// Absent if nobody owns the chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub username: Option<String>,
    pub project: Option<ProjectView>,
    /// Not shown; for the check whose chat it is.
    #[serde(skip)]
    pub owner: Option<ChatOwner>,
}

/// A chat, as the contract shows one with its messages.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ChatDetail<M = MessageView> {
    pub external_id: Uuid,
    pub title: String,
    /// Absent if nobody owns the chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub username: Option<String>,
    #[serde(with = "wire_time")]
    pub created_at: DateTime<Utc>,
    #[serde(with = "wire_time")]
    pub modified_at: DateTime<Utc>,
    /// The messages, oldest first.
    pub chats: Vec<M>,
    /// Of chats without a project.
    pub prompt: Option<String>,
    /// Of chats without a project.
    #[schema(minimum = 1, maximum = 8)]
    pub model: Option<i16>,
    /// Not shown; for the check whose chat it is.
    #[serde(skip)]
    pub owner: Option<ChatOwner>,
    /// Not shown; an assistant answers in the chat's project, so that less of each message is shown.
    #[serde(skip)]
    pub by_assistant: bool,
}

/// A message of a chat that an assistant answers, as the contract shows one.
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

/// An empty object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct NoMeta {}

impl ChatDetail {
    /// The same chat, as it is shown where an assistant answers.
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

pub(super) struct ChatRow {
    id: Uuid,
    project_id: Option<Uuid>,
    owner: Option<Uuid>,
    pub(super) key_id: Option<Uuid>,
    username: Option<String>,
    title: String,
    prompt: Option<String>,
    model: Option<i16>,
    created_at: DateTime<Utc>,
    modified_at: DateTime<Utc>,
    pub(super) is_deleted: bool,
    by_assistant: bool,
}

impl ChatRow {
    fn owner(&self) -> Option<ChatOwner> {
        let user = self.owner.map(UserId::new).map(ChatOwner::User);
        user.or_else(|| self.key_id.map(ApiKeyId::new).map(ChatOwner::ApiKey))
    }

    fn into_summary(self, project: Option<ProjectView>) -> ChatSummary {
        let owner = self.owner();
        ChatSummary {
            external_id: self.id,
            title: self.title,
            created_at: self.created_at,
            modified_at: self.modified_at,
            username: self.username,
            project,
            owner,
        }
    }

    fn into_detail(self, messages: Vec<MessageView>) -> ChatDetail {
        let owner = self.owner();
        ChatDetail {
            external_id: self.id,
            title: self.title,
            username: self.username,
            created_at: self.created_at,
            modified_at: self.modified_at,
            chats: messages,
            prompt: self.prompt,
            model: self.model,
            owner,
            by_assistant: self.by_assistant,
        }
    }
}

/// Which chats of a project are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Whose; `None` for everybody's.
    pub owner: Option<UserId>,
    /// Words that the title must contain, all of them.
    pub search: Vec<String>,
}

/// The chats of a project; newest first unless the window says otherwise.
pub async fn list(
    pool: &PgPool,
    project: ProjectId,
    filter: &Filter,
    window: &Window,
) -> Result<Page<ChatSummary>, QueryError> {
    let mut found = QueryBuilder::new(FOUND);
    found.push(
        "SELECT chats.*, users.username FROM views.chats LEFT JOIN views.users ON users.id = chats.owner
         WHERE NOT chats.is_deleted AND chats.project_id = ",
    );
    found.push_bind(project.value());
    if let Some(owner) = filter.owner {
        found.push(" AND chats.owner = ").push_bind(owner.value());
    }
    push_search(&mut found, "chats.title", &filter.search);
    let page = page_of_ids(pool, found, "created_at DESC, position DESC", window).await?;
    let chats = rows(pool, &page.results).await?;
    let project = project_view(pool, project.value()).await?;
    Ok(page.with_rows(chats).map(|chat| chat.into_summary(project.clone())))
}

/// The chat with this id, without its messages, if it is in this project.
pub async fn find(pool: &PgPool, project: ProjectId, id: ChatId) -> Result<Option<ChatSummary>, QueryError> {
    let Some(chat) = existing(pool, project, id).await? else { return Ok(None) };
    let project = project_view(pool, project.value()).await?;
    Ok(Some(chat.into_summary(project)))
}

/// The chat with this id, with its messages, if it is in this project.
pub async fn detail(
    pool: &PgPool,
    project: ProjectId,
    id: ChatId,
    media_base: &str,
) -> Result<Option<ChatDetail>, QueryError> {
    let Some(chat) = existing(pool, project, id).await? else { return Ok(None) };
    let messages = of_chats(pool, &[chat.id], media_base).await?;
    Ok(Some(chat.into_detail(messages)))
}

/// All chats of a project with all their messages, newest chat first; `None` for everybody's.
pub async fn list_all(
    pool: &PgPool,
    project: ProjectId,
    owner: Option<UserId>,
    media_base: &str,
) -> Result<Vec<ChatDetail>, QueryError> {
    let ids = query_scalar!(
        "SELECT id FROM views.chats WHERE NOT is_deleted AND project_id = $1 AND ($2::uuid IS NULL OR owner = $2)
         ORDER BY created_at DESC, position DESC",
        project.value(),
        owner.map(UserId::value)
    )
    .fetch_all(pool)
    .await?;
    details(pool, &ids, media_base).await
}

/// The chats with these ids, in this order, with their messages.
pub(super) async fn details(pool: &PgPool, ids: &[Uuid], media_base: &str) -> Result<Vec<ChatDetail>, QueryError> {
    let mut messages: HashMap<Uuid, Vec<MessageView>> = HashMap::new();
    for message in of_chats(pool, ids, media_base).await? {
        messages.entry(message.chat).or_default().push(message);
    }
    let chats = rows(pool, ids).await?;
    Ok(chats
        .into_iter()
        .map(|chat| {
            let messages = messages.remove(&chat.id).unwrap_or_default();
            chat.into_detail(messages)
        })
        .collect())
}

/// Whether the user owns a chat in the project.
pub async fn user_has_chat_in(pool: &PgPool, project: ProjectId, user: UserId) -> Result<bool, QueryError> {
    let exists = query_scalar!(
        r#"SELECT EXISTS (SELECT FROM views.chats WHERE project_id = $1 AND owner = $2 AND NOT is_deleted) AS "exists!""#,
        project.value(),
        user.value()
    )
    .fetch_one(pool)
    .await?;
    Ok(exists)
}

/// A deleted project too: its chats stay readable.
async fn project_view(pool: &PgPool, id: Uuid) -> Result<Option<ProjectView>, QueryError> {
    Ok(projects::rows(pool, &[id]).await?.pop().map(ProjectRow::into_view))
}

async fn existing(pool: &PgPool, project: ProjectId, id: ChatId) -> Result<Option<ChatRow>, QueryError> {
    let row = rows(pool, &[id.value()]).await?.pop();
    Ok(row.filter(|row| !row.is_deleted && row.project_id == Some(project.value())))
}

pub(super) async fn rows(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<ChatRow>, QueryError> {
    let rows = query_as!(
        ChatRow,
        r#"SELECT chats.id, project_id, owner, key_id, username AS "username?", chats.title, chats.prompt, chats.model,
                  chats.created_at, chats.modified_at, chats.is_deleted,
                  projects.assistant_id IS NOT NULL AS "by_assistant!"
           FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place) JOIN views.chats USING (id)
           LEFT JOIN views.users ON users.id = chats.owner
           LEFT JOIN views.projects ON projects.id = chats.project_id
           ORDER BY place"#,
        ids
    )
    .fetch_all(pool)
    .await?;
    Ok(rows)
}
