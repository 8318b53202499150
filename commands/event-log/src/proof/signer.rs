//! The signer of the log's head, which also decides about a log that was restored from a backup.

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

/// The purpose that distinguishes this key from others that are derived from the system's key.
const PURPOSE: &str = "ed25519 key of the signed heads";

/// The signing key. It is derived from the system's data key: it stays the same when the master key is rotated, and
/// cannot be derived without the master key.
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

/// What is known about the loss of events of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loss {
    /// The log differs from what signed heads, checkpoints or relay marks have recorded.
    Known,
    /// Nothing is missing up to the newest signed head.
    NoneUpTo(SignedHead),
    /// No loss is known, but no head of the log was ever signed either.
    NeverSigned,
}

/// The signing key and the file of signed heads. Any number of processes may share a file.
#[derive(Clone)]
pub struct HeadSigner {
    key: SigningKey,
    file: HeadsFile,
}

impl HeadSigner {
    /// Opens the signed heads in a folder, which is created if it does not exist.
    ///
    /// # Errors
    /// [`HeadsError::File`] if the folder cannot be created.
    pub fn open(keys: &KeyRing, folder: &Path) -> Result<Self, HeadsError> {
        fs::create_dir_all(folder).map_err(|source| HeadsError::File { path: folder.to_owned(), source })?;
        Ok(Self { key: SigningKey::of(keys), file: HeadsFile::in_folder(folder) })
    }

    pub fn public_key(&self) -> PublicKey {
        self.key.public()
    }

    /// Returns the key that the heads of the log with these keys are verified with. Neither reads nor makes a file.
    pub fn public_key_of(keys: &KeyRing) -> PublicKey {
        SigningKey::of(keys).public()
    }

    pub const fn file(&self) -> &HeadsFile {
        &self.file
    }

    /// Signs the head every `period` if it has moved, until the future is dropped.
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

    /// Signs the head of the log, unless the newest signed head has the same position. Returns whether a head was
    /// added.
    ///
    /// Checks that the log contains the newest signed head.
    ///
    /// # Errors
    /// [`HeadsError::Fenced`] if the log is not the one that was signed last, is shorter than it was then, or cannot be
    /// read; other variants if the file cannot be read or written.
    pub async fn sign(&self, pool: &PgPool, now: DateTime<Utc>) -> Result<bool, HeadsError> {
        let newest = self.file.newest(&self.public_key())?;
        let end = Fence::at(newest.as_ref().map(SignedHead::end)).look(pool).await?;
        if newest.as_ref().is_some_and(|newest| newest.position == end.position) {
            return Ok(false);
        }
        self.file.add(&self.public_key(), newest.as_ref(), &self.key.sign(&end, now))
    }

    /// # Errors
    /// [`HeadsError::Fenced`] if the log is not the one that was signed last, is shorter than it was then, or cannot be
    /// read; other variants if the file cannot be read.
    pub async fn check(&self, pool: &PgPool) -> Result<(), HeadsError> {
        Fence::at(self.file.newest(&self.public_key())?.as_ref().map(SignedHead::end)).look(pool).await?;
        Ok(())
    }

    /// Returns what is known about the loss of events. Even if no loss is known, events after the newest signed head
    /// may be missing.
    ///
    /// # Errors
    /// [`HeadsError::Fenced`] if the log cannot be read; other variants if the file cannot be read.
    pub async fn find_loss(&self, pool: &PgPool) -> Result<Loss, HeadsError> {
        let newest = self.file.newest(&self.public_key())?;
        match Fence::at(newest.as_ref().map(SignedHead::end)).look(pool).await {
            Ok(_) if is_overtaken(pool).await.map_err(IncarnationError::from)? => Ok(Loss::Known),
            Ok(_) => Ok(newest.map_or(Loss::NeverSigned, Loss::NoneUpTo)),
            Err(error @ IncarnationError::Database(_)) => Err(error.into()),
            Err(_) => Ok(Loss::Known),
        }
    }

    /// Accepts a log that was restored from a backup: it continues as a new incarnation, whose beginning is signed.
    ///
    /// # Errors
    /// [`HeadsError::Fenced`] if the log is not an older state of the one whose heads were signed; other variants if
    /// the file cannot be read or written.
    pub async fn accept_restored(&self, pool: &PgPool, clock: &SharedClock) -> Result<Restored, HeadsError> {
        let heads = self.file.read(&self.public_key())?;
        let restored = restore(pool, &heads.iter().map(SignedHead::end).collect::<Vec<_>>(), clock.new_id()).await?;
        let begins = self.key.sign(&restored.begins, clock.now());
        self.file.add(&self.public_key(), heads.last(), &begins)?;
        Ok(restored)
    }
}
