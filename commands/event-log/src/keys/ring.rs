//! Data keys: one for each person, wrapped with the [`MasterKey`]. Destroying a person's key erases the text under it.

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

/// How often a process looks whether its master key still fits.
const POLL: Duration = Duration::from_secs(1);

/// All data keys, through a cache.
#[derive(Clone)]
pub struct KeyRing {
    pool: PgPool,
    master: MasterKey,
    system: Key,
    /// The system's key as it was wrapped when the ring was opened: while it is so, the master key is the right one.
    wrapped_system: Arc<[u8]>,
    cache: KeyCache,
}

impl KeyRing {
    /// Makes the system's key on first use, and checks that the master key fits the database.
    ///
    /// # Errors
    /// [`KeyError::WrongMasterKey`] if another master key has wrapped the keys; [`KeyError::Storage`].
    pub async fn open(pool: PgPool, master: MasterKey) -> Result<Self, KeyError> {
        sqlx::query!(
            "INSERT INTO subject_keys (subject_id, wrapped_key) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            SYSTEM.value(),
            master.wrap(&random_key(), SYSTEM),
        )
        .execute(&pool)
        .await?;
        let wrapped = sqlx::query_scalar!(
            r#"SELECT wrapped_key AS "wrapped_key!" FROM subject_keys WHERE subject_id = $1"#,
            SYSTEM.value(),
        )
        .fetch_one(&pool)
        .await?;
        let system = master.unwrap_key(SYSTEM, &wrapped)?;
        let ring = Self { pool, master, system, wrapped_system: wrapped.into(), cache: KeyCache::default() };
        ring.learn_erasures(&ring.pool).await?;
        Ok(ring)
    }

    /// Ends when the keys were wrapped with another master key: this process cannot read them any more.
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
                // It is away: whoever needs it says so.
                Err(error) => tracing::debug!(%error, "the system's key cannot be looked at"),
            }
        }
    }

    /// The subject's key, made if there never was one; `None` if it was destroyed. After a rotation of the master key, a
    /// process that still has the old one makes no more keys.
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

    /// The key of a subject, made if there never was one; `None` if it was destroyed.
    pub(crate) async fn for_writing(&self, subject: SubjectId) -> Result<Option<Arc<Key>>, KeyError> {
        if let Some(key) = self.cache.get(subject) {
            return Ok(key);
        }
        let Some(key) = self.load_or_new(subject).await? else { return Ok(None) };
        Ok(self.cache.remember(subject, Arc::new(key)))
    }

    /// The key of a subject; `None` if it was destroyed, or there never was one.
    pub(crate) async fn for_reading(&self, subject: SubjectId) -> Result<Option<Arc<Key>>, KeyError> {
        if let Some(key) = self.cache.get(subject) {
            return Ok(key);
        }
        Ok(self.load(&[subject.value()]).await?.pop())
    }

    /// Learns whose keys were destroyed since this was asked last, by whichever process, and forgets these keys. Says which
    /// erasure is the last one.
    pub(crate) async fn learn_erasures(&self, database: impl PgExecutor<'_>) -> Result<i64, KeyError> {
        let rows = sqlx::query!(
            r#"SELECT subject_id, erasure AS "erasure!" FROM subject_keys WHERE erasure > $1 ORDER BY erasure"#,
            self.last_erasure(),
        )
        .fetch_all(database)
        .await?;
        Ok(self.forget(rows.into_iter().map(|row| (row.subject_id, row.erasure))))
    }

    /// Forgets these keys, which were destroyed by the erasures of these numbers. Says which is the last one known.
    pub(crate) fn forget(&self, erased: impl IntoIterator<Item = (Uuid, i64)>) -> i64 {
        self.cache.forget(erased)
    }

    /// The last erasure that this process has heard of.
    pub(crate) fn last_erasure(&self) -> i64 {
        self.cache.last_erasure()
    }

    /// Reads the keys of many subjects at once.
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

    /// Only what is there is remembered: a subject that has no key yet may get one, from another process.
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

    /// Encrypts under a subject's key. The context must be given again to decrypt.
    pub(crate) fn seal_for(key: &Key, plain: &[u8], context: &[u8]) -> Vec<u8> {
        seal(key, plain, context)
    }

    /// Decrypts what [`Self::seal_for`] has made.
    pub(crate) fn open_for(key: &Key, sealed: &[u8], context: &[u8]) -> Result<Vec<u8>, KeyError> {
        open(key, sealed, context)
    }

    /// A keyed hash of a value, for comparing without knowing it.
    pub fn keyed_hash(&self, purpose: &str, value: &str) -> Vec<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.system.as_slice()).expect("HMAC takes keys of any length");
        mac.update(&(purpose.len() as u64).to_be_bytes());
        mac.update(purpose.as_bytes());
        mac.update(value.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }

    /// Seals a secret that belongs to nobody, such as a project's provider key.
    pub fn seal_secret(&self, secret: &str, context: Uuid) -> Vec<u8> {
        seal(&self.system, secret.as_bytes(), context.as_bytes())
    }

    /// # Errors
    /// [`KeyError::Damaged`] if it was not sealed with this context.
    pub fn open_secret(&self, sealed: &[u8], context: Uuid) -> Result<String, KeyError> {
        let plain = open(&self.system, sealed, context.as_bytes())?;
        String::from_utf8(plain).map_err(|_| KeyError::Damaged)
    }
}
