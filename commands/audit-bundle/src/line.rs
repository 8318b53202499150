//! The lines of `events.jsonl` and `text.jsonl`.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Serialize};
use transparency_log::{
    checkpoint::Checkpoint,
    leaf::Leaf,
    merkle::{Hash, InclusionError, verify_inclusion},
    note::Note,
    receipt::Receipt,
};
use uuid::Uuid;

use crate::columns::{Columns, ColumnsError};

/// A line of `events.jsonl`: an event with its proof. [`EventLine::verify`] says whether it proves anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventLine {
    pub position: u64,
    pub aggregate_type: String,
    pub aggregate_id: String,
    pub sequence: i64,
    pub event_type: String,
    pub event_version: String,
    /// The stored text; it is JSON itself, and stays a text because the digest is over its bytes.
    pub payload: String,
    /// As the payload.
    pub metadata: String,
    pub partition: i32,
    pub command_id: Uuid,
    /// The record: the entry of the log.
    pub leaf: String,
    /// The hashes from the leaf's sibling upward, each in base64.
    pub proof: Vec<String>,
}

/// A line of `text.jsonl`: the personal text of an event, decoded by whoever made the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextLine {
    pub position: u64,
    /// The person whose key the text is encrypted with.
    pub subject: Uuid,
    /// Whether that key was destroyed, so that nobody can read the text any more.
    pub is_erased: bool,
    /// The texts by the names of their fields.
    pub text: BTreeMap<String, String>,
}

/// A file of the media store, as an event names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    pub name: String,
    pub size: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

/// The part of a payload that names files.
#[derive(Deserialize)]
struct Files {
    file: Option<StoredFile>,
    audio: Option<StoredFile>,
}

/// The reason why a line is refused.
#[derive(Debug, thiserror::Error)]
pub enum LineFault {
    #[error("it is malformed")]
    Malformed(#[source] serde_json::Error),
    #[error("its end is cut")]
    Cut,
    #[error("it is longer than {0} bytes")]
    TooLong(usize),
    #[error("a hash of its proof is none")]
    Hash,
    #[error("its columns make no record")]
    Columns(#[from] ColumnsError),
    #[error("its leaf is not the record of its columns: one of them was altered")]
    OtherLeaf,
    #[error("the log of the checkpoint does not prove it")]
    Inclusion(#[from] InclusionError),
    #[error("its position {found} does not come behind {before}")]
    Order { before: u64, found: u64 },
    #[error("the span of time has every position, but between {before} and {found} some are missing")]
    Gap { before: u64, found: u64 },
    #[error("it is event {found} of its chat, and event {wanted} is missing before it")]
    Sequence { wanted: i64, found: i64 },
    #[error("it is not an event of the selection")]
    NotSelected,
    #[error("it names the file {0}, which the manifest does not list for it")]
    Unlisted(String),
    #[error("the bundle has no event at its position {0}")]
    NoEvent(u64),
}

impl EventLine {
    /// Joins an event and its proof.
    pub(crate) fn new(columns: Columns, leaf: &Leaf, proof: &[Hash]) -> Self {
        Self {
            position: columns.position,
            aggregate_type: columns.aggregate_type,
            aggregate_id: columns.aggregate_id,
            sequence: columns.sequence,
            event_type: columns.event_type,
            event_version: columns.event_version,
            payload: columns.payload,
            metadata: columns.metadata,
            partition: columns.partition,
            command_id: columns.command_id,
            leaf: leaf.to_string(),
            proof: proof.iter().map(|hash| BASE64.encode(hash)).collect(),
        }
    }

    /// Parses a line without its line break. It is not verified.
    ///
    /// # Errors
    /// [`LineFault::Malformed`].
    pub fn parse(line: &[u8]) -> Result<Self, LineFault> {
        serde_json::from_slice(line).map_err(LineFault::Malformed)
    }

    fn columns(&self) -> Columns {
        Columns {
            position: self.position,
            aggregate_type: self.aggregate_type.clone(),
            aggregate_id: self.aggregate_id.clone(),
            sequence: self.sequence,
            event_type: self.event_type.clone(),
            event_version: self.event_version.clone(),
            payload: self.payload.clone(),
            metadata: self.metadata.clone(),
            partition: self.partition,
            command_id: self.command_id,
        }
    }

    fn hashes(&self) -> Result<Vec<Hash>, LineFault> {
        let hash = |text: &String| BASE64.decode(text).ok()?.try_into().ok();
        self.proof.iter().map(hash).collect::<Option<_>>().ok_or(LineFault::Hash)
    }

    /// Verifies that the leaf is the record of the columns, and that the log of the checkpoint has it at this position.
    /// Returns the record.
    ///
    /// # Errors
    /// [`LineFault`], by what does not fit.
    pub fn verify(&self, checkpoint: &Checkpoint) -> Result<Leaf, LineFault> {
        let leaf = self.columns().leaf()?;
        if leaf.to_string() != self.leaf {
            return Err(LineFault::OtherLeaf);
        }
        let Checkpoint { size, root, .. } = checkpoint;
        verify_inclusion(self.leaf.as_bytes(), leaf.index(), &self.hashes()?, *size, root)?;
        Ok(leaf)
    }

    /// Returns the receipt of the event, which programs of others verify (`.tlog-proof`). The checkpoint is that of the
    /// bundle. Nothing is verified here.
    ///
    /// # Errors
    /// [`LineFault::Hash`] if the proof is malformed.
    pub fn receipt(&self, checkpoint: &Note) -> Result<Receipt, LineFault> {
        let (extra, proof) = (Some(self.leaf.clone().into_bytes()), self.hashes()?);
        Ok(Receipt { extra, index: self.position.saturating_sub(1), proof, checkpoint: checkpoint.clone() })
    }

    /// Returns the files that the event names.
    pub fn files(&self) -> Vec<StoredFile> {
        files_of(&self.payload)
    }
}

/// Returns the files that a payload names: the one of a document, or the speech of an answer.
pub(crate) fn files_of(payload: &str) -> Vec<StoredFile> {
    let found: Option<Files> = serde_json::from_str(payload).ok();
    found.map_or_else(Vec::new, |Files { file, audio }| file.into_iter().chain(audio).collect())
}
