//! People: who they are and what they may do. Passwords and logins are no part of any view.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    envelope::RecordedEvent,
    event::Event,
    ids::{SessionId, UserId},
    user::UserEvent,
};
use serde::Serialize;
use sqlx::{PgPool, PgTransaction, query, query_as};
use uuid::Uuid;

use crate::{ProjectionError, Projector, QueryError, wire_time};

pub(crate) struct UsersProjector;

#[async_trait]
impl Projector for UsersProjector {
    fn name(&self) -> &'static str {
        "users"
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &["user"]
    }

    async fn project(&self, recorded: &RecordedEvent, tx: &mut PgTransaction<'_>) -> Result<(), ProjectionError> {
        let Event::User(event) = &recorded.event else { return Ok(()) };
        let id = recorded.aggregate_id;
        match event {
            UserEvent::Registered { username, email, full_name, roles } => {
                query!(
                    "INSERT INTO views.users (id, position, username, full_name, email, is_staff, is_reviewer, is_superuser, allow_key, date_joined)
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
                )
                .execute(&mut **tx)
                .await?;
            }
            UserEvent::FullNameChanged { full_name } => {
                query!("UPDATE views.users SET full_name = $2 WHERE id = $1", id, full_name.as_str())
                    .execute(&mut **tx)
                    .await?;
            }
            UserEvent::PasswordChanged {} | UserEvent::SessionStarted { .. } | UserEvent::SessionEnded { .. } => {}
        }
        Ok(())
    }
}

/// A user, as the contract shows one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the contract's roles are independent of each other")]
pub struct UserView {
    pub external_id: Uuid,
    pub username: String,
    pub full_name: String,
    pub email: String,
    pub allow_key: bool,
    pub is_staff: bool,
    pub is_reviewer: bool,
    #[serde(with = "wire_time")]
    pub date_joined: DateTime<Utc>,
    /// Not shown.
    #[serde(skip)]
    pub is_superuser: bool,
}

/// Whether there is any account.
pub async fn any(pool: &PgPool) -> Result<bool, QueryError> {
    Ok(sqlx::query_scalar!(r#"SELECT EXISTS (SELECT 1 FROM views.users) AS "any!""#).fetch_one(pool).await?)
}

/// The user with this id.
pub async fn find(pool: &PgPool, id: UserId) -> Result<Option<UserView>, QueryError> {
    let user = query_as!(
        UserView,
        "SELECT id AS external_id, username, full_name, email, allow_key, is_staff, is_reviewer, date_joined, is_superuser
         FROM views.users WHERE id = $1",
        id.value()
    )
    .fetch_optional(pool)
    .await?;
    Ok(user)
}

/// Who is logged in with the token of this hash, and the login; one query, because every request asks. `None` if there is
/// no such login, and also while the view is behind it.
pub async fn logged_in(pool: &PgPool, token_hash: &[u8]) -> Result<Option<(UserView, SessionId)>, QueryError> {
    let row = query!(
        "SELECT session_id, users.id, username, full_name, email, allow_key, is_staff, is_reviewer, date_joined, is_superuser
         FROM tokens JOIN views.users ON users.id = tokens.user_id WHERE token_hash = $1",
        token_hash
    )
    .fetch_optional(pool)
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
        };
        (user, SessionId::new(row.session_id))
    }))
}
