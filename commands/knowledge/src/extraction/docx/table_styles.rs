//! Styles of tables, which may strike or hide the text of a row or a column.

use super::{
    cells::Table,
    properties::RunProperties,
    shading::{Ink, Shading},
    styles::Resolved,
};
use crate::extraction::{
    NoteKind,
    ooxml::{blocks::Block, xml::Element},
};

/// The part of a table that a style is about, in the order in which each overrides those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Whole,
    /// Every other row or column, or a corner.
    Some,
    FirstColumn,
    LastColumn,
    FirstRow,
    LastRow,
}

/// The properties of a part of a table.
#[derive(Debug, Clone, Default)]
pub(super) struct PartStyle {
    pub(super) run: RunProperties,
    pub(super) shading: Option<Shading>,
}

impl Part {
    /// The part of `w:tblStylePr`.
    pub(super) fn named(name: &str) -> Self {
        match name {
            "wholeTable" => Self::Whole,
            "firstRow" => Self::FirstRow,
            "lastRow" => Self::LastRow,
            "firstCol" => Self::FirstColumn,
            "lastCol" => Self::LastColumn,
            _ => Self::Some,
        }
    }

    /// Whether a table has a style for this part switched on (`w:tblLook`).
    pub(super) const fn is_on(self, look: u16) -> bool {
        let bit = match self {
            Self::Whole | Self::Some => return true,
            Self::FirstRow => 0x20,
            Self::LastRow => 0x40,
            Self::FirstColumn => 0x80,
            Self::LastColumn => 0x100,
        };
        look & bit != 0
    }
}

impl PartStyle {
    pub(super) fn overlaid(&self, over: &Self) -> Self {
        Self { run: self.run.overlaid(&over.run), shading: over.shading.or(self.shading) }
    }

    /// The reason to leave text of this style out, or to doubt it.
    fn withdraws(&self) -> Option<NoteKind> {
        let RunProperties { is_struck, is_twice_struck, is_hidden, ink, shading, .. } = &self.run;
        let is_on_nothing = [self.shading, *shading].iter().all(|it| it.is_none_or(|it| it != Shading::Painted));
        match () {
            () if *is_hidden == Some(true) => Some(NoteKind::HiddenLeftOut),
            () if *is_struck == Some(true) || *is_twice_struck == Some(true) => Some(NoteKind::StruckLeftOut),
            () if ink.is_some_and(|ink| ink != Ink::Other) && is_on_nothing => Some(NoteKind::VisibilityUncertain),
            () => None,
        }
    }
}

/// Reads `w:tblLook`, whose newer form has an attribute for each bit.
pub(super) fn look(element: &Element<'_>) -> u16 {
    let bits = element.attribute("val").and_then(|val| u16::from_str_radix(val.trim(), 16).ok()).unwrap_or(0);
    let names = [("firstRow", 0x20), ("lastRow", 0x40), ("firstColumn", 0x80), ("lastColumn", 0x100)];
    names.into_iter().fold(bits, |bits, (name, bit)| match element.attribute(name) {
        Some(_) if element.is_on(name) => bits | bit,
        Some(_) => bits & !bit,
        None => bits,
    })
}

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
