//! Tables of word processors, with their merged cells.

use std::{collections::HashMap, rc::Rc};

use super::{footnotes::Footnote, shading::Shading};
use crate::extraction::{
    Unreadable,
    ooxml::blocks::{Block, in_a_cell},
    tables::{self, Grid},
};

/// Rows and columns that a cell may cover.
const MOST_SPANNED: usize = 100;
/// Bytes of a table beyond which it is refused: merged cells are repeated, so that a small file could fill all memory.
const MOST_REPEATED: usize = 20 * 1_048_576;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Merge {
    #[default]
    None,
    Begins,
    Continues,
}

#[derive(Debug, Default)]
pub(super) struct Cell {
    pub(super) blocks: Vec<Block>,
    /// Columns that it covers; 0 if the file does not say.
    pub(super) across: usize,
    pub(super) down: Merge,
    pub(super) beside: Merge,
    pub(super) is_deleted: bool,
    pub(super) shading: Option<Shading>,
    /// Whether some of its text is set to be neither struck nor hidden, whatever the style of the table is.
    pub(super) overrides_style: bool,
    pub(super) footnotes: Vec<Footnote>,
}

#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) cells: Vec<Cell>,
    pub(super) before: usize,
    pub(super) after: usize,
    pub(super) is_header: bool,
    pub(super) is_deleted: bool,
    pub(super) is_hidden: bool,
    /// What it paints in place of its table.
    pub(super) shading: Option<Shading>,
}

impl Row {
    pub(super) const fn is_left_out(&self) -> bool {
        self.is_deleted || self.is_hidden
    }

    /// Whether the cell has a table with several rows and columns; a single line of values does not lay out a page.
    fn holds_a_table(&self) -> bool {
        let is_table = |block: &Block| matches!(block, Block::Table(grid) if grid.rows.len() > 1 && grid.rows.iter().any(|row| row.len() > 1));
        self.cells.iter().flat_map(|cell| &cell.blocks).any(is_table)
    }
}

#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
    pub(super) row: Row,
    pub(super) cell: Cell,
    pub(super) style: Option<Rc<str>>,
    /// The parts of the style that are switched on.
    pub(super) look: Option<u16>,
    pub(super) shading: Option<Shading>,
}

/// The cell of the row above that a cell may continue: where it was written, and its width in columns.
#[derive(Clone, Copy)]
struct Place {
    row: usize,
    cell: usize,
    across: usize,
    /// Whether its row is not written.
    is_left_out: bool,
}

/// The rows of a table as laid out, and apart from them the rows that are not written (deleted or hidden ones).
#[derive(Default)]
struct LaidOutRows {
    rows: Vec<Vec<tables::Cell>>,
    left_out: Vec<Vec<tables::Cell>>,
    /// The cells of the last row, by their first column.
    places: HashMap<usize, Place>,
    footnotes: Vec<Footnote>,
}

impl LaidOutRows {
    fn cell(&mut self, place: Place) -> Option<&mut tables::Cell> {
        let rows = if place.is_left_out { &mut self.left_out } else { &mut self.rows };
        rows.get_mut(place.row)?.get_mut(place.cell)
    }

    fn push(&mut self, row: Row) {
        let is_left_out = row.is_left_out();
        let at = if is_left_out { self.left_out.len() } else { self.rows.len() };
        let mut places: HashMap<usize, Place> = HashMap::new();
        let mut cells: Vec<tables::Cell> = Vec::with_capacity(row.cells.len());
        let mut footnotes = Vec::new();
        let empty = |across: usize| tables::Cell { text: String::new(), across: across.min(MOST_SPANNED), down: 1 };
        let first = row.before.min(MOST_SPANNED);
        let mut column = first;
        cells.extend((column > 0).then(|| empty(column)));
        let (mut is_continued, mut latest) = (false, column);
        for cell in row.cells {
            let across = cell.across.clamp(1, MOST_SPANNED);
            if cell.beside == Merge::Continues && column > 0 {
                // A horizontal merge extends the cell before, unless that cell itself continues the one above.
                if let (Some(before), false) = (cells.last_mut(), is_continued) {
                    before.across = (before.across + across).min(MOST_SPANNED);
                    if let Some(place) = places.get_mut(&latest) {
                        place.across = before.across;
                    }
                }
                column += across;
                continue;
            }
            latest = column;
            let continues = (cell.down == Merge::Continues).then(|| self.places.get(&column)).flatten().copied();
            let above = continues.filter(|place| place.across == across || cell.beside == Merge::Begins);
            let origin = above.and_then(|place| Some((place, self.cell(place)?)));
            let here = Place { row: at, cell: cells.len(), across, is_left_out };
            is_continued = match origin {
                Some((place, origin)) if is_left_out || (origin.down < MOST_SPANNED && !place.is_left_out) => {
                    origin.down += usize::from(!is_left_out);
                    places.insert(column, place);
                    true
                }
                // A cell that began in a row that is not written, or that is too long already, begins again here.
                Some((place, origin)) => {
                    cells.push(tables::Cell { text: origin.text.clone(), across: place.across, down: 1 });
                    places.insert(column, Place { across: place.across, ..here });
                    false
                }
                None => {
                    cells.push(tables::Cell { text: in_a_cell(&cell.blocks), across, down: 1 });
                    places.insert(column, here);
                    false
                }
            };
            footnotes.extend(cell.footnotes);
            column += across;
        }
        cells.extend((row.after > 0).then(|| empty(row.after)));
        let rows = if is_left_out { &mut self.left_out } else { &mut self.rows };
        rows.push(cells);
        self.places = places;
        if !is_left_out && !footnotes.is_empty() {
            let name = self.places.get(&first).copied().and_then(|place| self.cell(place));
            let name = name.map(|cell| cell.text.clone()).unwrap_or_default();
            self.footnotes.extend(footnotes.into_iter().map(|footnote: Footnote| footnote.in_row(&name)));
        }
    }
}

impl Table {
    /// The finished table with the footnotes that follow it. A table with a single cell is a frame: its blocks are
    /// returned. A table that has tables in each of its rows lays out a page: those are returned one below the other.
    pub(super) fn finished(mut self) -> Result<(Vec<Block>, Vec<Footnote>), Unreadable> {
        let written: Vec<&Row> = self.rows.iter().filter(|row| !row.is_left_out()).collect();
        let is_of_tables = !written.is_empty() && written.iter().all(|row| row.holds_a_table());
        let is_frame = matches!(written[..], [row] if row.cells.len() == 1);
        let header_rows = written.iter().take_while(|row| row.is_header).count();
        if is_of_tables || is_frame {
            self.rows.retain(|row| !row.is_left_out());
            let (mut blocks, mut footnotes) = (Vec::new(), Vec::new());
            for mut cell in self.rows.into_iter().flat_map(|row| row.cells) {
                blocks.append(&mut cell.blocks);
                footnotes.append(&mut cell.footnotes);
            }
            return Ok((blocks, footnotes));
        }
        let mut rows_laid_out = LaidOutRows::default();
        self.rows.into_iter().for_each(|row| rows_laid_out.push(row));
        let LaidOutRows { rows, footnotes, .. } = rows_laid_out;
        let size = |cell: &tables::Cell| cell.text.len().saturating_mul(cell.across).saturating_mul(cell.down);
        if rows.iter().flatten().map(size).fold(0, usize::saturating_add) > MOST_REPEATED {
            return Err(Unreadable::TooComplex);
        }
        Ok((vec![Block::Table(Grid { header_rows: (header_rows > 0).then_some(header_rows), rows })], footnotes))
    }
}
