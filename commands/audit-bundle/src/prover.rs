//! Inclusion proofs of many events out of the tiles of a published log, with little memory and little hashing.

use std::collections::HashMap;

use transparency_log::{
    merkle::{Hash, Nodes, ProveError, node_hash, prove_inclusion},
    tiles::{Folder, TileError, TileReader},
};

/// The number of known hashes at which all are forgotten. The tiles that they were read from are no more.
const MAX_KNOWN: usize = 8_192;
/// Every so many levels of the tree have their hashes in tiles.
const LEVELS_OF_A_TILE: u32 = 8;

/// Makes proofs; those of events near each other share most of their hashes.
pub struct Prover<'a> {
    files: &'a Folder,
    size: u64,
    tree: Tree<'a>,
}

struct Tree<'a> {
    tiles: TileReader<'a, Folder>,
    known: HashMap<(u32, u64), Hash>,
}

impl<'a> Prover<'a> {
    /// Makes proofs for the tree of `size` entries.
    pub fn new(files: &'a Folder, size: u64) -> Self {
        Self { files, size, tree: Tree::new(files, size) }
    }

    /// Returns the proof that the tree has the entry `index`, which is not verified: the tiles may be damaged.
    ///
    /// # Errors
    /// [`ProveError`] if the tree has no such entry, or a tile cannot be read.
    pub fn prove(&mut self, index: u64) -> Result<Vec<Hash>, ProveError<TileError>> {
        if self.tree.known.len() > MAX_KNOWN {
            self.tree = Tree::new(self.files, self.size);
        }
        prove_inclusion(&mut self.tree, index, self.size)
    }
}

impl<'a> Tree<'a> {
    fn new(files: &'a Folder, size: u64) -> Self {
        Self { tiles: TileReader::new(files, size), known: HashMap::new() }
    }
}

impl Nodes for Tree<'_> {
    type Error = TileError;

    fn node(&mut self, level: u32, index: u64) -> Result<Hash, TileError> {
        if let Some(hash) = self.known.get(&(level, index)) {
            return Ok(*hash);
        }
        let hash = if level.is_multiple_of(LEVELS_OF_A_TILE) {
            self.tiles.node(level, index)?
        } else {
            node_hash(&self.node(level - 1, 2 * index)?, &self.node(level - 1, 2 * index + 1)?)
        };
        self.known.insert((level, index), hash);
        Ok(hash)
    }
}
