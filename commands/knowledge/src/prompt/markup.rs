//! Signs of a model's text that a page would take for HTML or for Markdown that nobody meant, written so that they are shown.
//!
//! Answers are Markdown that may hold HTML. A model that writes `ALT <ULN and never gentamicin when BP >90` has, by `CommonMark`'s
//! rules, written one tag with ten attributes, and a reader would see `ALT 90`; `- >94 %` would be a quotation of `94 %`, and
//! `5~10 mg, then 20~30 mg` partly struck out. What is done about each sign:
//!
//! - Behind a `<` an invisible [`JOINER`] is written, by which it begins no tag; only the tags that answers are laid out with stay,
//!   with no attributes but those of layout. An address in angle brackets loses these: in a block of HTML it would be a tag. A link
//!   of HTML becomes its words and its address.
//! - An image becomes a link, which nothing is sent to before somebody clicks it.
//! - Before a `>` that is no quotation, and between `[x]` and `:`, there is a joiner, too.
//! - `~` and `*` between words become signs that look the same and mean nothing to Markdown.
//!
//! A backslash or an entity would be shown in code and taken for a sign of its own in a block of HTML; where these begin and end
//! only a whole parser of `CommonMark` knows.

mod quotations;
mod tags;

use std::collections::VecDeque;

use crate::markdown::{JOINER, RANGE, TIMES};

use quotations::Line;

/// The beginnings of addresses.
const ADDRESSES: [&str; 2] = ["https://", "http://"];

/// How many of the last characters say what stands before a sign.
const RECENT: usize = 4;

/// Keeps signs what they are, while the text streams.
#[derive(Debug, Default)]
pub struct Markup {
    /// What cannot be decided before more of the text has come.
    held: String,
    /// The last characters that were decided.
    recent: VecDeque<char>,
    /// Whether they are of an address.
    is_in_address: bool,
    /// Whether a single `*` has begun an emphasis in this paragraph.
    is_emphasised: bool,
    /// The address of the link of HTML that is open.
    link: Option<String>,
    line: Line,
}

/// What becomes of a sign.
#[derive(Debug, PartialEq, Eq)]
enum Sign {
    /// It depends on what comes.
    Undecided,
    AsItIs,
    /// This is written in place of so many bytes.
    Instead(String, usize),
}

impl Sign {
    /// The sign with a joiner behind it.
    fn joined(sign: char) -> Self {
        Self::Instead(String::from_iter([sign, JOINER]), sign.len_utf8())
    }

    /// The sign with a joiner before it.
    fn after_joiner(sign: char) -> Self {
        Self::Instead(String::from_iter([JOINER, sign]), sign.len_utf8())
    }
}

impl Markup {
    /// The text that is decided after this piece.
    pub fn push(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        self.take(false)
    }

    /// The rest, when the text has ended.
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

    /// Whether this, of [`RECENT`] characters at most, stands directly before.
    fn follows(&self, text: &str) -> bool {
        text.chars().rev().eq(self.recent.iter().rev().copied().take(text.chars().count()))
    }

    /// What becomes of the sign that this text begins with.
    fn sign(&mut self, text: &str, is_end: bool) -> Sign {
        let after = &text[1..];
        match text.chars().next() {
            Some('<') => tags::sign(after, is_end, self.follows("]("), &mut self.link),
            Some('>') => self.line.sign(after, is_end),
            Some('!') => image(after, is_end),
            // `[Adults]: 500mg` would be the address of links called "Adults", of which nothing is shown.
            Some(':') if self.last() == Some(']') && !self.is_in_address => Sign::after_joiner(':'),
            Some('~') => self.tilde(after, is_end),
            Some('*') => self.star(after, is_end),
            _ => Sign::AsItIs,
        }
    }

    /// `5~10 mg`: two of them would strike out what is between.
    fn tilde(&self, after: &str, is_end: bool) -> Sign {
        let is_after_word = self.last().is_some_and(|c| c.is_alphanumeric() || matches!(c, '%' | ')'));
        match after.chars().next() {
            _ if !is_after_word || self.is_in_address => Sign::AsItIs,
            None if !is_end => Sign::Undecided,
            Some(next) if next.is_alphanumeric() => Sign::Instead(RANGE.to_string(), 1),
            _ => Sign::AsItIs,
        }
    }

    /// `1*3*5 days`: two of them would emphasise what is between. One that ends an emphasis may have letters on both sides. Of three,
    /// the last is one that does not make bold.
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

/// What is after a `!`: a page would load an image from whatever address the model was told to write.
fn image(after: &str, is_end: bool) -> Sign {
    match after.chars().next() {
        None if !is_end => Sign::Undecided,
        Some('[') => Sign::joined('!'),
        _ => Sign::AsItIs,
    }
}

#[cfg(test)]
mod tests;
