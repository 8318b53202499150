//! Assigns rows to names that stand beside the first of them, in the middle, or beside the last.

use std::ops::Range;

use super::body::{Body, Group, MOST_LINES, Rows, height};

/// The tolerance of middles, in line heights: one row more or less would move the middle of several by half a line at
/// least.
const EVEN: f32 = 0.25;

/// The vertical alignment of cells within their rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Top,
    Middle,
    Bottom,
}

/// The vertical extent of lines: the middles of the first and of the last, in points.
#[derive(Debug, Clone, Copy)]
struct Extent {
    top: f32,
    bottom: f32,
}

impl Extent {
    fn is_as(self, other: Self, side: Side, even: f32) -> bool {
        let place = |extent: Self| match side {
            Side::Top => extent.top,
            Side::Middle => f32::midpoint(extent.top, extent.bottom),
            Side::Bottom => extent.bottom,
        };
        (place(self) - place(other)).abs() < even
    }

    fn to(self, last: Self) -> Self {
        Self { top: self.top, bottom: last.bottom }
    }
}

/// The rows, grouped by the names beside them; `None` if no alignment fits all of them. The rows are given by their
/// lines, from top to bottom.
pub(super) fn rows(body: &Body<'_>, rows: &[Vec<usize>], names: &[Vec<usize>]) -> Option<Rows> {
    if body.lines.len() > MOST_LINES {
        return None;
    }
    let beside = |name: &[usize]| -> Vec<usize> {
        let reach = reach(name);
        let is_beside = |row: &Vec<usize>| self::reach(row).start < reach.end && reach.start < self::reach(row).end;
        (0..rows.len()).filter(|at| is_beside(&rows[*at])).collect()
    };
    let found: Vec<Vec<usize>> = names.iter().map(|name| beside(name)).collect();
    let mut count = vec![0; rows.len()];
    found.iter().flatten().for_each(|at| count[*at] += 1);
    if found.iter().all(|rows| rows.len() <= 1) && count.iter().all(|count| *count == 1) {
        return Some(Rows { groups: groups(rows, names, &one_each(&found)), are_certain: true });
    }
    let table = Table { body, rows, names, found, even: height(body.lines) * EVEN };
    let sides = match table.side() {
        Some(side) => vec![side],
        // With names at the bottom, the first rows may as well belong to a name on the page before.
        None => vec![Side::Top, Side::Middle],
    };
    let mut fitting = sides.into_iter().filter_map(|side| table.by(side));
    let first = fitting.next()?;
    let are_certain = fitting.all(|other| other == first);
    Some(Rows { groups: groups(rows, names, &first), are_certain })
}

/// The rows, each with the name directly beside it if there is one; the owner of the other rows is unknown.
pub(super) fn beside(rows: &[Vec<usize>], names: &[Vec<usize>]) -> Rows {
    let mut groups: Vec<Group> = names.iter().map(|name| Group { names: name.clone(), rows: Vec::new() }).collect();
    for row in rows {
        let is_beside = |group: &&mut Group| {
            let (name, row) = (reach(&group.names), reach(row));
            name.start < row.end && row.start < name.end
        };
        match groups.iter_mut().find(is_beside) {
            Some(group) => group.rows.push(row.clone()),
            None => groups.push(Group { names: Vec::new(), rows: vec![row.clone()] }),
        }
    }
    for group in groups.iter_mut().filter(|group| group.rows.is_empty()) {
        group.rows.push(Vec::new());
    }
    groups.sort_by_key(|group| group.rows.first().and_then(|row| row.first()).or(group.names.first()).copied());
    Rows { groups, are_certain: false }
}

fn reach(lines: &[usize]) -> Range<usize> {
    lines.first().copied().unwrap_or_default()..lines.last().map_or(0, |last| last + 1)
}

/// For each name, the rows that it stands beside; the position of a name without any is kept.
fn one_each(found: &[Vec<usize>]) -> Vec<Range<usize>> {
    let mut next = 0;
    let rows = found.iter().map(|rows| {
        let range = rows.first().map_or(next..next, |row| *row..row + 1);
        next = range.end;
        range
    });
    rows.collect()
}

fn groups(rows: &[Vec<usize>], names: &[Vec<usize>], of_names: &[Range<usize>]) -> Vec<Group> {
    let of = |(name, range): (&Vec<usize>, &Range<usize>)| {
        let own = rows[range.clone()].to_vec();
        Group { names: name.clone(), rows: if own.is_empty() { vec![Vec::new()] } else { own } }
    };
    names.iter().zip(of_names).map(of).collect()
}

struct Table<'a> {
    body: &'a Body<'a>,
    rows: &'a [Vec<usize>],
    names: &'a [Vec<usize>],
    /// For each name, the rows that it stands beside.
    found: Vec<Vec<usize>>,
    even: f32,
}

impl Table<'_> {
    /// The extent of these lines in a column, or in all columns but the first.
    fn extent(&self, lines: &[usize], column: Option<usize>) -> Option<Extent> {
        let of = |at: &usize| {
            let line = &self.body.lines[*at];
            let cell = match column {
                Some(column) => line.in_column(column),
                None => line.cells.iter().rev().find(|cell| cell.columns.start > 0),
            };
            cell.map_or(line.middle, |cell| cell.middle)
        };
        Some(Extent { top: of(lines.first()?), bottom: of(lines.last()?) })
    }

    /// The alignment of cells in rows in which some cells have more lines than others.
    fn side(&self) -> Option<Side> {
        let mut sides: Vec<Side> = vec![Side::Top, Side::Middle, Side::Bottom];
        let mut is_told = false;
        for row in self.rows {
            let whole = self.extent(row, None)?;
            for column in 1..self.body.widths.len() {
                let lines: Vec<usize> =
                    row.iter().copied().filter(|at| self.body.lines[*at].in_column(column).is_some()).collect();
                let Some(own) = self.extent(&lines, Some(column)) else { continue };
                if own.bottom - own.top + self.even < whole.bottom - whole.top {
                    is_told = true;
                    sides.retain(|side| own.is_as(whole, *side, self.even));
                }
            }
        }
        sides.first().copied().filter(|_| is_told && sides.len() == 1)
    }

    /// The rows of each name for this alignment, if it fits.
    fn by(&self, side: Side) -> Option<Vec<Range<usize>>> {
        let mut next = 0;
        let mut all = Vec::with_capacity(self.names.len());
        for (at, name) in self.names.iter().enumerate() {
            let name = self.extent(name, Some(0))?;
            let end = match side {
                Side::Top => {
                    let first = *self.found[at].first()?;
                    let is_first = first == next && name.is_as(self.extent(&self.rows[first], None)?, side, self.even);
                    let after = self.found.get(at + 1).map_or(Some(self.rows.len()), |rows| rows.first().copied())?;
                    is_first.then_some(after).filter(|after| *after > next)?
                }
                Side::Middle | Side::Bottom => {
                    let first = self.extent(self.rows.get(next)?, None)?;
                    let is_last = |last: &usize| {
                        self.extent(&self.rows[*last], None)
                            .is_some_and(|last| name.is_as(first.to(last), side, self.even))
                    };
                    (next..self.rows.len()).find(is_last)? + 1
                }
            };
            all.push(next..end);
            next = end;
        }
        (next == self.rows.len()).then_some(all)
    }
}
