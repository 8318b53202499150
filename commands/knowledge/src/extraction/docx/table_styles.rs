//! Styles of tables, which may strike or hide the text of a row or a column.

use super::{properties::RunProperties, shading::Shading};
use crate::extraction::{
    NoteKind,
    ooxml::{
        seen::{Seen, seen_in_size},
        xml::Element,
    },
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
    pub(super) fn withdraws(&self) -> Option<NoteKind> {
        let RunProperties { is_struck, is_twice_struck, is_hidden, ink, half_points, .. } = &self.run;
        let is_tiny = half_points.is_some_and(|it| seen_in_size(it.saturating_mul(50)) != Seen::Yes);
        let is_unseen = ink.is_some_and(|ink| {
            let mut grounds = [self.run.shading(), self.shading].into_iter().flatten();
            grounds.find_map(|it| it.shows(ink)).unwrap_or_else(|| ink.seen_on_white()) != Seen::Yes
        });
        match () {
            () if *is_hidden == Some(true) => Some(NoteKind::HiddenLeftOut),
            () if *is_struck == Some(true) || *is_twice_struck == Some(true) => Some(NoteKind::StruckLeftOut),
            () if is_unseen || is_tiny => Some(NoteKind::VisibilityUncertain),
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
