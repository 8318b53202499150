//! Signs the log's head now and then, and decides what becomes of a log that was restored from a backup.

use domain::wording::error_chain;
use std::{fs, path::Path, sync::Arc, time::Duration};

use chrono::{DateTime, SecondsFormat, Utc};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use sqlx::PgPool;
use zeroize::Zeroizing;

use crate::clock::SharedClock;
use crate::{
    keys::ring::KeyRing,
    proof::{
        heads::{HeadsError, HeadsFile, PublicKey, SignedHead},
        incarnation::{End, Fence, IncarnationError, Restored, is_overtaken, restore},
    },
};

/// Names the key among those that are derived from the system's key.
const PURPOSE: &str = "ed25519 key of the signed heads";

/// The key that signs. It follows from the system's data key, so that it stays what it is when the master key is changed, and nobody
/// has it without the master key.
#[derive(Clone)]
struct SigningKey(Arc<Ed25519KeyPair>);

impl SigningKey {
    fn of(keys: &KeyRing) -> Self {
        let seed = Zeroizing::new(keys.keyed_hash(PURPOSE, ""));
        Self(Arc::new(Ed25519KeyPair::from_seed_unchecked(&seed).expect("the keyed hash has 32 bytes")))
    }

    fn public(&self) -> PublicKey {
        PublicKey(self.0.public_key().as_ref().try_into().expect("a public key has 32 bytes"))
    }

    fn sign(&self, end: &End, time: DateTime<Utc>) -> SignedHead {
        let mut head = SignedHead {
            log_id: end.log_id,
            position: end.position,
            hash: hex::encode(&end.hash),
            time: time.to_rfc3339_opts(SecondsFormat::Millis, true),
            signature: String::new(),
        };
        head.signature = hex::encode(self.0.sign(head.text().as_bytes()));
        head
    }
}

/// What is known of events that a log has lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loss {
    /// It is not as somebody has seen it.
    Known,
    /// It has all that it had when this newest head was signed.
    NoneUpTo(SignedHead),
    /// None, but no head of it was ever signed either.
    NeverSigned,
}

/// What signs the head of a log, and the file that it writes to. Any number of processes may share a file.
#[derive(Clone)]
pub struct HeadSigner {
    key: SigningKey,
    file: HeadsFile,
}

impl HeadSigner {
    /// The folder is made if it is not there.
    ///
    /// # Errors
    /// [`HeadsError::File`] if it cannot be made.
    pub fn open(keys: &KeyRing, folder: &Path) -> Result<Self, HeadsError> {
        fs::create_dir_all(folder).map_err(|source| HeadsError::File { path: folder.to_owned(), source })?;
        Ok(Self { key: SigningKey::of(keys), file: HeadsFile::in_folder(folder) })
    }

    pub fn public_key(&self) -> PublicKey {
        self.key.public()
    }

    pub const fn file(&self) -> &HeadsFile {
        &self.file
    }

    /// Signs the head for ever, unless it has not moved: until the future is dropped.
    pub async fn run(self, pool: PgPool, clock: SharedClock, period: Duration) {
        loop {
            match self.sign(&pool, clock.now()).await {
                Ok(is_new) => tracing::debug!(is_new, "the log's head is signed"),
                Err(error) => {
                    tracing::error!(error = %error_chain(&error), "the log's head cannot be signed");
                }
            }
            tokio::time::sleep(period).await;
        }
    }

    /// Signs the head of the log, unless the newest signed head is of the same position. Says whether there is a new one.
    ///
    /// # Errors
    /// [`HeadsError::Fenced`] if the log is not the one that was signed the last time, or not at least as long.
    pub async fn sign(&self, pool: &PgPool, now: DateTime<Utc>) -> Result<bool, HeadsError> {
        let newest = self.file.newest(&self.public_key())?;
        let end = Fence::at(newest.as_ref().map(SignedHead::end)).look(pool).await?;
        if newest.as_ref().is_some_and(|newest| newest.position == end.position) {
            return Ok(false);
        }
        self.file.add(&self.public_key(), newest.as_ref(), &self.key.sign(&end, now))
    }

    /// # Errors
    /// [`HeadsError::Fenced`] if the log is not the one that was signed the last time, or not at least as long.
    pub async fn check(&self, pool: &PgPool) -> Result<(), HeadsError> {
        Fence::at(self.file.newest(&self.public_key())?.as_ref().map(SignedHead::end)).look(pool).await?;
        Ok(())
    }

    /// What is known of events that the log has lost. That none are known to be missing proves little: those after the newest
    /// signed head may be.
    ///
    /// # Errors
    /// [`HeadsError`], also [`HeadsError::Fenced`] if the log cannot be read.
    pub async fn find_loss(&self, pool: &PgPool) -> Result<Loss, HeadsError> {
        let newest = self.file.newest(&self.public_key())?;
        match Fence::at(newest.as_ref().map(SignedHead::end)).look(pool).await {
            Ok(_) if is_overtaken(pool).await.map_err(IncarnationError::from)? => Ok(Loss::Known),
            Ok(_) => Ok(newest.map_or(Loss::NeverSigned, Loss::NoneUpTo)),
            Err(error @ IncarnationError::Database(_)) => Err(error.into()),
            Err(_) => Ok(Loss::Known),
        }
    }

    /// Accepts the log as it is after it was restored from a backup: it goes on as another incarnation, with a signed head of its own.
    ///
    /// # Errors
    /// [`HeadsError::Fenced`] if it is no older state of the log whose heads were signed.
    pub async fn accept_restored(&self, pool: &PgPool, clock: &SharedClock) -> Result<Restored, HeadsError> {
        let heads = self.file.read(&self.public_key())?;
        let restored = restore(pool, &heads.iter().map(SignedHead::end).collect::<Vec<_>>(), clock.new_id()).await?;
        let begins = self.key.sign(&restored.begins, clock.now());
        self.file.add(&self.public_key(), heads.last(), &begins)?;
        Ok(restored)
    }
}
