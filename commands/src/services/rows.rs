//! Rows of services that are written with their events.

use async_trait::async_trait;
use domain::ids::{ApiKeyId, ServiceId};
use sqlx::PgConnection;

use crate::event_log::TransactionalWrite;

/// A row of a service's API keys.
pub(super) enum ServiceRow {
    /// An API key by its keyed hash.
    ApiKey {
        key_hash: Vec<u8>,
        key: ApiKeyId,
        service: ServiceId,
    },
    /// Ends an API key with the temp tokens that were made with it.
    EndApiKey(ApiKeyId),
    EndKeysOfService(ServiceId),
}

#[async_trait]
impl TransactionalWrite for ServiceRow {
    async fn write(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        match self {
            Self::ApiKey { key_hash, key, service } => sqlx::query!(
                "INSERT INTO api_keys (key_hash, key_id, service_id) VALUES ($1, $2, $3)",
                key_hash,
                key.value(),
                service.value(),
            ),
            Self::EndApiKey(key) => sqlx::query!("DELETE FROM api_keys WHERE key_id = $1", key.value()),
            Self::EndKeysOfService(service) => {
                sqlx::query!("DELETE FROM api_keys WHERE service_id = $1", service.value())
            }
        }
        .execute(connection)
        .await?;
        Ok(())
    }
}
