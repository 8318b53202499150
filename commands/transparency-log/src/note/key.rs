//! The keys of signed notes: their names, ids and texts. Only Ed25519 is known, as a signature of the text itself (type
//! 1) and as a cosignature (type 4, see [`crate::cosignature`]).

use std::{fmt, str::FromStr};

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sha2::{Digest, Sha256};

use super::{Signature, Verifier};
use crate::encoding::{base64, parse_base64};

/// The reason why a key or its name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("the name of a key is not empty and has no white space, control character or plus sign")]
    Name,
    #[error("a verifier key has the form <name>+<id, 8 hexadecimal digits>+<base64 of type and key>")]
    Malformed,
    #[error("the key's id does not follow from its name, type and key")]
    WrongId,
    #[error("the key is of type {found:#04x}, but one of type {wanted:#04x} is needed")]
    WrongType { wanted: u8, found: u8 },
}

/// The name of a key: what the origin of a checkpoint is compared with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// Parses a name.
    ///
    /// # Errors
    /// [`KeyError::Name`].
    pub fn parse(name: &str) -> Result<Self, KeyError> {
        let is_wrong = |c: char| c.is_whitespace() || c.is_ascii_control() || c == '+';
        if name.is_empty() || name.contains(is_wrong) { Err(KeyError::Name) } else { Ok(Self(name.to_owned())) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What a key signs: the byte in front of it in its text and in its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum SignatureType {
    /// The note's text.
    Ed25519 = 1,
    /// A time and the note's text.
    Cosignature = 4,
}

/// Returns a key's id: the first four bytes of SHA-256 over name, line break, type and public key.
fn key_id(name: &KeyName, kind: SignatureType, public: &[u8; 32]) -> u32 {
    let hash = Sha256::new_with_prefix(name.as_str()).chain_update([b'\n', kind as u8]).chain_update(public).finalize();
    u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
}

/// A named public key of some type, and its text `<name>+<id>+<base64>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ed25519Key {
    pub(crate) name: KeyName,
    pub(crate) id: u32,
    pub(crate) public: [u8; 32],
}

impl Ed25519Key {
    pub(crate) fn new(name: KeyName, kind: SignatureType, public: [u8; 32]) -> Self {
        Self { id: key_id(&name, kind, &public), name, public }
    }

    pub(crate) fn parse(text: &str, kind: SignatureType) -> Result<Self, KeyError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Malformed);
        };
        let name = KeyName::parse(name)?;
        let key = parse_base64(key).ok_or(KeyError::Malformed)?;
        let (found, public) = key.split_first().ok_or(KeyError::Malformed)?;
        if *found != kind as u8 {
            return Err(KeyError::WrongType { wanted: kind as u8, found: *found });
        }
        let key = Self::new(name, kind, public.try_into().map_err(|_| KeyError::Malformed)?);
        if id == format!("{:08x}", key.id) { Ok(key) } else { Err(KeyError::WrongId) }
    }

    pub(crate) fn text(&self, kind: SignatureType) -> String {
        format!("{}+{:08x}+{}", self.name, self.id, base64(&[&[kind as u8], &self.public[..]].concat()))
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.public).verify(message, signature).is_ok()
    }
}

/// The public key of a log (type 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey(Ed25519Key);

impl VerifierKey {
    pub fn new(name: KeyName, public: [u8; 32]) -> Self {
        Self(Ed25519Key::new(name, SignatureType::Ed25519, public))
    }

    /// Returns the 32 bytes of the key.
    pub fn public(&self) -> &[u8; 32] {
        &self.0.public
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Ed25519Key::parse(text, SignatureType::Ed25519).map(Self)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.text(SignatureType::Ed25519))
    }
}

impl Verifier for VerifierKey {
    fn name(&self) -> &KeyName {
        &self.0.name
    }

    fn id(&self) -> u32 {
        self.0.id
    }

    fn verify(&self, text: &str, signature: &[u8]) -> bool {
        self.0.verify(text.as_bytes(), signature)
    }
}

/// The private key of a log (type 1). Its debug output does not show it.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    verifier: VerifierKey,
}

impl SigningKey {
    /// Returns the key of this name out of 32 secret bytes (the seed of RFC 8032).
    pub fn new(name: KeyName, seed: &[u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("a seed has 32 bytes");
        let public = pair.public_key().as_ref().try_into().expect("a public key has 32 bytes");
        Self { pair, verifier: VerifierKey::new(name, public) }
    }

    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    pub(super) fn sign(&self, text: &str) -> Signature {
        let bytes = self.pair.sign(text.as_bytes()).as_ref().to_vec();
        Signature { name: self.verifier.0.name.clone(), id: self.verifier.0.id, bytes }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("SigningKey").field(&self.verifier).finish()
    }
}
