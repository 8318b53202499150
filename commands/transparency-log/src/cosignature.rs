//! Cosignatures ([tlog-cosignature](https://c2sp.org/tlog-cosignature), Ed25519): a witness says that at some time this
//! was the largest state of the log that it had seen, and that the log has only grown until then.

use std::{fmt, str::FromStr};

use ring::signature::{Ed25519KeyPair, KeyPair as _};

use crate::note::{Ed25519Key, KeyError, KeyName, Note, Signature, SignatureType, Verifier};

/// The greatest time that the specification allows, in seconds since 1970.
const MAX_TIME: u64 = i64::MAX.unsigned_abs();

/// Returns what is signed: a header, the time in seconds since 1970, and the text of the checkpoint.
fn message(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// The public key of a witness (type 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CosignerKey(Ed25519Key);

impl CosignerKey {
    /// Returns the 32 bytes of the key.
    pub fn public(&self) -> &[u8; 32] {
        &self.0.public
    }

    /// Returns the time of this witness's cosignature, in seconds since 1970, or `None` if the note has none that is right.
    pub fn time(&self, note: &Note) -> Option<u64> {
        let of_this = |it: &&Signature| it.name == self.0.name && it.id == self.0.id;
        let signature = note.signatures().iter().find(of_this)?;
        if self.verify(note.text(), &signature.bytes) { split(&signature.bytes).map(|(time, _)| time) } else { None }
    }
}

/// Splits the bytes of a cosignature into its time and the signature.
fn split(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (time, signature) = bytes.split_first_chunk()?;
    Some((u64::from_be_bytes(*time), signature)).filter(|(time, _)| *time <= MAX_TIME)
}

impl FromStr for CosignerKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Ed25519Key::parse(text, SignatureType::Cosignature).map(Self)
    }
}

impl fmt::Display for CosignerKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.text(SignatureType::Cosignature))
    }
}

impl Verifier for CosignerKey {
    fn name(&self) -> &KeyName {
        &self.0.name
    }

    fn id(&self) -> u32 {
        self.0.id
    }

    fn verify(&self, text: &str, signature: &[u8]) -> bool {
        split(signature).is_some_and(|(time, signature)| self.0.verify(message(time, text).as_bytes(), signature))
    }
}

/// The private key of a witness (type 4). Its debug output does not show it.
pub struct Cosigner {
    pair: Ed25519KeyPair,
    key: CosignerKey,
}

impl Cosigner {
    /// Returns the key of this name out of 32 secret bytes (the seed of RFC 8032), which no other witness may have: a
    /// cosignature does not name the witness.
    pub fn new(name: KeyName, seed: &[u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("a seed has 32 bytes");
        let public = pair.public_key().as_ref().try_into().expect("a public key has 32 bytes");
        Self { pair, key: CosignerKey(Ed25519Key::new(name, SignatureType::Cosignature, public)) }
    }

    pub const fn key(&self) -> &CosignerKey {
        &self.key
    }

    /// Signs the text of a checkpoint at a time, in seconds since 1970.
    pub(crate) fn sign(&self, text: &str, time: u64) -> Signature {
        let signature = self.pair.sign(message(time, text).as_bytes());
        let bytes = [&time.to_be_bytes()[..], signature.as_ref()].concat();
        let Ed25519Key { name, id, .. } = &self.key.0;
        Signature { name: name.clone(), id: *id, bytes }
    }
}

impl fmt::Debug for Cosigner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Cosigner").field(&self.key).finish()
    }
}
