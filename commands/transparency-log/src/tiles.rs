//! Tiles ([tlog-tiles](https://c2sp.org/tlog-tiles) 0.1.0): the tree and its entries as files that never change, which
//! any web server or object store can serve.

mod bundle;
mod folder;
mod path;
mod reader;
mod right_edge;

pub use bundle::{BundleError, append_entry, entries};
pub use folder::Folder;
pub use path::{PathError, TilePath};
pub use reader::{TileError, TileReader};
pub(crate) use right_edge::RightEdge;

use std::io;

/// The number of hashes of a full tile, and of entries of a full bundle.
pub const WIDTH: u64 = 256;
/// The path of the newest checkpoint.
pub const CHECKPOINT: &str = "checkpoint";

/// Where the files of a log are read.
pub trait ReadFiles {
    /// Returns the content of a file, or nothing if there is none. Paths have `/` between their parts.
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>>;
}

/// Where the files of a log are written. A file is there with its whole content or not at all, also after a crash.
pub trait WriteFiles: ReadFiles {
    /// Writes a file, in place of one that is there. It is on the disk when this returns.
    fn write(&self, path: &str, content: &[u8]) -> io::Result<()>;

    /// Removes all files whose paths begin with this one and a `/`, if there are any.
    fn remove_below(&self, path: &str) -> io::Result<()>;
}

/// Returns the number of hashes that a tree of `size` leaves has at a level of tiles.
pub(crate) const fn hashes_at(level: u8, size: u64) -> u64 {
    size >> (8 * level as u32)
}

/// The levels that a tree of up to [`crate::merkle::MAX_SIZE`] leaves has hashes at.
pub(crate) const LEVELS: u8 = 8;
