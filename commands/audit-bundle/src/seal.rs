//! The seal of a manifest: a signed note of the log's key over the manifest's hash.
//!
//! The key signs checkpoints besides. A seal is none and can never be read as one, because the first line of a checkpoint
//! is the name of its key, which has no white space.

use sha2::{Digest, Sha256};
use transparency_log::note::{Note, NoteError, SigningKey, Verifier as _, VerifierKey};

/// The first line; a new form gets a new one.
const HEADER: &str = "ayushma bundle v1";

/// The reason why a seal is refused.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error(transparent)]
    Note(#[from] NoteError),
    #[error("it is not the seal of a bundle of the log {wanted}")]
    OtherText { wanted: String },
    #[error("the manifest is not the one that was signed")]
    OtherManifest,
}

fn text(manifest: &[u8], origin: &str) -> String {
    format!("{HEADER}\n{origin}\n{}\n{}\n", manifest.len(), hex::encode(Sha256::digest(manifest)))
}

/// Signs a manifest.
pub(crate) fn seal(manifest: &[u8], key: &SigningKey) -> Result<Note, NoteError> {
    Note::sign(text(manifest, key.verifier().name().as_str()), key)
}

/// Verifies that the key of the log has signed the manifest.
pub(crate) fn open(seal: &[u8], manifest: &[u8], key: &VerifierKey) -> Result<(), SealError> {
    let note = Note::parse(seal)?;
    let wanted = key.name().as_str();
    if !note.text().starts_with(&format!("{HEADER}\n{wanted}\n")) {
        return Err(SealError::OtherText { wanted: wanted.to_owned() });
    }
    note.verify(&[key])?;
    if note.text() == text(manifest, wanted) { Ok(()) } else { Err(SealError::OtherManifest) }
}
