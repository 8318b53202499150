//! Escapes signs of a model's text that a page would take for HTML or for unintended Markdown.
//!
//! Answers are Markdown that may hold HTML. A model that writes `ALT <ULN and never gentamicin when BP >90` has, by the
//! rules of `CommonMark`, written one tag with ten attributes, and a reader would see `ALT 90`; `- >94 %` would be a
//! quotation of `94 %`, and `5~10 mg, then 20~30 mg` partly struck out. Each sign is treated as follows:
//!
//! - An invisible [`JOINER`] behind a `<` keeps that from beginning a tag. Only tags for the layout of answers stay,
//!   with their layout attributes. An address loses its angle brackets, because it would be a tag in a block of HTML. A
//!   link of HTML becomes its words and its address.
//! - An image becomes a link, so that nothing is requested before somebody clicks it.
//! - A joiner is written before a `>` that is no quotation, and between `[x]` and `:`.
//! - `~` and `*` between words become signs that look the same and have no meaning in Markdown.
//!
//! Backslashes and entities cannot be used: in code they would be visible, in a block of HTML they would be ordinary
//! signs, and only a complete `CommonMark` parser knows where these begin and end.

mod quotations;
mod tags;

use std::collections::VecDeque;

use crate::markdown::{JOINER, RANGE, TIMES};

use quotations::Line;

/// The beginnings of addresses.
const ADDRESSES: [&str; 2] = ["https://", "http://"];

/// Characters before a sign that decide about it.
const RECENT: usize = 4;

/// Escapes the signs of a text while it streams.
#[derive(Debug, Default)]
pub struct Markup {
    /// Text that cannot be decided before more has come.
    held: String,
    /// The last characters that were decided.
    recent: VecDeque<char>,
    /// Whether the last characters belong to an address.
    is_in_address: bool,
    /// Whether a single `*` has opened an emphasis in this paragraph.
    is_emphasised: bool,
    /// The address of the open link of HTML.
    link: Option<String>,
    line: Line,
}

/// The treatment of a sign.
#[derive(Debug, PartialEq, Eq)]
enum Sign {
    /// Depends on the text that comes.
    Undecided,
    AsItIs,
    /// Replaces so many bytes by this text.
    Instead(String, usize),
}

impl Sign {
    /// The sign followed by a joiner.
    fn joined(sign: char) -> Self {
        Self::Instead(String::from_iter([sign, JOINER]), sign.len_utf8())
    }

    /// The sign preceded by a joiner.
    fn after_joiner(sign: char) -> Self {
        Self::Instead(String::from_iter([JOINER, sign]), sign.len_utf8())
    }
}

impl Markup {
    /// Takes the next piece; returns the text that is decided.
    pub fn push(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        self.take(false)
    }

    /// Ends the text; returns the rest.
    pub fn finish(mut self) -> String {
        self.take(true)
    }

    fn take(&mut self, is_end: bool) -> String {
        let held = std::mem::take(&mut self.held);
        let mut shown = String::with_capacity(held.len());
        let mut rest = held.as_str();
        while let Some(at) = rest.find(['<', '>', '!', '~', '*', ':']) {
            let (before, from) = rest.split_at(at);
            self.pass(before, &mut shown);
            match self.sign(from, is_end) {
                Sign::Undecided => {
                    from.clone_into(&mut self.held);
                    return shown;
                }
                Sign::AsItIs => {
                    self.pass(&from[..1], &mut shown);
                    rest = &from[1..];
                }
                Sign::Instead(text, length) => {
                    self.pass(&text, &mut shown);
                    rest = &from[length..];
                }
            }
        }
        self.pass(rest, &mut shown);
        shown
    }

    fn pass(&mut self, text: &str, shown: &mut String) {
        for c in text.chars() {
            let ends_paragraph = c == '\n' && self.last() == Some('\n');
            self.is_emphasised &= !ends_paragraph;
            if self.recent.len() == RECENT {
                self.recent.pop_front();
            }
            self.recent.push_back(c);
            self.is_in_address =
                !c.is_whitespace() && (self.is_in_address || self.follows("://") || self.follows("www."));
        }
        self.line.push(text);
        shown.push_str(text);
    }

    fn last(&self) -> Option<char> {
        self.recent.back().copied()
    }

    /// Whether this text, of at most [`RECENT`] characters, directly precedes.
    fn follows(&self, text: &str) -> bool {
        text.chars().rev().eq(self.recent.iter().rev().copied().take(text.chars().count()))
    }

    /// The treatment of the sign at the beginning of this text.
    fn sign(&mut self, text: &str, is_end: bool) -> Sign {
        let after = &text[1..];
        match text.chars().next() {
            Some('<') => tags::sign(after, is_end, self.follows("]("), &mut self.link),
            Some('>') => self.line.sign(after, is_end),
            Some('!') => image(after, is_end),
            // `[Adults]: 500mg` would define the target of links called "Adults", and be invisible.
            Some(':') if self.last() == Some(']') && !self.is_in_address => Sign::after_joiner(':'),
            Some('~') => self.tilde(after, is_end),
            Some('*') => self.star(after, is_end),
            _ => Sign::AsItIs,
        }
    }

    /// Treats a `~`: in `5~10 mg`, a pair of them would strike out the text between.
    fn tilde(&self, after: &str, is_end: bool) -> Sign {
        let is_after_word = self.last().is_some_and(|c| c.is_alphanumeric() || matches!(c, '%' | ')'));
        match after.chars().next() {
            _ if !is_after_word || self.is_in_address => Sign::AsItIs,
            None if !is_end => Sign::Undecided,
            Some(next) if next.is_alphanumeric() => Sign::Instead(RANGE.to_string(), 1),
            _ => Sign::AsItIs,
        }
    }

    /// Treats a `*`: in `1*3*5 days`, a pair of them would emphasize the text between. One that ends an emphasis may
    /// have letters on both sides. Of three, the last is one that does not make bold.
    fn star(&mut self, after: &str, is_end: bool) -> Sign {
        let next = after.chars().next();
        if next.is_none() && !is_end {
            return Sign::Undecided;
        }
        let is_third = self.follows("**") && !self.follows("***");
        let is_single = (self.last() != Some('*') || is_third) && next != Some('*');
        if !is_single || self.is_in_address {
            return Sign::AsItIs;
        }
        let [before, behind] = [self.last(), next].map(|c| c.filter(|c| !c.is_whitespace()));
        let ends = self.is_emphasised && before.is_some();
        let is_factor = |c: char, brackets: &str| c.is_alphanumeric() || brackets.contains(c);
        let is_between = before.is_some_and(|c| is_factor(c, ")]%")) && behind.is_some_and(|c| is_factor(c, "(["));
        if is_between && !ends {
            return Sign::Instead(TIMES.to_string(), 1);
        }
        self.is_emphasised = !ends && (self.is_emphasised || behind.is_some());
        Sign::AsItIs
    }
}

/// Treats a `!` that may begin an image: a page would load it from any address that the model was made to write.
fn image(after: &str, is_end: bool) -> Sign {
    match after.chars().next() {
        None if !is_end => Sign::Undecided,
        Some('[') => Sign::joined('!'),
        _ => Sign::AsItIs,
    }
}

#[cfg(test)]
mod tests;
