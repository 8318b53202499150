//! Tables as lines of text: `| cell | cell |`, one line that names the columns with a line of dashes below it.
//!
//! A reader of a row (a person, a search, a model) sees its line alone or with the first two lines. So a row repeats
//! all that applies to it: a cell that covers others is repeated in each place, the levels of a header are joined, and
//! the name of a section within the table precedes the names of its rows.

mod header;
mod layout;
mod shapes;
#[cfg(test)]
mod tests;

use layout::{Layout, NOTHING};
pub(super) use shapes::{begins_with_number, has_number, shape};

/// The separator between the levels of a header, and between a section and the names of its rows.
const LEVELS: &str = " · ";
/// Characters beyond which a row of one cell is a remark and not the name of a section.
const LONGEST_SECTION: usize = 60;
/// Words, at least, of a sentence that is a remark on the row above it.
const FEWEST_WORDS: usize = 3;

/// A cell of the layout; it may cover other places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) text: String,
    /// Columns that it covers, its own included; 0 counts as 1.
    pub(super) across: usize,
    /// Rows that it covers, its own included; 0 counts as 1.
    pub(super) down: usize,
}

/// The layout of a table: row by row the cells that begin in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Grid {
    pub(super) rows: Vec<Vec<Cell>>,
    /// The number of rows that name the columns; `None` if it must be inferred.
    pub(super) header_rows: Option<usize>,
}

impl Cell {
    pub(super) fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), across: 1, down: 1 }
    }
}

impl Grid {
    /// Writes the table as lines of text.
    ///
    /// Rows above the header that hold one cell are its title and are written as text above the table; so are remarks
    /// below the title. If no row names the columns, the header is blank, so that no row of values is repeated as one.
    /// A table in which no row has two cells only lays out a page: the texts of its cells are written one below the
    /// other, as they are.
    pub(super) fn write(&self, text: &mut String) {
        let mut layout = Layout::of(self);
        if !layout.rows.iter().any(|row| layout.only(row).is_none()) {
            write_below_each_other(&layout, text);
            return;
        }
        let titles = layout.take_titles();
        for title in &titles {
            write_line(title, text);
        }
        let width = layout.width();
        let header = layout.take_header();
        let line = match &header[..] {
            [] => row((0..width).map(|_| "")),
            rows => {
                row((0..width).map(|column| layout.joined(rows, column)).collect::<Vec<_>>().iter().map(AsRef::as_ref))
            }
        };
        text.extend([line.as_str(), "\n", rule(width).as_str(), "\n"]);
        write_body(&layout, &header, text);
    }
}

/// Writes the rows below the header; a cell that covers the whole width names the rows below it, or is a remark.
fn write_body(layout: &Layout<'_>, header: &[Vec<usize>], text: &mut String) {
    let sections = layout.sections();
    let last = layout.rows.iter().rposition(|row| layout.only(row).is_none());
    let mut path: Vec<&str> = Vec::new();
    let mut follows_one = false;
    for (at, row) in layout.rows.iter().enumerate() {
        let only = layout.only(row).map(|cell| layout.line(cell));
        let followed_one = std::mem::take(&mut follows_one);
        match only.filter(|_| sections[at]) {
            Some(remark) if last.is_none_or(|last| at > last) => write_line(remark, text),
            Some(remark) if is_remark(remark) => {
                text.push_str(&self::row([remark]));
                text.push('\n');
            }
            Some(name) => {
                follows_one = true;
                if !followed_one {
                    let keeps = layout.is_lower_section(&sections, name);
                    path.truncate(if keeps { path.len().saturating_sub(1) } else { 0 });
                }
                path.push(name);
            }
            None if layout.repeats(row, header) => {}
            None => {
                let mut cells: Vec<&str> = row.iter().map(|cell| layout.line(*cell)).collect();
                let named = path.iter().copied().chain(cells.first().copied().filter(|name| !name.is_empty()));
                let name = named.collect::<Vec<_>>().join(LEVELS);
                if let Some(first) = cells.first_mut() {
                    *first = &name;
                }
                text.push_str(&self::row(cells));
                text.push('\n');
            }
        }
    }
}

/// Whether a line is too long for the name of a section, or a sentence: "Not below 8 years." is about the drug above
/// it.
fn is_remark(line: &str) -> bool {
    let is_sentence = line.ends_with(['.', '।', '!']) && line.split_whitespace().nth(FEWEST_WORDS - 1).is_some();
    is_sentence || line.chars().count() > LONGEST_SECTION
}

fn write_below_each_other(layout: &Layout<'_>, text: &mut String) {
    let mut before = NOTHING;
    for cell in layout.rows.iter().filter_map(|row| layout.only(row)) {
        if cell != before {
            if before != NOTHING {
                text.push('\n');
            }
            write_line(layout.text(cell).trim(), text);
        }
        before = cell;
    }
}

fn write_line(line: &str, text: &mut String) {
    text.push_str(line);
    text.push('\n');
}

/// A row as a line: line breaks in cells become blanks, and bars are escaped.
fn row<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let mut line = String::from("|");
    for cell in cells {
        line.push(' ');
        line.push_str(&cell.replace('|', "\\|"));
        line.push_str(" |");
    }
    line
}

/// The rule below the header.
fn rule(cells: usize) -> String {
    format!("|{}", " --- |".repeat(cells))
}
