//! The parts of a slide: shapes with text, tables.

use super::{
    arrangement::Area,
    bullets::Counts,
    looks::{Look, Run, TextStyle},
    placeholder::{Name, Place},
};
use crate::extraction::{
    ooxml::blocks::{Block, in_a_cell},
    scripts::Words,
    tables::{self, Grid},
};

/// A shape, or a cell, while its text is read.
#[derive(Debug, Default)]
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
}

/// Bytes of a table beyond which it is refused: merged cells are repeated, so that a small file could fill all memory.
const MOST_REPEATED: usize = 20 * 1_048_576;
/// Rows and columns that a cell may cover.
const MOST_SPANNED: usize = 100;

impl Table {
    pub(super) fn end_cell(&mut self, text: String) {
        if let (Some(row), false) = (self.rows.last_mut(), self.is_covered) {
            let (across, down) = (self.across.clamp(1, MOST_SPANNED), self.down.clamp(1, MOST_SPANNED));
            row.push(tables::Cell { text, across, down });
        }
    }

    /// The finished table; `None` if it is too large.
    pub(super) fn finished(self) -> Option<Block> {
        let size = |cell: &tables::Cell| cell.text.len().saturating_mul(cell.across).saturating_mul(cell.down);
        let total = self.rows.iter().flatten().map(size).fold(0, usize::saturating_add);
        (total <= MOST_REPEATED).then_some(Block::Table(Grid { header_rows: None, rows: self.rows }))
    }
}
