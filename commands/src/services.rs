//! Services: clients of hospitals with API keys. Keys and temp tokens are created and hashed here, and returned once.

mod rows;
mod temp_tokens;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    ids::{ApiKeyId, ServiceId, UserId},
    service::{
        Service, ServiceAuthority, ServiceChanges, ServiceCommand, ServiceError, ServiceEvent, ServiceRequest, Terms,
    },
    values::Title,
};
use rand::Rng;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgPool;
use zeroize::Zeroizing;

use crate::{
    Resources,
    clock::SharedClock,
    event_log::KeyRing,
    event_log::{AppendError, Committed, Reservation, Row, StoreError},
    execute::{Commands, Context, ExecuteError},
};
use rows::ServiceRow;

/// The prefix of every API key, by which one can be recognized where it should not be.
const KEY_PREFIX: &str = "ak-";
const KEY_BYTES: usize = 32;

#[derive(Debug, thiserror::Error)]
pub enum ServicesError {
    /// There is no account with this id.
    #[error("there is no such owner")]
    OwnerNotFound,
    #[error(transparent)]
    Execute(#[from] ExecuteError<ServiceError>),
    #[error("the services cannot be read")]
    Database(#[from] sqlx::Error),
}

impl From<StoreError> for ServicesError {
    fn from(error: StoreError) -> Self {
        Self::Execute(error.into())
    }
}

/// A new API key: returned once and stored as a hash.
pub struct IssuedKey {
    pub key: SecretString,
    pub committed: Committed,
}

/// The holder of an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyHolder {
    pub service: ServiceId,
    pub key: ApiKeyId,
    /// The owner for whom it acts, according to the log: with a view that is behind, a new key could act for the former
    /// owner.
    pub owner: UserId,
}

/// The use cases of services.
#[derive(Clone)]
pub struct Services {
    commands: Commands,
    pool: PgPool,
    keys: KeyRing,
    clock: SharedClock,
}

impl Services {
    pub fn new(resources: &Resources) -> Self {
        let Resources { commands, pool, keys, clock } = resources.clone();
        Self { commands, pool, keys, clock }
    }

    /// Creates a service.
    ///
    /// # Errors
    /// - [`ServicesError::OwnerNotFound`]: there is no account with the owner's id.
    /// - [`ServicesError::Execute`]: the owner may not have services ([`ServiceError::OwnerNotAllowed`]), or the event
    ///   log failed.
    pub async fn create(
        &self,
        id: ServiceId,
        authority: ServiceAuthority,
        terms: Terms,
        context: &Context,
    ) -> Result<Committed, ServicesError> {
        self.write(id, ServiceCommand { authority, request: ServiceRequest::Create(terms) }, context).await
    }

    /// Changes a service. A new owner invalidates its keys and temp tokens.
    ///
    /// # Errors
    /// - [`ServicesError::OwnerNotFound`]: there is no account with the owner's id.
    /// - [`ServicesError::Execute`]: there is no such service ([`ServiceError::NotFound`]), the owner may not have
    ///   services ([`ServiceError::OwnerNotAllowed`]), or the event log failed.
    pub async fn update(
        &self,
        id: ServiceId,
        authority: ServiceAuthority,
        changes: ServiceChanges,
        context: &Context,
    ) -> Result<Committed, ServicesError> {
        self.write(id, ServiceCommand { authority, request: ServiceRequest::Change(changes) }, context).await
    }

    /// Deletes a service, which invalidates its keys and temp tokens.
    ///
    /// # Errors
    /// [`ServicesError::Execute`] if there is no such service ([`ServiceError::NotFound`]) or the event log failed.
    pub async fn delete(
        &self,
        id: ServiceId,
        authority: ServiceAuthority,
        context: &Context,
    ) -> Result<Committed, ServicesError> {
        let rows = vec![ServiceRow::EndKeysOfService(id).into(), release(id)];
        let command = ServiceCommand { authority, request: ServiceRequest::Delete };
        Ok(self.commands.execute_with::<Service>(id.value(), command, rows, context).await?)
    }

    /// Issues an API key.
    ///
    /// # Errors
    /// [`ServicesError::Execute`] if there is no such service ([`ServiceError::NotFound`]) or the event log failed.
    pub async fn issue_key(
        &self,
        id: ServiceId,
        authority: ServiceAuthority,
        (key_id, title): (ApiKeyId, Title),
        context: &Context,
    ) -> Result<IssuedKey, ServicesError> {
        let key = new_secret::<KEY_BYTES>(KEY_PREFIX);
        let rows =
            vec![ServiceRow::ApiKey { key_hash: self.key_hash(key.expose_secret()), key: key_id, service: id }.into()];
        let command = ServiceCommand { authority, request: ServiceRequest::IssueKey { key_id, title } };
        let committed = self.commands.execute_with::<Service>(id.value(), command, rows, context).await?;
        Ok(IssuedKey { key, committed })
    }

    /// Revokes an API key, and with it the temp tokens that were made with it.
    ///
    /// # Errors
    /// [`ServicesError::Execute`] if there is no such service or key ([`ServiceError::NotFound`],
    /// [`ServiceError::NoSuchKey`]) or the event log failed.
    pub async fn revoke_key(
        &self,
        id: ServiceId,
        authority: ServiceAuthority,
        key: ApiKeyId,
        context: &Context,
    ) -> Result<Committed, ServicesError> {
        let rows = vec![ServiceRow::EndApiKey(key).into()];
        let command = ServiceCommand { authority, request: ServiceRequest::RevokeKey(key) };
        Ok(self.commands.execute_with::<Service>(id.value(), command, rows, context).await?)
    }

    /// The holder of an API key; `None` if it is unknown or was revoked. The key is looked up by its keyed hash, so
    /// that the time reveals nothing about other keys.
    ///
    /// # Errors
    /// [`ServicesError::Database`] if the database failed.
    pub async fn authenticate(&self, key: &str) -> Result<Option<KeyHolder>, ServicesError> {
        let row = sqlx::query!(
            "SELECT key_id, service_id, owner FROM api_keys
             JOIN reservations ON kind = 'possession' AND value = uuid_send(service_id) WHERE key_hash = $1",
            self.key_hash(key)
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| KeyHolder {
            service: ServiceId::new(row.service_id),
            key: ApiKeyId::new(row.key_id),
            owner: UserId::new(row.owner),
        }))
    }

    /// The service that a valid API key belongs to.
    ///
    /// # Errors
    /// [`ServicesError::Database`] if the database failed.
    pub async fn service_of(&self, key: ApiKeyId) -> Result<Option<ServiceId>, ServicesError> {
        let id = sqlx::query_scalar!("SELECT service_id FROM api_keys WHERE key_id = $1", key.value())
            .fetch_optional(&self.pool)
            .await?;
        Ok(id.map(ServiceId::new))
    }

    async fn write(
        &self,
        id: ServiceId,
        command: ServiceCommand,
        context: &Context,
    ) -> Result<Committed, ServicesError> {
        let own = |user: UserId| Row::Own { user, thing: id.value() };
        let rows = |events: &[ServiceEvent]| {
            let rows = events.iter().flat_map(|event| match event {
                ServiceEvent::Created { terms } => vec![own(terms.owner)],
                ServiceEvent::OwnerChanged { owner } => {
                    vec![ServiceRow::EndKeysOfService(id).into(), release(id), own(*owner)]
                }
                _ => vec![],
            });
            rows.collect()
        };
        match self.commands.execute_with_rows_of::<Service>(id.value(), vec![command], context, rows).await {
            Err(ExecuteError::Append(AppendError::NoSuchOwner)) => Err(ServicesError::OwnerNotFound),
            result => Ok(result?),
        }
    }

    fn key_hash(&self, key: &str) -> Vec<u8> {
        self.keys.keyed_hash("API key", key)
    }
}

/// The row by which the service has no owner any more.
fn release(id: ServiceId) -> Row {
    Row::ReleaseValue { set: Reservation::Possession, value: id.value().as_bytes().to_vec() }
}

/// A prefix followed by `BYTES` random bytes, in characters that are allowed in headers and URLs.
fn new_secret<const BYTES: usize>(prefix: &str) -> SecretString {
    let mut bytes = Zeroizing::new([0_u8; BYTES]);
    rand::rng().fill_bytes(bytes.as_mut());
    let mut secret = Zeroizing::new(String::with_capacity(prefix.len() + BYTES * 4 / 3 + 1));
    secret.push_str(prefix);
    URL_SAFE_NO_PAD.encode_string(bytes.as_ref(), &mut secret);
    secret.as_str().into()
}
