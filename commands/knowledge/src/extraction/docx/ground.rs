//! Whether text is seen on what its document paints behind it.

use super::{
    shading::{Ink, Shading},
    story::Story,
    styles::Look,
    table_styles::Part,
};
use crate::extraction::ooxml::seen::{Seen, seen_in_size};

impl Story<'_, '_> {
    /// Whether text of this look can be read: its size, and its colour on what is behind it.
    pub(super) fn seen(&mut self, look: &Look) -> Seen {
        let in_size = look.half_points.map_or(Seen::Yes, |it| seen_in_size(it.saturating_mul(50)));
        let in_colour = match look.ink {
            // Automatic letters turn white on a dark ground, but not everywhere on a highlighter's black.
            Ink::Automatic if look.highlight.is_some_and(Shading::is_black) => Seen::Perhaps,
            Ink::Automatic => Seen::Yes,
            Ink::Colour(_) => self.seen_on_ground(look),
        };
        let seen = in_size.max(in_colour);
        if look.is_clear { seen.max(Seen::Perhaps) } else { seen }
    }

    fn seen_on_ground(&mut self, look: &Look) -> Seen {
        let ink = look.ink;
        let (own, style) =
            self.paragraph().map(|it| (it.properties.shading, it.properties.style.clone())).unwrap_or_default();
        let of_style = self.styles.resolve(style.as_deref()).paragraph.shading;
        for shading in [look.shading, own.or(of_style)].into_iter().flatten() {
            if let Some(seen) = shading.shows(ink) {
                return seen;
            }
        }
        let on_page = ink.seen_on_white();
        // Nothing is known of the fill of boxes.
        if self.flows.iter().any(|flow| flow.is_box) {
            return on_page.at_least_perhaps();
        }
        let mut is_certain = !self.styles.has_backdrop;
        let tables = if self.flows.last().is_some_and(|flow| flow.is_cell) { self.tables.len() } else { 0 };
        for at in (0..tables).rev() {
            match self.in_table(at, ink) {
                Ok(seen) => return if is_certain { seen } else { seen.at_least_perhaps() },
                Err(may_be_painted) => is_certain &= !may_be_painted,
            }
        }
        if is_certain { on_page } else { on_page.at_least_perhaps() }
    }

    /// Whether text in this colour is seen on what a table paints in its current cell; the error tells whether a part
    /// of its style may paint it, if nothing else does.
    fn in_table(&mut self, at: usize, ink: Ink) -> Result<Seen, bool> {
        let table = &self.tables[at];
        let (row, cell, bits) = (table.rows.len(), table.row.cells.len(), table.look.unwrap_or(0));
        let (of_cell, of_row, of_table) = (table.cell.shading, table.row.shading, table.shading);
        let style = self.styles.resolve_table(self.tables[at].style.as_deref());
        let painted = |part: Part| style.parts.get(&part).and_then(|it| it.shading)?.shows(ink);
        let may_be_painted = style.parts.keys().any(|part| painted(*part) == Some(Seen::Yes));
        match of_cell.or(of_row) {
            // It takes away what the style paints.
            Some(Shading::None) => return of_table.and_then(|it| it.shows(ink)).ok_or(may_be_painted),
            Some(own) => return own.shows(ink).ok_or(false),
            None => {}
        }
        let is_in = |part: Part, is_there: bool| is_there && part.is_on(bits);
        let by_part = is_in(Part::FirstRow, row == 0).then(|| painted(Part::FirstRow)).flatten();
        let by_part =
            by_part.or_else(|| is_in(Part::FirstColumn, cell == 0).then(|| painted(Part::FirstColumn)).flatten());
        let by_table = of_table.and_then(|it| it.shows(ink));
        match by_part.or(by_table).or_else(|| painted(Part::Whole)) {
            // Bands or a last row may have another colour.
            Some(seen) if may_be_painted => Ok(seen.at_least_perhaps()),
            Some(seen) => Ok(seen),
            None => Err(may_be_painted),
        }
    }
}
