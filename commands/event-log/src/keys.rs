//! Encryption of personal text: the persons' keys, the master key that wraps them, and the codec that encrypts and
//! decrypts events.

pub(crate) mod codec;
pub(crate) mod crypto;
mod key_cache;
pub(crate) mod master_key;
pub(crate) mod ring;
