//! Colours of text and of what is behind it, as far as they tell whether it is seen.

use super::{story::Story, styles::Look, table_styles::Part};
use crate::extraction::ooxml::{seen::Seen, xml::Element};

/// The colour of text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Ink {
    White,
    /// White unless the theme or an effect gives it another colour.
    PerhapsWhite,
    #[default]
    Other,
}

/// What is painted behind text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shading {
    None,
    White,
    Painted,
}

const WHITE: &str = "FFFFFF";

impl Ink {
    /// Reads `w:color`.
    pub(super) fn of(element: &Element<'_>) -> Self {
        match element.attribute("val") {
            Some(colour) if colour.eq_ignore_ascii_case(WHITE) => {
                if element.attribute("themeColor").is_some() {
                    Self::PerhapsWhite
                } else {
                    Self::White
                }
            }
            _ => Self::Other,
        }
    }
}

impl Shading {
    /// Reads `w:shd`.
    pub(super) fn of(element: &Element<'_>) -> Self {
        let fill = element.attribute("fill").unwrap_or_default();
        match element.attribute("val").as_deref() {
            Some("nil") => Self::None,
            Some("clear") | None if fill.eq_ignore_ascii_case(WHITE) => Self::White,
            Some("clear") | None
                if matches!(fill.as_str(), "" | "auto") && element.attribute("themeFill").is_none() =>
            {
                Self::None
            }
            _ => Self::Painted,
        }
    }

    /// Reads `w:highlight`.
    pub(super) fn of_highlight(element: &Element<'_>) -> Self {
        match element.attribute("val").as_deref() {
            Some("none") | None => Self::None,
            Some("white") => Self::White,
            Some(_) => Self::Painted,
        }
    }

    /// Whether white text is seen on it; `None` if it lets through what is below.
    const fn shows_white(self) -> Option<Seen> {
        match self {
            Self::None => None,
            Self::White => Some(Seen::No),
            Self::Painted => Some(Seen::Yes),
        }
    }
}

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
