//! Requests that are repeated under an `Idempotency-Key`.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool, PgTransaction};
use uuid::Uuid;

use crate::EventLog;
use crate::scheduler::{Expiry, ExpiryError};

/// What makes a repeated request recognisable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// Who acts, or whose key it is if several act as one.
    pub actor: String,
    pub key: String,
    /// A keyed hash of the request: the same key with another request is a mistake.
    pub fingerprint: Vec<u8>,
    /// What the request makes, if it is the first.
    pub resource_id: Uuid,
    pub expires_at: DateTime<Utc>,
}

/// Keeps what a request has made.
pub(crate) async fn remember(tx: &mut PgTransaction<'_>, idempotency: &Idempotency) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO idempotency_keys (actor, key, fingerprint, resource_id, expires_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (actor, key) DO UPDATE
         SET fingerprint = excluded.fingerprint, resource_id = excluded.resource_id, expires_at = excluded.expires_at",
        idempotency.actor,
        idempotency.key,
        idempotency.fingerprint,
        idempotency.resource_id,
        idempotency.expires_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What a living idempotency key has led to: the request's fingerprint and what it made.
pub(crate) async fn find_idempotent(
    connection: &mut PgConnection,
    actor: &str,
    key: &str,
) -> Result<Option<(Vec<u8>, Uuid)>, sqlx::Error> {
    let row = sqlx::query!(
        "SELECT fingerprint, resource_id FROM idempotency_keys WHERE actor = $1 AND key = $2 AND expires_at > now()",
        actor,
        key,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| (row.fingerprint, row.resource_id)))
}

impl EventLog {
    /// Whether something was made under this key, by whose key it is.
    ///
    /// # Errors
    /// The database's.
    pub async fn is_known_key(&self, holder: &str, key: &str) -> Result<bool, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        Ok(find_idempotent(&mut connection, holder, key).await?.is_some())
    }
}

/// Forgets requests that cannot be repeated under their keys any more.
pub struct IdempotencyExpiry(pub PgPool);

#[async_trait::async_trait]
impl Expiry for IdempotencyExpiry {
    fn name(&self) -> &'static str {
        "idempotency keys"
    }

    async fn expire(&self, now: DateTime<Utc>) -> Result<u64, ExpiryError> {
        let gone = sqlx::query!("DELETE FROM idempotency_keys WHERE expires_at < $1", now);
        Ok(gone.execute(&self.0).await?.rows_affected())
    }
}
