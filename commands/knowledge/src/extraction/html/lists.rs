//! The numbers of lists.

use scraper::node::Element;

use crate::extraction::ooxml::numbers::{LAST_ROMAN, roman};

/// An open list.
#[derive(Default)]
pub(super) struct List {
    /// The number of the next item; `None` in a list without numbers.
    next: Option<i64>,
    step: i64,
    kind: Kind,
}

#[derive(Default, Clone, Copy)]
enum Kind {
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
    pub(super) fn mark(&mut self, item: &Element) -> String {
        let Some(next) = self.next else { return "-".to_owned() };
        let number = item.attr("value").and_then(|value| value.trim().parse().ok()).unwrap_or(next);
        self.next = Some(number.saturating_add(self.step));
        let kind = kind_of(item).unwrap_or(self.kind);
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

fn kind_of(element: &Element) -> Option<Kind> {
    let style = element.attr("style").and_then(|style| style.split_once("list-style"));
    let style = style.and_then(|(_, style)| style.split([';']).next()).unwrap_or_default();
    match element.attr("type") {
        Some("a") => Some(Kind::Letter),
        Some("A") => Some(Kind::Capital),
        Some("i") => Some(Kind::Roman),
        Some("I") => Some(Kind::CapitalRoman),
        Some("1") => Some(Kind::Number),
        _ if style.contains("lower-alpha") || style.contains("lower-latin") => Some(Kind::Letter),
        _ if style.contains("upper-alpha") || style.contains("upper-latin") => Some(Kind::Capital),
        _ if style.contains("lower-roman") => Some(Kind::Roman),
        _ if style.contains("upper-roman") => Some(Kind::CapitalRoman),
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
