//! Idempotency keys: recognizing requests that are repeated with the same `Idempotency-Key`.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool, PgTransaction};
use uuid::Uuid;

use crate::EventLog;
use crate::scheduler::{Expiry, ExpiryError};

/// The idempotency key of a request, with the data that recognizes a repetition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The holder of the key: the actor, or a client among several that share an actor.
    pub actor: String,
    pub key: String,
    /// A keyed hash of the request. The same key with another fingerprint is refused with `AppendError::KeyReused`.
    pub fingerprint: Vec<u8>,
    /// The id of the resource that the request creates, if it is the first with its key.
    pub resource_id: Uuid,
    pub expires_at: DateTime<Utc>,
}

/// Stores an idempotency key with the resource that its request has created.
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

/// Returns the request's fingerprint and the created resource's id for a key that has not expired.
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
    /// Returns whether the holder has used this key for a request, and the key has not expired.
    ///
    /// # Errors
    /// [`sqlx::Error`] if a query fails.
    pub async fn is_known_key(&self, holder: &str, key: &str) -> Result<bool, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        Ok(find_idempotent(&mut connection, holder, key).await?.is_some())
    }
}

/// Deletes expired idempotency keys.
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
