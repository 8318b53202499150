//! Colours of text and of what is behind it, as far as they tell whether it is seen.

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
    pub(super) const fn shows_white(self) -> Option<Seen> {
        match self {
            Self::None => None,
            Self::White => Some(Seen::No),
            Self::Painted => Some(Seen::Yes),
        }
    }
}
