//! The stored columns of an event, and the digest over them of which the log is made.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use transparency_log::leaf::{Leaf, LeafError};
use uuid::Uuid;

/// The columns of an event as the log has them: personal text in `payload` and `metadata` is ciphertext.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// From 1.
    pub position: u64,
    pub aggregate_type: String,
    pub aggregate_id: String,
    /// The position in the aggregate's stream, from 1.
    pub sequence: i64,
    pub event_type: String,
    pub event_version: String,
    pub payload: String,
    pub metadata: String,
    pub partition: i32,
    pub command_id: Uuid,
}

/// The part of the metadata that the record has.
#[derive(Deserialize)]
struct Recorded {
    recorded_at: DateTime<Utc>,
}

/// The reason why columns make no record.
#[derive(Debug, thiserror::Error)]
pub enum ColumnsError {
    #[error("the metadata have no time of recording")]
    Metadata(#[source] serde_json::Error),
    #[error("the columns are no event's")]
    Leaf(#[from] LeafError),
}

impl Columns {
    /// Returns the SHA-256 over all columns but the position, each prefixed by its length (8 bytes), in the order of
    /// `docs/proof-formats.md`; the event log computes the same for its hash chain.
    pub fn digest(&self) -> [u8; 32] {
        let numbers = [self.sequence, i64::from(self.partition)].map(i64::to_be_bytes);
        let columns = [
            self.aggregate_type.as_bytes(),
            self.aggregate_id.as_bytes(),
            &numbers[0],
            self.event_type.as_bytes(),
            self.event_version.as_bytes(),
            self.payload.as_bytes(),
            self.metadata.as_bytes(),
            &numbers[1],
            self.command_id.as_bytes(),
        ];
        let hasher = columns.into_iter().fold(Sha256::new(), |hasher, column| {
            hasher.chain_update((column.len() as u64).to_be_bytes()).chain_update(column)
        });
        hasher.finalize().into()
    }

    /// Returns the record of the event, which is the log's entry.
    ///
    /// # Errors
    /// [`ColumnsError`] if the metadata or the names of types are no event's.
    pub fn leaf(&self) -> Result<Leaf, ColumnsError> {
        let Recorded { recorded_at } = serde_json::from_str(&self.metadata).map_err(ColumnsError::Metadata)?;
        Ok(Leaf::new(self.position, &self.aggregate_type, &self.event_type, recorded_at, self.digest())?)
    }
}
