//! The lines of a table without rules, what they tell about rows, and the resulting rows.

use std::ops::Range;

use super::{lines::beside, words::Area};

/// Lines of a table beyond which its rows are not examined.
pub(super) const MOST_LINES: usize = 2_000;

/// The text of one line in one column or over several.
#[derive(Debug, Clone)]
pub(super) struct Filled {
    pub(super) columns: Range<usize>,
    pub(super) area: Area,
    /// The middle of its type, in points; it differs a little within a line.
    pub(super) middle: f32,
    pub(super) text: String,
    /// The width of its first word, in points.
    pub(super) first_word: f32,
}

/// A line of a table.
#[derive(Debug, Clone)]
pub(super) struct TableLine {
    pub(super) middle: f32,
    pub(super) height: f32,
    pub(super) cells: Vec<Filled>,
}

impl TableLine {
    pub(super) fn in_column(&self, column: usize) -> Option<&Filled> {
        self.cells.iter().find(|cell| cell.columns.contains(&column))
    }

    /// Whether it has a cell in the first column.
    pub(super) fn is_named(&self) -> bool {
        self.in_column(0).is_some()
    }
}

/// Rows that share their first cell; mostly a single row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Group {
    /// The lines of the first cell.
    pub(super) names: Vec<usize>,
    /// The lines of each row.
    pub(super) rows: Vec<Vec<usize>>,
}

/// The rows of a table, and whether they are certain.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) groups: Vec<Group>,
    pub(super) are_certain: bool,
}

/// The lines of a table with the measures that the rules below need.
pub(super) struct Body<'a> {
    pub(super) lines: &'a [TableLine],
    /// The widths of the columns in points.
    pub(super) widths: &'a [f32],
    /// The distance of middles, in points, below which lines stand beside each other rather than below.
    pub(super) beside: f32,
}

impl<'a> Body<'a> {
    pub(super) fn of(lines: &'a [TableLine], widths: &'a [f32]) -> Self {
        let beside = beside(lines.windows(2).map(|pair| pair[1].middle - pair[0].middle), height(lines));
        Self { lines, widths, beside }
    }

    /// Whether a line has text in the first column only.
    pub(super) fn is_name_only(&self, at: usize) -> bool {
        self.lines[at].cells.iter().all(|cell| cell.columns.contains(&0))
    }

    /// Whether a line begins a row of its own below these, rather than continuing them: it has a cell in every column
    /// but the first that they have, and one of them begins with a number as theirs does.
    pub(super) fn begins_row(&self, row: &[usize], at: usize) -> bool {
        let Some(first) = row.first().map(|at| &self.lines[*at]) else { return true };
        let line = &self.lines[at];
        let in_both = |column: &usize| first.in_column(*column).is_some() && line.in_column(*column).is_some();
        let others = 1..self.widths.len();
        let has_all =
            others.clone().all(|column| first.in_column(column).is_none() || line.in_column(column).is_some());
        let begins_alike = others.clone().filter(in_both).any(|column| {
            let is_number = |line: &TableLine| {
                line.in_column(column)
                    .is_some_and(|cell| cell.text.starts_with(|c: char| c.is_numeric() || "<>≥≤".contains(c)))
            };
            is_number(first) && is_number(line)
        });
        has_all && begins_alike && (self.widths.len() > 2 || !self.goes_on(row, at))
    }

    /// Whether each cell of a line would not have fitted into the line above.
    pub(super) fn goes_on(&self, row: &[usize], at: usize) -> bool {
        self.lines[at].cells.iter().all(|cell| {
            let above = row.iter().rev().find_map(|at| self.lines[*at].in_column(cell.columns.start));
            above.is_some_and(|above| self.would_not_fit(above, cell))
        })
    }

    /// Whether the first word of a cell would not have fitted into the line above.
    pub(super) fn would_not_fit(&self, above: &Filled, next: &Filled) -> bool {
        let width: f32 = self.widths.get(above.columns.clone()).map_or(0.0, |widths| widths.iter().sum());
        above.area.width() + next.first_word + height(self.lines) * 0.3 > width
    }

    /// Whether a line has a cell in every column, but the first, in which the line `first` has one.
    pub(super) fn has_all(&self, first: usize, at: usize) -> bool {
        let of = |at: usize, column: usize| self.lines[at].in_column(column).is_some();
        let mut others = (1..self.widths.len()).filter(|column| of(first, *column)).peekable();
        others.peek().is_some() && others.all(|column| of(at, column))
    }

    /// The number of these lines that have a cell in a column.
    pub(super) fn count(&self, lines: &[usize], column: usize) -> usize {
        lines.iter().filter(|at| self.lines[**at].in_column(column).is_some()).count()
    }

    /// Whether no line of these cells would have fitted into the one above.
    pub(super) fn would_not_fit_above(&self, lines: &[usize]) -> bool {
        (1..self.widths.len()).all(|column| {
            let cells: Vec<&Filled> = lines.iter().filter_map(|at| self.lines[*at].in_column(column)).collect();
            cells.windows(2).all(|pair| self.would_not_fit(pair[0], pair[1]))
        })
    }

    /// Whether these lines beside a name may be rows of their own: each has the same kinds of values.
    pub(super) fn are_alike(&self, lines: &[usize]) -> bool {
        let is_number = |cell: &Filled| cell.text.starts_with(|c: char| c.is_numeric() || "<>≥≤".contains(c));
        let shape = |at: &usize| -> Vec<Option<bool>> {
            (1..self.widths.len()).map(|column| self.lines[*at].in_column(column).map(is_number)).collect()
        };
        let filled = (1..self.widths.len()).filter(|column| self.count(lines, *column) > 0).count();
        lines.len() > 1
            && self.count(lines, 0) < 2
            && (filled > 1 || !self.would_not_fit_above(lines))
            && lines.windows(2).all(|pair| shape(&pair[0]) == shape(&pair[1]))
            && lines[1..].iter().all(|at| self.begins_row(&lines[..1], *at))
    }
}

/// Whether a cell begins in lower case, as in the middle of a sentence or name.
pub(super) fn is_small(cell: &Filled) -> bool {
    cell.text.trim_start_matches(['(', '[', '+', '&', '/', ' ']).starts_with(char::is_lowercase)
}

/// The mean height of lines, in points.
pub(super) fn height(lines: &[TableLine]) -> f32 {
    let sum: f32 = lines.iter().map(|line| line.height).sum();
    #[expect(clippy::cast_precision_loss, reason = "a page has less than a million lines")]
    let count = lines.len().max(1) as f32;
    sum / count
}
