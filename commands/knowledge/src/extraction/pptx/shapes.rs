//! The parts of a slide: shapes with text, tables.

use std::{collections::BTreeSet, ops::Range};

use super::{
    arrangement::{Area, PlacedCell},
    bullets::Counts,
    colours::{Colour, Paint},
    looks::{Look, Run, TextStyle},
    placeholder::{Name, Place},
};
use crate::extraction::{
    ooxml::{
        blocks::{Block, in_a_cell},
        seen::Rgb,
    },
    scripts::Words,
    tables::{self, Grid},
};

/// A shape, or a cell, while its text is read.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "the attributes of a shape are independent of each other")]
pub(super) struct Shape {
    pub(super) place: Place,
    /// The placeholder that it fills.
    pub(super) name: Option<Name>,
    /// The id of the diagram's point that it is.
    pub(super) point: Option<String>,
    pub(super) is_hidden: bool,
    pub(super) area: Option<Area>,
    pub(super) style: TextStyle,
    pub(super) blocks: Vec<Block>,
    pub(super) counts: Counts,
    pub(super) paragraph: Option<Paragraph>,
    /// The cells of its table.
    pub(super) cells: Vec<PlacedCell>,
    pub(super) fill: Paint,
    pub(super) outline: Paint,
    /// Whether a style of the theme fills it, and the colour of text by that style.
    pub(super) is_styled: bool,
    pub(super) font_colour: Option<Colour>,
    /// Whether it fills its area, as a rectangle does.
    pub(super) is_whole: bool,
    /// Whether it is a picture, a chart or a table, which need not be opaque.
    pub(super) is_picture: bool,
    pub(super) is_line: bool,
    pub(super) is_flipped: bool,
    pub(super) has_arrow: bool,
    /// The width of its outline, in EMU.
    pub(super) line_width: i64,
    /// The colours of the text of a cell, of which the fill comes last, and whether it has text of other colours.
    pub(super) inks: BTreeSet<Rgb>,
    pub(super) has_other: bool,
    /// The largest size of its text, in hundredths of a point, and whether the text shrinks until it fits.
    pub(super) largest: Option<i64>,
    pub(super) is_fitted: bool,
}

#[derive(Debug, Default)]
pub(super) struct Paragraph {
    pub(super) words: Words,
    pub(super) level: usize,
    /// The look that it sets itself, and the resolved look once that is known.
    pub(super) own: Look,
    pub(super) look: Option<Look>,
    pub(super) run: Run,
}

/// The size of text for which none is set, in hundredths of a point, and the EMU in one.
const USUAL_SIZE: i64 = 1_800;
const EMU: i64 = 127;

/// Shapes that are moved and scaled together.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) is_hidden: bool,
    /// Its area on the slide, and the part of its own coordinate space that is shown there.
    pub(super) area: Area,
    pub(super) inside: Area,
}

impl Group {
    /// An area of the group's own space in the space around it.
    pub(super) fn outside(&self, area: Area) -> Area {
        let scaled = |length: i64, shown: i64, inside: i64| {
            let scaled = i128::from(length) * i128::from(shown) / i128::from(inside.max(1));
            if inside > 0 { i64::try_from(scaled).unwrap_or(length) } else { length }
        };
        let wide = |length| scaled(length, self.area.width, self.inside.width);
        let high = |length| scaled(length, self.area.height, self.inside.height);
        Area {
            x: self.area.x.saturating_add(wide(area.x.saturating_sub(self.inside.x))),
            y: self.area.y.saturating_add(high(area.y.saturating_sub(self.inside.y))),
            width: wide(area.width),
            height: high(area.height),
        }
    }
}

impl Shape {
    /// Its fill, its own or by its style.
    pub(super) fn paint(&self) -> Paint {
        let is_unknown = self.is_picture || self.fill == Paint::Unset && self.is_styled;
        if is_unknown { Paint::Other } else { self.fill.clone() }
    }

    /// The height by which its text overflows its area, as far as that can be told from its size.
    pub(super) fn overflow(&self, blocks: &[Block], area: Area) -> i64 {
        if self.is_fitted || blocks.iter().any(|block| matches!(block, Block::Table(_))) {
            return 0;
        }
        let size = self.largest.unwrap_or(USUAL_SIZE).saturating_mul(EMU);
        let (across, down) = (size.saturating_mul(45) / 100, size.saturating_mul(6) / 5);
        let fit = (area.width / across.max(1)).max(1);
        let lines = |line: &str| {
            i64::try_from(line.chars().count()).map_or(i64::MAX, |it| it / fit + i64::from(it % fit > 0)).max(1)
        };
        let texts = blocks.iter().map(|block| in_a_cell(std::slice::from_ref(block)));
        let lines = texts.map(|text| text.lines().map(lines).sum::<i64>()).fold(0, i64::saturating_add);
        lines.saturating_mul(down).saturating_sub(area.height).max(0)
    }

    /// The lines of a title as one heading.
    pub(super) fn title(&self) -> Option<Block> {
        let text = in_a_cell(&self.blocks).split_whitespace().collect::<Vec<_>>().join(" ");
        (!text.is_empty()).then_some(Block::Heading(1, text))
    }
}

#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) rows: Vec<Vec<tables::Cell>>,
    /// The spans of the current cell, and whether it is merged into another one.
    pub(super) across: usize,
    pub(super) down: usize,
    pub(super) is_covered: bool,
    /// Whether a style paints it.
    pub(super) is_styled: bool,
    /// The widths of its columns, the heights of its rows, and the place of each cell in them.
    pub(super) widths: Vec<i64>,
    pub(super) heights: Vec<i64>,
    pub(super) column: usize,
    places: Vec<PlaceInGrid>,
}

/// A cell by its number in its row, and the rows and columns that it covers.
#[derive(Debug)]
struct PlaceInGrid {
    row: usize,
    cell: usize,
    down: Range<usize>,
    across: Range<usize>,
}

/// Bytes of a table beyond which it is refused: merged cells are repeated, so that a small file could fill all memory.
const MOST_REPEATED: usize = 20 * 1_048_576;
/// Rows and columns that a cell may cover.
const MOST_SPANNED: usize = 100;

impl Table {
    pub(super) fn end_cell(&mut self, text: String) {
        let (at, column) = (self.rows.len().saturating_sub(1), self.column);
        self.column += 1;
        if let (Some(row), false) = (self.rows.last_mut(), self.is_covered) {
            let (across, down) = (self.across.clamp(1, MOST_SPANNED), self.down.clamp(1, MOST_SPANNED));
            let place = PlaceInGrid { row: at, cell: row.len(), down: at..at + down, across: column..column + across };
            self.places.push(place);
            row.push(tables::Cell { text, across, down });
        }
    }

    /// The areas of its cells, if the frame around it is as large as its rows and columns and holds their texts.
    pub(super) fn placed(&self, frame: Area) -> Option<Vec<PlacedCell>> {
        let sum = |lengths: &[i64]| lengths.iter().fold(0_i64, |sum, length| sum.saturating_add(*length));
        let is_near = |one: i64, other: i64| one.abs_diff(other) <= other.unsigned_abs() / 50;
        if !is_near(sum(&self.widths), frame.width) || !is_near(sum(&self.heights), frame.height) {
            return None;
        }
        let before = |lengths: &[i64], at: usize| sum(&lengths[..at.min(lengths.len())]);
        let extent = |lengths: &[i64], range: &Range<usize>| {
            let from = before(lengths, range.start);
            (from, before(lengths, range.end).saturating_sub(from))
        };
        let place = |place: &PlaceInGrid| {
            let ((x, width), (y, height)) = (extent(&self.widths, &place.across), extent(&self.heights, &place.down));
            let area = Area { x: frame.x.saturating_add(x), y: frame.y.saturating_add(y), width, height };
            let length = self.rows.get(place.row)?.get(place.cell)?.text.chars().count();
            area.holds(length).then_some(PlacedCell { row: place.row, cell: place.cell, area, length })
        };
        self.places.iter().map(place).collect()
    }

    /// The finished table; `None` if it is too large.
    pub(super) fn finished(self) -> Option<Block> {
        let size = |cell: &tables::Cell| cell.text.len().saturating_mul(cell.across).saturating_mul(cell.down);
        let total = self.rows.iter().flatten().map(size).fold(0, usize::saturating_add);
        (total <= MOST_REPEATED).then_some(Block::Table(Grid { header_rows: None, rows: self.rows }))
    }
}
