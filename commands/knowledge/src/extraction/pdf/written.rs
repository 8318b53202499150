//! Writes the text of pages from their parts.

use super::{
    super::{
        tables::{Cell, Grid},
        write_heading,
    },
    headings::Levels,
    hyphens::{self, Words},
    page::Item,
};

/// Points by which columns on two pages may differ and still be the same.
const SAME: f32 = 6.0;
/// Lines at the top and at the bottom of a page between the parts of a table.
const MOST_BETWEEN: usize = 3;
/// The part of a page's height that is its header or footer.
const TOP: f32 = 0.12;
const BOTTOM: f32 = 0.88;

/// The text of a page.
pub(super) fn text(items: &[Item], levels: &Levels, words: &Words) -> String {
    let mut text = String::new();
    // The level of the heading on the last line.
    let mut open: Option<usize> = None;
    for item in items {
        match item {
            Item::Line { text: line, height, begins, .. } => {
                let level = levels.of(*height, line);
                match (open, level) {
                    (Some(before), Some(level)) if before == level => {
                        hyphens::push_end(&mut text, line, " ", words);
                        text.push_str(line);
                    }
                    (_, Some(level)) => {
                        write_heading(level, line, &mut text);
                        text.truncate(text.trim_end().len());
                    }
                    (Some(_), None) => {
                        text.push_str("\n\n");
                        text.push_str(line);
                    }
                    (None, None) => {
                        let between = if *begins { "\n\n" } else { "\n" };
                        hyphens::push_end(&mut text, line, between, words);
                        text.push_str(line);
                    }
                }
                open = level;
            }
            Item::Table { grid, .. } => {
                text.push_str("\n\n");
                joined(grid, words).write(&mut text);
                text.push('\n');
                open = None;
            }
            Item::Rows { lines } => {
                text.push_str("\n\n");
                text.push_str(&lines.join("\n"));
                text.push_str("\n\n");
                open = None;
            }
        }
    }
    text.push('\n');
    text
}

/// The table with the lines of each cell joined.
fn joined(grid: &Grid, words: &Words) -> Grid {
    let cell = |cell: &Cell| Cell { text: hyphens::joined(&cell.text, words), ..*cell };
    Grid { rows: grid.rows.iter().map(|row| row.iter().map(cell).collect()).collect(), ..*grid }
}

/// Repeats the header of a table that continues on the next page; returns the pages to which the name of the last row
/// was carried over, too.
pub(super) fn continue_tables(pages: &mut [Vec<Item>]) -> Vec<usize> {
    let mut uncertain = Vec::new();
    for at in 1..pages.len() {
        let (before, after) = pages.split_at_mut(at);
        let Some((head, name, cuts)) = before.last().and_then(|page| open_table(page)) else { continue };
        let Some(Item::Table { grid, cuts: own, .. }) = first_table(&mut after[0]) else { continue };
        let is_same = own.len() == cuts.len() && own.iter().zip(&cuts).all(|(a, b)| (a - b).abs() < SAME);
        let begins_alike = grid.rows.first().zip(head.last()).is_some_and(|(own, other)| texts(own) == texts(other))
            || grid.rows.first().zip(head.first()).is_some_and(|(own, other)| texts(own) == texts(other));
        if !is_same || head.is_empty() || begins_alike {
            continue;
        }
        if grid.header_rows == Some(1) {
            // The row that was taken for its header is a row of values.
            grid.header_rows = Some(0);
        }
        if let Some(first) = grid.rows.first_mut().and_then(|row| row.first_mut())
            && first.text.trim().is_empty()
            && !name.is_empty()
        {
            first.text = name;
            uncertain.push(at + 1);
        }
        grid.header_rows = Some(head.len());
        grid.rows.splice(0..0, head);
    }
    uncertain
}

fn texts(row: &[Cell]) -> Vec<String> {
    row.iter().map(|cell| cell.text.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// The header of the last table of a page, the name of its last row, and its columns; `None` if the page goes on behind
/// it.
fn open_table(page: &[Item]) -> Option<(Vec<Vec<Cell>>, String, Vec<f32>)> {
    let at = page.iter().rposition(|item| matches!(item, Item::Table { .. }))?;
    let are_below = page[at + 1..].iter().all(|item| matches!(item, Item::Line { place, .. } if *place > BOTTOM));
    let Some(Item::Table { grid, cuts, .. }) =
        page.get(at).filter(|_| are_below && page.len() - at <= MOST_BETWEEN + 1)
    else {
        return None;
    };
    let name = grid.rows.last().and_then(|row| row.first()).map_or_else(String::new, |cell| cell.text.clone());
    Some((header(grid), name, cuts.clone()))
}

fn first_table(page: &mut [Item]) -> Option<&mut Item> {
    let at = page.iter().position(|item| matches!(item, Item::Table { .. }))?;
    let are_above = page[..at].iter().all(|item| matches!(item, Item::Line { place, .. } if *place < TOP));
    page.get_mut(at).filter(|_| are_above && at <= MOST_BETWEEN)
}

/// The rows that name the columns, without a title above them.
fn header(grid: &Grid) -> Vec<Vec<Cell>> {
    if let Some(count) = grid.header_rows {
        return grid.rows.iter().take(count).cloned().collect();
    }
    let titles =
        grid.rows.iter().take_while(|row| row.iter().filter(|cell| !cell.text.trim().is_empty()).count() < 2).count();
    let Some(first) = grid.rows.get(titles) else { return Vec::new() };
    let high = first.iter().map(|cell| cell.down.max(1)).max().unwrap_or(1);
    let high = if first.iter().any(|cell| cell.across > 1) { high.max(2) } else { high };
    let rows: Vec<Vec<Cell>> = grid.rows.iter().skip(titles).take(high.min(4)).cloned().collect();
    let has_digits = |row: &[Cell]| {
        row.iter().skip(1).filter(|cell| cell.text.chars().any(char::is_numeric)).count() * 2 >= row.len()
    };
    if rows.first().is_some_and(|row| has_digits(row)) { Vec::new() } else { rows }
}
