//! Colours of fonts and fills, and text in the colour of its cell.

use quick_xml::events::BytesStart;

use super::package::attribute;
use crate::extraction::ooxml::seen::Seen;

/// A colour as a style names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    Rgb(u32),
    /// A colour of the theme.
    Theme(u32),
    Indexed(u32),
    /// A pattern, a gradient or a tint.
    Unknown,
}

impl Colour {
    pub(super) const BLACK: Self = Self::Rgb(0);
    pub(super) const WHITE: Self = Self::Rgb(0x00ff_ffff);

    /// Reads an element such as `color` or `fgColor`.
    pub(super) fn of(element: &BytesStart<'_>) -> Self {
        let number = |name: &str| attribute(element, name).and_then(|number| number.trim().parse::<u32>().ok());
        let has_tint = attribute(element, "tint").and_then(|tint| tint.parse::<f64>().ok()).is_some_and(|it| it != 0.0);
        let rgb = attribute(element, "rgb").and_then(|rgb| u32::from_str_radix(rgb.trim(), 16).ok());
        match (rgb, number("theme"), number("indexed")) {
            _ if has_tint => Self::Unknown,
            (Some(rgb), ..) => Self::Rgb(rgb & 0x00ff_ffff),
            (_, Some(theme), _) => Self::Theme(theme),
            (_, _, Some(0 | 8 | 64)) => Self::BLACK,
            (_, _, Some(1 | 9 | 65)) => Self::WHITE,
            (_, _, Some(indexed)) => Self::Indexed(indexed),
            _ => Self::Unknown,
        }
    }

    /// Whether text in this colour is seen on a fill; the first colours of a theme are white and black as a rule.
    pub(super) fn seen_on(self, fill: Self) -> Seen {
        match (self, fill) {
            (Self::Unknown, _) | (_, Self::Unknown) => Seen::Yes,
            (one, other) if one == other => Seen::No,
            (Self::Theme(0), Self::WHITE)
            | (Self::WHITE, Self::Theme(0))
            | (Self::Theme(1), Self::BLACK)
            | (Self::BLACK, Self::Theme(1)) => Seen::Perhaps,
            _ => Seen::Yes,
        }
    }
}
