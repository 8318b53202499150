//! Queries of chats: lists with their project, single chats with their messages.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{
    chat::ChatOwner,
    ids::{ApiKeyId, ChatId, ProjectId, UserId},
};
use futures::{TryFutureExt as _, try_join};
use sqlx::{FromRow, Postgres, QueryBuilder, Row as _, postgres::PgRow, query_as, query_scalar};
use uuid::Uuid;

use super::{
    messages::{MessageView, of_chats, of_short_chat},
    shapes::{ChatDetail, ChatSummary},
};
use crate::{
    QueryError, Views,
    listing::{Page, Window, page_of_rows, push_search},
    projects::{self, ProjectRow, ProjectView},
};

struct SummaryRow {
    id: Uuid,
    project_id: Option<Uuid>,
    owner: Option<Uuid>,
    key_id: Option<Uuid>,
    username: Option<String>,
    title: String,
    created_at: DateTime<Utc>,
    modified_at: DateTime<Utc>,
    is_deleted: bool,
}

/// The columns of [`SummaryRow`] in a list.
const COLUMNS: &str = "id, project_id, owner, key_id, username, title, created_at, modified_at, is_deleted";

impl<'r> FromRow<'r, PgRow> for SummaryRow {
    fn from_row(row: &'r PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get(1)?,
            project_id: row.try_get(2)?,
            owner: row.try_get(3)?,
            key_id: row.try_get(4)?,
            username: row.try_get(5)?,
            title: row.try_get(6)?,
            created_at: row.try_get(7)?,
            modified_at: row.try_get(8)?,
            is_deleted: row.try_get(9)?,
        })
    }
}

impl SummaryRow {
    fn into_summary(self, project: Option<ProjectView>) -> ChatSummary {
        ChatSummary {
            external_id: self.id,
            title: self.title,
            created_at: self.created_at,
            modified_at: self.modified_at,
            username: self.username,
            project,
            owner: owner_of(self.owner, self.key_id),
        }
    }
}

pub(super) struct ChatRow {
    id: Uuid,
    project_id: Option<Uuid>,
    owner: Option<Uuid>,
    key_id: Option<Uuid>,
    username: Option<String>,
    title: String,
    prompt: Option<String>,
    model: Option<i16>,
    created_at: DateTime<Utc>,
    modified_at: DateTime<Utc>,
    is_deleted: bool,
    by_assistant: bool,
}

fn owner_of(user: Option<Uuid>, key: Option<Uuid>) -> Option<ChatOwner> {
    user.map(UserId::new).map(ChatOwner::User).or_else(|| key.map(ApiKeyId::new).map(ChatOwner::ApiKey))
}

impl ChatRow {
    fn owner(&self) -> Option<ChatOwner> {
        owner_of(self.owner, self.key_id)
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

macro_rules! chats {
    ($from:literal, $order:literal, $value:expr) => {
        query_as!(
            ChatRow,
            r#"SELECT chats.id, project_id, owner, key_id, username AS "username?", chats.title, chats.prompt, chats.model,
                      chats.created_at, chats.modified_at, chats.is_deleted,
                      projects.assistant_id IS NOT NULL AS "by_assistant!" FROM "#
                + $from
                + " LEFT JOIN views.users ON users.id = chats.owner
                    LEFT JOIN views.projects ON projects.id = chats.project_id "
                + $order,
            $value
        )
    };
}

/// A filter of the list of a project's chats.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The owner; `None` for the chats of all.
    pub owner: Option<UserId>,
    /// Words that the title must contain, all of them.
    pub search: Vec<String>,
}

/// The chats of a project; newest first unless the window says otherwise.
pub async fn list(
    db: &Views,
    project: ProjectId,
    filter: &Filter,
    window: &Window,
) -> Result<Page<ChatSummary>, QueryError> {
    let found = |found: &mut QueryBuilder<'static, Postgres>| {
        found.push(
            "SELECT chats.*, users.username FROM views.chats LEFT JOIN views.users ON users.id = chats.owner
             WHERE NOT chats.is_deleted AND chats.project_id = ",
        );
        found.push_bind(project.value());
        if let Some(owner) = filter.owner {
            found.push(" AND chats.owner = ").push_bind(owner.value());
        }
        push_search(found, "chats.title", &filter.search);
    };
    let page = page_of_rows::<SummaryRow>(db, COLUMNS, found, "created_at DESC, position DESC", window);
    let (page, project) = try_join!(page, project_view(db, project.value()))?;
    Ok(page.map(|chat| chat.into_summary(project.clone())))
}

/// The chat with this id, without its messages, if it is in this project.
pub async fn find(db: &Views, project: ProjectId, id: ChatId) -> Result<Option<ChatSummary>, QueryError> {
    let chat = query_as!(
        SummaryRow,
        r#"SELECT chats.id, project_id, owner, key_id, username AS "username?", title, created_at, modified_at, is_deleted
           FROM views.chats LEFT JOIN views.users ON users.id = chats.owner WHERE chats.id = $1"#,
        id.value()
    );
    let chat = chat.fetch_optional(db).map_err(QueryError::from);
    let (chat, view) = try_join!(chat, project_view(db, project.value()))?;
    let chat = chat.filter(|chat| !chat.is_deleted && chat.project_id == Some(project.value()));
    Ok(chat.map(|chat| chat.into_summary(view)))
}

/// The chats with these ids, also deleted ones, with their owners.
pub async fn owners(db: &Views, ids: &[Uuid]) -> Result<Vec<(Uuid, Option<ChatOwner>)>, QueryError> {
    let rows = sqlx::query!("SELECT id, owner, key_id FROM views.chats WHERE id = ANY($1) ORDER BY position", ids)
        .fetch_all(db)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, owner_of(row.owner, row.key_id))).collect())
}

/// The owner of the chat with this id, if it is in this project. The inner `None` is a chat without an owner.
pub async fn owner(db: &Views, project: ProjectId, id: ChatId) -> Result<Option<Option<ChatOwner>>, QueryError> {
    let row = sqlx::query!("SELECT owner, key_id, project_id, is_deleted FROM views.chats WHERE id = $1", id.value())
        .fetch_optional(db)
        .await?;
    let row = row.filter(|row| !row.is_deleted && row.project_id == Some(project.value()));
    Ok(row.map(|row| owner_of(row.owner, row.key_id)))
}

/// A chat without its messages.
pub struct ChatHead(ChatRow);

impl ChatHead {
    /// The chat with this id, unless it is deleted.
    pub(super) async fn find(db: &Views, id: ChatId) -> Result<Option<Self>, QueryError> {
        let row = chats!("views.chats", "WHERE chats.id = $1", id.value()).fetch_optional(db).await?;
        Ok(row.filter(|row| !row.is_deleted).map(Self))
    }

    pub fn owner(&self) -> Option<ChatOwner> {
        self.0.owner()
    }

    /// The chat with its messages. If they and the documents that each of them names have more than `short` bytes of text, it
    /// asks for room for so many as they have before it reads them all, and returns what it got. (Most chats are short, and
    /// weighing takes longer than reading them.)
    pub async fn detail<R, E: From<QueryError>>(
        self,
        db: &Views,
        media_base: &str,
        short: usize,
        make_room: impl AsyncFnOnce(usize) -> Result<R, E>,
    ) -> Result<(ChatDetail, Option<R>), E> {
        let chat = self.0.id;
        if let Some(messages) = of_short_chat(db, chat, short, media_base).await? {
            return Ok((self.0.into_detail(messages), None));
        }
        let room = make_room(weight(db, &[chat]).await?).await?;
        let messages = of_chats(db, &[chat], media_base).await?;
        Ok((self.0.into_detail(messages), Some(room)))
    }
}

/// The chat with this id, if it is in this project.
pub async fn head(db: &Views, project: ProjectId, id: ChatId) -> Result<Option<ChatHead>, QueryError> {
    let head = ChatHead::find(db, id).await?;
    Ok(head.filter(|head| head.0.project_id == Some(project.value())))
}

/// The ids of all chats of a project, newest first; `None` for everybody's.
pub async fn ids_in(db: &Views, project: ProjectId, owner: Option<UserId>) -> Result<Vec<Uuid>, QueryError> {
    let ids = query_scalar!(
        "SELECT id FROM views.chats WHERE NOT is_deleted AND project_id = $1 AND ($2::uuid IS NULL OR owner = $2)
         ORDER BY created_at DESC, position DESC",
        project.value(),
        owner.map(UserId::value)
    )
    .fetch_all(db)
    .await?;
    Ok(ids)
}

/// The bytes of text in the details of these chats: their messages, and the documents that these name.
pub async fn weight(db: &Views, chats: &[Uuid]) -> Result<usize, QueryError> {
    let bytes = query_scalar!(
        r#"SELECT coalesce(sum(octet_length(text) + octet_length(original_text)
                      + CASE WHEN document_ids = '{}' THEN 0 ELSE coalesce((
                            SELECT sum(octet_length(CASE WHEN kept.version IS NULL THEN document.text_content
                                                         ELSE kept.text_content END))
                            FROM unnest(document_ids, document_versions) AS cited (id, version)
                            JOIN views.documents AS document ON document.id = cited.id
                            LEFT JOIN views.document_versions AS kept
                                 ON kept.document_id = cited.id AND kept.version = cited.version
                        ), 0) END), 0)::bigint AS "bytes!"
           FROM views.messages WHERE chat_id = ANY($1)"#,
        chats
    )
    .fetch_one(db)
    .await?;
    Ok(usize::try_from(bytes).unwrap_or_default())
}

/// The chats with these ids, in this order, with their messages.
pub async fn details(db: &Views, ids: &[Uuid], media_base: &str) -> Result<Vec<ChatDetail>, QueryError> {
    let mut messages: HashMap<Uuid, Vec<MessageView>> = HashMap::new();
    for message in of_chats(db, ids, media_base).await? {
        messages.entry(message.chat).or_default().push(message);
    }
    let chats = rows(db, ids).await?;
    Ok(chats
        .into_iter()
        .map(|chat| {
            let messages = messages.remove(&chat.id).unwrap_or_default();
            chat.into_detail(messages)
        })
        .collect())
}

/// Whether the user owns a chat in the project.
pub async fn user_has_chat_in(db: &Views, project: ProjectId, user: UserId) -> Result<bool, QueryError> {
    let exists = query_scalar!(
        r#"SELECT EXISTS (SELECT FROM views.chats WHERE project_id = $1 AND owner = $2 AND NOT is_deleted) AS "exists!""#,
        project.value(),
        user.value()
    )
    .fetch_one(db)
    .await?;
    Ok(exists)
}

/// The project, also if it is deleted: its chats stay readable.
async fn project_view(db: &Views, id: Uuid) -> Result<Option<ProjectView>, QueryError> {
    Ok(projects::row(db, id).await?.map(ProjectRow::into_view))
}

/// The chats with these ids, in this order, also deleted ones.
async fn rows(db: &Views, ids: &[Uuid]) -> Result<Vec<ChatRow>, QueryError> {
    let rows = chats!(
        "unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place) JOIN views.chats USING (id)",
        "ORDER BY place",
        ids
    );
    Ok(rows.fetch_all(db).await?)
}
