//! Whether white text is seen on what its document paints behind it.

use super::{
    shading::{Ink, Shading},
    story::Story,
    styles::Look,
    table_styles::Part,
};
use crate::extraction::ooxml::seen::Seen;

impl Story<'_, '_> {
    /// Whether text of this look is seen on what is behind it.
    pub(super) fn seen(&mut self, look: &Look) -> Seen {
        if look.ink == Ink::Other {
            return Seen::Yes;
        }
        let seen = look.shading.and_then(Shading::shows_white).unwrap_or_else(|| self.white_on_paragraph());
        if look.ink == Ink::PerhapsWhite && seen == Seen::No { Seen::Perhaps } else { seen }
    }

    fn white_on_paragraph(&mut self) -> Seen {
        let (own, style) =
            self.paragraph().map(|it| (it.properties.shading, it.properties.style.clone())).unwrap_or_default();
        let of_style = self.styles.resolve(style.as_deref()).paragraph.shading;
        if let Some(seen) = own.or(of_style).and_then(Shading::shows_white) {
            return seen;
        }
        // Nothing is known of the fill of boxes.
        if self.flows.iter().any(|flow| flow.is_box) {
            return Seen::Perhaps;
        }
        for at in (0..self.tables.len()).rev().take_while(|_| self.flows.last().is_some_and(|flow| flow.is_cell)) {
            let (row, cell) = (self.tables[at].rows.len(), self.tables[at].row.cells.len());
            let own = self.tables[at].cell.shading.or(self.tables[at].shading);
            if let Some(own) = own {
                match own.shows_white() {
                    Some(seen) => return seen,
                    None => continue,
                }
            }
            let style = self.styles.resolve_table(self.tables[at].style.as_deref());
            let bits = self.tables[at].look.unwrap_or(0);
            let paints = |part: Part| style.parts.get(&part).is_some_and(|it| it.shading == Some(Shading::Painted));
            let is_painted = paints(Part::Whole)
                || row == 0 && Part::FirstRow.is_on(bits) && paints(Part::FirstRow)
                || cell == 0 && Part::FirstColumn.is_on(bits) && paints(Part::FirstColumn);
            if is_painted {
                return Seen::Yes;
            }
            if style.parts.keys().any(|part| paints(*part)) {
                return Seen::Perhaps;
            }
        }
        if self.styles.has_backdrop { Seen::Perhaps } else { Seen::No }
    }
}
