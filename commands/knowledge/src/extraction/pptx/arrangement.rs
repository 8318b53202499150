//! The positions of texts on a slide: boxes that are arranged in rows and columns form a table, whatever order they
//! were drawn in.

use std::ops::Range;

use crate::extraction::{
    ooxml::blocks::{Block, in_a_cell},
    tables::{self, Grid, has_number},
};

/// Characters beyond which a box is no cell.
const LONGEST_CELL: usize = 100;
const MOST_PARAGRAPHS: usize = 3;
/// Boxes of a slide beyond which no table is looked for.
const MOST_BOXES: usize = 400;

/// A rectangle, in EMU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Area {
    pub(super) x: i64,
    pub(super) y: i64,
    pub(super) width: i64,
    pub(super) height: i64,
}

/// The text of a shape and its position.
#[derive(Debug, Default)]
pub(super) struct Text {
    /// Whether it fills a placeholder of a layout; those keep the layout's order.
    pub(super) is_placeholder: bool,
    pub(super) blocks: Vec<Block>,
    pub(super) area: Option<Area>,
    pub(super) is_title: bool,
    /// The number of shapes that were drawn up to it.
    pub(super) drawn: usize,
    /// The cells of its table.
    pub(super) cells: Vec<PlacedCell>,
    /// The height by which its text overflows its area.
    pub(super) overflow: i64,
}

/// A cell of a table, by its row and its number in that row.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlacedCell {
    pub(super) row: usize,
    pub(super) cell: usize,
    pub(super) area: Area,
    /// The length of its text in characters.
    pub(super) length: usize,
}

impl Area {
    pub(super) fn right(self) -> i64 {
        self.x.saturating_add(self.width)
    }

    pub(super) fn bottom(self) -> i64 {
        self.y.saturating_add(self.height)
    }
}

impl Text {
    /// Whether it is completely outside of a slide of this size.
    pub(super) fn is_outside(&self, size: Option<(i64, i64)>) -> bool {
        let (Some(area), Some((width, height))) = (self.area, size) else { return false };
        let is_before = |from: i64, to: i64| from < 0 && to <= 0;
        is_before(area.x, area.right())
            || is_before(area.y, area.bottom())
            || area.x >= width.max(1)
            || area.y >= height.max(1)
    }
}

/// The extent of something in one direction.
#[derive(Debug, Clone, Copy)]
struct Extent {
    from: i64,
    to: i64,
}

impl Extent {
    const fn length(self) -> i64 {
        self.to.saturating_sub(self.from)
    }

    /// Whether at least half of the shorter one lies within the other.
    fn is_level_with(self, other: Self) -> bool {
        let shared = self.to.min(other.to).saturating_sub(self.from.max(other.from));
        shared.saturating_mul(2) >= self.length().min(other.length()).max(1)
    }
}

/// A text that may be a cell.
#[derive(Debug, Clone, Copy)]
struct Boxed {
    text: usize,
    across: Extent,
    down: Extent,
}

/// The texts of a slide in reading order, and whether some of them form a table, or look as if they should.
pub(super) fn arranged(mut texts: Vec<Text>) -> (Vec<Block>, bool) {
    let as_box = |(at, text): (usize, &Text)| {
        let area = text.area.filter(|_| is_cell(text))?;
        let (across, down) = (Extent { from: area.x, to: area.right() }, Extent { from: area.y, to: area.bottom() });
        Some(Boxed { text: at, across, down })
    };
    let mut boxes: Vec<Boxed> = texts.iter().enumerate().filter_map(as_box).collect();
    if boxes.len() > MOST_BOXES {
        boxes.clear();
    }
    boxes.sort_by_key(|it| it.across.from);
    let rows = bands(boxes.iter().map(|it| it.down));
    let in_row = |row: &Extent| boxes.iter().filter(|it| it.down.is_level_with(*row)).count();
    let (mut is_uncertain, mut has_table) = (false, false);
    for rows in rows.chunk_by(|one, next| (in_row(one) > 1) == (in_row(next) > 1)) {
        let inside: Vec<Boxed> =
            boxes.iter().copied().filter(|it| rows.iter().any(|row| it.down.is_level_with(*row))).collect();
        let has_numbers = inside.iter().any(|it| has_number(&in_a_cell(&texts[it.text].blocks)));
        if rows.len() < 2 || in_row(&rows[0]) < 2 || !has_numbers {
            continue;
        }
        is_uncertain = true;
        let (Some(grid), Some(first)) = (grid(&inside, rows, &texts), inside.first()) else { continue };
        for it in &inside {
            texts[it.text].blocks.clear();
        }
        texts[first.text].blocks.push(Block::Table(grid));
        has_table = true;
    }
    // The title of a table stands above it.
    if has_table {
        texts.sort_by_key(|text| text.area.map(|area| area.y));
    }
    (texts.into_iter().flat_map(|text| text.blocks).collect(), is_uncertain)
}

/// The rows or columns: short boxes form them, and longer ones cover several.
fn bands(extents: impl Iterator<Item = Extent>) -> Vec<Extent> {
    let mut extents: Vec<Extent> = extents.collect();
    extents.sort_by_key(|extent| extent.length());
    let mut bands: Vec<Extent> = Vec::new();
    for extent in extents {
        if !bands.iter().any(|band| band.is_level_with(extent)) {
            bands.push(extent);
        }
    }
    bands.sort_by_key(|band| band.from);
    bands
}

/// The range of bands that an extent covers.
fn covered(bands: &[Extent], extent: Extent) -> Option<Range<usize>> {
    let first = bands.iter().position(|band| band.is_level_with(extent))?;
    let count = bands[first..].iter().take_while(|band| band.is_level_with(extent)).count();
    Some(first..first + count)
}

fn is_cell(text: &Text) -> bool {
    // A box of several list items is no cell.
    let is_line = |block: &Block| {
        matches!(block, Block::Paragraph(_)) || matches!(block, Block::Item(..)) && text.blocks.len() == 1
    };
    !text.is_placeholder
        && (1..=MOST_PARAGRAPHS).contains(&text.blocks.len())
        && text.blocks.iter().all(is_line)
        && in_a_cell(&text.blocks).chars().nth(LONGEST_CELL).is_none()
}

/// The boxes as a table, if each stands in a place of its own and most places are filled.
fn grid(boxes: &[Boxed], rows: &[Extent], texts: &[Text]) -> Option<Grid> {
    let columns = bands(boxes.iter().map(|it| it.across));
    let mut places: Vec<Vec<Option<usize>>> = vec![vec![None; columns.len()]; rows.len()];
    let mut grid: Vec<Vec<tables::Cell>> = vec![Vec::new(); rows.len()];
    for (number, it) in boxes.iter().enumerate() {
        let (down, across) = (covered(rows, it.down)?, covered(&columns, it.across)?);
        for place in places[down].iter_mut().flat_map(|row| &mut row[across.clone()]) {
            if place.replace(number).is_some() {
                return None;
            }
        }
    }
    let filled = places.iter().flatten().flatten().count();
    if columns.len() < 2 || filled * 10 < rows.len() * columns.len() * 9 {
        return None;
    }
    for (row, column) in (0..rows.len()).flat_map(|row| (0..columns.len()).map(move |column| (row, column))) {
        let Some(it) = places[row][column].map(|number| boxes[number]) else {
            grid[row].push(tables::Cell::of(""));
            continue;
        };
        let (down, across) = (covered(rows, it.down)?, covered(&columns, it.across)?);
        if (down.start, across.start) == (row, column) {
            let text = in_a_cell(&texts[it.text].blocks);
            grid[row].push(tables::Cell { text, across: across.len(), down: down.len() });
        }
    }
    Some(Grid { rows: grid, header_rows: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(says: &str, x: i64, y: i64, width: i64) -> Text {
        let area = Some(Area { x, y, width, height: 10 });
        Text { blocks: vec![Block::Paragraph(says.to_owned())], area, ..Text::default() }
    }

    fn written(texts: Vec<Text>) -> (String, bool) {
        let (blocks, is_uncertain) = arranged(texts);
        let mut text = String::new();
        crate::extraction::ooxml::blocks::write(&blocks, &mut text);
        (text.trim().to_owned(), is_uncertain)
    }

    #[test]
    fn boxes_drawn_column_by_column_keep_a_drug_with_its_dose() {
        let column =
            |x: i64, says: [&str; 3]| [12, 25, 38].iter().zip(says).map(|(y, says)| text(says, x, *y, 30)).collect();
        let columns: [Vec<Text>; 2] = [column(0, ["Drug", "Zinc", "Iron"]), column(41, ["Dose", "20 mg", "60 mg"])];
        let mut texts = vec![text("Doses", 0, 0, 90)];
        texts.extend(columns.into_iter().flatten());
        let expected = "Doses\n\n\n\n| Drug | Dose |\n| --- | --- |\n| Zinc | 20 mg |\n| Iron | 60 mg |";
        assert_eq!(written(texts), (expected.to_owned(), true));
    }

    #[test]
    fn a_wide_box_names_the_columns_below_it() {
        let texts = vec![
            text("20", 70, 30, 20),
            text("Zinc", 0, 30, 30),
            text("10", 40, 30, 20),
            text("Child", 40, 15, 20),
            text("Adult", 70, 15, 20),
            text("Age", 0, 15, 30),
            text("Drug", 0, 0, 30),
            text("Dose (mg)", 40, 0, 50),
        ];
        let (text, _) = written(texts);
        assert!(text.contains("| Drug | Dose (mg) | Dose (mg) |"), "{text}");
        assert!(text.ends_with("| Zinc | 10 | 20 |"), "{text}");
    }

    #[test]
    fn a_tall_box_names_the_rows_beside_it() {
        let tall = Some(Area { x: 0, y: 12, width: 30, height: 22 });
        let texts = vec![
            Text { area: tall, ..text("Amoxicillin", 0, 0, 0) },
            text("child", 40, 12, 30),
            text("adult", 40, 24, 30),
            text("125 mg", 80, 12, 30),
            text("500 mg", 80, 24, 30),
            text("Zinc", 0, 36, 30),
            text("all", 40, 36, 30),
            text("20 mg", 80, 36, 30),
        ];
        let (text, _) = written(texts);
        let expected = "| Amoxicillin | child | 125 mg |\n| Amoxicillin | adult | 500 mg |\n| Zinc | all | 20 mg |";
        assert!(text.ends_with(expected), "{text}");
    }

    #[test]
    fn columns_of_text_and_steps_without_numbers_stay_as_they_were_drawn() {
        let texts = || {
            vec![
                text("Airway", 0, 0, 30),
                text("Breathing", 0, 20, 30),
                text("Circulation", 40, 0, 30),
                text("Rest", 40, 20, 30),
            ]
        };
        assert_eq!(written(texts()).0, "Airway\n\n\n\nBreathing\n\n\n\nCirculation\n\n\n\nRest");
        let mut lists = vec![text("Children", 0, 0, 30), text("Adults", 40, 0, 30)];
        let items = |dose: &str| (0..4).map(|_| Block::Item(0, String::new(), dose.to_owned())).collect();
        lists.insert(1, Text { blocks: items("5 mg"), ..text("", 0, 20, 30) });
        lists.push(Text { blocks: items("50 mg"), ..text("", 40, 20, 30) });
        let (text, is_uncertain) = written(lists);
        assert!(text.starts_with("Children\n\n\n- 5 mg") && !is_uncertain, "{text}");
    }

    #[test]
    fn boxes_that_make_no_table_are_told() {
        let texts = vec![text("5 mg", 0, 0, 30), text("a", 10, 0, 30), text("b", 0, 20, 30), text("c", 5, 20, 30)];
        assert!(written(texts).1);
    }
}
