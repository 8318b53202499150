//! Colours of fonts and fills, and text in the colour of its cell.

use quick_xml::events::BytesStart;

use super::package::attribute;
use crate::extraction::ooxml::seen::{self, Rgb, Seen, seen_on};

/// Thousandths by which tints of one colour differ that cannot be told apart for certain.
const SAME_TINT: i32 = 50;

/// A colour as a style names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    Rgb(Rgb),
    /// A colour of the theme, lighter or darker by so many thousandths.
    Theme(u32, i32),
    Indexed(u32),
    /// A pattern, a gradient or a tint.
    Unknown,
}

impl Colour {
    pub(super) const BLACK: Self = Self::Rgb(seen::BLACK);
    pub(super) const WHITE: Self = Self::Rgb(seen::WHITE);

    /// Reads an element such as `color` or `fgColor`.
    pub(super) fn of(element: &BytesStart<'_>) -> Self {
        let number = |name: &str| attribute(element, name).and_then(|number| number.trim().parse::<u32>().ok());
        let tint = attribute(element, "tint").and_then(|tint| tint.parse::<f64>().ok()).unwrap_or_default();
        #[expect(clippy::cast_possible_truncation, reason = "it is between -1000 and 1000")]
        let tint = (tint.clamp(-1.0, 1.0) * 1_000.0).round() as i32;
        let rgb = attribute(element, "rgb").and_then(|rgb| u32::from_str_radix(rgb.trim(), 16).ok());
        match (rgb, number("theme"), number("indexed")) {
            (None, Some(theme), _) => Self::Theme(theme, tint),
            _ if tint != 0 => Self::Unknown,
            (Some(rgb), ..) => {
                let [_, red, green, blue] = rgb.to_be_bytes();
                Self::Rgb([red, green, blue])
            }
            (_, _, Some(0 | 8 | 64)) => Self::BLACK,
            (_, _, Some(1 | 9 | 65)) => Self::WHITE,
            (_, _, Some(indexed)) => Self::Indexed(indexed),
            _ => Self::Unknown,
        }
    }

    /// The colour that a number format names in small letters.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "white" | "color2" => Self::WHITE,
            "black" | "color1" => Self::BLACK,
            "red" => Self::Rgb([255, 0, 0]),
            "green" => Self::Rgb([0, 255, 0]),
            "blue" => Self::Rgb([0, 0, 255]),
            "yellow" => Self::Rgb([255, 255, 0]),
            "magenta" => Self::Rgb([255, 0, 255]),
            "cyan" => Self::Rgb([0, 255, 255]),
            _ if name.starts_with("color") => Self::Unknown,
            _ => return None,
        })
    }

    /// Reads the colour of a font; `None` is the automatic one.
    pub(super) fn of_font(element: &BytesStart<'_>) -> Option<Self> {
        let is_automatic =
            attribute(element, "auto").is_some() || attribute(element, "indexed").is_some_and(|it| it.trim() == "64");
        (!is_automatic).then(|| Self::of(element))
    }

    /// Whether text in this colour is seen on a fill; the first colours of a theme are white and black as a rule.
    pub(super) fn seen_on(self, fill: Self) -> Seen {
        let usual = |colour: Self| match colour {
            Self::Rgb(rgb) => Some((rgb, true)),
            Self::Theme(0, tint) if tint.abs() <= SAME_TINT => Some((seen::WHITE, false)),
            Self::Theme(1, tint) if tint.abs() <= SAME_TINT => Some((seen::BLACK, false)),
            _ => None,
        };
        match (self, fill) {
            (Self::Unknown, _) | (_, Self::Unknown) => Seen::Yes,
            (one, other) if one == other => Seen::No,
            (Self::Theme(one, tint), Self::Theme(other, of_fill)) if one == other => {
                if (tint - of_fill).abs() <= SAME_TINT { Seen::Perhaps } else { Seen::Yes }
            }
            (one, other) => match (usual(one), usual(other)) {
                (Some((one, true)), Some((other, true))) => seen_on(one, other),
                (Some((one, _)), Some((other, _))) => seen_on(one, other).at_least_perhaps(),
                _ => Seen::Yes,
            },
        }
    }
}
