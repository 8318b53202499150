//! Temp tokens, which a service hands to a browser so that it may chat for a while without knowing the API key.

use std::net::IpAddr;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{ApiKeyId, ServiceId, UserId};
use secrecy::{ExposeSecret as _, SecretString};

use super::{KeyHolder, Services, ServicesError, new_secret};
use crate::scheduler::{Expiry, ExpiryError};

const LIFE: TimeDelta = TimeDelta::days(31);
/// The prefix by which a temp token is recognized.
const PREFIX: &str = "tt-";
/// Random bytes of a token, which are 171 characters of text.
const BYTES: usize = 128;

impl Services {
    /// Creates a token that can be used from this IP address only. A text that is no address is stored, too, and never
    /// matches. `None` if the key was revoked in the meantime.
    ///
    /// # Errors
    /// [`ServicesError::Database`] if the database failed.
    pub async fn issue_temp_token(&self, key: ApiKeyId, address: &str) -> Result<Option<SecretString>, ServicesError> {
        let token = new_secret::<BYTES>(PREFIX);
        let address = address.trim().parse().map_or_else(|_| address.to_owned(), comparable);
        let issued = sqlx::query!(
            "INSERT INTO temp_tokens (token_hash, key_id, address_hash, expires_at)
             SELECT $1, key_id, $3, $4 FROM api_keys WHERE key_id = $2",
            self.token_hash(token.expose_secret()),
            key.value(),
            self.address_hash(&address),
            self.clock.now() + LIFE,
        )
        .execute(&self.pool)
        .await?;
        Ok((issued.rows_affected() == 1).then_some(token))
    }

    /// The API key that the token was made with; `None` if the token is unknown, has expired or is for another address.
    ///
    /// # Errors
    /// [`ServicesError::Database`] if the database failed.
    pub async fn authenticate_temp_token(
        &self,
        token: &str,
        address: IpAddr,
    ) -> Result<Option<KeyHolder>, ServicesError> {
        let row = sqlx::query!(
            "SELECT key_id, service_id, owner FROM temp_tokens JOIN api_keys USING (key_id)
             JOIN reservations ON kind = 'possession' AND value = uuid_send(service_id)
             WHERE token_hash = $1 AND address_hash = $2 AND expires_at > $3",
            self.token_hash(token),
            self.address_hash(&comparable(address)),
            self.clock.now(),
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| KeyHolder {
            service: ServiceId::new(row.service_id),
            key: ApiKeyId::new(row.key_id),
            owner: UserId::new(row.owner),
        }))
    }

    fn token_hash(&self, token: &str) -> Vec<u8> {
        self.keys.keyed_hash("temp token", token)
    }

    fn address_hash(&self, address: &str) -> Vec<u8> {
        self.keys.keyed_hash("temp token's address", address)
    }
}

#[async_trait]
impl Expiry for Services {
    fn name(&self) -> &'static str {
        "temp tokens"
    }

    async fn expire(&self, now: DateTime<Utc>) -> Result<u64, ExpiryError> {
        let expired = sqlx::query!("DELETE FROM temp_tokens WHERE expires_at <= $1", now).execute(&self.pool).await?;
        Ok(expired.rows_affected())
    }
}

/// The normal form of an address; IPv4 addresses within IPv6 become IPv4.
fn comparable(address: IpAddr) -> String {
    address.to_canonical().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_the_contracts_length() {
        let token = new_secret::<BYTES>(PREFIX);
        let rest = token.expose_secret().strip_prefix("tt-").expect("the prefix");
        assert_eq!(rest.len(), 171);
        assert!(rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')));
        assert_ne!(new_secret::<BYTES>(PREFIX).expose_secret(), token.expose_secret());
    }

    #[test]
    fn an_address_has_one_spelling() {
        let spelled = |text: &str| comparable(text.parse().expect("an address"));
        assert_eq!(spelled("::ffff:10.0.0.7"), spelled("10.0.0.7"));
        assert_eq!(spelled("2001:DB8:0:0::1"), spelled("2001:db8::1"));
        assert_ne!(spelled("10.0.0.7"), spelled("10.0.0.8"));
    }
}
