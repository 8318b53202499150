//! Footnotes and endnotes: the words that refer to them, and their written form.

use crate::extraction::ooxml::blocks::Block;

/// Words before a footnote's mark that are repeated with it, so that a reader knows what it belongs to; and their
/// characters.
const MOST_WORDS: usize = 8;
const LONGEST: usize = 60;

/// A footnote that the text refers to.
#[derive(Debug, Clone)]
pub(super) struct Footnote {
    /// The words before its mark.
    of: String,
    text: String,
}

impl Footnote {
    pub(super) fn after(said: &str, text: String) -> Self {
        Self { of: end_of(said), text }
    }

    /// Adds the first cell of the table row that refers to the footnote.
    pub(super) fn in_row(mut self, name: &str) -> Self {
        let name = end_of(name);
        if !name.is_empty() && name != self.of {
            let comma = if self.of.is_empty() { "" } else { ", " };
            self.of = format!("{name}{comma}{}", self.of);
        }
        self
    }

    /// The footnotes as blocks behind their paragraph or table. A single footnote of a paragraph needs no reference;
    /// all others name the words that they belong to.
    pub(super) fn blocks(footnotes: Vec<Self>, is_in_doubt: bool) -> impl Iterator<Item = Block> {
        let is_in_doubt = is_in_doubt || footnotes.len() > 1;
        footnotes.into_iter().map(move |Self { of, text }| {
            let of = if is_in_doubt && !of.is_empty() { format!(" to “{of}”") } else { String::new() };
            Block::Paragraph(format!("Footnote{of}: {text}"))
        })
    }
}

/// The last words of a text, on one line.
fn end_of(said: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    let mut length = 0;
    for word in said.split_whitespace().rev().take(MOST_WORDS) {
        length += word.chars().count() + 1;
        if length > LONGEST {
            break;
        }
        words.push(word);
    }
    words.reverse();
    words.join(" ")
}
