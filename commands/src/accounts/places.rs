//! From where an account was let in: whoever guesses at its password elsewhere cannot keep its owner out there.
//!
//! A place is an account's e-mail address and a client's address, kept as a keyed hash in the database: it outlives restarts, and
//! all processes know it.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{ids::UserId, values::Email};

use super::{AccountError, Accounts};
use crate::scheduler::{Expiry, ExpiryError};

/// After so long without a log-in a place is forgotten.
const REMEMBERED: TimeDelta = TimeDelta::days(400);

impl Accounts {
    /// Whether somebody has logged in to the account with this e-mail address from there.
    ///
    /// # Errors
    /// The database's.
    pub async fn was_let_in_from(&self, email: &Email, client: IpAddr) -> Result<bool, AccountError> {
        let place = self.place(email, client);
        let known = sqlx::query_scalar!(r#"SELECT true AS "known!" FROM log_in_places WHERE place = $1"#, place)
            .fetch_optional(&self.pool)
            .await?;
        Ok(known.is_some())
    }

    /// Remembers that somebody has logged in from there.
    ///
    /// # Errors
    /// The database's.
    pub async fn let_in_from(&self, user: UserId, email: &Email, client: IpAddr) -> Result<(), AccountError> {
        sqlx::query!(
            "INSERT INTO log_in_places AS known (place, user_id, seen_at) VALUES ($1, $2, $3)
             ON CONFLICT (place) DO UPDATE SET user_id = excluded.user_id, seen_at = excluded.seen_at
             WHERE known.user_id <> excluded.user_id OR known.seen_at < excluded.seen_at - interval '1 day'",
            self.place(email, client),
            user.value(),
            self.clock.now(),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    pub(super) fn place(&self, email: &Email, client: IpAddr) -> Vec<u8> {
        self.keys.keyed_hash("log-in-place", &format!("{} {client}", email.comparable()))
    }
}

/// Forgets places from which nobody logs in any more.
pub struct PlaceExpiry(pub sqlx::PgPool);

#[async_trait::async_trait]
impl Expiry for PlaceExpiry {
    fn name(&self) -> &'static str {
        "places of log-ins"
    }

    async fn expire(&self, now: DateTime<Utc>) -> Result<u64, ExpiryError> {
        let gone = sqlx::query!("DELETE FROM log_in_places WHERE seen_at < $1", now - REMEMBERED);
        Ok(gone.execute(&self.0).await?.rows_affected())
    }
}
