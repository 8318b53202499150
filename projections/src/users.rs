//! Users with their roles. Passwords and logins are in no view.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    AggregateType,
    envelope::RecordedEvent,
    event::Event,
    ids::{SessionId, UserId},
    user::UserEvent,
};
use serde::Serialize;
use sqlx::{PgTransaction, QueryBuilder, query, query_as};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    ProjectionError, Projector, QueryError, Views,
    listing::{FOUND, Page, Window, page_of_ids, push_search},
    timestamps,
};

pub(crate) struct UsersProjector;

#[async_trait]
impl Projector for UsersProjector {
    fn name(&self) -> &'static str {
        "users"
    }

    fn aggregate_types(&self) -> &'static [AggregateType] {
        &[AggregateType::User]
    }

    fn tables(&self) -> &'static [&'static str] {
        &["users"]
    }

    async fn project(&self, recorded: &RecordedEvent, tx: &mut PgTransaction<'_>) -> Result<(), ProjectionError> {
        let Event::User(event) = &recorded.event else { return Ok(()) };
        let id = recorded.aggregate_id;
        let statement = match event {
            UserEvent::Registered { username, email, full_name, roles } => query!(
                "INSERT INTO users (id, position, username, full_name, email, is_staff, is_reviewer, is_superuser, allow_key, date_joined)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING",
                id,
                recorded.position,
                username.as_str(),
                full_name.as_str(),
                email.as_str(),
                roles.is_staff,
                roles.is_reviewer,
                roles.is_superuser,
                roles.allow_key,
                recorded.metadata.recorded_at
            ),
            UserEvent::FullNameChanged { full_name } => {
                query!("UPDATE users SET full_name = $2 WHERE id = $1", id, full_name.as_str())
            }
            UserEvent::FullNameCleared {} => query!("UPDATE users SET full_name = '' WHERE id = $1", id),
            UserEvent::EmailChanged { email } => {
                query!("UPDATE users SET email = $2 WHERE id = $1", id, email.as_str())
            }
            UserEvent::RolesChanged { roles } => query!(
                "UPDATE users SET is_staff = $2, is_reviewer = $3, is_superuser = $4, allow_key = $5 WHERE id = $1",
                id,
                roles.is_staff,
                roles.is_reviewer,
                roles.is_superuser,
                roles.allow_key,
            ),
            UserEvent::AuditorAppointed {} => query!("UPDATE users SET is_auditor = true WHERE id = $1", id),
            UserEvent::AuditorDismissed {} => query!("UPDATE users SET is_auditor = false WHERE id = $1", id),
            UserEvent::Deactivated {} => query!("UPDATE users SET is_active = false WHERE id = $1", id),
            UserEvent::Activated {} => query!("UPDATE users SET is_active = true WHERE id = $1", id),
            // A user who can be deleted owns nothing else, and nothing of an erased user is to be shown.
            UserEvent::Deleted {} | UserEvent::SubjectErased {} => query!("DELETE FROM users WHERE id = $1", id),
            UserEvent::PasswordResetRequested {}
            | UserEvent::PasswordChanged {}
            | UserEvent::SessionStarted { .. }
            | UserEvent::SessionEnded { .. } => return Ok(()),
        };
        statement.execute(&mut **tx).await?;
        Ok(())
    }
}

/// A user in the contract's shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "the contract's roles are independent of each other")]
pub struct UserView {
    pub external_id: Uuid,
    pub username: String,
    pub full_name: String,
    pub email: String,
    pub allow_key: bool,
    pub is_staff: bool,
    pub is_reviewer: bool,
    #[serde(with = "timestamps")]
    pub date_joined: DateTime<Utc>,
    /// Not shown.
    #[serde(skip)]
    pub is_superuser: bool,
    /// Not shown: the contract has no such role.
    #[serde(skip)]
    pub is_auditor: bool,
    /// Not shown. An inactive account cannot be used.
    #[serde(skip)]
    pub is_active: bool,
}

impl UserView {
    /// A placeholder for a deleted user whose work is still shown. `by_then` stands for the date of joining.
    pub(crate) fn deleted(id: Uuid, by_then: DateTime<Utc>) -> Self {
        Self {
            external_id: id,
            username: "deleted".to_owned(),
            full_name: "Deleted user".to_owned(),
            email: String::new(),
            allow_key: false,
            is_staff: false,
            is_reviewer: false,
            date_joined: by_then,
            is_superuser: false,
            is_auditor: false,
            is_active: false,
        }
    }
}

/// A filter of the list of users.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Words that the name must contain, all of them.
    pub search: Vec<String>,
    pub is_staff: Option<bool>,
    pub is_reviewer: Option<bool>,
    pub allow_key: Option<bool>,
    pub is_auditor: Option<bool>,
}

/// The column behind a name of the view's output.
pub fn ordering_column(wire_name: &str) -> Option<&'static str> {
    Some(match wire_name {
        "external_id" => "id",
        "username" => "username",
        "full_name" => "full_name",
        "email" => "email",
        "allow_key" => "allow_key",
        "is_staff" => "is_staff",
        "is_reviewer" => "is_reviewer",
        "date_joined" => "date_joined",
        _ => return None,
    })
}

/// Users, newest first unless ordered otherwise.
pub async fn list(db: &Views, filter: &Filter, window: &Window) -> Result<Page<UserView>, QueryError> {
    let mut found = QueryBuilder::new(FOUND);
    found.push("SELECT * FROM views.users WHERE true");
    push_search(&mut found, "full_name", &filter.search);
    for (column, wanted) in [
        ("is_staff", filter.is_staff),
        ("is_reviewer", filter.is_reviewer),
        ("allow_key", filter.allow_key),
        ("is_auditor", filter.is_auditor),
    ] {
        if let Some(wanted) = wanted {
            found.push(" AND ").push(column).push(" = ").push_bind(wanted);
        }
    }
    let page = page_of_ids(db, found, "date_joined DESC, position DESC", window).await?;
    let rows = query_as!(
        UserView,
        "SELECT users.id AS external_id, username, full_name, email, allow_key, is_staff, is_reviewer, date_joined,
                is_superuser, is_auditor, is_active
         FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place) JOIN views.users USING (id) ORDER BY place",
        &page.results
    )
    .fetch_all(db)
    .await?;
    Ok(page.with_rows(rows))
}

/// Whether there is any account.
pub async fn any(db: &Views) -> Result<bool, QueryError> {
    Ok(sqlx::query_scalar!(r#"SELECT EXISTS (SELECT 1 FROM views.users) AS "any!""#).fetch_one(db).await?)
}

/// Whether a login name exists in any case. Only accounts from the time when case mattered need this check: the names
/// of all others are reserved without regard to case.
pub async fn has_username_in_any_case(db: &Views, username: &str) -> Result<bool, QueryError> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM views.users WHERE lower(username) = lower($1)) AS "found!""#,
        username
    );
    Ok(found.fetch_one(db).await?)
}

/// The user with this id.
pub async fn find(db: &Views, id: UserId) -> Result<Option<UserView>, QueryError> {
    let user = query_as!(
        UserView,
        "SELECT id AS external_id, username, full_name, email, allow_key, is_staff, is_reviewer, date_joined, is_superuser,
                is_auditor, is_active
         FROM views.users WHERE id = $1",
        id.value()
    )
    .fetch_optional(db)
    .await?;
    Ok(user)
}

/// The user with exactly this login name.
pub async fn find_by_username(db: &Views, username: &str) -> Result<Option<UserView>, QueryError> {
    let user = query_as!(
        UserView,
        "SELECT id AS external_id, username, full_name, email, allow_key, is_staff, is_reviewer, date_joined, is_superuser,
                is_auditor, is_active
         FROM views.users WHERE username = $1",
        username
    )
    .fetch_optional(db)
    .await?;
    Ok(user)
}

/// The users with these ids, in no particular order.
pub(crate) async fn find_many(db: &Views, ids: &[Uuid]) -> Result<Vec<UserView>, QueryError> {
    let users = query_as!(
        UserView,
        "SELECT id AS external_id, username, full_name, email, allow_key, is_staff, is_reviewer, date_joined, is_superuser,
                is_auditor, is_active
         FROM views.users WHERE id = ANY($1)",
        ids
    )
    .fetch_all(db)
    .await?;
    Ok(users)
}

/// The user and the login of the token with this hash, in one query, because every request needs it. `None` if there is
/// no such login, or the view does not have it yet.
pub async fn logged_in(db: &Views, token_hash: &[u8]) -> Result<Option<(UserView, SessionId)>, QueryError> {
    let row = query!(
        "SELECT session_id, users.id, username, full_name, email, allow_key, is_staff, is_reviewer, date_joined, is_superuser,
                is_auditor, is_active
         FROM tokens JOIN views.users ON users.id = tokens.user_id WHERE token_hash = $1",
        token_hash
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| {
        let user = UserView {
            external_id: row.id,
            username: row.username,
            full_name: row.full_name,
            email: row.email,
            allow_key: row.allow_key,
            is_staff: row.is_staff,
            is_reviewer: row.is_reviewer,
            date_joined: row.date_joined,
            is_superuser: row.is_superuser,
            is_auditor: row.is_auditor,
            is_active: row.is_active,
        };
        (user, SessionId::new(row.session_id))
    }))
}
