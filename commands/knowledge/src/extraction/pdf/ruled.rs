//! Tables with drawn lines: a cell extends as far as no line divides it.

use super::{
    drawn::{Drawn, Line},
    words::Area,
};

/// Points within which two lines are the same.
const SAME: f32 = 3.0;
/// Lines of a page, and cells of a table, beyond which it is a drawing.
const MOST_LINES: usize = 3_000;
const MOST_CELLS: usize = 20_000;
/// The part of a cell's side that a line must cover to be its border.
const COVERS: f32 = 0.7;

/// A cell by its lines.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RuledCell {
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) down: usize,
    pub(super) across: usize,
}

/// A table by its lines.
#[derive(Debug, Clone)]
pub(super) struct Ruled {
    pub(super) area: Area,
    /// The left edges of the columns and the top edges of the rows, each with the end of the last one, in points.
    pub(super) columns: Vec<f32>,
    pub(super) rows: Vec<f32>,
    /// The cells, row by row.
    pub(super) cells: Vec<RuledCell>,
    /// The index of the cell that covers each position of the grid, row by row.
    owners: Vec<usize>,
}

impl Ruled {
    /// The index of the cell that contains this point.
    pub(super) fn cell_at(&self, x: f32, y: f32) -> Option<usize> {
        let place = |lines: &[f32], at: f32| lines.partition_point(|line| *line <= at).checked_sub(1);
        let (column, row) = (place(&self.columns, x)?, place(&self.rows, y)?);
        let wide = self.columns.len() - 1;
        (column < wide && row + 1 < self.rows.len()).then(|| self.owners[row * wide + column])
    }
}

/// The tables that these lines form, the smallest first.
pub(super) fn tables(drawn: &Drawn) -> Vec<Ruled> {
    let (across, down) = (merged(&drawn.across), merged(&drawn.down));
    if across.len() + down.len() > MOST_LINES {
        return Vec::new();
    }
    let mut groups = Groups::of(across.len() + down.len());
    for (a, line) in across.iter().enumerate() {
        for (d, other) in down.iter().enumerate() {
            let touches = |line: &Line, at: f32| line.from - SAME <= at && at <= line.to + SAME;
            if touches(line, other.at) && touches(other, line.at) {
                groups.join(a, across.len() + d);
            }
        }
    }
    let mut tables: Vec<Ruled> = groups.all().iter().filter_map(|group| table(group, &across, &down)).collect();
    tables.sort_by(|a, b| (a.area.width() * a.area.height()).total_cmp(&(b.area.width() * b.area.height())));
    tables
}

/// The lines with collinear neighbours joined.
pub(super) fn merged(lines: &[Line]) -> Vec<Line> {
    let mut lines = lines.to_vec();
    lines.sort_by(|a, b| a.at.total_cmp(&b.at));
    let mut merged: Vec<Line> = Vec::new();
    let mut rest = lines.as_mut_slice();
    while let Some(first) = rest.first().copied() {
        let count = rest.partition_point(|line| line.at - first.at <= SAME / 2.0);
        let (together, others) = rest.split_at_mut(count);
        together.sort_by(|a, b| a.from.total_cmp(&b.from));
        let begin = merged.len();
        for line in together {
            match merged[begin..].last_mut() {
                Some(before) if line.from <= before.to + SAME => before.to = before.to.max(line.to),
                _ => merged.push(*line),
            }
        }
        rest = others;
    }
    merged
}

fn table(group: &[usize], across: &[Line], down: &[Line]) -> Option<Ruled> {
    let (mut rules, mut walls) = (Vec::new(), Vec::new());
    for at in group {
        match at.checked_sub(across.len()) {
            Some(at) => walls.push(down[at]),
            None => rules.push(across[*at]),
        }
    }
    let columns = places(&walls, &rules);
    let rows = places(&rules, &walls);
    let (wide, high) = (columns.len().checked_sub(1)?, rows.len().checked_sub(1)?);
    if wide < 2 || high == 0 || wide * high > MOST_CELLS {
        return None;
    }
    // Whether a line separates a position of the grid from the one to its right, and from the one below.
    let right = divided(&walls, &columns, &rows);
    let below = divided(&rules, &rows, &columns);
    let is_right = |row: usize, column: usize| column + 1 == wide || right[(column + 1) * high + row];
    let is_below = |row: usize, column: usize| row + 1 == high || below[(row + 1) * wide + column];
    let mut owners = vec![usize::MAX; wide * high];
    let mut cells = Vec::new();
    for row in 0..high {
        for column in 0..wide {
            if owners[row * wide + column] != usize::MAX {
                continue;
            }
            let free = |column: usize| owners[row * wide + column] == usize::MAX;
            let mut end = column + 1;
            while end < wide && !is_right(row, end - 1) && free(end) {
                end += 1;
            }
            let goes_on = |row: usize| {
                (column..end).all(|at| !is_below(row, at))
                    && (column..end - 1).all(|at| !is_right(row + 1, at))
                    && (end == wide || is_right(row + 1, end - 1))
                    && (column == 0 || is_right(row + 1, column - 1))
            };
            let mut bottom = row + 1;
            while bottom < high && goes_on(bottom - 1) {
                bottom += 1;
            }
            for covered in row..bottom {
                owners[covered * wide + column..covered * wide + end].fill(cells.len());
            }
            cells.push(RuledCell { row, column, down: bottom - row, across: end - column });
        }
    }
    let area = Area { left: columns[0], top: rows[0], right: columns[wide], bottom: rows[high] };
    Some(Ruled { area, columns, rows, cells, owners })
}

/// The positions of the lines, and the ends of the lines across them.
fn places(lines: &[Line], others: &[Line]) -> Vec<f32> {
    let mut places: Vec<f32> = lines.iter().map(|line| line.at).collect();
    let ends = others.iter().map(|line| line.from).reduce(f32::min).into_iter();
    places.extend(ends.chain(others.iter().map(|line| line.to).reduce(f32::max)));
    places.sort_by(f32::total_cmp);
    places.dedup_by(|next, place| *next - *place <= SAME);
    places
}

/// Whether a line covers each interval of the other direction at each position: position by position.
fn divided(lines: &[Line], places: &[f32], others: &[f32]) -> Vec<bool> {
    let intervals = others.len() - 1;
    let mut covered = vec![0.0_f32; places.len() * intervals];
    for line in lines {
        let place = places.partition_point(|place| *place < line.at - SAME).min(places.len() - 1);
        // The nearer of the two positions.
        let next = (place + 1).min(places.len() - 1);
        let place = if (places[next] - line.at).abs() < (places[place] - line.at).abs() { next } else { place };
        for (at, ends) in others.windows(2).enumerate() {
            covered[place * intervals + at] += (line.to.min(ends[1]) - line.from.max(ends[0])).max(0.0);
        }
    }
    let lengths: Vec<f32> = others.windows(2).map(|ends| ends[1] - ends[0]).collect();
    covered.iter().enumerate().map(|(at, covered)| *covered >= lengths[at % intervals] * COVERS).collect()
}

/// Lines that touch each other, directly or through others (union-find).
struct Groups {
    parents: Vec<usize>,
}

impl Groups {
    fn of(count: usize) -> Self {
        Self { parents: (0..count).collect() }
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.parents[at] != at {
            self.parents[at] = self.parents[self.parents[at]];
            at = self.parents[at];
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b)] = a.min(b);
    }

    /// The groups of more than two lines.
    fn all(mut self) -> Vec<Vec<usize>> {
        let mut groups = vec![Vec::new(); self.parents.len()];
        for at in 0..self.parents.len() {
            let root = self.root(at);
            groups[root].push(at);
        }
        groups.retain(|group| group.len() > 2);
        groups
    }
}
