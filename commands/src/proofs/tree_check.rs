//! The comparison of a log with checkpoints that were published of it, during the audit of its chain.

use std::collections::BTreeMap;

use transparency_log::{
    checkpoint::Checkpoint,
    merkle::{GrowingTree, Hash, leaf_hash},
};

use super::leaf_of;
use crate::event_log::{EventRecord, StoredEvent};

/// The roots of checkpoints by their sizes, and the tree of the log as far as it was walked.
#[derive(Debug, Default)]
pub struct TreeCheck {
    tree: GrowingTree,
    checkpoints: BTreeMap<u64, Hash>,
    agreed: u64,
    differs: Option<u64>,
}

impl TreeCheck {
    /// Creates a check against these checkpoints, which were verified.
    pub fn new(checkpoints: &[Checkpoint]) -> Self {
        let checkpoints = checkpoints.iter().map(|checkpoint| (checkpoint.size, checkpoint.root)).collect();
        Self { checkpoints, ..Self::default() }
    }

    /// Takes the next event of the log and its digest. The log begins with position 1.
    pub fn take(&mut self, event: &StoredEvent, digest: &[u8; 32]) {
        // An event without a record is none that was written: the chain breaks there, or the root differs.
        let Some(leaf) = EventRecord::of(event, *digest).and_then(|record| leaf_of(&record).ok()) else { return };
        self.tree.push(leaf_hash(leaf.to_string().as_bytes()));
        let size = self.tree.size();
        if let Some(root) = self.checkpoints.get(&size) {
            if *root == self.tree.root() {
                self.agreed = size;
            } else {
                self.differs.get_or_insert(size);
            }
        }
    }

    /// Returns the greatest size at which the log agreed with a checkpoint; 0 if there is none.
    pub const fn agreed(&self) -> u64 {
        self.agreed
    }

    /// Returns the size of the first checkpoint that is of another tree than the log's.
    pub const fn differs(&self) -> Option<u64> {
        self.differs
    }

    /// Returns the number of events that were taken.
    pub const fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Returns the size of the greatest checkpoint, if it is beyond what was walked.
    pub fn beyond(&self) -> Option<u64> {
        self.checkpoints.last_key_value().map(|(size, _)| *size).filter(|size| *size > self.tree.size())
    }
}
