//! Text of slides that is not seen: in the colour of its ground, transparent, tiny, or under another shape.

use super::{
    colours::{Paint, Shade},
    covers::{Drawn, seen_before, seen_below, seen_in},
    looks::Run,
    slide::Slide,
};
use crate::extraction::{
    NoteKind,
    ooxml::{
        blocks::{Block, in_a_cell},
        seen::{Rgb, Seen, WHITE, seen_in_size, seen_on},
    },
    scripts::Gap,
};

/// Colours of the text of a cell that are compared with its fill.
const MOST_INKS: usize = 16;

impl Slide<'_, '_> {
    /// Whether text with these properties can be seen; leaves it out if not. Of a cell the fill is not known yet.
    pub(super) fn is_visible(&mut self, run: &Run) -> bool {
        let is_in_cell = self.table.is_some() && self.shapes.len() > 1;
        let seen = self.seen(run, is_in_cell);
        let ink = self.ink(run);
        let Some(shape) = self.shapes.last_mut() else { return true };
        shape.largest = shape.largest.max(run.size);
        match ink {
            Shade::Of(ink) if run.highlight.is_none() && shape.inks.len() < MOST_INKS => {
                shape.inks.insert(ink);
                shape.has_other |= run.has_effect;
            }
            _ => shape.has_other |= seen != Seen::No,
        }
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

    /// The colour of text with these properties; one that is not set is readable on the slide.
    fn ink(&self, run: &Run) -> Shade {
        run.colour.as_ref().map_or(Shade::Other, |colour| self.template.colours.shade(colour))
    }

    /// Whether text with these properties is seen in the current shape. Speaker notes are shown without colours.
    fn seen(&self, run: &Run, is_in_cell: bool) -> Seen {
        let Some(shape) = self.shapes.last().filter(|shape| !self.is_notes && shape.point.is_none()) else {
            return Seen::Yes;
        };
        let in_size = run.size.map_or(Seen::Yes, seen_in_size);
        let in_colour = match (self.ink(run), &run.highlight) {
            (Shade::Clear, _) if run.has_effect => Seen::Yes,
            (Shade::Clear, _) => Seen::No,
            (Shade::Other | Shade::Unknown, _) => Seen::Yes,
            (Shade::Of(ink), Some(highlight)) => seen_in(highlight, ink, &self.template.colours),
            (Shade::Of(_), None) if is_in_cell => Seen::Yes,
            (Shade::Of(ink), None) => {
                let paint = match (shape.paint(), &shape.name) {
                    (Paint::Unset, Some(name)) => self.template.fill(name),
                    (paint, _) => paint,
                };
                if paint.is_painted() { seen_in(&paint, ink, &self.template.colours) } else { self.on_slide(ink) }
            }
        };
        let in_colour = if run.has_effect { in_colour.at_least_perhaps() } else { in_colour };
        in_size.max(in_colour)
    }

    /// Whether text of this colour is seen on what was drawn before the current shape.
    fn on_slide(&self, ink: Rgb) -> Seen {
        let of_template: &[Drawn] = if self.hides_master { &[] } else { &self.template.drawn };
        let area = self.shapes.first().and_then(|shape| self.area_of(shape));
        let background = if self.background == Paint::Unset { &self.template.background } else { &self.background };
        seen_before(of_template.iter().chain(&self.drawn), ink, area, background, &self.template.colours)
    }

    /// Whether text of this colour in the current cell, which has its fill by now, is seen.
    fn seen_in_cell(&self, ink: Rgb) -> Seen {
        let (Some(cell), Some(table)) = (self.shapes.last(), &self.table) else { return Seen::Yes };
        let is_head = table.rows.len() < 2;
        match cell.paint() {
            paint @ (Paint::Solid(_) | Paint::Other) => seen_in(&paint, ink, &self.template.colours),
            // The styles of tables paint their first row, and perhaps others.
            Paint::Unset if table.is_styled => {
                if is_head || seen_on(ink, WHITE) == Seen::Yes {
                    Seen::Yes
                } else {
                    Seen::Perhaps
                }
            }
            _ => self.on_slide(ink),
        }
    }

    pub(super) fn end_cell(&mut self) {
        let inks = self.shapes.last().map(|cell| cell.inks.clone()).unwrap_or_default();
        let (mut best, mut worst) = (Seen::No, Seen::Yes);
        for ink in inks {
            let seen = self.seen_in_cell(ink);
            (best, worst) = (best.min(seen), worst.max(seen));
        }
        let mut cell = self.shapes.pop().unwrap_or_default();
        match worst {
            Seen::No if best == Seen::No && !cell.has_other => {
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
            let seen = |area, length, overflow| match seen_below(over, area, length, overflow) {
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
                    let seen = seen(placed.area, placed.length, 0);
                    note(seen);
                    if seen == Seen::No {
                        cell.text.clear();
                    }
                }
            } else if let Some(area) = text.area {
                let seen = seen(area, in_a_cell(&text.blocks).chars().count(), text.overflow);
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
