//! Tables as lines of text: `| cell | cell |`, one line that names the columns with a line of dashes below it.
//!
//! Whoever reads a row (a person, a search, a model) sees that line alone or with the first two: so what applies to a row
//! stands in it. A cell that covers others is repeated in each place, levels of a header are joined to one, and the name of a
//! section inside the table is put before the names of its rows.

mod header;
mod layout;
mod shapes;
#[cfg(test)]
mod tests;

use layout::{Layout, NOTHING};
pub(super) use shapes::{begins_with_number, has_number, shape};

/// What stands between the levels of a header, and between a section and the names of its rows.
const LEVELS: &str = " · ";
/// Characters beyond which a row of one cell is a remark and not the name of a section.
const LONGEST_SECTION: usize = 60;
/// Words of a sentence about the row above it, at least.
const FEWEST_WORDS: usize = 3;

/// A cell as it is laid out: it may cover others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) text: String,
    /// Columns that it covers, itself among them; 0 is taken for 1.
    pub(super) across: usize,
    /// Rows that it covers, itself among them; 0 is taken for 1.
    pub(super) down: usize,
}

/// A table as it is laid out, row by row, each with the cells that begin in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Grid {
    pub(super) rows: Vec<Vec<Cell>>,
    /// The first so many rows name the columns; `None` if that must be found out.
    pub(super) header_rows: Option<usize>,
}

impl Cell {
    pub(super) fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), across: 1, down: 1 }
    }
}

impl Grid {
    /// The table as lines of text.
    ///
    /// Rows above the header that hold one cell are its title, and written as text above the table; so are remarks below it.
    /// If nothing names the columns, the header is blank, so that no row of values is repeated as one. A table of which no row
    /// has two cells only lays out a page: what its cells say is written one below the other, as it is.
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

/// The rows below the header; what covers the whole width names the rows below it, or is a remark.
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

/// What is long or a sentence names no rows: "Not below 8 years." is about the drug above it.
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

/// A row; what is in a cell stays on one line, and a bar in it does not end it.
fn row<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let mut line = String::from("|");
    for cell in cells {
        line.push(' ');
        line.push_str(&cell.replace('|', "\\|"));
        line.push_str(" |");
    }
    line
}

/// The line below the names of the columns.
fn rule(cells: usize) -> String {
    format!("|{}", " --- |".repeat(cells))
}
