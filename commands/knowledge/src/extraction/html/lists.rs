//! The numbers of lists.

use scraper::node::Element;

use super::content::Content;
use crate::extraction::ooxml::numbers::{LAST_ROMAN, roman};

/// Kinds of lists in which a number or nothing else than a bullet stands before an item.
const USUAL: [&str; 16] = [
    "none",
    "disc",
    "circle",
    "square",
    "inside",
    "outside",
    "decimal",
    "initial",
    "unset",
    "inherit",
    "revert",
    "revert-layer",
    "decimal-leading-zero",
    "disclosure-open",
    "disclosure-closed",
    "normal",
];

/// What stands before the items of a list by their style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Marker {
    /// A bullet, or a number.
    Usual,
    Kind(Kind),
    Text(Content),
    /// A sign that the page defines, or the number in a script that is not known here.
    Unknown,
}

impl Marker {
    /// The value of `list-style`.
    pub(super) fn of(as_written: &str) -> Self {
        let value = as_written.to_ascii_lowercase();
        if as_written.contains(['"', '\'']) {
            Self::Text(Content::of(as_written))
        } else if let Some(kind) = Kind::in_style(&value) {
            Self::Kind(kind)
        } else if value.split_whitespace().all(|word| USUAL.contains(&word) || word.contains("url(")) {
            Self::Usual
        } else {
            Self::Unknown
        }
    }
}

/// An open list.
#[derive(Default)]
pub(super) struct List {
    /// The number of the next item; `None` in a list without numbers.
    next: Option<i64>,
    step: i64,
    kind: Kind,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Number,
    Letter,
    Capital,
    Roman,
    CapitalRoman,
}

impl List {
    /// An ordered list with this number of items of its own.
    pub(super) fn ordered(element: &Element, items: usize) -> Self {
        let is_reversed = element.attr("reversed").is_some();
        let first = if is_reversed { i64::try_from(items).unwrap_or(i64::MAX) } else { 1 };
        let start = element.attr("start").and_then(|start| start.trim().parse().ok()).unwrap_or(first);
        Self { next: Some(start), step: if is_reversed { -1 } else { 1 }, kind: kind_of(element).unwrap_or_default() }
    }

    /// The marker of the next item.
    ///
    /// `kind` is that of its style, which goes before that of its attributes.
    pub(super) fn mark(&mut self, item: &Element, kind: Option<Kind>) -> String {
        let Some(next) = self.next else { return "-".to_owned() };
        let number = item.attr("value").and_then(|value| value.trim().parse().ok()).unwrap_or(next);
        self.next = Some(number.saturating_add(self.step));
        let kind = kind.or_else(|| kind_of(item)).unwrap_or(self.kind);
        let letters = || letters(number);
        let roman = || Some(number).filter(|number| (1..=LAST_ROMAN).contains(number)).map(roman);
        let mark = match kind {
            Kind::Number => None,
            Kind::Letter => letters(),
            Kind::Capital => letters().map(|mark| mark.to_ascii_uppercase()),
            Kind::Roman => roman(),
            Kind::CapitalRoman => roman().map(|mark| mark.to_ascii_uppercase()),
        };
        format!("{}.", mark.unwrap_or_else(|| number.to_string()))
    }
}

impl Kind {
    fn in_style(style: &str) -> Option<Self> {
        match style {
            _ if style.contains("lower-alpha") || style.contains("lower-latin") => Some(Self::Letter),
            _ if style.contains("upper-alpha") || style.contains("upper-latin") => Some(Self::Capital),
            _ if style.contains("lower-roman") => Some(Self::Roman),
            _ if style.contains("upper-roman") => Some(Self::CapitalRoman),
            _ => None,
        }
    }
}

fn kind_of(element: &Element) -> Option<Kind> {
    match element.attr("type") {
        Some("a") => Some(Kind::Letter),
        Some("A") => Some(Kind::Capital),
        Some("i") => Some(Kind::Roman),
        Some("I") => Some(Kind::CapitalRoman),
        Some("1") => Some(Kind::Number),
        _ => None,
    }
}

/// A number in letters: a, b, … z, aa, ab …
fn letters(number: i64) -> Option<String> {
    let mut left = u64::try_from(number).ok().filter(|number| *number > 0)?;
    let mut letters = Vec::new();
    while left > 0 {
        left -= 1;
        letters.push(b'a' + u8::try_from(left % 26).unwrap_or_default());
        left /= 26;
    }
    letters.reverse();
    String::from_utf8(letters).ok()
}
