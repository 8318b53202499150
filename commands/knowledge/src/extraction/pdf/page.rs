//! The lines and tables of a page in reading order.

use super::{
    super::tables::Grid,
    above, aligned,
    drawn::Drawn,
    ruled,
    tabular::{self, Content, Table},
    text,
    words::{Area, Page, Word},
};

/// Drawn tables beyond which a page is a drawing.
const MOST_TABLES: usize = 200;

/// A part of a page.
#[derive(Debug)]
pub(super) enum Item {
    Line {
        text: String,
        /// The height of its type, in points.
        height: f32,
        /// Whether it begins a new paragraph.
        begins: bool,
        /// Its vertical position as a part of the page's height, from 0 at the top to 1.
        place: f32,
    },
    Table {
        grid: Grid,
        cuts: Vec<f32>,
        height: f32,
    },
    Rows {
        lines: Vec<String>,
    },
}

/// The parts of the page, and whether its tables are certain.
pub(super) fn items(page: &Page, drawn: &Drawn, has_tables: bool) -> (Vec<Item>, bool) {
    let (mut tables, are_certain) = if has_tables { tables(page, drawn) } else { (Vec::new(), true) };
    let is_certain = are_certain && tables.iter().all(|table| table.is_certain);
    tables.sort_by_key(|table| table.words.first().copied());
    let mut is_taken = vec![false; page.words.len()];
    for word in tables.iter().flat_map(|table| &table.words) {
        is_taken[*word] = true;
    }
    let place = |area: &Area| area.middle() / page.area.height().max(1.0);
    let mut tables = tables.into_iter().peekable();
    let mut items = Vec::new();
    let mut at = 0;
    let mut begins = false;
    while at < page.words.len() {
        let line = page.words[at].line;
        let end = at + page.words[at..].iter().take_while(|word| word.line == line).count();
        let first = page.lines.get(line).is_some_and(|(_, begins)| *begins);
        begins |= first;
        // A table is placed at its first word; the other words of that line come before it.
        let left: Vec<&Word> = (at..end).filter(|at| !is_taken[*at]).map(|at| &page.words[at]).collect();
        while let Some(table) = tables.next_if(|table| table.words.first().is_some_and(|first| *first < end)) {
            let height = height(&page.words[table.words[0]]);
            items.push(match table.content {
                Content::Grid(grid) => Item::Table { grid, cuts: table.cuts, height },
                Content::Lines(lines) => Item::Rows { lines },
            });
            begins = true;
        }
        if left.iter().any(|word| !word.text.is_empty()) {
            let area = Area::around(left.iter().map(|word| &word.area));
            let height = left.iter().max_by_key(|word| word.text.chars().count()).map_or(0.0, |word| height(word));
            items.push(Item::Line { text: text::of_line(&left), height, begins, place: place(&area) });
            begins = false;
        }
        at = end;
    }
    (items, is_certain)
}

/// The height of the type of a word; that of a rotated word is its width.
fn height(word: &Word) -> f32 {
    if word.is_turned { word.area.width() } else { word.area.height() }
}

/// The tables, and whether it is certain which parts are tables.
fn tables(page: &Page, drawn: &Drawn) -> (Vec<Table>, bool) {
    let mut tables: Vec<Table> = Vec::new();
    let mut words: Vec<&Word> = page.words.iter().collect();
    for ruled in ruled::tables(drawn).iter().take(MOST_TABLES) {
        if let Some(mut table) = tabular::of_ruled(ruled, &words) {
            above::add_names(&mut table, ruled, &words);
            let mut taken = table.words.iter().peekable();
            words.retain(|word| taken.next_if(|order| **order == word.order).is_none());
            tables.push(table);
        }
    }
    let (across, strokes) = (ruled::merged(&drawn.across), ruled::merged(&drawn.strokes));
    // An aligned table does not extend beyond a table with drawn lines.
    let (found, are_certain) =
        aligned::find(&words, &tables.iter().map(|table| table.area).collect::<Vec<_>>(), &across);
    tables.extend(found.iter().filter_map(|aligned| tabular::of_aligned(aligned, &across, &strokes)));
    (tables, are_certain)
}
