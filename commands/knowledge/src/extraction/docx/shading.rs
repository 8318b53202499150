//! Colours of text and of what is behind it, as far as they tell whether it is seen.

use crate::extraction::ooxml::{
    seen::{BLACK, Rgb, Seen, WHITE, rgb, seen_on},
    xml::Element,
};

/// A colour that a document names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour {
    rgb: Rgb,
    /// Whether it is that of each theme and has no effect upon it.
    is_certain: bool,
}

/// The colour of text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Ink {
    Colour(Colour),
    /// Black or white, as is readable on its ground.
    #[default]
    Automatic,
}

/// What is painted behind text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shading {
    None,
    Solid(Colour),
    /// A pattern.
    Painted,
}

impl Colour {
    const WHITE: Self = Self { rgb: WHITE, is_certain: true };

    /// A colour of six digits, which its name in the theme overrides: as a rule the first colours there are white and
    /// black.
    fn of(digits: Option<&str>, theme: Option<&str>, is_changed: bool) -> Option<Self> {
        let digits = digits.and_then(rgb);
        let of_theme = match theme {
            Some("background1" | "light1") if !is_changed => Some(WHITE),
            Some("text1" | "dark1") if !is_changed => Some(BLACK),
            _ => None,
        };
        Some(Self { rgb: of_theme.or(digits)?, is_certain: theme.is_none() })
    }

    fn seen_on(self, ground: Self) -> Seen {
        let seen = seen_on(self.rgb, ground.rgb);
        if self.is_certain && ground.is_certain { seen } else { seen.at_least_perhaps() }
    }
}

impl Ink {
    /// Reads `w:color`.
    pub(super) fn of(element: &Element<'_>) -> Self {
        let is_changed = ["themeTint", "themeShade"].into_iter().any(|it| element.attribute(it).is_some());
        let (digits, theme) = (element.attribute("val"), element.attribute("themeColor"));
        Colour::of(digits.as_deref(), theme.as_deref(), is_changed).map_or(Self::Automatic, Self::Colour)
    }

    /// The same colour on letters with an effect that gives them another look.
    pub(super) fn with_effect(self) -> Self {
        match self {
            Self::Colour(colour) => Self::Colour(Colour { is_certain: false, ..colour }),
            Self::Automatic => Self::Automatic,
        }
    }

    /// Whether text in this colour is seen on a white page.
    pub(super) fn seen_on_white(self) -> Seen {
        match self {
            Self::Colour(colour) => colour.seen_on(Colour::WHITE),
            Self::Automatic => Seen::Yes,
        }
    }
}

impl Shading {
    /// Reads `w:shd`.
    pub(super) fn of(element: &Element<'_>) -> Self {
        let colour = |value: &str, theme: &str| {
            let is_changed =
                ["Tint", "Shade"].into_iter().any(|it| element.attribute(&format!("{theme}{it}")).is_some());
            let (digits, named) = (element.attribute(value), element.attribute(theme));
            Colour::of(digits.as_deref(), named.as_deref(), is_changed)
        };
        match element.attribute("val").as_deref() {
            Some("nil") => Self::None,
            Some("clear") | None => match colour("fill", "themeFill") {
                Some(colour) => Self::Solid(colour),
                None if element.attribute("themeFill").is_some() => Self::Painted,
                None => Self::None,
            },
            Some("solid") => colour("color", "themeColor").map_or(Self::Painted, Self::Solid),
            _ => Self::Painted,
        }
    }

    /// Reads `w:highlight`.
    pub(super) fn of_highlight(element: &Element<'_>) -> Self {
        let digits = match element.attribute("val").as_deref() {
            Some("none") | None => return Self::None,
            Some("white") => "FFFFFF",
            Some("black") => "000000",
            Some("blue") => "0000FF",
            Some("cyan") => "00FFFF",
            Some("green") => "00FF00",
            Some("magenta") => "FF00FF",
            Some("red") => "FF0000",
            Some("yellow") => "FFFF00",
            Some("darkBlue") => "000080",
            Some("darkCyan") => "008080",
            Some("darkGreen") => "008000",
            Some("darkMagenta") => "800080",
            Some("darkRed") => "800000",
            Some("darkYellow") => "808000",
            Some("darkGray") => "808080",
            Some("lightGray") => "C0C0C0",
            Some(_) => return Self::Painted,
        };
        Colour::of(Some(digits), None, false).map_or(Self::Painted, Self::Solid)
    }

    /// Whether black text is not seen on it.
    pub(super) fn is_black(self) -> bool {
        self.shows(Ink::Colour(Colour { rgb: BLACK, is_certain: true })).is_some_and(|seen| seen != Seen::Yes)
    }

    /// Whether text in this colour is seen on it; `None` if it lets through what is below.
    pub(super) fn shows(self, ink: Ink) -> Option<Seen> {
        match (self, ink) {
            (Self::None, _) => None,
            (Self::Solid(ground), Ink::Colour(colour)) => Some(colour.seen_on(ground)),
            (Self::Solid(_) | Self::Painted, _) => Some(Seen::Yes),
        }
    }
}
