//! Authenticated encryption with keys of 256 bits (XChaCha20-Poly1305), and the errors of keys.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use domain::ids::SubjectId;
use rand::Rng;
use uuid::Uuid;
use zeroize::Zeroizing;

pub(crate) const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

pub(crate) type Key = Zeroizing<[u8; KEY_BYTES]>;

/// The reason why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the master key must be 64 hexadecimal digits")]
    MalformedMasterKey,
    #[error("the master key file {path} cannot be read or made")]
    MasterKeyFile {
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error(
        "there is no master key file {path}, and the keys in the database were wrapped with a master key: \
         put the file back from its backup, or set MASTER_KEY_FILE or MASTER_KEY"
    )]
    MissingMasterKey { path: String },
    #[error(
        "the master key does not fit this database, whose keys were wrapped with another one: set MASTER_KEY_FILE or \
         MASTER_KEY to that one, from its backup; after `ayushma keys rotate` it is the new one"
    )]
    WrongMasterKey,
    #[error("there is no key in this database yet: a server makes the first one when it starts")]
    NoKeys,
    #[error("the ciphertext is damaged or belongs elsewhere")]
    Damaged,
    #[error("the keys cannot be read")]
    Storage(#[from] sqlx::Error),
}

pub(crate) fn random_key() -> Key {
    let mut key = Key::default();
    rand::rng().fill_bytes(key.as_mut());
    key
}

/// Encrypts under a key. Returns the random nonce (24 bytes) followed by the ciphertext; `context` is authenticated and
/// not stored.
pub(crate) fn seal(key: &Key, plain: &[u8], context: &[u8]) -> Vec<u8> {
    let mut nonce = [0; NONCE_BYTES];
    rand::rng().fill_bytes(&mut nonce);
    let cipher = XChaCha20Poly1305::new(key.as_slice().try_into().expect("a key has 32 bytes"));
    let sealed = cipher
        .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: context })
        .expect("the text is shorter than the cipher's limit of 256 GB");
    [nonce.as_slice(), &sealed].concat()
}

/// Decrypts the result of [`seal`] with the same context.
///
/// # Errors
/// [`KeyError::Damaged`] if the ciphertext is damaged, or was made with another key or context.
pub(crate) fn open(key: &Key, sealed: &[u8], context: &[u8]) -> Result<Vec<u8>, KeyError> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES).ok_or(KeyError::Damaged)?;
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| KeyError::Damaged)?;
    let cipher = XChaCha20Poly1305::new(key.as_slice().try_into().expect("a key has 32 bytes"));
    cipher.decrypt(&XNonce::from(nonce), Payload { msg: sealed, aad: context }).map_err(|_| KeyError::Damaged)
}

/// The subject of the system's own key, which is used for keyed hashes and for secrets that belong to no person.
pub(crate) const SYSTEM: SubjectId = SubjectId::new(Uuid::nil());
