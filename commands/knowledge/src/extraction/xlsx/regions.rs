//! The tables of a sheet. A sheet may have several, with blank rows or columns between them, and a table may have blank
//! rows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::sheet::{LeftOut, Placed, Sheet};
use crate::extraction::tables::{Cell, Grid, begins_with_number, has_number, shape};

/// Places for each filled cell beyond which a block is no table.
const MOST_PLACES_A_CELL: usize = 200;
/// Places that any table may have.
const FREE_PLACES: usize = 100_000;
/// Rows of a header.
const MOST_HEADER_ROWS: usize = 4;
/// A column of names repeats a name in at most one cell of so many.
const SAME_NAME_ONE_IN: usize = 4;

/// All tables of a sheet, one below the other, and below them the texts of boxes and comments.
pub(super) fn text(Sheet { cells, remarks }: Sheet) -> String {
    let left_out: Vec<Placed> = cells.iter().filter(|cell| cell.left_out == Some(LeftOut::Seen)).cloned().collect();
    let mut blocks: Vec<Vec<Placed>> = Vec::new();
    for block in one_below_the_other(cells) {
        match blocks.last_mut() {
            Some(last) if goes_on(last, &block) => last.extend(block),
            _ => blocks.push(block),
        }
    }
    let mut text = String::new();
    for table in blocks.into_iter().flat_map(|block| side_by_side(block, &left_out)) {
        if !text.is_empty() {
            text.push('\n');
        }
        write(table, &mut text);
    }
    if !remarks.is_empty() {
        text.push('\n');
    }
    for remark in remarks {
        text.extend([remark.as_str(), "\n"]);
    }
    text
}

/// Splits cells at blank rows. A row whose text was left out is a row of its table: the next one does not name columns
/// unless it looks as if it did.
fn one_below_the_other(mut cells: Vec<Placed>) -> Vec<Vec<Placed>> {
    let mut unseen: HashMap<u32, usize> = HashMap::new();
    for cell in cells.iter().filter(|cell| cell.left_out == Some(LeftOut::Unseen)) {
        *unseen.entry(cell.row).or_default() += 1;
    }
    // A single text that is not seen may be a help for the author between two tables.
    cells.retain(|cell| cell.left_out != Some(LeftOut::Unseen) || unseen.get(&cell.row).is_some_and(|it| *it > 1));
    let rows = cells.chunk_by(|one, other| one.row == other.row);
    let is_header = |row: &[Placed]| {
        let mut texts = row.iter().filter(|cell| cell.left_out.is_none());
        texts.clone().count() > 1 && texts.all(|cell| cell.is_bold)
    };
    let headers: BTreeSet<u32> = rows.filter(|row| is_header(row)).map(|row| row[0].row).collect();
    let joins = |last: &Placed, next: &Placed| !headers.contains(&next.row) || headers.contains(&last.row);
    separated(cells, |cell| (cell.row, cell.down), joins)
}

/// Splits cells at blank rows (or columns); the cells are sorted by them. A gap in which text was left out splits them
/// unless it joins the cells before and after it.
fn separated(
    cells: Vec<Placed>,
    extent: impl Fn(&Placed) -> (u32, u32),
    joins: impl Fn(&Placed, &Placed) -> bool,
) -> Vec<Vec<Placed>> {
    let mut blocks: Vec<Vec<Placed>> = Vec::new();
    let (mut end, mut end_of_left_out) = (0, 0);
    for cell in cells {
        let (first, count) = extent(&cell);
        let behind = first.saturating_add(count);
        if cell.left_out.is_some() {
            if first <= end_of_left_out {
                end_of_left_out = end_of_left_out.max(behind);
            }
            continue;
        }
        let is_joined = |block: &[Placed]| {
            first <= end || first <= end_of_left_out && block.last().is_some_and(|last| joins(last, &cell))
        };
        match blocks.last_mut() {
            Some(block) if is_joined(block) => block.push(cell),
            _ => blocks.push(vec![cell]),
        }
        end = end.max(behind);
        end_of_left_out = end_of_left_out.max(end);
    }
    blocks
}

fn first_row(block: &[Placed]) -> &[Placed] {
    let row = block.first().map(|cell| cell.row);
    &block[..block.iter().take_while(|cell| Some(cell.row) == row).count()]
}

/// The first column of a block, and the one behind its last.
pub(in crate::extraction) fn columns(block: &[Placed]) -> (u32, u32) {
    let first = block.iter().map(|cell| cell.column).min().unwrap_or_default();
    (first, block.iter().map(|cell| cell.column + cell.across).max().unwrap_or_default())
}

/// Whether a block continues the table above it, which then has a blank row: it has no header of its own, and has
/// values like those above.
fn goes_on(above: &[Placed], block: &[Placed]) -> bool {
    let (wide, narrow) = (columns(above), columns(block));
    let first = first_row(block);
    // Only names of columns, above a blank row.
    let are_bold = |cells: &[Placed]| cells.iter().all(|cell| cell.is_bold);
    if above.len() > 1 && are_bold(above) && !are_bold(first) && narrow.0 <= wide.0 && wide.1 <= narrow.1 {
        return first.len() > 1;
    }
    if first.len() < 2 || first_row(above) == above || wide.0 != narrow.0 || wide.1 < narrow.1 {
        return false;
    }
    if first.iter().any(|cell| cell.is_bold) {
        return false;
    }
    let header = above.iter().any(|cell| cell.is_bold);
    let is_like = |cell: &Placed| {
        let shape_of_it = shape(&cell.text);
        let mut same_column = above.iter().rev().filter(|it| it.column == cell.column).take(SAME_NAME_ONE_IN);
        has_number(&cell.text) && same_column.any(|it| shape(&it.text) == shape_of_it)
    };
    header && first.iter().any(|cell| begins_with_number(&cell.text)) || first.iter().any(is_like)
}

/// Splits tables that stand beside each other. A blank column within a table must not separate doses from their drugs:
/// the right-hand part is a table of its own only if it begins with the same header, or with a column of names. A column
/// of text that was left out (sorted by rows) is no blank one.
pub(in crate::extraction) fn side_by_side(block: Vec<Placed>, left_out: &[Placed]) -> Vec<Vec<Placed>> {
    let first = block.first().map_or(0, |cell| cell.row);
    let behind = block.iter().map(|cell| cell.row.saturating_add(cell.down)).max().unwrap_or_default();
    let rows = |before: u32| left_out.partition_point(|cell| cell.row < before);
    let mut by_column = block;
    by_column.extend_from_slice(left_out.get(rows(first)..rows(behind)).unwrap_or_default());
    by_column.sort_by_key(|cell| (cell.column, cell.row));
    let mut tables: Vec<Vec<Placed>> = Vec::new();
    for part in separated(by_column, |cell| (cell.column, cell.across), |_, _| true) {
        match tables.last_mut() {
            Some(left)
                if !(is_table(left) && is_table(&part) && (has_same_head(left, &part) || begins_with_names(&part))) =>
            {
                left.extend(part);
            }
            _ => tables.push(part),
        }
    }
    for table in &mut tables {
        table.sort_by_key(|cell| (cell.row, cell.column));
    }
    tables
}

fn is_table(cells: &[Placed]) -> bool {
    let (first, end) = columns(cells);
    end - first > 1 && cells.iter().any(|cell| cell.row != cells[0].row)
}

/// Whether both parts begin with the same header; both are sorted by columns.
fn has_same_head(left: &[Placed], right: &[Placed]) -> bool {
    left.first().zip(right.first()).is_some_and(|(one, other)| one.row == other.row && one.text == other.text)
}

fn begins_with_names(part: &[Placed]) -> bool {
    let column = part.first().map(|cell| cell.column);
    let names: Vec<&str> =
        part.iter().take_while(|cell| Some(cell.column) == column).map(|cell| cell.text.trim()).collect();
    let mut distinct = names.clone();
    distinct.sort_unstable();
    distinct.dedup();
    names.len() > 2
        && names.iter().all(|name| !begins_with_number(name) && name.contains(char::is_alphabetic))
        && (names.len() - distinct.len()) * SAME_NAME_ONE_IN < names.len()
        // Each row of the part has a name.
        && part.iter().all(|cell| part.iter().take(names.len()).any(|name| (name.row..name.row + name.down).contains(&cell.row)) || cell.row == part[0].row)
}

fn write(cells: Vec<Placed>, text: &mut String) {
    // Rows and columns in which no cell begins are blank or covered.
    let numbered = |places: Vec<u32>| -> BTreeMap<u32, usize> {
        let mut places = places;
        places.sort_unstable();
        places.dedup();
        places.into_iter().enumerate().map(|(at, place)| (place, at)).collect()
    };
    let rows = numbered(cells.iter().map(|cell| cell.row).collect());
    let columns = numbered(cells.iter().map(|cell| cell.column).collect());
    let span = |places: &BTreeMap<u32, usize>, first: u32, count: u32| {
        places.range(first..first.saturating_add(count)).count()
    };
    let is_sparse = rows.len().saturating_mul(columns.len()) > cells.len() * MOST_PLACES_A_CELL + FREE_PLACES;
    let mut grid = Grid { rows: vec![Vec::new(); rows.len()], header_rows: None };
    let mut bold = vec![(0_usize, 0_usize); rows.len()];
    // For each column, the row from which nothing covers it.
    let mut free = vec![0_usize; columns.len()];
    let mut filled = vec![0_usize; rows.len()];
    let begins_with_values = first_row(&cells).iter().all(|cell| cell.is_value);
    for cell in cells {
        let (Some(row), Some(column)) = (rows.get(&cell.row).copied(), columns.get(&cell.column).copied()) else {
            continue;
        };
        if !is_sparse {
            for free in &free[filled[row].min(column)..column] {
                if *free <= row {
                    grid.rows[row].push(Cell::of(""));
                }
            }
        }
        let down = span(&rows, cell.row, cell.down).max(1);
        let across = span(&columns, cell.column, cell.across).max(1);
        free[column..column + across].fill(row + down);
        filled[row] = column + across;
        bold[row].0 += 1;
        bold[row].1 += usize::from(cell.is_bold);
        let (down, across) = if is_sparse { (1, 1) } else { (down, across) };
        grid.rows[row].push(Cell { text: cell.text, across, down });
    }
    // A title may stand above the header, and the name of a section below it.
    let title = bold.iter().take_while(|row| **row == (1, 1)).count();
    let is_header = |(all, bold): &&(usize, usize)| all == bold && *all > 1;
    let header = title + bold[title..].iter().take_while(is_header).count();
    let header = if header == title { 0 } else { header };
    if (1..=MOST_HEADER_ROWS).contains(&header) && header < bold.len() {
        grid.header_rows = Some(header);
    } else if begins_with_values {
        grid.header_rows = Some(0);
    }
    name_sections(&mut grid, &bold, columns.len());
    grid.write(text);
}

/// Lets one bold cell at the beginning of a row name the rows below it as a cell of the full width does.
fn name_sections(grid: &mut Grid, bold: &[(usize, usize)], columns: usize) {
    let has_plain_rows = bold.iter().any(|(all, bold)| *all > 1 && bold < all);
    for (row, counts) in grid.rows.iter_mut().zip(bold) {
        if let ([only], (1, 1), true) = (&mut row[..], counts, has_plain_rows) {
            only.across = columns;
        }
    }
}
