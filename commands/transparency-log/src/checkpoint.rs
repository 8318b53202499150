//! Checkpoints ([tlog-checkpoint](https://c2sp.org/tlog-checkpoint) 1.0.0): the size and the root of a log at some time,
//! as a signed note. The origin is always the name of the log's key, so that no key ever speaks for two logs.

use std::fmt;

use crate::{
    encoding::{base64, parse_decimal, parse_hash},
    merkle::{Hash, MAX_SIZE, empty_root},
    note::{KeyName, Note, NoteError, SigningKey, Verifier as _, VerifierKey},
};

/// The reason why a checkpoint is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    #[error("the checkpoint is refused")]
    Note(#[from] NoteError),
    #[error("the checkpoint is malformed: {0}")]
    Malformed(&'static str),
    #[error("the checkpoint is of the log {found}, not of {wanted}")]
    OtherOrigin { wanted: String, found: String },
    #[error("the root is not that of the empty tree, but there is no entry")]
    OtherEmptyRoot,
}

/// The state of a log: how many entries it has, and the root of the tree over them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log, by the name of its key.
    pub origin: KeyName,
    /// The number of entries.
    pub size: u64,
    pub root: Hash,
}

impl fmt::Display for Checkpoint {
    /// Writes the text of the note: origin, size and root, a line each.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}\n{}\n{}\n", self.origin, self.size, base64(&self.root))
    }
}

impl Checkpoint {
    /// Parses the text of a note, without any signature. Further lines, which other logs may have, are not kept.
    ///
    /// # Errors
    /// [`CheckpointError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let lines = text.strip_suffix('\n').ok_or(CheckpointError::Malformed("its last line is cut"))?;
        let lines: Vec<&str> = lines.split('\n').collect();
        let [origin, size, root, extensions @ ..] = lines.as_slice() else {
            return Err(CheckpointError::Malformed("it has fewer than three lines"));
        };
        if extensions.iter().any(|line| line.is_empty()) {
            return Err(CheckpointError::Malformed("a line of it is empty"));
        }
        let origin =
            KeyName::parse(origin).map_err(|_| CheckpointError::Malformed("its origin cannot be a key's name"))?;
        let size = parse_decimal(size).filter(|size| *size <= MAX_SIZE);
        let size = size.ok_or(CheckpointError::Malformed("its second line is no size of a tree"))?;
        let root = parse_hash(root).ok_or(CheckpointError::Malformed("its third line is no root of 32 bytes"))?;
        Ok(Self { origin, size, root })
    }

    /// Returns the checkpoint as a note that the log has signed.
    ///
    /// # Errors
    /// [`CheckpointError::OtherOrigin`] if the key is that of another log.
    pub fn sign(&self, key: &SigningKey) -> Result<Note, CheckpointError> {
        self.is_of(key.verifier().name())?;
        Ok(Note::sign(self.to_string(), key)?)
    }

    /// Reads the checkpoint of a log out of a note that its key has signed.
    ///
    /// # Errors
    /// [`CheckpointError::Note`] if the key has not signed; [`CheckpointError::OtherOrigin`] if its origin is not the
    /// key's name; [`CheckpointError::OtherEmptyRoot`]; [`CheckpointError::Malformed`].
    pub fn open(note: &Note, key: &VerifierKey) -> Result<Self, CheckpointError> {
        let checkpoint = Self::parse(note.text())?;
        checkpoint.is_of(key.name())?;
        note.verify(&[key])?;
        if checkpoint.size == 0 && checkpoint.root != empty_root() {
            return Err(CheckpointError::OtherEmptyRoot);
        }
        Ok(checkpoint)
    }

    fn is_of(&self, wanted: &KeyName) -> Result<(), CheckpointError> {
        if self.origin == *wanted {
            return Ok(());
        }
        Err(CheckpointError::OtherOrigin { wanted: wanted.to_string(), found: self.origin.to_string() })
    }
}
