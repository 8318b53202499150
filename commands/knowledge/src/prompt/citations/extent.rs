//! The part of a text that is removed with its ids.

use super::{CLOSING, MARKS, Reading, Recognized, SEPARATORS};
use crate::prompt::headings::end_token;

/// Brackets and quotes. A pair of equal signs is one only if nothing else is between the signs and the ids.
const PAIRS: [(char, char); 11] = [
    ('(', ')'),
    ('[', ']'),
    ('{', '}'),
    ('<', '>'),
    ('【', '】'),
    ('〔', '〕'),
    ('"', '"'),
    ('\'', '\''),
    ('`', '`'),
    ('*', '*'),
    ('_', '_'),
];

impl Reading<'_> {
    /// The part of the text that belongs to the ids that were read before other text.
    pub(super) fn ids_before(&self, stop: usize) -> Recognized {
        // Without a heading, an item that is no id is one that was cut off.
        let Some((from, to)) = self.items.filter(|_| !self.ids.is_empty() || self.heading.is_none()) else {
            return Recognized::Text;
        };
        let after = &self.text[..stop];
        let (from, to) = self.with_heading(to, after).unwrap_or_else(|| self.with_brackets(from, to, after));
        Recognized::Ids(from, to, self.ids.clone())
    }

    /// The range of the whole list, if it is a sentence of its own.
    fn with_heading(&self, to: usize, text: &str) -> Option<(usize, usize)> {
        let starts_sentence = self.starts_line(self.lead) || self.before.is_some_and(|before| ".!?।".contains(before));
        let is_list =
            self.heading.is_some() && starts_sentence && (self.has_colon || text[self.lead..to].contains('\n'));
        if !is_list {
            return None;
        }
        let rest = after_marks(&text[to..], |c| CLOSING.contains(c) || " .;,".contains(c));
        let to = text.len() - rest.len();
        let blanks = text.len() - text.trim_start().len();
        let ends_line = self.text[to..].is_empty() || rest.starts_with('\n');
        Some((if ends_line { 0 } else { blanks }, to))
    }

    /// The range of the ids with the brackets and quotes around them, and of their line if it has nothing else.
    fn with_brackets(&self, mut from: usize, mut to: usize, text: &str) -> (usize, usize) {
        let blanks = [' ', '\t', '\u{a0}'];
        loop {
            let before = text[..from].trim_end_matches(blanks);
            let after = text[to..].trim_start_matches(blanks);
            let Some(open) = before.chars().next_back() else { break };
            let Some((_, close)) = PAIRS.iter().find(|(begin, _)| *begin == open) else { break };
            let is_cut = self.is_end && after.is_empty() && "([{【〔".contains(open);
            let touches = before.len() == from && after.len() == text.len() - to;
            let is_pair = after.starts_with(*close) && (touches || open != *close);
            if !is_cut && !is_pair {
                break;
            }
            from = before.len() - open.len_utf8();
            to = if is_cut { text.len() } else { text.len() - after.len() + close.len_utf8() };
        }
        let line = text[..from].rfind('\n').map(|at| at + 1).or_else(|| self.before.is_none().then_some(0));
        let is_mark = |c: char| blanks.contains(&c) || MARKS.contains(c) || ".)]".contains(c) || c.is_ascii_digit();
        let line = line.filter(|line| text[*line..from].chars().all(is_mark));
        let after = after_marks(&text[to..], |c| blanks.contains(&c) || SEPARATORS.contains(c));
        let is_last = after_marks(after, char::is_whitespace).is_empty() && text.len() == self.text.len();
        match line {
            Some(_) if is_last => (text[..from].trim_end_matches(is_mark).trim_end().len(), text.len()),
            // One of the empty lines around the removed line stays.
            Some(line) if after.starts_with("\n\n") => (text[..line].trim_end().len(), text.len() - after.len()),
            Some(line) if after.starts_with('\n') => (line.saturating_sub(1), text.len() - after.len()),
            Some(line) if line == from => (from, text.len() - text[to..].trim_start_matches(blanks).len()),
            _ => (text[..from].trim_end_matches(blanks).len(), to),
        }
    }
}

/// The text behind characters of this kind and marks of an end.
fn after_marks(mut text: &str, is_mark: impl Fn(char) -> bool) -> &str {
    loop {
        let length = match (end_token(text), text.chars().next()) {
            (Some(length), _) if length > 0 => length,
            (_, Some(c)) if is_mark(c) => c.len_utf8(),
            _ => return text,
        };
        text = &text[length..];
    }
}
