//! Colours of fonts and fills, and text in the colour of its cell.

use quick_xml::events::{BytesStart, Event};

use super::{
    package::{attribute, events},
    places::{MOST_COLUMNS, MOST_ROWS, Range, place},
    styles::Styles,
};
use crate::extraction::{Unreadable, ooxml::seen::Seen};

/// Ranges of a sheet with conditional formats beyond which any cell may have one.
const MOST: usize = 10_000;

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

/// The ranges of a sheet in which a condition gives cells other colours.
pub(super) fn coloured_by_condition(sheet: &str, styles: &Styles) -> Result<Vec<Range>, Unreadable> {
    let mut ranges = Vec::new();
    if !sheet.contains("conditionalFormatting") {
        return Ok(ranges);
    }
    let mut of_rule = String::new();
    for event in events(sheet) {
        let (Event::Start(element) | Event::Empty(element)) = event? else { continue };
        match element.local_name().as_ref() {
            "conditionalFormatting" => of_rule = attribute(&element, "sqref").unwrap_or_default(),
            // A scale of colours has no style.
            "cfRule" if ranges.len() >= MOST => {
                return Ok(vec![Range { first: (1, 1), last: (MOST_ROWS, MOST_COLUMNS) }]);
            }
            "cfRule" => {
                let style = attribute(&element, "dxfId").and_then(|style| style.parse::<usize>().ok());
                if style.is_none_or(|style| styles.colours(style)) {
                    let range =
                        |name: &str| Range::named(name).or_else(|| place(name).map(|at| Range { first: at, last: at }));
                    ranges.extend(of_rule.split_whitespace().filter_map(range));
                }
            }
            _ => {}
        }
    }
    Ok(ranges)
}
