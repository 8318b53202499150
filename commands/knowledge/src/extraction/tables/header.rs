//! The header and the title of a table.

use super::{
    layout::{Layout, NOTHING},
    shapes::{begins_with_number, has_number, is_number, shape},
};

/// Rows of a header, at most.
const MOST_LEVELS: usize = 4;
/// Characters of a unit; a longer text is a remark.
const LONGEST_UNIT: usize = 12;
/// Rows that the first row is compared with.
const COMPARED: usize = 50;

impl Layout<'_> {
    /// Removes and returns the title: the rows above the header with one cell, at the left or over all columns.
    pub(super) fn take_titles(&mut self) -> Vec<String> {
        let mut titles = Vec::new();
        let width = self.width();
        let mut count = 0;
        while let Some(row) = self.rows.get(count) {
            let Some(cell) = self.only(row) else { break };
            let (first, columns) = Self::extent(row, cell);
            let is_over_some = first > 0 && columns < width;
            if is_over_some && count + 2 < self.rows.len() && self.goes_on_below(count + 1, true) {
                break;
            }
            titles.push(self.line(cell).to_owned());
            count += 1;
        }
        self.rows.drain(..count);
        // A declared header that has only titles does not name the columns.
        self.header_rows = match self.header_rows {
            Some(rows) if rows > 0 => rows.checked_sub(count).filter(|left| *left > 0),
            other => other,
        };
        titles
    }

    /// Removes and returns the rows that name the columns.
    pub(super) fn take_header(&mut self) -> Vec<Vec<usize>> {
        let known = self.header_rows.filter(|rows| *rows < self.rows.len());
        let count = match known {
            Some(0) => 0,
            Some(rows) => self.with_lower_levels(rows),
            // The only row of a table names no columns, but reads as well as a header.
            None if self.rows.len() == 1 => 1,
            None if self.is_of_values(0) => 0,
            None => self.with_lower_levels(1),
        };
        let mut header: Vec<Vec<usize>> = self.rows.drain(..count).collect();
        if let [upper, lower] = &mut header[..] {
            self.fill_groups(upper, lower);
        }
        header
    }

    /// The number of rows of the header, at least `rows`: below a cell that covers several columns, the next row names
    /// those columns.
    fn with_lower_levels(&self, rows: usize) -> usize {
        let mut rows = rows;
        while rows < MOST_LEVELS && rows + 1 < self.rows.len() && self.goes_on_below(rows, rows == 1) {
            rows += 1;
        }
        rows
    }

    fn goes_on_below(&self, at: usize, is_first: bool) -> bool {
        let (upper, lower) = (&self.rows[at - 1], &self.rows[at]);
        if self.only(lower).is_some() || self.is_of_values(at) {
            return false;
        }
        let (width, columns) = (self.width(), Self::columns(upper));
        let is_below_several = |column: usize| {
            let (Some(above), Some(below)) = (upper.get(column), lower.get(column)) else { return false };
            let columns = columns.get(above).copied().unwrap_or_default();
            above != below && (2..width).contains(&columns) && !self.line(*below).is_empty()
        };
        let is_below_any = (0..lower.len()).any(is_below_several);
        let has_no_name = |row: &[usize]| self.at(row, 0).is_empty();
        if is_first && !is_below_any && self.is_of_units(at) {
            return true;
        }
        if !is_below_any {
            // Without spans, as in separated values, the upper row has gaps where the lower one does not.
            let has_gap = (1..lower.len()).any(|at| self.at(upper, at).is_empty() && !self.at(lower, at).is_empty());
            let is_text = || (1..lower.len()).all(|at| !begins_with_number(self.at(lower, at)));
            return is_first
                && has_gap
                && (1..upper.len()).any(|at| !self.at(upper, at).is_empty())
                && (has_no_name(lower) && !has_no_name(upper)
                    || has_no_name(upper) && !has_no_name(lower) && is_text());
        }
        let goes_down = upper.iter().zip(lower).any(|(above, below)| *above != NOTHING && above == below);
        goes_down || has_no_name(upper) || has_no_name(lower)
    }

    /// Whether a row holds the units of the numbers below it: its first cell is empty, or its words are in brackets.
    fn is_of_units(&self, at: usize) -> bool {
        let (upper, row) = (&self.rows[at - 1], &self.rows[at]);
        let is_in_brackets = |text: &str| text.starts_with(['(', '[']) && text.ends_with([')', ']']);
        let are_all =
            |is: &dyn Fn(&str) -> bool| row.iter().map(|cell| self.line(*cell)).filter(|text| !text.is_empty()).all(is);
        let is_short = |text: &str| text.chars().count() <= LONGEST_UNIT && !begins_with_number(text);
        let is_alone = self.at(row, 0).is_empty();
        let has_numbers_below = |column: usize| {
            let below = self.rows[at + 1..].iter().take(COMPARED);
            below.map(|row| self.at(row, column)).filter(|text| !text.is_empty()).any(begins_with_number)
        };
        let names_unit = |column: usize| {
            !self.at(row, column).is_empty() && !self.at(upper, column).is_empty() && has_numbers_below(column)
        };
        (is_alone || are_all(&is_in_brackets)) && are_all(&is_short) && (1..row.len()).any(names_unit)
    }

    /// In a header of two rows without spans, extends each upper name over the unnamed columns to its right.
    fn fill_groups(&self, upper: &mut Vec<usize>, lower: &[usize]) {
        let goes_down = upper.iter().zip(lower).any(|(above, below)| *above != NOTHING && above == below);
        if goes_down || Self::columns(upper).values().any(|columns| *columns > 1) {
            return;
        }
        upper.resize(upper.len().max(lower.len()), NOTHING);
        for column in 2..upper.len() {
            if self.at(upper, column).is_empty() && !self.at(lower, column).is_empty() {
                upper[column] = upper[column - 1];
            }
        }
    }

    /// Whether a row has values like the rows below it, and so does not name the columns.
    fn is_of_values(&self, at: usize) -> bool {
        let row = &self.rows[at];
        let below = &self.rows[at + 1..(at + 1 + COMPARED).min(self.rows.len())];
        if self.width() == 2 && at == 0 {
            let keys = || self.rows.iter().take(COMPARED).all(|row| self.at(row, 0).ends_with(':'));
            if begins_with_number(self.at(row, 1)) || keys() {
                return true;
            }
        }
        (0..row.len()).any(|column| {
            let text = self.at(row, column);
            let texts = || below.iter().map(|row| self.at(row, column)).filter(|text| !text.is_empty());
            if is_number(text) {
                return column == 0 && !below.is_empty() && texts().all(is_number);
            }
            if has_number(text) {
                let shape_of_it = shape(text);
                return texts().any(|text| shape(text) == shape_of_it);
            }
            let is_again = |row: &&Vec<usize>| {
                self.at(row, column) == text
                    && self.at(row, 0) != self.at(&self.rows[at], 0)
                    && row[column] != self.rows[at][column]
            };
            let again = below.iter().filter(|row| row.len() > column).filter(is_again).count();
            column > 0 && !text.is_empty() && (again > 1 || again == 1 && below.len() < MOST_LEVELS)
        })
    }
}
