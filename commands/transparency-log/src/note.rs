//! Signed notes ([signed-note](https://c2sp.org/signed-note) 1.0.0): a text and the signatures below it. A note's text
//! must not be used before a key that is trusted has verified it.

mod key;

pub(crate) use key::Ed25519Key;
pub use key::{KeyError, KeyName, SignatureType, SigningKey, VerifierKey};

use std::fmt;

use crate::encoding::{base64, parse_base64};

/// The greatest length of a note that is read, in bytes; the same as in Go's `sumdb/note`.
const MAX_LENGTH: usize = 1_000_000;
/// The greatest number of signatures of a note that is read; the specification asks for at least 16, Go's `sumdb/note`
/// takes as many.
const MAX_SIGNATURES: usize = 100;
/// What a signature line begins with: an em dash and a space.
const MARK: &str = "\u{2014} ";

/// The reason why a note is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    #[error("the note is malformed: {0}")]
    Malformed(&'static str),
    #[error("the signature of {name}+{id:08x} is wrong: the text or the signature was altered")]
    WrongSignature { name: String, id: u32 },
    #[error("no key that is trusted has signed")]
    NotSigned,
}

/// A key that verifies signatures below the text of a note.
pub trait Verifier {
    fn name(&self) -> &KeyName;
    fn id(&self) -> u32;
    /// Returns whether the signature (without the key's id) is the key's over the text.
    fn verify(&self, text: &str, signature: &[u8]) -> bool;
}

/// A signature line: who claims to have signed, and the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub name: KeyName,
    pub id: u32,
    /// The bytes behind the key's id; their form follows from the key's type.
    pub bytes: Vec<u8>,
}

/// A note that is well-formed; whether its signatures are right, only [`Note::verify`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

impl fmt::Display for Signature {
    /// Writes the line, without the line break at its end.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.id.to_be_bytes()[..], &self.bytes].concat();
        write!(formatter, "{MARK}{} {}", self.name, base64(&bytes))
    }
}

impl Signature {
    /// Parses a signature line without its line break.
    ///
    /// # Errors
    /// [`NoteError::Malformed`].
    pub fn parse(line: &str) -> Result<Self, NoteError> {
        let malformed = NoteError::Malformed("a line below the text is no signature");
        let parts = line.strip_prefix(MARK).and_then(|rest| rest.split_once(' '));
        let (name, bytes) = parts.ok_or_else(|| malformed.clone())?;
        let (Ok(name), Some(bytes)) = (KeyName::parse(name), parse_base64(bytes)) else { return Err(malformed) };
        match bytes.split_first_chunk() {
            Some((id, signature)) if !signature.is_empty() => {
                Ok(Self { name, id: u32::from_be_bytes(*id), bytes: signature.to_vec() })
            }
            _ => Err(malformed),
        }
    }
}

/// Returns whether a text may be that of a note.
fn check_text(text: &str) -> Result<(), NoteError> {
    if text.bytes().any(|byte| byte < b' ' && byte != b'\n') {
        return Err(NoteError::Malformed("it contains a control character"));
    }
    if !text.ends_with('\n') {
        return Err(NoteError::Malformed("it does not end with a line break"));
    }
    Ok(())
}

impl Note {
    /// Parses a note: its text, the last empty line, and at least one signature line.
    ///
    /// # Errors
    /// [`NoteError::Malformed`].
    pub fn parse(note: &[u8]) -> Result<Self, NoteError> {
        if note.len() > MAX_LENGTH {
            return Err(NoteError::Malformed("it is too long"));
        }
        let note = std::str::from_utf8(note).map_err(|_| NoteError::Malformed("it is not UTF-8"))?;
        check_text(note)?;
        let split = note.rfind("\n\n").ok_or(NoteError::Malformed("no empty line ends the text"))?;
        let (text, lines) = (&note[..=split], &note[split + 2..]);
        if lines.is_empty() {
            return Err(NoteError::Malformed("there is no signature line"));
        }
        let signatures = lines.lines().map(Signature::parse).collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > MAX_SIGNATURES {
            return Err(NoteError::Malformed("there are too many signatures"));
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// Signs a text, which ends with a line break.
    ///
    /// # Errors
    /// [`NoteError::Malformed`] if the text cannot be that of a note.
    pub fn sign(text: String, key: &SigningKey) -> Result<Self, NoteError> {
        check_text(&text)?;
        let signatures = vec![key.sign(&text)];
        Ok(Self { text, signatures })
    }

    /// Adds signatures behind those that are there; a signature line that is there already is not doubled.
    pub fn add(&mut self, signatures: impl IntoIterator<Item = Signature>) {
        for signature in signatures {
            if !self.signatures.contains(&signature) {
                self.signatures.push(signature);
            }
        }
    }

    /// Returns the text with its last line break; it is not verified.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Returns those of the keys that have signed. Signatures of other keys are ignored, also if they share a name or an
    /// id with a key.
    ///
    /// # Errors
    /// [`NoteError::WrongSignature`] if a line has the name and id of a key, but is not its signature;
    /// [`NoteError::NotSigned`] if no line is of a key.
    pub fn verify<'a, V: Verifier + ?Sized>(&self, keys: &[&'a V]) -> Result<Vec<&'a V>, NoteError> {
        let mut signed: Vec<&V> = Vec::new();
        for Signature { name, id, bytes } in &self.signatures {
            let is_of = |key: &&&V| key.name() == name && key.id() == *id;
            let Some(key) = keys.iter().find(is_of) else { continue };
            if !key.verify(&self.text, bytes) {
                return Err(NoteError::WrongSignature { name: name.to_string(), id: *id });
            }
            if !signed.iter().any(|other| is_of(&other)) {
                signed.push(key);
            }
        }
        if signed.is_empty() { Err(NoteError::NotSigned) } else { Ok(signed) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(formatter, "{signature}"))
    }
}
