//! The names of the columns of a table without lines.

use super::{
    super::tables::Cell,
    body::{Filled, TableLine},
    drawn::Line,
    lines::beside,
};

/// Lines of a header, at most.
const MOST_LINES: usize = 5;
/// The separator between the levels of a header.
const LEVELS: &str = " · ";

/// The number of lines that name the columns.
pub(super) fn lines(lines: &[TableLine], wide: usize, rules: &[f32], are_drawn: impl Fn(&f32) -> bool) -> usize {
    let most = MOST_LINES.min(lines.len().saturating_sub(1));
    let has_digit = |cell: &Filled| cell.text.chars().any(char::is_numeric);
    // Columns with numbers in most of their cells.
    let values: Vec<bool> = (0..wide)
        .map(|column| {
            let cells: Vec<&Filled> = lines.iter().skip(1).filter_map(|line| line.in_column(column)).collect();
            column > 0 && cells.len() > 1 && cells.iter().filter(|cell| has_digit(cell)).count() * 10 >= cells.len() * 6
        })
        .collect();
    let has_value = |line: &TableLine| {
        line.cells
            .iter()
            .any(|cell| cell.columns.len() == 1 && values.get(cell.columns.start) == Some(&true) && has_digit(cell))
    };
    // A rule below the first lines ends the header.
    if let Some(rule) = rules.iter().copied().filter(|rule| lines[0].middle < *rule).reduce(f32::min) {
        let above = lines.iter().take_while(|line| line.middle < rule).count();
        if above <= most && !lines[..above].iter().all(has_value) {
            // Where only every other row is shaded, the first edge may be below a row.
            let named = lines[..above].iter().take_while(|line| !has_value(line)).count();
            return if named > 0 && !are_drawn(&rule) { named } else { above };
        }
    }
    if has_value(&lines[0]) {
        return 0;
    }
    let is_named = |line: &TableLine| line.in_column(0).is_some();
    let beside = beside(lines.windows(2).map(|pair| pair[1].middle - pair[0].middle), lines[0].height);
    let mut count = 0;
    while count < most && !has_value(&lines[count]) {
        let line = &lines[count];
        let before = count.checked_sub(1).map(|at| &lines[at]);
        let is_beside = before.is_some_and(|before| line.middle - before.middle < beside);
        let has_name = lines[..count].iter().any(is_named);
        let goes_on = values.contains(&true) && !is_named(line);
        if count > 0 && has_name && !is_beside && !goes_on {
            break;
        }
        count += 1;
    }
    count
}

/// Whether a line of the header may belong to the first row: it has no name but numbers, below a line that names all
/// columns.
pub(super) fn is_doubtful(head: &[TableLine], wide: usize) -> bool {
    let Some((first, others)) = head.split_first() else { return false };
    let has_digit = |line: &TableLine| line.cells.iter().any(|cell| cell.text.contains(char::is_numeric));
    first.cells.len() == wide && others.iter().any(|line| line.in_column(0).is_none() && has_digit(line))
}

/// The name of each column, with its levels joined.
pub(super) fn names(lines: &[TableLine], wide: usize, across: &[Line]) -> Vec<Cell> {
    let covered: Vec<Vec<(std::ops::Range<usize>, &Filled)>> = (0..lines.len())
        .map(|at| lines[at].cells.iter().map(|cell| (covers(lines, at, cell, wide, across), cell)).collect())
        .collect();
    let name = |column: usize| {
        let mut name = String::new();
        let mut spans = false;
        for cells in &covered {
            for (columns, cell) in cells.iter().filter(|(columns, _)| columns.contains(&column)) {
                if !name.is_empty() {
                    name.push_str(if spans || columns.len() > 1 { LEVELS } else { "\n" });
                }
                name.push_str(&cell.text);
                spans = columns.len() > 1;
            }
        }
        Cell::of(name)
    };
    (0..wide).map(name).collect()
}

/// The columns that a name covers.
fn covers(lines: &[TableLine], at: usize, cell: &Filled, wide: usize, across: &[Line]) -> std::ops::Range<usize> {
    let below = &lines[at + 1..];
    let Some(last) = below.last() else { return cell.columns.clone() };
    let is_beside = |line: &TableLine, column: usize| line.in_column(column).is_some();
    // A line drawn below the name shows how far it reaches.
    let next = below.iter().find(|line| line.cells.iter().any(|it| cell.columns.contains(&it.columns.start)));
    let Some(next) = next else { return cell.columns.clone() };
    let rule = across.iter().find(|rule| {
        rule.at > lines[at].middle
            && rule.at < next.middle
            && rule.from <= cell.area.left + 1.0
            && rule.to >= cell.area.right - 1.0
    });
    let areas: Vec<_> =
        (0..wide).map(|column| next.in_column(column).filter(|it| it.columns.len() == 1).map(|it| it.area)).collect();
    let of_column = |column: usize| areas.get(column).copied().flatten();
    if let Some(rule) = rule {
        let inside = |column: &usize| {
            of_column(*column).is_some_and(|area| rule.from - 1.0 <= area.center() && area.center() <= rule.to + 1.0)
        };
        let columns: Vec<usize> = (0..wide).filter(inside).collect();
        if let (Some(first), Some(end)) = (columns.first(), columns.last())
            && columns.len() < wide
        {
            return *first..end + 1;
        }
    }
    // Columns with a name on a lower level only and none on this one.
    let is_free = |column: usize| {
        column < wide
            && of_column(column).is_some()
            && lines.iter().filter(|line| line.middle < next.middle - 0.1).all(|line| !is_beside(line, column))
    };
    if !cell.columns.clone().all(|column| is_beside(next, column)) {
        return cell.columns.clone();
    }
    let (mut first, mut end) = (cell.columns.start, cell.columns.end);
    while first > 1 && is_free(first - 1) {
        first -= 1;
    }
    while is_free(end) {
        end += 1;
    }
    // The name covers the columns that it is centred above, or those to the right of its left edge if the lower level
    // does not name the first column.
    let mut best = cell.columns.clone();
    let mut offset = f32::MAX;
    for left in first..=cell.columns.start {
        for right in cell.columns.end..=end {
            let Some((from, to)) = of_column(left).zip(of_column(right - 1)) else { continue };
            let distance = (f32::midpoint(from.left, to.right) - cell.area.center()).abs();
            if distance < offset - 0.5 && right - left >= cell.columns.len() {
                (best, offset) = (left..right, distance);
            }
        }
    }
    let is_centered = offset < lines[at].height && best.len() > 1;
    let begins_left = of_column(cell.columns.start).is_some_and(|area| (area.left - cell.area.left).abs() < 2.0);
    if is_centered {
        best
    } else if begins_left && last.in_column(0).is_none() {
        cell.columns.start..end
    } else {
        cell.columns.clone()
    }
}
