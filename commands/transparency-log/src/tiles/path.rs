//! The paths of tiles and of bundles of entries.

use std::{fmt, str::FromStr};

use super::{LEVELS, WIDTH, hashes_at};
use crate::encoding::parse_decimal;

/// The greatest level of a tile that the specification knows.
const MAX_LEVEL: u8 = 63;

/// Which tile or bundle a file is. Its text is the path below the log's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TilePath {
    /// The level of hashes; `None` for entries.
    level: Option<u8>,
    index: u64,
    /// 1 to 256.
    width: u64,
}

/// A path that is none of a tile or bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no path of a tile or of a bundle of entries")]
pub struct PathError;

impl TilePath {
    /// Returns the tile `index` of a level as a tree of `size` leaves has it, or `None` if it has none of its hashes.
    pub fn tile(level: u8, index: u64, size: u64) -> Option<Self> {
        if level >= LEVELS {
            return None;
        }
        Some(Self { level: Some(level), index, width: width(index, hashes_at(level, size))? })
    }

    /// Returns the bundle `index` of entries as a tree of `size` leaves has it, or `None` if it has none of its entries.
    pub fn entries(index: u64, size: u64) -> Option<Self> {
        Some(Self { level: None, index, width: width(index, size)? })
    }

    /// Returns the number of hashes or entries in the file, 1 to 256.
    pub const fn width(&self) -> u64 {
        self.width
    }

    /// Returns the same tile when it is full, which may be there in place of a partial one.
    #[must_use]
    pub const fn full(self) -> Self {
        Self { width: WIDTH, ..self }
    }
}

/// Returns how many of `count` things are in the tile `index`, or `None` if none is.
fn width(index: u64, count: u64) -> Option<u64> {
    let before = index.checked_mul(WIDTH)?;
    count.checked_sub(before).filter(|rest| *rest > 0).map(|rest| rest.min(WIDTH))
}

impl fmt::Display for TilePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            Some(level) => write!(formatter, "tile/{level}/")?,
            None => formatter.write_str("tile/entries/")?,
        }
        let mut digits = self.index.to_string();
        while !digits.len().is_multiple_of(3) {
            digits.insert(0, '0');
        }
        let last = digits.len() - 3;
        for at in (0..last).step_by(3) {
            write!(formatter, "x{}/", &digits[at..at + 3])?;
        }
        formatter.write_str(&digits[last..])?;
        if self.width < WIDTH { write!(formatter, ".p/{}", self.width) } else { Ok(()) }
    }
}

impl FromStr for TilePath {
    type Err = PathError;

    fn from_str(path: &str) -> Result<Self, PathError> {
        let (level, rest) = path.strip_prefix("tile/").and_then(|rest| rest.split_once('/')).ok_or(PathError)?;
        let level = match level {
            "entries" => None,
            level => {
                let level = parse_decimal(level).and_then(|level| u8::try_from(level).ok());
                Some(level.filter(|level| *level <= MAX_LEVEL).ok_or(PathError)?)
            }
        };
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, parse_decimal(width).ok_or(PathError)?),
            None => (rest, WIDTH),
        };
        let digits: String = number.split('/').map(|part| part.strip_prefix('x').unwrap_or(part)).collect();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(PathError);
        }
        let found = Self { level, index: digits.parse().map_err(|_| PathError)?, width };
        // One spelling for each file: whatever was lenient above is refused here.
        if (1..=WIDTH).contains(&width) && found.to_string() == path { Ok(found) } else { Err(PathError) }
    }
}
