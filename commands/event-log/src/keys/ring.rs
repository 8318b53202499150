//! Data keys: one for each person, wrapped with the [`MasterKey`]. Destroying a person's key erases the text encrypted
//! under it.

use std::{sync::Arc, time::Duration};

use domain::ids::SubjectId;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

use crate::keys::{
    crypto::{Key, KeyError, SYSTEM, open, random_key, seal},
    key_cache::KeyCache,
    master_key::MasterKey,
};

/// How often a process checks that its master key still fits.
const POLL: Duration = Duration::from_secs(1);

/// Access to all data keys, through a cache.
#[derive(Clone)]
pub struct KeyRing {
    pool: PgPool,
    master: MasterKey,
    system: Key,
    /// The wrapped system key as it was when the ring was opened. While the database has the same value, the master key
    /// is the right one.
    wrapped_system: Arc<[u8]>,
    cache: KeyCache,
}

impl KeyRing {
    /// Opens the ring: creates the system's key on first use, and checks that the master key fits the database.
    ///
    /// # Errors
    /// [`KeyError::WrongMasterKey`] if the keys were wrapped with another master key; [`KeyError::Storage`] if a query
    /// fails.
    pub async fn open(pool: PgPool, master: MasterKey) -> Result<Self, KeyError> {
        sqlx::query!(
            "INSERT INTO subject_keys (subject_id, wrapped_key) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            SYSTEM.value(),
            master.wrap(&random_key(), SYSTEM),
        )
        .execute(&pool)
        .await?;
        Self::open_existing(pool, master).await
    }

    /// Opens the ring of a database that has keys, and only reads it.
    ///
    /// # Errors
    /// [`KeyError::NoKeys`] if nothing was ever encrypted; [`KeyError::WrongMasterKey`] if the keys were wrapped with
    /// another master key; [`KeyError::Storage`] if a query fails.
    pub async fn open_existing(pool: PgPool, master: MasterKey) -> Result<Self, KeyError> {
        let wrapped = sqlx::query_scalar!(
            r#"SELECT wrapped_key AS "wrapped_key!" FROM subject_keys WHERE subject_id = $1"#,
            SYSTEM.value(),
        )
        .fetch_optional(&pool)
        .await?
        .ok_or(KeyError::NoKeys)?;
        let system = master.unwrap_key(SYSTEM, &wrapped)?;
        let ring = Self { pool, master, system, wrapped_system: wrapped.into(), cache: KeyCache::default() };
        ring.learn_erasures(&ring.pool).await?;
        Ok(ring)
    }

    /// Returns when the keys were wrapped with another master key, because this process cannot read them any more.
    pub(crate) async fn watch(&self) {
        loop {
            tokio::time::sleep(POLL).await;
            let wrapped =
                sqlx::query_scalar!("SELECT wrapped_key FROM subject_keys WHERE subject_id = $1", SYSTEM.value());
            match wrapped.fetch_optional(&self.pool).await {
                Ok(Some(Some(wrapped))) if self.master.unwrap_key(SYSTEM, &wrapped).is_err() => {
                    tracing::error!("the master key was changed, and this process has the old one: it ends");
                    return;
                }
                Ok(_) => {}
                // The database is unreachable, which is reported where it is needed.
                Err(error) => tracing::debug!(%error, "the system's key cannot be looked at"),
            }
        }
    }

    /// Reads the subject's key from the database, or creates it if there never was one; `None` if it was destroyed.
    /// After a rotation of the master key, a process that still has the old one creates no keys.
    async fn load_or_new(&self, subject: SubjectId) -> Result<Option<Key>, KeyError> {
        sqlx::query!(
            "INSERT INTO subject_keys (subject_id, wrapped_key)
             SELECT $1, $2 WHERE EXISTS (SELECT FROM subject_keys WHERE subject_id = $3 AND wrapped_key = $4)
             ON CONFLICT DO NOTHING",
            subject.value(),
            self.master.wrap(&random_key(), subject),
            SYSTEM.value(),
            &*self.wrapped_system,
        )
        .execute(&self.pool)
        .await?;
        let wrapped =
            sqlx::query_scalar!("SELECT wrapped_key FROM subject_keys WHERE subject_id = $1", subject.value())
                .fetch_optional(&self.pool)
                .await?
                .ok_or(KeyError::WrongMasterKey)?;
        wrapped.map(|wrapped| self.master.unwrap_key(subject, &wrapped)).transpose()
    }

    /// Returns the key of a subject, and creates it if there never was one; `None` if it was destroyed.
    pub(crate) async fn for_writing(&self, subject: SubjectId) -> Result<Option<Arc<Key>>, KeyError> {
        if let Some(key) = self.cache.get(subject) {
            return Ok(key);
        }
        let Some(key) = self.load_or_new(subject).await? else { return Ok(None) };
        Ok(self.cache.remember(subject, Arc::new(key)))
    }

    /// Returns the key of a subject; `None` if it was destroyed, or there never was one.
    pub(crate) async fn for_reading(&self, subject: SubjectId) -> Result<Option<Arc<Key>>, KeyError> {
        if let Some(key) = self.cache.get(subject) {
            return Ok(key);
        }
        Ok(self.load(&[subject.value()]).await?.pop())
    }

    /// Reads which keys any process has destroyed since the last call, and removes them from the cache. Returns the
    /// number of the last erasure.
    pub(crate) async fn learn_erasures(&self, database: impl PgExecutor<'_>) -> Result<i64, KeyError> {
        let rows = sqlx::query!(
            r#"SELECT subject_id, erasure AS "erasure!" FROM subject_keys WHERE erasure > $1 ORDER BY erasure"#,
            self.last_erasure(),
        )
        .fetch_all(database)
        .await?;
        Ok(self.forget(rows.into_iter().map(|row| (row.subject_id, row.erasure))))
    }

    /// Removes destroyed keys from the cache, given as subject and number of the erasure. Returns the number of the
    /// last known erasure.
    pub(crate) fn forget(&self, erased: impl IntoIterator<Item = (Uuid, i64)>) -> i64 {
        self.cache.forget(erased)
    }

    /// Returns the number of the last erasure that this process knows of.
    pub(crate) fn last_erasure(&self) -> i64 {
        self.cache.last_erasure()
    }

    /// Loads the keys of many subjects into the cache with one query.
    pub(crate) async fn prefetch(&self, subjects: &[SubjectId]) -> Result<(), KeyError> {
        let missing: Vec<Uuid> = subjects
            .iter()
            .filter(|subject| self.cache.get(**subject).is_none())
            .map(|subject| subject.value())
            .collect();
        if !missing.is_empty() {
            self.load(&missing).await?;
        }
        Ok(())
    }

    /// Reads existing keys from the database and caches them. That a subject has no key is not cached, because another
    /// process may create one.
    async fn load(&self, subjects: &[Uuid]) -> Result<Vec<Arc<Key>>, KeyError> {
        let rows = sqlx::query!(
            r#"SELECT subject_id, wrapped_key AS "wrapped_key!" FROM subject_keys
               WHERE subject_id = ANY($1) AND wrapped_key IS NOT NULL"#,
            subjects,
        )
        .fetch_all(&self.pool)
        .await?;
        let mut keys = Vec::with_capacity(rows.len());
        for row in rows {
            let subject = SubjectId::new(row.subject_id);
            let key = Arc::new(self.master.unwrap_key(subject, &row.wrapped_key)?);
            keys.extend(self.cache.remember(subject, key));
        }
        Ok(keys)
    }

    /// Encrypts under a subject's key. The same context is required to decrypt.
    pub(crate) fn seal_for(key: &Key, plain: &[u8], context: &[u8]) -> Vec<u8> {
        seal(key, plain, context)
    }

    /// Decrypts the result of [`Self::seal_for`].
    pub(crate) fn open_for(key: &Key, sealed: &[u8], context: &[u8]) -> Result<Vec<u8>, KeyError> {
        open(key, sealed, context)
    }

    /// Returns a keyed hash of a value (HMAC-SHA-256 under the system's key, 32 bytes), which allows values to be
    /// compared without being known. Hashes for different purposes differ.
    pub fn keyed_hash(&self, purpose: &str, value: &str) -> Vec<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.system.as_slice()).expect("HMAC takes keys of any length");
        mac.update(&(purpose.len() as u64).to_be_bytes());
        mac.update(purpose.as_bytes());
        mac.update(value.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }

    /// Encrypts a secret that belongs to no person, such as a project's provider key.
    pub fn seal_secret(&self, secret: &str, context: Uuid) -> Vec<u8> {
        seal(&self.system, secret.as_bytes(), context.as_bytes())
    }

    /// Decrypts the result of [`Self::seal_secret`].
    ///
    /// # Errors
    /// [`KeyError::Damaged`] if it is damaged or was not encrypted with this context.
    pub fn open_secret(&self, sealed: &[u8], context: Uuid) -> Result<String, KeyError> {
        let plain = open(&self.system, sealed, context.as_bytes())?;
        String::from_utf8(plain).map_err(|_| KeyError::Damaged)
    }
}
