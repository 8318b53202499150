//! Signs of a model's text that a page would take for HTML or for Markdown that nobody meant, written so that they are shown.
//!
//! Answers are Markdown that may hold HTML. A model that writes `ALT <ULN and never gentamicin when BP >90` has, by `CommonMark`'s
//! rules, written one tag with ten attributes, and a reader would see `ALT 90`; `- >94 %` would be a quotation of `94 %`, and
//! `5~10 mg, then 20~30 mg` partly struck out. What is done about each sign:
//!
//! - Behind a `<` an invisible [`JOINER`] is written, by which it begins no tag; only the tags that answers are laid out with stay,
//!   without attributes. An address in angle brackets loses these: in a block of HTML it would be a tag.
//! - An image becomes a link, which nothing is sent to before somebody clicks it.
//! - Before a `>` that is no quotation, and between `[x]` and `:` where no address follows, there is a joiner, too.
//! - `~` and `*` between numbers become signs that look the same and mean nothing to Markdown.
//!
//! A backslash or an entity would be shown in code and taken for a sign of its own in a block of HTML; where these begin and end
//! only a whole parser of `CommonMark` knows.

mod quotations;
mod tags;

use knowledge::markdown::{JOINER, RANGE, TIMES};

use quotations::Line;

/// The beginnings of addresses.
const ADDRESSES: [&str; 2] = ["https://", "http://"];

/// Keeps signs what they are, while the text streams.
#[derive(Debug, Default)]
pub(crate) struct Markup {
    /// What cannot be decided before more of the text has come.
    held: String,
    /// The last character that was decided.
    last: Option<char>,
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
    pub(crate) fn push(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        self.take(false)
    }

    /// The rest, when the text has ended.
    pub(crate) fn finish(mut self) -> String {
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
        self.line.push(text);
        self.last = text.chars().next_back().or(self.last);
        shown.push_str(text);
    }

    /// What becomes of the sign that this text begins with.
    fn sign(&self, text: &str, is_end: bool) -> Sign {
        let after = &text[1..];
        match text.chars().next() {
            Some('<') => tags::sign(after, is_end),
            Some('>') => self.line.sign(after, is_end),
            Some('!') => image(after, is_end),
            Some(':') if self.last == Some(']') => definition(after, is_end),
            Some(sign @ ('~' | '*')) => self.between_numbers(sign, after, is_end),
            _ => Sign::AsItIs,
        }
    }

    /// `5~10 mg`, `1*3*5 days`: two of them would strike out or emphasise what is between.
    fn between_numbers(&self, sign: char, after: &str, is_end: bool) -> Sign {
        let Some(before) = self.last.filter(|c| c.is_alphanumeric() || matches!(c, '%' | ')')) else {
            return Sign::AsItIs;
        };
        match after.chars().next() {
            None if !is_end => Sign::Undecided,
            Some(next) if next.is_alphanumeric() && (before.is_numeric() || next.is_numeric()) => {
                Sign::Instead(if sign == '~' { RANGE } else { TIMES }.to_string(), 1)
            }
            _ => Sign::AsItIs,
        }
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

/// What is after a `]:`. `[Adults]: 500mg` would be the address of links called "Adults", of which nothing is shown.
fn definition(after: &str, is_end: bool) -> Sign {
    let address = after.trim_start_matches([' ', '\t']);
    let begins = |begin: &str| address.get(..begin.len()).is_some_and(|head| head.eq_ignore_ascii_case(begin));
    if ADDRESSES.iter().any(|begin| begins(begin)) {
        return Sign::AsItIs;
    }
    let may_begin = |begin: &str| begin.get(..address.len()).is_some_and(|head| head.eq_ignore_ascii_case(address));
    if !is_end && ADDRESSES.iter().any(|begin| may_begin(begin)) {
        return Sign::Undecided;
    }
    Sign::after_joiner(':')
}

#[cfg(test)]
mod tests;
