//! Text of slides that is not seen: white on white, or under another shape.

use super::{
    colours::Paint,
    covers::{Drawn, seen_below, white_in, white_on},
    looks::Run,
    slide::Slide,
};
use crate::extraction::{
    NoteKind,
    ooxml::{
        blocks::{Block, in_a_cell},
        seen::Seen,
    },
    scripts::Gap,
};

impl Slide<'_, '_> {
    /// Whether text with these properties can be seen; leaves it out if not. Of a cell the fill is not known yet.
    pub(super) fn is_visible(&mut self, run: &Run) -> bool {
        let is_in_cell = self.table.is_some() && self.shapes.len() > 1;
        let is_white = run.colour.as_ref().and_then(|colour| self.template.colours.is_white(colour)) == Some(true);
        let seen = if is_in_cell { Seen::Yes } else { self.seen(run) };
        let Some(shape) = self.shapes.last_mut() else { return true };
        shape.has_white |= is_white;
        shape.has_other |= !is_white;
        match seen {
            Seen::Yes => {}
            Seen::Perhaps => self.report.add(NoteKind::VisibilityUncertain, None),
            Seen::No => {
                if let Some(paragraph) = &mut shape.paragraph {
                    paragraph.words.leave_out(Gap::Unseen);
                }
                self.report.add(NoteKind::HiddenLeftOut, None);
            }
        }
        seen != Seen::No
    }

    /// Whether text with these properties is seen in the current shape. Speaker notes are shown without colours.
    fn seen(&self, run: &Run) -> Seen {
        let Some(shape) = self.shapes.last().filter(|shape| !self.is_notes && shape.point.is_none()) else {
            return Seen::Yes;
        };
        match run.colour.as_ref().map(|colour| self.template.colours.is_white(colour)) {
            Some(Some(true)) => {}
            _ => return Seen::Yes,
        }
        let paint = match (shape.paint(), &shape.name) {
            (Paint::Unset, Some(name)) => self.template.fill(name),
            (paint, _) => paint,
        };
        if paint.is_painted() { white_in(&paint, &self.template.colours) } else { self.white_on_slide() }
    }

    /// Whether white text is seen on what was drawn before the current shape.
    fn white_on_slide(&self) -> Seen {
        let of_template: &[Drawn] = if self.hides_master { &[] } else { &self.template.drawn };
        let area = self.shapes.first().and_then(|shape| self.area_of(shape));
        let background = if self.background == Paint::Unset { &self.template.background } else { &self.background };
        white_on(of_template.iter().chain(&self.drawn), area, background, &self.template.colours)
    }

    /// Whether the white text of the current cell, which has its fill by now, is seen.
    fn seen_in_cell(&self) -> Seen {
        let (Some(cell), Some(table)) = (self.shapes.last(), &self.table) else { return Seen::Yes };
        let is_head = table.rows.len() < 2;
        match cell.paint() {
            paint @ (Paint::Solid(_) | Paint::Other) => white_in(&paint, &self.template.colours),
            // The styles of tables paint their first row, and perhaps others.
            Paint::Unset if table.is_styled => {
                if is_head {
                    Seen::Yes
                } else {
                    Seen::Perhaps
                }
            }
            _ => self.white_on_slide(),
        }
    }

    pub(super) fn end_cell(&mut self) {
        let seen = match self.shapes.last() {
            Some(cell) if cell.has_white => self.seen_in_cell(),
            _ => Seen::Yes,
        };
        let mut cell = self.shapes.pop().unwrap_or_default();
        match seen {
            Seen::No if !cell.has_other => {
                cell.blocks.clear();
                self.report.add(NoteKind::HiddenLeftOut, None);
            }
            Seen::No | Seen::Perhaps => self.report.add(NoteKind::VisibilityUncertain, None),
            Seen::Yes => {}
        }
        if let Some(table) = &mut self.table {
            table.end_cell(in_a_cell(&cell.blocks));
        }
    }

    /// Leaves out texts and cells that lie under other shapes, and notes those that may.
    pub(super) fn leave_out_covered(&mut self) {
        let is_certain = !self.is_animated;
        let mut notes = Vec::new();
        for text in &mut self.texts {
            let over = self.drawn.get(text.drawn..).unwrap_or_default();
            let seen = |area, length| match seen_below(over, area, length) {
                Seen::No if !is_certain => Seen::Perhaps,
                seen => seen,
            };
            let mut note = |seen: Seen| match seen {
                Seen::Yes => {}
                Seen::Perhaps => notes.push(NoteKind::VisibilityUncertain),
                Seen::No => notes.push(NoteKind::HiddenLeftOut),
            };
            if let [Block::Table(grid)] = text.blocks.as_mut_slice()
                && !text.cells.is_empty()
            {
                for placed in &text.cells {
                    let cell = grid.rows.get_mut(placed.row).and_then(|row| row.get_mut(placed.cell));
                    let Some(cell) = cell.filter(|cell| !cell.text.trim().is_empty()) else { continue };
                    let seen = seen(placed.area, placed.length);
                    note(seen);
                    if seen == Seen::No {
                        cell.text.clear();
                    }
                }
            } else if let Some(area) = text.area {
                let seen = seen(area, in_a_cell(&text.blocks).chars().count());
                note(seen);
                if seen == Seen::No {
                    text.blocks.clear();
                }
            }
        }
        self.texts.retain(|text| !text.blocks.is_empty());
        for kind in notes {
            self.report.add(kind, None);
        }
    }
}
