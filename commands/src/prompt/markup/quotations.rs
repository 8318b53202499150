//! Which `>` at the beginning of a line is a sign, and which a quotation.

use super::Sign;

/// More bytes of blanks and signs between a `>` and its number are something else.
const MOST_BETWEEN: usize = 16;
/// Blanks, also those that do not break a line.
const BLANKS: [char; 5] = [' ', '\t', '\u{a0}', '\u{2009}', '\u{202f}'];
/// What may stand between a `>` and a number.
const SIGNS: &str = "+-\u{2212}–±~≈≥≤=.*_`([{<$€£₹#";
/// A longer beginning of a line is no row of marks.
const LONGEST_BEGIN: usize = 64;

/// Where the text is in its line.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// What the line has so far, while these may be marks only.
    begin: String,
    has_text: bool,
    /// How many quotations the line before was in, and whether there was text in it.
    quotations_before: usize,
    is_after_text: bool,
}

/// The marks of quotations and lists at the beginning of a line.
struct Marks {
    quotations: usize,
    /// Whether the last is that of an item.
    begins_item: bool,
}

impl Line {
    pub(super) fn push(&mut self, text: &str) {
        let mut lines = text.split('\n');
        self.add(lines.next().unwrap_or_default());
        for line in lines {
            // A line of text goes on with a quotation above it.
            let is_lazy = self.has_text && self.begin.trim().is_empty();
            let quotations_before = if is_lazy { self.quotations_before } else { self.begin.matches('>').count() };
            *self = Self { quotations_before, is_after_text: self.has_text, ..Self::default() };
            self.add(line);
        }
    }

    fn add(&mut self, text: &str) {
        for c in text.chars().filter(|c| *c != '\r') {
            if self.has_text {
                return;
            }
            self.begin.push(c);
            self.has_text = !may_be_marks(&self.begin) || self.begin.len() > LONGEST_BEGIN;
            if self.has_text {
                self.begin.pop();
            }
        }
    }

    /// What becomes of a `>` before this text. A model that quotes writes a blank behind the sign, and mostly an empty line before the
    /// first one; lines that go on with a quotation stay in it.
    pub(super) fn sign(&self, after: &str, is_end: bool) -> Sign {
        let Some(marks) = self.marks() else { return Sign::AsItIs };
        let text = after.trim_start_matches(BLANKS);
        let number = text.trim_start_matches(|c| SIGNS.contains(c));
        let Some(next) = number.chars().next() else {
            return if is_end || after.len() > MOST_BETWEEN { Sign::AsItIs } else { Sign::Undecided };
        };
        // Longer ones are no signs of a number, however much of them has come.
        let is_near = after.len() - number.len() <= MOST_BETWEEN;
        let is_glued = text.len() == after.len();
        let is_number = is_near && next.is_numeric() || text.starts_with('=');
        // `> - 5 mg` is an item of a quotation.
        let is_item = ["- ", "+ ", "* "].iter().any(|mark| text.starts_with(mark));
        let is_sign = if self.quotations_before > marks.quotations || is_item {
            false
        } else if marks.begins_item {
            is_number || is_near && next.is_alphabetic()
        } else if is_glued {
            is_number || text.starts_with(char::is_alphabetic)
        } else {
            text.starts_with('=') || is_number && (self.is_after_text || marks.quotations > 0)
        };
        if is_sign { Sign::after_joiner('>') } else { Sign::AsItIs }
    }

    /// The marks before what comes next. `None` if there is text, or half a mark.
    fn marks(&self) -> Option<Marks> {
        if self.has_text {
            return None;
        }
        let mut marks = Marks { quotations: 0, begins_item: false };
        let mut rest = self.begin.trim_start_matches([' ', '\t']);
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('>') {
                marks = Marks { quotations: marks.quotations + 1, begins_item: false };
                rest = after.trim_start_matches([' ', '\t']);
            } else {
                let after = after_bullet(rest)?;
                let blank = after.trim_start_matches([' ', '\t']);
                if blank.len() == after.len() {
                    return None;
                }
                marks.begins_item = true;
                rest = blank;
            }
        }
        Some(marks)
    }
}

/// What is behind the mark of an item: `-`, `*`, `+`, `1.`, `1)`.
fn after_bullet(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = text.len() - rest.len();
    match digits {
        0 => rest.strip_prefix(['-', '*', '+']),
        1..=9 => rest.strip_prefix(['.', ')']),
        _ => None,
    }
}

/// Whether a line that begins so may have marks only up to here, the last of them perhaps not whole.
fn may_be_marks(begin: &str) -> bool {
    let mut rest = begin.trim_start_matches([' ', '\t']);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('>') {
            rest = after.trim_start_matches([' ', '\t']);
            continue;
        }
        let Some(after) = after_bullet(rest) else { return rest.bytes().all(|byte| byte.is_ascii_digit()) };
        if after.is_empty() {
            return true;
        }
        let blank = after.trim_start_matches([' ', '\t']);
        if blank.len() == after.len() {
            return false;
        }
        rest = blank;
    }
    true
}
