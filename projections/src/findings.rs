//! Ids by which auditors begin: of people by their names, and of chats by people and projects. No more is shown of them than
//! what tells one from the other.

use chrono::{DateTime, Utc};
use domain::ids::{ProjectId, UserId};
use serde::Serialize;
use sqlx::{FromRow, Postgres, QueryBuilder, Row as _, postgres::PgRow};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    QueryError, Views,
    listing::{Page, Window, page_of_rows, push_search},
    timestamps,
};

/// A person who has an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FoundPerson {
    pub id: Uuid,
    pub username: String,
    pub full_name: String,
    pub email: String,
}

impl<'r> FromRow<'r, PgRow> for FoundPerson {
    fn from_row(row: &'r PgRow) -> Result<Self, sqlx::Error> {
        let (id, username) = (row.try_get(1)?, row.try_get(2)?);
        Ok(Self { id, username, full_name: row.try_get(3)?, email: row.try_get(4)? })
    }
}

/// A chat, without its title and messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FoundChat {
    pub id: Uuid,
    /// The person whose it is; null if it was made with an API key.
    pub owner: Option<Uuid>,
    /// Null if it was made with an API key.
    pub project: Option<Uuid>,
    #[serde(with = "timestamps")]
    pub created_at: DateTime<Utc>,
    pub is_deleted: bool,
}

impl<'r> FromRow<'r, PgRow> for FoundChat {
    fn from_row(row: &'r PgRow) -> Result<Self, sqlx::Error> {
        let (id, owner, project) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        Ok(Self { id, owner, project, created_at: row.try_get(4)?, is_deleted: row.try_get(5)? })
    }
}

/// The people whose full name, login name and e-mail address together contain all of these words; the oldest account first.
///
/// # Errors
/// [`QueryError`] if the view cannot be read.
pub async fn people(db: &Views, words: &[String], limit: i64, offset: i64) -> Result<Page<FoundPerson>, QueryError> {
    let found = |found: &mut QueryBuilder<'static, Postgres>| {
        found.push("SELECT * FROM views.users WHERE true");
        push_search(found, "(full_name || ' ' || username || ' ' || email)", words);
    };
    page_of_rows(db, "id, username, full_name, email", found, "position", &window(limit, offset)).await
}

/// The chats of a person, of a project, or of a person in a project, also deleted ones; the oldest first.
///
/// # Errors
/// [`QueryError`] if the view cannot be read.
pub async fn chats(
    db: &Views,
    owner: Option<UserId>,
    project: Option<ProjectId>,
    limit: i64,
    offset: i64,
) -> Result<Page<FoundChat>, QueryError> {
    let found = |found: &mut QueryBuilder<'static, Postgres>| {
        found.push("SELECT * FROM views.chats WHERE true");
        let (owner, project) = (owner.map(UserId::value), project.map(ProjectId::value));
        for (column, id) in [(" AND owner = ", owner), (" AND project_id = ", project)] {
            if let Some(id) = id {
                found.push(column).push_bind(id);
            }
        }
    };
    page_of_rows(db, "id, owner, project_id, created_at, is_deleted", found, "position", &window(limit, offset)).await
}

fn window(limit: i64, offset: i64) -> Window {
    Window { limit, offset, ..Window::default() }
}
