//! The styles of conditional formats: what they change in the cells whose condition holds.

use quick_xml::events::BytesStart;

use super::{colours::Colour, is_true, numbers::Format, package::attribute};
use crate::extraction::ooxml::seen::Seen;

/// What a style of conditional formats (`dxf`) changes.
#[derive(Debug, Default)]
pub(super) struct Difference {
    /// The property that is being read: font, fill, border.
    within: Within,
    strikes_or_hides: bool,
    /// Whether it sets a colour.
    pub(super) colours: bool,
    font: Option<Colour>,
    fill: Option<Colour>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Within {
    Font,
    Fill,
    #[default]
    Other,
}

impl Difference {
    /// Reads an element of it.
    pub(super) fn take(&mut self, name: &str, element: &BytesStart<'_>) {
        match (name, self.within) {
            ("font", _) => self.within = Within::Font,
            ("fill", _) => (self.within, self.colours) = (Within::Fill, true),
            ("border", _) => self.within = Within::Other,
            ("strike", _) => self.strikes_or_hides |= attribute(element, "val").as_deref().is_none_or(is_true),
            ("numFmt", _) => {
                let code = attribute(element, "formatCode").unwrap_or_else(|| "General".to_owned());
                let format = Format::of(&code);
                self.strikes_or_hides |= format.number(1.0, false).trim().is_empty();
                self.font = format.colour(1.0).or(self.font);
            }
            ("color", Within::Font) => (self.font, self.colours) = (Colour::of_font(element), true),
            ("color", _) => self.colours = true,
            // Here the colour of a solid pattern is that of its ground.
            ("bgColor", Within::Fill) => self.fill = Some(Colour::of(element)),
            ("fgColor" | "gradientFill", Within::Fill) if self.fill.is_none() => self.fill = Some(Colour::Unknown),
            _ => {}
        }
    }

    /// Whether it strikes or hides, on a cell without a fill if it has none itself.
    pub(super) fn withdraws(&self) -> bool {
        let is_unseen = self.font.is_some_and(|font| font.seen_on(self.fill.unwrap_or(Colour::WHITE)) != Seen::Yes);
        self.strikes_or_hides || is_unseen
    }
}
