//! The verification of bundles: needs the folder and the log's verifier key, and nothing else. Its memory does not grow
//! with the number of events.

mod events;
mod files;

use std::{io, path::Path};

use transparency_log::{
    checkpoint::{Checkpoint, CheckpointError},
    note::{Note, NoteError, Verifier as _, VerifierKey},
};

use crate::{
    line::LineFault,
    manifest::{FORMAT, Manifest, VERSION},
    paths, seal,
    seal::SealError,
};
use files::{check_paths, read_small, skim};

/// The reason why a bundle is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("{path} cannot be read")]
    Read { path: String, source: io::Error },
    #[error("{0} is missing")]
    Missing(String),
    #[error("{0} is not a plain file or folder of a bundle")]
    NotAFile(String),
    #[error("{0} does not belong to the bundle: its manifest does not name it")]
    Unlisted(String),
    #[error("manifest.note is refused")]
    Seal(#[from] SealError),
    #[error("manifest.json is refused: {0}")]
    Manifest(&'static str),
    #[error("manifest.json is malformed")]
    Malformed(#[source] serde_json::Error),
    #[error("the manifest is of the log {found}, not of {wanted}")]
    OtherLog { wanted: String, found: String },
    #[error("checkpoint is refused")]
    Note(#[source] NoteError),
    #[error("checkpoint is refused")]
    Checkpoint(#[source] CheckpointError),
    #[error("the checkpoint is of {found} events, but the manifest says {wanted}")]
    OtherSize { wanted: u64, found: u64 },
    #[error("{path} has {found} bytes, but the manifest says {wanted}: it was cut or altered")]
    Size { path: String, wanted: u64, found: u64 },
    #[error("{0} was altered: its SHA-256 is not the one that the manifest says")]
    Content(String),
    #[error("{path}, line {line} is refused")]
    Line { path: &'static str, line: u64, source: LineFault },
    #[error("the manifest says {wanted}, but events.jsonl has {found}")]
    Count { wanted: String, found: String },
    #[error("the manifest names the file {0} of an event, and no event names it")]
    NoSuchAttachment(String),
}

/// What a bundle was found to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub manifest: Manifest,
    pub checkpoint: Checkpoint,
    /// The number of lines of decoded text; `None` if the bundle has none.
    pub texts: Option<u64>,
}

/// Verifies a bundle in a folder: that the log's key has signed its manifest and its checkpoint, that its files are those of
/// the manifest and no others, and that each event follows from its columns up to the root of the checkpoint, in order.
///
/// That the selection is complete cannot be seen, but of a chat, whose events are numbered, and of a span of time, which
/// has all positions.
///
/// # Errors
/// [`Refusal`], by the first thing that does not fit.
pub fn verify(folder: &Path, key: &VerifierKey) -> Result<Verified, Refusal> {
    let (seal, manifest) = (read_small(folder, paths::SEAL)?, read_small(folder, paths::MANIFEST)?);
    seal::open(&seal, &manifest, key)?;
    let manifest: Manifest = serde_json::from_slice(&manifest).map_err(Refusal::Malformed)?;
    if manifest.format != FORMAT || manifest.version != VERSION {
        return Err(Refusal::Manifest("it is of another format or version"));
    }
    if manifest.origin != key.name().as_str() || manifest.key != key.to_string() {
        return Err(Refusal::OtherLog { wanted: key.to_string(), found: manifest.key });
    }
    check_paths(folder, &manifest)?;
    let listed = |path: &str| manifest.file(path).ok_or_else(|| Refusal::Missing(path.to_owned()));
    let note = Note::parse(&read_small(folder, paths::CHECKPOINT)?).map_err(Refusal::Note)?;
    let checkpoint = Checkpoint::open(&note, key).map_err(Refusal::Checkpoint)?;
    if checkpoint.size != manifest.checkpoint_size {
        return Err(Refusal::OtherSize { wanted: manifest.checkpoint_size, found: checkpoint.size });
    }
    listed(paths::COVER)?;
    let texts = events::verify(folder, &manifest, &checkpoint)?;
    for file in manifest.files.iter().filter(|file| ![paths::EVENTS, paths::TEXT].contains(&file.path.as_str())) {
        skim(folder, file)?;
    }
    Ok(Verified { manifest, checkpoint, texts })
}
