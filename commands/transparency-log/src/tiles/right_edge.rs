//! The right edge of a growing tree: the hashes that are not yet in a full tile, at each level.

use std::convert::Infallible;

use super::{LEVELS, ReadFiles, TileError, TilePath, TileReader, WIDTH, hashes_at, reader::complete_root};
use crate::merkle::{Hash, Nodes};

/// What a writer has to remember of a tree to let it grow: at most 255 hashes at each of eight levels, and the entries of
/// the last bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RightEdge {
    size: u64,
    levels: [Vec<Hash>; LEVELS as usize],
}

impl RightEdge {
    /// Reads the edge of the tree of `size` leaves out of its tiles.
    ///
    /// # Errors
    /// [`TileError`], if a tile cannot be used.
    pub(crate) fn read<F: ReadFiles>(files: &F, size: u64) -> Result<Self, TileError> {
        let mut reader = TileReader::new(files, size);
        let mut edge = Self { size, ..Self::default() };
        for (hashes, level) in edge.levels.iter_mut().zip(0..) {
            let count = hashes_at(level, size);
            if !count.is_multiple_of(WIDTH) {
                hashes.extend(reader.tile(level, count / WIDTH)?);
            }
        }
        Ok(edge)
    }

    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Adds the hash of a leaf, and returns the tiles that it has filled.
    pub(crate) fn push(&mut self, leaf: Hash) -> Vec<(TilePath, Vec<u8>)> {
        self.size += 1;
        let mut filled = Vec::new();
        let mut hash = leaf;
        for (hashes, level) in self.levels.iter_mut().zip(0..) {
            hashes.push(hash);
            if hashes.len() as u64 != WIDTH {
                break;
            }
            hash = complete_root(hashes);
            let index = (hashes_at(level, self.size) - 1) / WIDTH;
            filled.extend(TilePath::tile(level, index, self.size).map(|path| (path, hashes.concat())));
            hashes.clear();
        }
        filled
    }

    /// Returns the partial tiles that a tree of `before` leaves did not have yet.
    pub(crate) fn partial_tiles(&self, before: u64) -> Vec<(TilePath, Vec<u8>)> {
        let changed =
            self.levels.iter().zip(0..).filter(|(hashes, level)| {
                !hashes.is_empty() && hashes_at(*level, before) != hashes_at(*level, self.size)
            });
        changed
            .filter_map(|(hashes, level)| {
                let path = TilePath::tile(level, hashes_at(level, self.size) / WIDTH, self.size)?;
                Some((path, hashes.concat()))
            })
            .collect()
    }

    /// Returns the root of the tree.
    pub(crate) fn root(&self) -> Hash {
        let Ok(root) = crate::merkle::root(&mut Edge(self), self.size);
        root
    }
}

/// Reads of the edge what makes up the root.
struct Edge<'a>(&'a RightEdge);

impl Nodes for Edge<'_> {
    type Error = Infallible;

    fn node(&mut self, level: u32, index: u64) -> Result<Hash, Infallible> {
        let below = level % 8;
        let hashes = &self.0.levels[(level / 8) as usize];
        // The subtrees that make up the root are as the bits of the size, so all of them are in the partial tiles.
        let place = usize::try_from((index << below) % WIDTH).unwrap_or_default();
        Ok(complete_root(&hashes[place..place + (1 << below)]))
    }
}
