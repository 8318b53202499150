//! The names of the columns of a table with lines that stand above its lines, as in a coloured row without borders.

use super::{
    super::tables::Cell,
    lines,
    ruled::Ruled,
    tabular::{Content, Table},
    words::{Area, Word},
};

/// The distance of the names from the table, in their heights.
const NEAR: f32 = 1.2;
/// Points by which a name may extend beyond its column.
const SLACK: f32 = 2.0;

/// Adds the line of words right above a table to it, if each names a column and the first row of the table has values.
pub(super) fn add_names(table: &mut Table, ruled: &Ruled, words: &[&Word]) {
    let Content::Grid(grid) = &mut table.content else { return };
    let wide = ruled.columns.len().saturating_sub(1);
    let is_of_values = |row: &Vec<Cell>| row.len() == wide && row.iter().skip(1).any(|cell| has_digit(&cell.text));
    if wide < 2 || !grid.rows.first().is_some_and(is_of_values) {
        return;
    }
    let is_above = |word: &Area| {
        word.middle() < ruled.area.top
            && word.bottom > ruled.area.top - word.height() * NEAR
            && word.right > ruled.area.left
            && word.left < ruled.area.right
    };
    let mut above: Vec<&Word> =
        words.iter().filter(|word| !word.text.is_empty() && !word.is_turned && is_above(&word.area)).copied().collect();
    above.sort_by_key(|word| word.order);
    let rows = lines::rows(&above);
    let [row] = &rows[..] else { return };
    let mut names = vec![String::new(); wide];
    for segment in &row.segments {
        let column = ruled
            .columns
            .windows(2)
            .position(|ends| ends[0] - SLACK <= segment.area.left && segment.area.right <= ends[1] + SLACK);
        match column.map(|column| &mut names[column]) {
            Some(name) if name.is_empty() && !has_digit(&segment.text()) => *name = segment.text(),
            _ => return,
        }
    }
    if names.iter().skip(1).any(String::is_empty) {
        return;
    }
    table.area = table.area.with(&row.area);
    table.words.extend(above.iter().map(|word| word.order));
    table.words.sort_unstable();
    grid.rows.insert(0, names.into_iter().map(Cell::of).collect());
    grid.header_rows = Some(1);
}

fn has_digit(text: &str) -> bool {
    text.contains(char::is_numeric)
}
