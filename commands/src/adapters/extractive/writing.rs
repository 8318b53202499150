//! Quotes as Markdown that shows the documents' own text, sign by sign.

use super::quotable::Piece;
use crate::{markdown::escaped, sentences::is_rule_of_table};

/// How a line of a quote is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Item,
    Row,
}

/// A line of a quote, as it is in the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    kind: Kind,
    pub text: String,
}

/// The head of a table: a row, and the line below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    head: String,
}

impl Line {
    pub(super) fn new(kind: Kind, text: &str) -> Self {
        Self { kind, text: text.to_owned() }
    }
}

impl Table {
    /// The head of a table, if it has one, and its rows.
    pub(super) fn of<'a, 'b>(rows: &'b [&'a str]) -> (Option<Self>, &'b [&'a str]) {
        match rows {
            [head, rule, rows @ ..] if is_rule_of_table(rule) => (Some(Self { head: (*head).to_owned() }), rows),
            _ => (None, rows),
        }
    }

    pub(super) fn head(&self) -> Line {
        Line::new(Kind::Row, &self.head)
    }
}

/// Writes quotes one after another.
#[derive(Debug, Default)]
pub(super) struct Writer {
    /// What the next quote need not repeat: what the last one stands below, and the head of its table.
    above: Vec<String>,
    table: Option<Table>,
    columns: usize,
    /// The line before, within one block of quotes.
    last: Option<Kind>,
}

impl Writer {
    /// Appends a quote to the text.
    pub(super) fn write(&mut self, piece: &Piece, text: &mut String) {
        let goes_on = !piece.above.is_empty() && piece.above == self.above;
        let is_same_table = piece.above == self.above
            && piece.table.is_some()
            && piece.table == self.table
            && cells(&piece.text).len() <= self.columns;
        if !(goes_on || is_same_table) {
            self.last = None;
            for above in &piece.above {
                self.line(Kind::Text, above, text);
            }
        }
        if let Some(table) = piece.table.as_ref().filter(|_| !is_same_table) {
            self.head(&table.head, [&piece.text], text);
        }
        self.line(piece.kind, &piece.text, text);
        let mut is_in_table = false;
        for line in &piece.below {
            if line.kind == Kind::Row && !is_in_table {
                is_in_table = true;
                self.head(&line.text, piece.below.iter().map(|line| &line.text), text);
            } else {
                self.line(line.kind, &line.text, text);
            }
        }
        self.above.clone_from(&piece.above);
        self.table.clone_from(&piece.table);
        if !piece.below.is_empty() {
            self.above.push(piece.text.clone());
        }
    }

    fn line(&mut self, kind: Kind, line: &str, text: &mut String) {
        text.push_str(match (self.last, kind) {
            (None, _) => "\n\n> ",
            (Some(Kind::Item), Kind::Item) | (Some(Kind::Row), Kind::Row) => "\n> ",
            _ => "\n>\n> ",
        });
        match kind {
            Kind::Text => text.push_str(&escaped(line)),
            Kind::Item => text.extend(["- ", &escaped(line)]),
            Kind::Row => row(&cells(line), text),
        }
        self.last = Some(kind);
    }

    /// The head of a table that has as many columns as any of these rows: what is beyond the head would not be shown.
    fn head<'a>(&mut self, head: &str, rows: impl IntoIterator<Item = &'a String>, text: &mut String) {
        let mut cells = cells(head);
        self.columns = rows.into_iter().map(|row| self::cells(row).len()).fold(cells.len(), usize::max);
        cells.resize(self.columns, "");
        text.push_str(if self.last.is_none() { "\n\n> " } else { "\n>\n> " });
        row(&cells, text);
        text.extend(["\n> |", &" --- |".repeat(cells.len())]);
        self.last = Some(Kind::Row);
    }
}

fn cells(row: &str) -> Vec<&str> {
    let inner = row.trim().trim_start_matches('|');
    let inner = inner.strip_suffix('|').unwrap_or(inner);
    inner.split('|').map(str::trim).collect()
}

fn row(cells: &[&str], text: &mut String) {
    text.push('|');
    for cell in cells {
        text.extend([" ", &escaped(cell), " |"]);
    }
}
