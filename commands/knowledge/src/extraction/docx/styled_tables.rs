//! Cells that the style of their table strikes or hides.

use super::{
    cells::Table,
    styles::Resolved,
    table_styles::{Part, PartStyle},
};
use crate::extraction::{NoteKind, ooxml::blocks::Block};

impl Table {
    /// Empties the cells that its style strikes or hides; returns a reason for each of them, and for each in doubt.
    pub(super) fn leave_out_by_style(&mut self, style: &Resolved) -> Vec<NoteKind> {
        let mut reasons = Vec::new();
        if style.parts.values().all(|part| part.withdraws().is_none()) {
            return reasons;
        }
        // Without a look of its own it is not certain which parts of the style a table has.
        let is_certain = |part: Part| part == Part::Whole || part != Part::Some && self.look.is_some();
        let doubtful = style.parts.iter().filter(|(part, it)| !is_certain(**part) && it.withdraws().is_some());
        reasons.extend(doubtful.map(|_| NoteKind::VisibilityUncertain));
        let (look, last_row) = (self.look.unwrap_or(0), self.rows.len().saturating_sub(1));
        for (at, row) in self.rows.iter_mut().enumerate().filter(|(_, row)| !row.is_left_out()) {
            let last_cell = row.cells.len().saturating_sub(1);
            for (column, cell) in row.cells.iter_mut().enumerate().filter(|(_, cell)| !cell.blocks.is_empty()) {
                let applies = |part: Part| match part {
                    Part::Whole => true,
                    Part::Some => false,
                    Part::FirstRow => at == 0,
                    Part::LastRow => at == last_row,
                    Part::FirstColumn => column == 0,
                    Part::LastColumn => column == last_cell,
                };
                let parts = style.parts.iter().filter(|(part, _)| applies(**part) && part.is_on(look));
                let own = parts.fold(PartStyle::default(), |under, (_, over)| under.overlaid(over));
                let Some(reason) = own.withdraws() else { continue };
                let is_whole = !cell.overrides_style && !cell.blocks.iter().any(|it| matches!(it, Block::Table(_)));
                if is_whole && reason != NoteKind::VisibilityUncertain {
                    cell.blocks.clear();
                    reasons.push(reason);
                } else {
                    reasons.push(NoteKind::VisibilityUncertain);
                }
            }
        }
        reasons
    }
}
