//! The nodes of a tree, and its entries, out of tiles.

use std::{collections::HashMap, io};

use super::{BundleError, ReadFiles, TilePath, WIDTH, entries};
use crate::merkle::{Hash, Nodes, node_hash};

const HASH: usize = size_of::<Hash>();

/// The reason why a tile or bundle cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TileError {
    #[error("{path} cannot be read")]
    Read { path: String, source: io::Error },
    #[error("{path} is missing")]
    Missing { path: String },
    #[error("{path} has {found} bytes in place of {wanted}")]
    WrongLength { path: String, wanted: usize, found: usize },
    #[error("{path} is no bundle of entries")]
    Bundle { path: String, source: BundleError },
    #[error("a tree of this size has no such node or entry")]
    NotInTree,
}

/// A tree of a certain size in tiles. Tiles that were read are kept, so a reader is made for a few proofs, not for ever.
///
/// Nothing that it returns is verified: who makes a proof of it verifies that against a checkpoint.
#[derive(Debug)]
pub struct TileReader<'a, F> {
    files: &'a F,
    size: u64,
    tiles: HashMap<TilePath, Vec<u8>>,
}

impl<'a, F: ReadFiles> TileReader<'a, F> {
    pub fn new(files: &'a F, size: u64) -> Self {
        Self { files, size, tiles: HashMap::new() }
    }

    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Returns the hashes of a tile as this tree has it; none if it has none of them.
    ///
    /// # Errors
    /// [`TileError`], if the tile cannot be used.
    pub(crate) fn tile(&mut self, level: u8, index: u64) -> Result<&[[u8; HASH]], TileError> {
        let Some(path) = TilePath::tile(level, index, self.size) else { return Ok(&[]) };
        if !self.tiles.contains_key(&path) {
            let tile = self.read_tile(path)?;
            self.tiles.insert(path, tile);
        }
        Ok(self.tiles.get(&path).map_or(&[], |tile| tile.as_chunks().0))
    }

    fn read_tile(&self, path: TilePath) -> Result<Vec<u8>, TileError> {
        let (found, mut tile) = self.read(path)?;
        let length = |width: u64| usize::try_from(width).unwrap_or(usize::MAX).saturating_mul(HASH);
        if tile.len() != length(found.width()) {
            let (path, wanted) = (found.to_string(), length(found.width()));
            return Err(TileError::WrongLength { path, wanted, found: tile.len() });
        }
        // A full tile begins with what the partial one had.
        tile.truncate(length(path.width()));
        Ok(tile)
    }

    /// Reads a file, or the full tile or bundle in its place: partial ones may be cleaned away behind it.
    fn read(&self, path: TilePath) -> Result<(TilePath, Vec<u8>), TileError> {
        for path in [path, path.full()] {
            let content = self.files.read(&path.to_string());
            if let Some(content) = content.map_err(|source| TileError::Read { path: path.to_string(), source })? {
                return Ok((path, content));
            }
        }
        Err(TileError::Missing { path: path.to_string() })
    }

    /// Returns the entries of a bundle as this tree has it.
    ///
    /// # Errors
    /// [`TileError`], if there is no such bundle or it cannot be used.
    pub fn bundle(&self, index: u64) -> Result<Vec<Vec<u8>>, TileError> {
        let path = TilePath::entries(index, self.size).ok_or(TileError::NotInTree)?;
        let (found, bundle) = self.read(path)?;
        let entries =
            entries(&bundle, found.width()).map_err(|source| TileError::Bundle { path: found.to_string(), source })?;
        let width = usize::try_from(path.width()).unwrap_or(usize::MAX);
        Ok(entries.into_iter().take(width).map(<[u8]>::to_vec).collect())
    }

    /// Returns an entry.
    ///
    /// # Errors
    /// [`TileError`], if there is no such entry or its bundle cannot be used.
    pub fn entry(&self, index: u64) -> Result<Vec<u8>, TileError> {
        let place = usize::try_from(index % WIDTH).map_err(|_| TileError::NotInTree)?;
        self.bundle(index / WIDTH)?.into_iter().nth(place).ok_or(TileError::NotInTree)
    }
}

impl<F: ReadFiles> Nodes for TileReader<'_, F> {
    type Error = TileError;

    fn node(&mut self, level: u32, index: u64) -> Result<Hash, TileError> {
        let tile_level = u8::try_from(level / 8).map_err(|_| TileError::NotInTree)?;
        let below = level % 8;
        let first = index << below;
        let hashes = self.tile(tile_level, first / WIDTH)?;
        let place = usize::try_from(first % WIDTH).map_err(|_| TileError::NotInTree)?;
        let hashes = hashes.get(place..place + (1 << below)).ok_or(TileError::NotInTree)?;
        Ok(complete_root(hashes))
    }
}

/// Returns the root over hashes whose number is a power of two.
pub(super) fn complete_root(hashes: &[Hash]) -> Hash {
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row.as_chunks().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    row.first().copied().unwrap_or_default()
}
