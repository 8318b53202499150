//! Known places of log-in, so that guesses at a password from elsewhere cannot lock out the account's owner.
//!
//! A place is the pair of an account's e-mail address and a client's IP address, stored as a keyed hash in the
//! database, so that it outlives restarts and is shared by all processes.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{ids::UserId, values::Email};

use super::{AccountError, Accounts};
use crate::scheduler::{Expiry, ExpiryError};

/// The time without a log-in after which a place is forgotten.
const REMEMBERED: TimeDelta = TimeDelta::days(400);

impl Accounts {
    /// Whether somebody has logged in to the account with this e-mail address from this client.
    ///
    /// # Errors
    /// [`AccountError::Database`] if the database failed.
    pub async fn was_let_in_from(&self, email: &Email, client: IpAddr) -> Result<bool, AccountError> {
        let place = self.place(email, client);
        let known = sqlx::query_scalar!(r#"SELECT true AS "known!" FROM log_in_places WHERE place = $1"#, place)
            .fetch_optional(&self.pool)
            .await?;
        Ok(known.is_some())
    }

    /// Records a log-in from this client.
    ///
    /// # Errors
    /// [`AccountError::Database`] if the database failed.
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

/// Deletes places without recent log-ins.
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
