//! Builds tables with cells from the drawn lines and the aligned text of a page.

use super::{
    super::tables::{Cell, Grid},
    aligned::Aligned,
    blocks,
    body::{Filled, Group, TableLine},
    drawn::Line,
    gutters::{self, Gutter, column},
    header,
    lines::{self, Row, Segment},
    rowing,
    ruled::Ruled,
    words::{Area, Word},
};

/// Words of a cell, on average, beyond which the lines only frame a page.
const MOST_WORDS: usize = 80;
/// The width, in line heights, from which a white space certainly separates columns.
const CLEAR: f32 = 0.7;
/// The distance, in usual distances of lines, from which a line does not belong to a table.
const FAR: f32 = 1.3;
/// The height of type, in heights of the table's type, below which a line does not name columns.
const SMALLER: f32 = 0.9;

/// A table found on a page.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) area: Area,
    /// The order numbers of its words, ascending.
    pub(super) words: Vec<usize>,
    pub(super) content: Content,
    /// The horizontal positions that separate its columns, in points.
    pub(super) cuts: Vec<f32>,
    pub(super) is_certain: bool,
}

#[derive(Debug)]
pub(super) enum Content {
    /// The table with its cells, whose line breaks are kept.
    Grid(Grid),
    /// Its lines, if it is not certain that their parts are columns.
    Lines(Vec<String>),
}

/// The table that drawn lines form around these words.
pub(super) fn of_ruled(ruled: &Ruled, words: &[&Word]) -> Option<Table> {
    let mut inside: Vec<Vec<&Word>> = vec![Vec::new(); ruled.cells.len()];
    let mut orders = Vec::new();
    for word in words.iter().filter(|word| ruled.area.holds_center_of(&word.area)) {
        if let Some(cell) = ruled.cell_at(word.area.center(), word.area.middle()) {
            inside[cell].push(word);
            orders.push(word.order);
        }
    }
    let filled = || ruled.cells.iter().zip(&inside).filter(|(_, words)| !words.is_empty()).map(|(cell, _)| cell);
    let first = filled().next()?;
    let is_table = filled().any(|cell| cell.row != first.row) || ruled.rows.len() == 2;
    let has_columns = filled().any(|cell| cell.column != first.column);
    let wide = ruled.columns.len() - 1;
    // Rows without dividing lines are found by the positions of their words instead.
    let undivided = filled().filter(|cell| cell.across == wide && wide > 1).count();
    let rows_filled = filled().map(|cell| cell.row).collect::<std::collections::BTreeSet<_>>().len();
    // A single row continues a table of the page before, or the lines only frame its text.
    let most = if rows_filled > 1 { MOST_WORDS } else { MOST_WORDS / 4 };
    let is_framed = orders.len() > filled().count() * most;
    if !is_table || !has_columns || undivided * 2 > rows_filled || is_framed || has_finer_columns(ruled, &inside) {
        return None;
    }
    let grid = grid_of_ruled(ruled, &inside)?;
    let cuts = ruled.columns.clone();
    Some(Table { area: ruled.area, words: orders, content: Content::Grid(grid), cuts, is_certain: true })
}

fn grid_of_ruled(ruled: &Ruled, inside: &[Vec<&Word>]) -> Option<Grid> {
    let bands = ruled.rows.len() - 1;
    let mut grid = Grid::default();
    for row in 0..bands {
        let begins: Vec<usize> = (0..ruled.cells.len()).filter(|at| ruled.cells[*at].row == row).collect();
        let is_open = bands <= 3 && begins.iter().all(|at| ruled.cells[*at].down == 1 && ruled.cells[*at].across == 1);
        if let Some(rows) = Some(&begins).filter(|_| is_open).and_then(|begins| undivided_rows(ruled, inside, begins)) {
            grid.rows.extend(rows);
            continue;
        }
        let cell = |at: &usize| {
            let ruled = &ruled.cells[*at];
            Cell { text: cell_text(&inside[*at]), across: ruled.across, down: ruled.down }
        };
        grid.rows.push(begins.iter().map(cell).collect());
    }
    if grid.rows.len() < 2 {
        grid.header_rows = Some(0);
    }
    (!grid.rows.is_empty()).then_some(grid)
}

/// Whether rows without dividing lines have more columns than the lines show: only some of the columns are lined.
fn has_finer_columns(ruled: &Ruled, inside: &[Vec<&Word>]) -> bool {
    let bands = ruled.rows.len() - 1;
    (0..bands).filter(|_| bands <= 3).any(|band| {
        let cells = ruled.cells.iter().zip(inside).filter(|(cell, _)| cell.row == band);
        let mut words: Vec<&Word> = cells.flat_map(|(_, words)| words.iter().copied()).collect();
        words.sort_by_key(|word| word.order);
        let rows = lines::rows(&words);
        let full = rows.iter().filter(|row| row.segments.len() + 1 > ruled.columns.len()).count();
        let is_column = |gutter: &Gutter| {
            let is_wide = gutter.right - gutter.left > lines::height(&rows) * CLEAR;
            is_wide && ruled.columns.iter().all(|line| *line < gutter.left || gutter.right < *line)
        };
        full > 2 && full * 4 > rows.len() * 3 && gutters::gutters(&rows).iter().any(is_column)
    })
}

/// The rows of a band that has lines only between its columns.
fn undivided_rows(ruled: &Ruled, inside: &[Vec<&Word>], begins: &[usize]) -> Option<Vec<Vec<Cell>>> {
    let mut words: Vec<&Word> = begins.iter().flat_map(|at| inside[*at].iter().copied()).collect();
    words.sort_by_key(|word| word.order);
    let cuts = ruled.columns.get(1..ruled.columns.len() - 1)?;
    let lines: Vec<TableLine> = lines::rows(&words).iter().map(|row| table_line(row, cuts, &[])).collect();
    let widths: Vec<f32> = ruled.columns.windows(2).map(|ends| ends[1] - ends[0] - 6.0).collect();
    let rows = rowing::rows(&lines, &widths, &[], blocks::blocks(&lines, &widths));
    let full = lines.iter().filter(|line| line.in_column(0).is_some() && line.cells.len() > 1).count();
    if lines.len() < 3 || rows.groups.len() < 2 || full * 3 < rows.groups.len() * 2 {
        return None;
    }
    Some(rows.groups.iter().flat_map(|group| cells(group, &lines, widths.len())).collect())
}

/// The lines of a cell.
fn cell_text(words: &[&Word]) -> String {
    if words.iter().all(|word| word.is_turned) {
        return words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join("\n");
    }
    lines::rows(words).iter().map(Row::text).collect::<Vec<_>>().join("\n")
}

fn table_line(row: &Row<'_>, cuts: &[f32], lefts: &[(f32, f32)]) -> TableLine {
    let mut cells: Vec<Filled> = Vec::new();
    for segment in &row.segments.iter().flat_map(|segment| gutters::divided(segment, lefts)).collect::<Vec<_>>() {
        let filled = filled(segment, cuts);
        match cells.last_mut() {
            // Separate segments in one column are still one cell.
            Some(before) if filled.columns.start < before.columns.end => {
                before.text.push(' ');
                before.text.push_str(&filled.text);
                before.area = before.area.with(&filled.area);
                before.columns.end = before.columns.end.max(filled.columns.end);
            }
            _ => cells.push(filled),
        }
    }
    TableLine { middle: row.middle, height: row.height, cells }
}

fn filled(segment: &Segment<'_>, cuts: &[f32]) -> Filled {
    let slack = (segment.area.width() / 4.0).min(2.0);
    let (first, last) = (column(cuts, segment.area.left + slack), column(cuts, segment.area.right - slack));
    let first_word = segment.words.first().map_or(0.0, |word| word.area.width());
    Filled {
        columns: first..last.max(first) + 1,
        area: segment.area,
        middle: lines::middle(segment),
        text: segment.text(),
        first_word,
    }
}

/// The table of aligned text without lines between its columns.
pub(super) fn of_aligned(aligned: &Aligned<'_>, across: &[Line], strokes: &[Line]) -> Option<Table> {
    let cuts = &aligned.cuts;
    let wide = cuts.len() + 1;
    let mut rows: &[Row<'_>] = &aligned.rows;
    // A title above the columns does not belong to them, but a name over some of them does.
    while let [first, rest @ ..] = rows {
        let is_over_some = first.segments.first().is_some_and(|it| it.area.left > cuts[0]) && !is_head_of_page(rows);
        if first.segments.len() > 1 || is_over_some {
            break;
        }
        rows = rest;
    }
    let lines: Vec<TableLine> = {
        let lefts = gutters::lefts(rows, cuts);
        let cuts = gutters::beside_lefts(rows, cuts, &lefts);
        rows.iter().map(|row| table_line(row, &cuts, &lefts)).collect()
    };
    let several = lines.iter().filter(|line| line.cells.len() > 1).count();
    let leaders = lines
        .iter()
        .filter(|line| line.cells.iter().any(|cell| cell.text.contains("....") || cell.text.contains(". . .")))
        .count();
    if several < 2 || leaders * 2 > lines.len() {
        return None;
    }
    let area = Area::around(rows.iter().map(|row| &row.area));
    let rules = rules(across, &area);
    let mut words: Vec<usize> =
        rows.iter().flat_map(|row| &row.segments).flat_map(|it| &it.words).map(|word| word.order).collect();
    words.sort_unstable();
    let widths = widths(&lines, wide);
    let blocks = blocks::blocks(&lines, &widths);
    let is_list = wide == 2 && (several < 3 && rules.is_empty() && blocks.is_none() || is_list_of_pages(&lines));
    if is_list {
        let line = |line: &TableLine| line.cells.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>().join("  ");
        let content = Content::Lines(lines.iter().map(line).collect());
        return Some(Table { area, words, content, cuts: cuts.clone(), is_certain: is_list_of_pages(&lines) });
    }
    let are_drawn = |rule: &f32| strokes.iter().any(|stroke| (stroke.at - rule).abs() < 1.0);
    let head = header::lines(&lines, wide, &rules, are_drawn);
    let end = blocks.as_ref().map_or(head, |blocks| blocks.end_of_row(head));
    let (head, blocks) = if end < lines.len() { (end, blocks) } else { (head, None) };
    let body = rowing::rows(&lines[head..], &widths, &rules, blocks.map(|blocks| blocks.from(head)));
    let is_certain = body.are_certain && !header::is_doubtful(&lines[..head], wide);
    let mut grid = Grid { rows: Vec::new(), header_rows: Some(usize::from(head > 0)) };
    if head > 0 {
        grid.rows.push(header::names(&lines[..head], wide, across));
    }
    grid.rows.extend(body.groups.iter().flat_map(|group| cells(group, &lines[head..], wide)));
    Some(Table { area, words, content: Content::Grid(grid), cuts: cuts.clone(), is_certain })
}

/// Whether the first line is farther above the others than they are from each other, or is in smaller type.
fn is_head_of_page(rows: &[Row<'_>]) -> bool {
    let [head, first, rest @ ..] = rows else { return false };
    let usual = rest.iter().zip(&rows[1..]).map(|(row, before)| row.middle - before.middle).reduce(f32::max);
    let is_far = usual.is_some_and(|usual| first.middle - head.middle > usual.max(first.height) * FAR);
    is_far || head.height < first.height * SMALLER
}

/// Whether the lines are a table of contents: chapters with the pages on which they begin.
fn is_list_of_pages(lines: &[TableLine]) -> bool {
    let last = |line: &TableLine| {
        line.cells.last().filter(|_| line.cells.len() > 1).and_then(|it| it.text.trim().parse::<u32>().ok())
    };
    let pages: Option<Vec<u32>> = lines.iter().map(last).collect();
    pages.is_some_and(|pages| pages.is_sorted() && pages.len() > 2)
}

/// The horizontal lines across most of the table.
fn rules(across: &[Line], area: &Area) -> Vec<f32> {
    let covers = |line: &&Line| {
        let covered = line.to.min(area.right) - line.from.max(area.left);
        covered > area.width() * 0.6 && line.at > area.top && line.at < area.bottom
    };
    across.iter().filter(covers).map(|line| line.at).collect()
}

/// The widths of the columns in points, by the cells that cover one column only.
fn widths(lines: &[TableLine], wide: usize) -> Vec<f32> {
    let mut ends: Vec<Option<(f32, f32)>> = vec![None; wide];
    for cell in lines.iter().flat_map(|line| &line.cells).filter(|cell| cell.columns.len() == 1) {
        let Some(end) = ends.get_mut(cell.columns.start) else { continue };
        let (left, right) = end.unwrap_or((cell.area.left, cell.area.right));
        *end = Some((left.min(cell.area.left), right.max(cell.area.right)));
    }
    ends.into_iter().map(|end| end.map_or(0.0, |(left, right)| right - left)).collect()
}

/// The rows of a group as cells.
fn cells(group: &Group, lines: &[TableLine], wide: usize) -> Vec<Vec<Cell>> {
    let mut rows = Vec::with_capacity(group.rows.len());
    for (at, row) in group.rows.iter().enumerate() {
        let filled = |of: &[usize], columns: std::ops::Range<usize>| -> Vec<&Filled> {
            let cells = of.iter().flat_map(|at| &lines[*at].cells);
            cells.filter(|cell| columns.contains(&cell.columns.start)).collect()
        };
        let mut cells = Vec::new();
        let mut column = 0;
        while column < wide {
            // The cell covers the columns that any of its lines covers.
            let mut end = column + 1;
            let reach = |end: usize| filled(row, column..end).iter().map(|cell| cell.columns.end).max().unwrap_or(end);
            while reach(end) > end {
                end = reach(end);
            }
            let of = if column == 0 && at == 0 {
                let mut all: Vec<usize> = group.names.iter().chain(row).copied().collect();
                all.sort_unstable();
                all.dedup();
                all
            } else {
                row.clone()
            };
            let text = filled(&of, column..end).iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>().join("\n");
            if column > 0 || end > 1 {
                cells.push(Cell { text, across: end - column, down: 1 });
            } else if at == 0 {
                cells.push(Cell { text, across: 1, down: group.rows.len() });
            }
            column = end;
        }
        rows.push(cells);
    }
    rows
}
