//! References to cells and ranges.

use std::collections::BTreeMap;

/// Rows and columns of a sheet.
pub(super) const MOST_ROWS: u32 = 1_048_576;
pub(super) const MOST_COLUMNS: u32 = 16_384;

/// A range of cells, from the first to the last row and column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) first: (u32, u32),
    pub(super) last: (u32, u32),
}

impl Range {
    pub(super) fn has(self, (row, column): (u32, u32)) -> bool {
        (self.first.0..=self.last.0).contains(&row) && (self.first.1..=self.last.1).contains(&column)
    }

    /// The range `B5:C7`, from any of its corners.
    pub(super) fn named(name: &str) -> Option<Self> {
        let (one, other) = name.split_once(':')?;
        let (one, other) = (place(one)?, place(other)?);
        let first = (one.0.min(other.0), one.1.min(other.1));
        Some(Self { first, last: (one.0.max(other.0), one.1.max(other.1)) })
    }
}

/// The cells that merged ranges cover besides their first cells: their content is not visible. Queried row by row.
pub(super) struct Covered {
    /// The ranges that have not begun, the next one last.
    coming: Vec<Range>,
    /// The ranges that reach the current row, by their first columns.
    open: BTreeMap<u32, Range>,
}

impl Covered {
    pub(super) fn of(mut ranges: Vec<Range>) -> Self {
        ranges.sort_unstable_by_key(|range| std::cmp::Reverse(range.first));
        Self { coming: ranges, open: BTreeMap::new() }
    }

    pub(super) fn has(&mut self, at: (u32, u32)) -> bool {
        while let Some(range) = self.coming.pop_if(|range| range.first.0 <= at.0) {
            self.open.insert(range.first.1, range);
        }
        while let Some((column, range)) = self.open.range(..=at.1).next_back().map(|(column, range)| (*column, *range))
        {
            if range.last.0 >= at.0 {
                return range.last.1 >= at.1 && range.first != at;
            }
            self.open.remove(&column);
        }
        false
    }
}

/// The row and column of a reference: `B12` is row 12, column 2.
pub(super) fn place(name: &str) -> Option<(u32, u32)> {
    let name = name.replace('$', "");
    let letters = name.bytes().take_while(u8::is_ascii_alphabetic).count();
    if letters == 0 || letters > 3 {
        return None;
    }
    let column = name[..letters]
        .bytes()
        .fold(0, |column, letter| column * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1);
    let row: u32 = name[letters..].parse().ok()?;
    ((1..=MOST_ROWS).contains(&row) && column <= MOST_COLUMNS).then_some((row, column))
}

pub(super) fn place_name((row, column): (u32, u32)) -> String {
    let mut letters = Vec::new();
    let mut left = column;
    while left > 0 {
        left -= 1;
        letters.push(char::from(b'A' + u8::try_from(left % 26).unwrap_or_default()));
        left /= 26;
    }
    letters.iter().rev().collect::<String>() + &row.to_string()
}
