//! Cells of a table without rules, inferred from the distances of lines: lines of one cell are closer than those of two
//! cells.
//!
//! This works wherever in their rows cells stand, at the top, in the middle or at the bottom: the cell with the most
//! lines reaches as far up and down as any other of its row.

use std::ops::Range;

use super::body::{Body, MOST_LINES, TableLine, height, is_small};

/// Points by which the distance between two cells exceeds that of lines within a cell, at least.
const FARTHER: f32 = 0.6;
/// Points by which the distances of lines within a cell differ, at most.
const SPREAD: f32 = 0.8;
/// The distance of lines within a cell, in line heights.
const APART: Range<f32> = 0.75..1.7;

/// The rows and names of a table, by the indices of its lines.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// The lines of each row, by the cells other than the name.
    pub(super) rows: Vec<Range<usize>>,
    /// The lines of each name (cell of the first column).
    pub(super) names: Vec<Vec<usize>>,
}

impl Blocks {
    /// The nearest line to `at` at which no row or name is cut in two: the end of those that reach over it if they
    /// begin with the table, else their start.
    pub(super) fn end_of_row(&self, at: usize) -> usize {
        let names = self.names.iter().filter_map(|lines| Some(*lines.first()?..lines.last()? + 1));
        let all: Vec<Range<usize>> = self.rows.iter().cloned().chain(names).collect();
        let mut around = at..at;
        // Extending the range may make it overlap another row or name.
        while let Some(other) = all.iter().find(|other| {
            let overlaps = other.start < around.end && around.start < other.end;
            overlaps && (other.start < around.start || around.end < other.end)
        }) {
            around = around.start.min(other.start)..around.end.max(other.end);
        }
        if around.start == 0 { around.end } else { around.start }
    }

    /// The rows and names that begin at this line or later, renumbered from there.
    pub(super) fn from(&self, first: usize) -> Self {
        let rows = self.rows.iter().filter(|row| row.start >= first);
        let names = self.names.iter().filter(|name| name.first().is_some_and(|at| *at >= first));
        Self {
            rows: rows.map(|row| row.start - first..row.end - first).collect(),
            names: names.map(|name| name.iter().map(|at| at - first).collect()).collect(),
        }
    }
}

/// The cells of these lines; `None` if the distances do not tell them or their text contradicts them. `widths` are the
/// widths of the columns in points.
pub(super) fn blocks(lines: &[TableLine], widths: &[f32]) -> Option<Blocks> {
    if lines.len() > MOST_LINES {
        return None;
    }
    let body = &Body::of(lines, widths);
    let middles = |column| lines.iter().filter_map(|line| line.in_column(column)).map(|cell| cell.middle).collect();
    let limit = limit(&(0..body.widths.len()).map(middles).collect::<Vec<_>>(), height(lines))?;
    let mut rows: Vec<Range<usize>> = Vec::new();
    let mut cells: Vec<(usize, Vec<usize>)> = Vec::new();
    for column in 1..body.widths.len() {
        cells.extend(of_column(lines, column, limit).into_iter().map(|cell| (column, cell)));
    }
    cells.sort_by_key(|(_, cell)| cell.first().copied());
    for (_, cell) in &cells {
        let (Some(first), Some(last)) = (cell.first(), cell.last()) else { continue };
        match rows.last_mut() {
            Some(row) if *first < row.end => row.end = row.end.max(last + 1),
            _ => rows.push(*first..last + 1),
        }
    }
    // Two cells of one column are in two rows.
    let holds_two = |row: &Range<usize>| {
        let inside = cells.iter().filter(|(_, cell)| cell.first().is_some_and(|at| row.contains(at)));
        let mut columns: Vec<usize> = inside.map(|(column, _)| *column).collect();
        columns.sort_unstable();
        columns.windows(2).any(|pair| pair[0] == pair[1])
    };
    if rows.len() < 2 || rows.iter().any(holds_two) {
        return None;
    }
    let blocks = Blocks { rows, names: of_column(lines, 0, limit) };
    is_plausible(body, &blocks).then_some(blocks)
}

/// The distance, in points, above which two lines of a column are two cells; `None` if there is no clear limit. Each
/// column is given as the middles of its lines, from top to bottom.
pub(super) fn limit(columns: &[Vec<f32>], height: f32) -> Option<f32> {
    let apart = |column: &Vec<f32>| column.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<f32>>();
    let mut distances: Vec<f32> = columns.iter().flat_map(apart).collect();
    distances.sort_by(f32::total_cmp);
    let least = *distances.first()?;
    if !APART.contains(&(least / height.max(1.0))) {
        return None;
    }
    let farther = distances.windows(2).find(|pair| pair[1] - pair[0] > FARTHER)?;
    (farther[0] - least < SPREAD).then(|| f32::midpoint(farther[0], farther[1]))
}

/// The lines of each cell of a column.
fn of_column(lines: &[TableLine], column: usize, limit: f32) -> Vec<Vec<usize>> {
    let mut cells: Vec<Vec<usize>> = Vec::new();
    let mut last = f32::MIN;
    for (at, line) in lines.iter().enumerate() {
        let Some(cell) = line.in_column(column) else { continue };
        match cells.last_mut() {
            Some(lines) if cell.middle - last < limit => lines.push(at),
            _ => cells.push(vec![at]),
        }
        last = cell.middle;
    }
    cells
}

/// Whether the text confirms the cells: there must be evidence for cells of several lines, and more than twice as much
/// as for closely set rows.
fn is_plausible(body: &Body<'_>, blocks: &Blocks) -> bool {
    let (mut for_cells, mut for_rows) = (0, 0);
    for name in &blocks.names {
        let cell = |at: usize| body.lines[at].in_column(0);
        let begins_small = name.first().and_then(|at| cell(*at)).is_some_and(is_small);
        for pair in name.windows(2) {
            let Some((before, next)) = cell(pair[0]).zip(cell(pair[1])) else { continue };
            let goes_on = is_small(next) && !begins_small;
            if !goes_on && !body.would_not_fit(before, next) {
                return false;
            }
            // A line with all values may be the next row.
            let is_full = body.has_all(name[0], pair[1]);
            for_cells += usize::from(goes_on);
            for_rows += usize::from(is_full && !goes_on);
        }
    }
    for row in blocks.rows.iter().filter(|row| row.len() > 1) {
        let lines: Vec<usize> = row.clone().collect();
        let counts: Vec<usize> = (1..body.widths.len()).map(|column| body.count(&lines, column)).collect();
        let filled: Vec<usize> = counts.into_iter().filter(|count| *count > 0).collect();
        let is_uneven = filled.windows(2).any(|pair| pair[0] != pair[1]);
        let is_alone = body.count(&lines, 0) < filled.iter().copied().max().unwrap_or(0);
        let are_rows = || lines.windows(2).any(|pair| body.begins_row(&pair[..1], pair[1]));
        // A name in the middle between two lines.
        let is_between = || is_alone && lines.len() % 2 == 1 && body.is_name_only(lines[lines.len() / 2]);
        let goes_on = body.would_not_fit_above(&lines) && (is_uneven || is_alone && !are_rows());
        for_cells += usize::from(goes_on || is_between() && !are_rows());
    }
    for_cells > for_rows && (for_rows == 0 || for_cells > 2 * for_rows)
}
