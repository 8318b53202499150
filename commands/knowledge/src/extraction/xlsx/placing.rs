//! The places of cells as a reader sees them.

use std::collections::HashMap;

use super::{
    places::{Covered, MOST_COLUMNS, Range, place_name},
    sheet::{Placed, Reading, Sheet},
};
use crate::extraction::notes::NoteKind;

impl Reading<'_> {
    fn is_hidden(&self, row: u32, column: u32) -> bool {
        self.hidden_rows.contains(&row)
            || self.hidden_columns.iter().any(|(first, last)| (*first..=*last).contains(&column))
    }

    /// Extends merged cells over their ranges, and removes hidden rows and columns.
    pub(super) fn finish(mut self) -> Sheet {
        // A file may store cells twice or out of order.
        self.cells.sort_by_key(|cell| (cell.row, cell.column));
        self.hidden_columns.sort_unstable();
        let hidden_columns = std::mem::take(&mut self.hidden_columns);
        for (first, last) in hidden_columns {
            match self.hidden_columns.last_mut() {
                Some((_, end)) if *end + 1 >= first => *end = last.max(*end),
                _ => self.hidden_columns.push((first, last)),
            }
        }
        let rows: Vec<u32> = self.hidden_rows.iter().copied().collect();
        let rows_before = |row: u32| u32::try_from(rows.partition_point(|hidden| *hidden < row)).unwrap_or_default();
        let mut columns_before = vec![0_u32; usize::try_from(MOST_COLUMNS).unwrap_or_default() + 2];
        for (first, last) in &self.hidden_columns {
            (*first..=*last).filter_map(|at| usize::try_from(at).ok()).for_each(|at| columns_before[at + 1] = 1);
        }
        let mut sum = 0;
        for count in &mut columns_before {
            sum += *count;
            *count = sum;
        }
        let columns_before =
            |column: u32| usize::try_from(column).ok().and_then(|at| columns_before.get(at)).copied().unwrap_or(sum);
        let merged: HashMap<(u32, u32), Range> = self.merged.iter().map(|range| (range.first, *range)).collect();
        let mut covered = Covered::of(std::mem::take(&mut self.merged));
        let mut cells: Vec<Placed> = Vec::with_capacity(self.cells.len());
        let mut remarks = std::mem::take(&mut self.beside.drawing.texts);
        let mut comments = std::mem::take(&mut self.beside.comments);
        let mut has_hidden = false;
        for cell in std::mem::take(&mut self.cells) {
            let at = (cell.row, cell.column);
            if covered.has(at) {
                has_hidden |= cell.left_out.is_none();
                continue;
            }
            let Range { first, last } = merged.get(&at).copied().unwrap_or(Range { first: at, last: at });
            let down = last.0 + 1 - first.0 - (rows_before(last.0 + 1) - rows_before(first.0));
            let across = last.1 + 1 - first.1 - (columns_before(last.1 + 1) - columns_before(first.1));
            if down == 0 || across == 0 || !merged.contains_key(&at) && self.is_hidden(cell.row, cell.column) {
                has_hidden |= cell.left_out.is_none();
                continue;
            }
            let (row, column) = (cell.row - rows_before(cell.row), cell.column - columns_before(cell.column));
            if let (None, Some(comment)) = (cell.left_out, comments.get(&at)) {
                let before = cells.iter().rev().take_while(|it| it.row == row);
                let named = before.filter(|it| it.left_out.is_none()).last();
                let about = named.into_iter().chain([&cell]).map(|it| it.text.trim()).collect::<Vec<_>>().join(", ");
                remarks.push(format!("{about} [{}]: {comment}", place_name(at)));
                comments.remove(&at);
            }
            cells.push(Placed { row, column, down, across, ..cell });
        }
        for ((row, column), comment) in comments {
            if self.is_hidden(row, column) {
                has_hidden = true;
            } else {
                remarks.push(format!("[{}]: {comment}", place_name((row, column))));
            }
        }
        if has_hidden {
            self.notes.add(NoteKind::HiddenLeftOut, None, Some(self.name));
        }
        cells.dedup_by_key(|cell| (cell.row, cell.column));
        Sheet { cells, remarks }
    }
}
