//! Rows of accounts that are written with their events: passwords, tokens of logins, former addresses.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ids::{SessionId, UserId};
use sqlx::PgConnection;

use crate::event_log::TransactionalWrite;

/// A row of an account.
#[derive(Clone)]
pub enum AccountRow {
    /// A password in Argon2id's own text form. Codes that were mailed before become invalid.
    Password {
        user: UserId,
        hash: String,
    },
    /// A token by its SHA-256. It is not stored if the password that was checked for it has been changed since.
    Token {
        token_hash: Vec<u8>,
        user: UserId,
        session: SessionId,
        password_hash: String,
    },
    /// Removes the password, so that nobody can log in.
    NoPassword(UserId),
    EndSession(SessionId),
    EndOtherSessions {
        user: UserId,
        keep: Option<SessionId>,
    },
    /// The address that the account loses in this append. An older one that is still stored is kept: of several changes
    /// in a row, only the first took the address from its owner.
    FormerAddress {
        user: UserId,
        sealed_email: Vec<u8>,
        until: DateTime<Utc>,
    },
    NoFormerAddress(UserId),
    /// Removes what is left of the person's requests: codes and former address, unsent mails, idempotency keys.
    /// `reset_address` is the address in the form of the jobs that mail a code.
    ForgetRequests {
        user: UserId,
        reset_address: Option<String>,
    },
}

#[async_trait]
impl TransactionalWrite for AccountRow {
    async fn write(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        match self {
            Self::Password { user, hash } => sqlx::query!(
                "WITH codes AS (UPDATE reset_codes SET is_used = true WHERE user_id = $1 AND NOT is_used)
                 INSERT INTO passwords (user_id, hash) VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash",
                user.value(),
                hash,
            ),
            Self::Token { token_hash, user, session, password_hash } => sqlx::query!(
                "INSERT INTO tokens (token_hash, user_id, session_id)
                 SELECT $1, user_id, $3 FROM passwords WHERE user_id = $2 AND hash = $4",
                token_hash,
                user.value(),
                session.value(),
                password_hash,
            ),
            Self::NoPassword(user) => sqlx::query!(
                "WITH places AS (DELETE FROM log_in_places WHERE user_id = $1) DELETE FROM passwords WHERE user_id = $1",
                user.value()
            ),
            Self::EndSession(session) => sqlx::query!("DELETE FROM tokens WHERE session_id = $1", session.value()),
            Self::EndOtherSessions { user, keep } => sqlx::query!(
                "DELETE FROM tokens WHERE user_id = $1 AND session_id IS DISTINCT FROM $2",
                user.value(),
                keep.map(SessionId::value),
            ),
            Self::FormerAddress { user, sealed_email, until } => {
                return keep_former_address(*user, sealed_email, *until, connection).await;
            }
            Self::NoFormerAddress(user) => {
                sqlx::query!("DELETE FROM former_addresses WHERE user_id = $1", user.value())
            }
            Self::ForgetRequests { user, reset_address } => {
                return forget_requests(*user, reset_address.as_deref(), connection).await;
            }
        }
        .execute(connection)
        .await?;
        Ok(())
    }
}

/// A code for a user who has forgotten the password, or for an address without an account.
#[derive(Clone)]
pub(super) struct NewResetCode {
    /// The address as a keyed hash.
    pub address: Vec<u8>,
    pub user: Option<UserId>,
    pub sealed_code: Vec<u8>,
    pub tries: i32,
    pub expires_at: DateTime<Utc>,
}

/// Writes a code, unless there is a valid one for the address and user at which `guesser` has guesses left; returns
/// whether it was written.
pub(super) async fn write_reset_code(
    code: &NewResetCode,
    guesser: Option<&str>,
    connection: &mut PgConnection,
) -> Result<bool, sqlx::Error> {
    let written = sqlx::query!(
        "INSERT INTO reset_codes (address, user_id, sealed_code, tries_left, expires_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (address) DO UPDATE SET user_id = excluded.user_id, sealed_code = excluded.sealed_code,
                                             tries_left = excluded.tries_left, own_tries = '{}', is_used = false,
                                             expires_at = excluded.expires_at
         WHERE reset_codes.user_id IS DISTINCT FROM excluded.user_id OR reset_codes.is_used
            OR reset_codes.expires_at <= now() OR (reset_codes.own_tries ->> $6::text)::integer = 0",
        code.address,
        code.user.map(UserId::value),
        code.sealed_code,
        code.tries,
        code.expires_at,
        guesser,
    )
    .execute(connection)
    .await?;
    Ok(written.rows_affected() == 1)
}

async fn keep_former_address(
    user: UserId,
    sealed_email: &[u8],
    until: DateTime<Utc>,
    connection: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO former_addresses AS kept (user_id, sealed_email, until) VALUES ($1, $2, $3)
         ON CONFLICT (user_id) DO UPDATE SET until = excluded.until,
             sealed_email = CASE WHEN kept.until > now() THEN kept.sealed_email ELSE excluded.sealed_email END",
        user.value(),
        sealed_email,
        until,
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn forget_requests(
    user: UserId,
    reset_address: Option<&str>,
    connection: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH codes AS (DELETE FROM reset_codes WHERE user_id = $1),
              mails AS (DELETE FROM jobs WHERE kind = 'password_reset' AND arguments ->> 'address' = $2),
              notices AS (DELETE FROM jobs WHERE kind = 'address_changed' AND arguments ->> 'user' = $1::text),
              former AS (DELETE FROM former_addresses WHERE user_id = $1)
         DELETE FROM idempotency_keys WHERE actor = 'user:' || $1::text",
        user.value(),
        reset_address,
    )
    .execute(connection)
    .await?;
    Ok(())
}
