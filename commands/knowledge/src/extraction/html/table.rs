//! An open table of a page.

use scraper::node::Element;

use super::roles::acts_as;
use crate::extraction::tables::{Cell, Grid};

/// A span that is larger than any table: HTML's limit for `rowspan`.
const ALL: usize = 65_534;

/// The text of a cell that is left out, while the table is laid out: a row that has one is no title.
const LEFT_OUT: &str = "\u{2060}";

#[derive(Default)]
pub(super) struct Table {
    /// The rows of the first `thead`, which is shown first wherever it stands.
    head: Vec<Row>,
    rows: Vec<Row>,
    /// The rows of `tfoot`, which is shown last wherever it stands.
    foot: Vec<Row>,
    part: Part,
    /// Whether a cell contains a table.
    pub(super) has_tables: bool,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Part {
    #[default]
    Body,
    Head,
    Foot,
}

#[derive(Default)]
struct Row {
    cells: Vec<Cell>,
    is_in_head: bool,
    /// Header cells (`th`) in this row.
    headers: usize,
    begins_with_header: bool,
    /// The cells of which all is left out.
    left_out: Vec<usize>,
}

impl Row {
    /// Whether there is nothing in the row, as all of it is left out.
    fn is_left_out(&self) -> bool {
        !self.left_out.is_empty() && self.cells.iter().all(|cell| cell.text.is_empty() && cell.down <= 1)
    }

    /// Keeps the place of what is left out beside the only other cell.
    fn keep_places(&mut self) {
        if self.cells.iter().filter(|cell| !cell.text.trim().is_empty()).count() == 1 {
            for at in &self.left_out {
                LEFT_OUT.clone_into(&mut self.cells[*at].text);
            }
        }
    }
}

impl Table {
    pub(super) fn begin_part(&mut self, name: &str) {
        self.part = match name {
            "thead" if self.head.is_empty() => Part::Head,
            "tfoot" => Part::Foot,
            _ => Part::Body,
        };
    }

    pub(super) fn begin_row(&mut self) {
        let row = Row { is_in_head: self.part == Part::Head, ..Row::default() };
        self.rows_of_part().push(row);
    }

    fn rows_of_part(&mut self) -> &mut Vec<Row> {
        match self.part {
            Part::Head => &mut self.head,
            Part::Body => &mut self.rows,
            Part::Foot => &mut self.foot,
        }
    }

    /// Adds a cell; `lacks_some` tells that some or all of it is left out.
    pub(super) fn add(&mut self, element: &Element, text: String, lacks_some: bool) {
        let rows = self.rows_of_part();
        if rows.is_empty() {
            rows.push(Row::default());
        }
        let Some(row) = rows.last_mut() else { return };
        let span = |name: &str| element.attr(name).and_then(|span| span.trim().parse::<usize>().ok());
        // `rowspan="0"` extends a cell to the last row.
        let down = span("rowspan").map_or(1, |rows| if rows == 0 { ALL } else { rows });
        if acts_as(element) == "th" {
            row.headers += 1;
            row.begins_with_header |= row.cells.is_empty();
        }
        if lacks_some && text.trim().is_empty() {
            row.left_out.push(row.cells.len());
        }
        row.cells.push(Cell { text, across: span("colspan").unwrap_or(1), down });
    }

    /// The table as lines of text, or the text of its cells one below the other if it only lays out the page.
    pub(super) fn text(mut self) -> String {
        self.rows.splice(0..0, std::mem::take(&mut self.head));
        self.rows.append(&mut self.foot);
        self.rows.retain(|row| !row.is_left_out());
        let lacks_some = self.rows.iter().any(|row| !row.left_out.is_empty());
        self.rows.iter_mut().for_each(Row::keep_places);
        let names_columns = |row: &Row| row.is_in_head || row.headers > 0 && row.headers == row.cells.len();
        let has_headers = self.rows.iter().any(|row| row.is_in_head || row.headers > 0);
        // A table with a single row in which a cell has paragraphs is a page beside its menu.
        let is_page = matches!(&self.rows[..], [row] if row.cells.iter().any(|cell| cell.text.trim().contains("\n\n")));
        if (self.has_tables || is_page) && !has_headers {
            let cells = self.rows.iter().flat_map(|row| &row.cells).map(|cell| cell.text.trim());
            return cells.filter(|text| !text.is_empty() && *text != LEFT_OUT).collect::<Vec<_>>().join("\n\n");
        }
        let count = self.rows.iter().take_while(|row| names_columns(row)).count();
        let mut body = self.rows[count..].iter();
        let header_rows = match count {
            0 if has_headers && body.all(|row| row.begins_with_header && row.headers < row.cells.len()) => Some(0),
            0 => None,
            count => Some(count),
        };
        for row in self.rows.iter_mut().skip(count) {
            if let ([only], 1) = (&mut row.cells[..], row.headers) {
                only.across = ALL;
            }
        }
        let has_tables = self.has_tables;
        let cell = |cell: Cell| if has_tables { Cell { text: flat(&cell.text), ..cell } } else { cell };
        let rows = self.rows.into_iter().map(|row| row.cells.into_iter().map(cell).collect()).collect();
        let mut text = String::new();
        Grid { rows, header_rows }.write(&mut text);
        if lacks_some { text.replace(LEFT_OUT, "") } else { text }
    }
}

/// A table within a cell of another table, as one line: its rows one after the other.
fn flat(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some(row) = line.strip_prefix('|').and_then(|row| row.strip_suffix('|')) else {
            lines.push(line.to_owned());
            continue;
        };
        let cells: Vec<&str> = row.split(" | ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
        if !cells.iter().all(|cell| *cell == "---") {
            lines.push(format!("{};", cells.join(", ").replace("\\|", "|")));
        }
    }
    lines.join(" ").trim_end_matches(';').to_owned()
}
