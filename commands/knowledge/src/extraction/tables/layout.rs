//! The place of each cell of a table, and the places that it covers.

use std::collections::{HashMap, HashSet};

use super::{Cell, Grid, LEVELS};

/// The index of the empty cell, for places that no cell covers.
pub(super) const NOTHING: usize = 0;
/// Columns and rows that one cell may cover, as in HTML; a larger span is a mistake or an attack.
const MOST_ACROSS: usize = 1_000;
const MOST_DOWN: usize = 65_534;
/// Bytes by which repeating cells may enlarge a table. Beyond them spans are ignored.
const MOST_REPEATED: usize = 8 * 1_048_576;
/// Bytes that a place counts as, whatever is in it.
const A_PLACE: usize = 8;
/// Sections by which a table's section rows are told from rows with empty cells, at least.
const FEWEST_SECTIONS: usize = 2;

/// Rows of places, each with the index of the cell that covers it. Rows in which no cell with text begins are left out.
pub(super) struct Layout<'a> {
    /// The text of each cell by its index; the first is [`NOTHING`].
    cells: Vec<&'a str>,
    /// The same texts, each on one line.
    lines: Vec<String>,
    pub(super) rows: Vec<Vec<usize>>,
    /// The number of rows that name the columns, if it is known.
    pub(super) header_rows: Option<usize>,
}

/// A cell of a row above that still covers rows below it.
#[derive(Clone, Copy, Default)]
struct Above {
    cell: usize,
    rows: usize,
}

impl<'a> Layout<'a> {
    pub(super) fn of(grid: &'a Grid) -> Self {
        let mut layout =
            Self { cells: vec![""], lines: vec![String::new()], rows: Vec::new(), header_rows: grid.header_rows };
        let mut left = MOST_REPEATED;
        let mut above: Vec<Above> = Vec::new();
        for (at, row) in grid.rows.iter().enumerate() {
            let first = layout.cells.len();
            let mut places = layout.place(row, &mut above, &mut left);
            let begins = |cell: &usize| *cell >= first && !layout.lines[*cell].is_empty();
            let end = places.iter().rposition(|cell| !layout.lines[*cell].is_empty()).map_or(0, |last| last + 1);
            places.truncate(end);
            if places.iter().any(begins) {
                layout.rows.push(places);
            } else if grid.header_rows.is_some_and(|rows| at < rows) {
                layout.header_rows = layout.header_rows.map(|rows| rows - 1);
            }
        }
        layout.narrow();
        layout
    }

    /// Limits spans to the number of cells that stand beside each other: a cell may declare a larger span than the
    /// table has columns.
    fn narrow(&mut self) {
        let begun = |row: &Vec<usize>| row.last().map_or(0, |last| Self::extent(row, *last).0 + 1);
        let width = self.rows.iter().map(begun).max().unwrap_or_default();
        self.rows.iter_mut().for_each(|row| row.truncate(width));
    }

    fn place(&mut self, row: &'a [Cell], above: &mut Vec<Above>, left: &mut usize) -> Vec<usize> {
        let mut places = Vec::new();
        let mut cells = row.iter();
        loop {
            let at = places.len();
            if let Some(Above { cell, rows }) = above.get_mut(at).filter(|above| above.rows > 0) {
                *rows -= 1;
                places.push(*cell);
                *left = left.saturating_sub(self.cells[*cell].len() + A_PLACE);
                continue;
            }
            let Some(cell) = cells.next() else {
                if at >= above.len() {
                    break;
                }
                // The row has no cells before one that a cell above covers.
                places.push(NOTHING);
                *left = left.saturating_sub(A_PLACE);
                continue;
            };
            let number = self.cells.len();
            self.cells.push(&cell.text);
            self.lines.push(on_one_line(&cell.text));
            let size = cell.text.len() + A_PLACE;
            let across = cell.across.clamp(1, MOST_ACROSS).min(1 + *left / size);
            // A cell from a row above limits a cell that would extend into it.
            let free = (1..across).take_while(|more| above.get(at + more).is_none_or(|above| above.rows == 0)).count();
            let down = if *left > size { cell.down.clamp(1, MOST_DOWN) } else { 1 };
            if down > 1 {
                above.resize(above.len().max(at + free + 1), Above::default());
                above[at..=at + free].fill(Above { cell: number, rows: down - 1 });
            }
            places.resize(at + free + 1, number);
            *left = left.saturating_sub(free * size);
        }
        while above.last().is_some_and(|above| above.rows == 0) {
            above.pop();
        }
        if *left == 0 {
            above.clear();
        }
        places
    }

    /// The text of a cell, with its lines.
    pub(super) fn text(&self, cell: usize) -> &'a str {
        self.cells[cell]
    }

    /// The text of a cell on one line.
    pub(super) fn line(&self, cell: usize) -> &str {
        &self.lines[cell]
    }

    /// The text in a column of a row.
    pub(super) fn at(&self, row: &[usize], column: usize) -> &str {
        row.get(column).map_or("", |cell| self.line(*cell))
    }

    pub(super) fn width(&self) -> usize {
        self.rows.iter().map(Vec::len).max().unwrap_or_default()
    }

    /// The only cell of a row that has text.
    pub(super) fn only(&self, row: &[usize]) -> Option<usize> {
        let mut said = row.iter().copied().filter(|cell| !self.line(*cell).is_empty());
        let first = said.next()?;
        said.all(|cell| cell == first).then_some(first)
    }

    /// The first and the last column of a cell in a row.
    pub(super) fn extent(row: &[usize], cell: usize) -> (usize, usize) {
        let first = row.iter().position(|it| *it == cell).unwrap_or_default();
        (first, row.iter().rposition(|it| *it == cell).map_or(0, |last| last + 1 - first))
    }

    /// The number of columns that each cell of a row covers.
    pub(super) fn columns(row: &[usize]) -> HashMap<usize, usize> {
        let mut columns = HashMap::new();
        for cell in row.iter().filter(|cell| **cell != NOTHING) {
            *columns.entry(*cell).or_default() += 1;
        }
        columns
    }

    /// The texts of a column in some rows, from the top, each once.
    pub(super) fn joined(&self, rows: &[Vec<usize>], column: usize) -> String {
        let mut levels: Vec<&str> = Vec::new();
        for row in rows {
            let level = self.at(row, column);
            if !level.is_empty() && levels.last() != Some(&level) {
                levels.push(level);
            }
        }
        levels.join(LEVELS)
    }

    /// Whether a row repeats one of these, as a header at the top of a page.
    pub(super) fn repeats(&self, row: &[usize], header: &[Vec<usize>]) -> bool {
        header.iter().any(|head| {
            head.len() == row.len() && head.iter().zip(row).all(|(one, other)| self.line(*one) == self.line(*other))
        })
    }

    /// The rows that name the rows below them, marked by `true`: their cell covers the whole width. In a table without
    /// spans a row with only its first cell filled may also be a row with empty cells; it names others only if the
    /// table begins with such a row, has another one, and never ends with one.
    pub(super) fn sections(&self) -> Vec<bool> {
        let width = self.width();
        let covers_all =
            |row: &Vec<usize>| width > 1 && self.only(row).is_some_and(|cell| Self::extent(row, cell) == (0, width));
        let mut sections: Vec<bool> = self.rows.iter().map(covers_all).collect();
        if sections.contains(&true) {
            return sections;
        }
        let is_name = |row: &Vec<usize>| {
            row.len() == 1 && !self.at(row, 0).contains(|c: char| c.is_numeric()) && !self.at(row, 0).ends_with('.')
        };
        let names: Vec<bool> = self.rows.iter().map(is_name).collect();
        let is_regular = names.first() == Some(&true)
            && names.last() == Some(&false)
            && !names.windows(2).any(|pair| pair == [true, true])
            && self.rows.iter().zip(&names).all(|(row, is_name)| *is_name || row.len() > 1);
        if is_regular && names.iter().filter(|is_name| **is_name).count() >= FEWEST_SECTIONS {
            sections = names;
        }
        sections
    }

    /// Whether a section of this name is below others: it follows another one somewhere.
    pub(super) fn is_lower_section(&self, sections: &[bool], name: &str) -> bool {
        let name_of = |at: usize| self.only(&self.rows[at]).map(|cell| self.line(cell));
        let lower: HashSet<&str> =
            (1..sections.len()).filter(|at| sections[*at] && sections[at - 1]).filter_map(name_of).collect();
        lower.contains(name)
    }
}

/// The text with its lines joined, where two numbers do not become one.
fn on_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut ends_line = false;
    for part in text.split_inclusive(['\n', '\r', '\u{2028}', '\u{2029}', '\u{b}']) {
        for (at, word) in part.split_whitespace().enumerate() {
            if !line.is_empty() {
                let are_numbers = line.ends_with(char::is_numeric) && word.starts_with(char::is_numeric);
                line.push_str(if at == 0 && ends_line && are_numbers { "; " } else { " " });
            }
            line.push_str(word);
        }
        ends_line = true;
    }
    line
}
