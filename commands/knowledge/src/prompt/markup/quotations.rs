//! Which `>` at the beginning of a line is a sign, and which a quotation.

use super::Sign;

/// More bytes of blanks and signs between a `>` and its number are something else.
const MOST_BETWEEN: usize = 16;
/// Blanks, also those that do not break a line.
const BLANKS: [char; 5] = [' ', '\t', '\u{a0}', '\u{2009}', '\u{202f}'];
/// What may stand between a `>` and a number.
const SIGNS: &str = "+-\u{2212}–±~≈≥≤=.*_`$€£₹";
/// What is behind the number of a limit rather than of a quoted dose: `> 94 %` below "Target:".
const UNITS: [&str; 7] = ["%", "°", "mmHg", "mmol", "bpm", "/min", "SD"];
/// More bytes of blanks and signs before it are something else.
const MOST_BEFORE_UNIT: usize = 6;
/// More characters of a number are none.
const LONGEST_NUMBER: usize = 12;
/// So many bytes say what a line is.
const FIRST: usize = 4;
/// A longer beginning of a line is no row of marks.
const LONGEST_BEGIN: usize = 64;

/// Where the text is in its line.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// What the line has so far, while these may be marks only.
    begin: String,
    has_text: bool,
    /// The first characters of its text, and whether it may be a row of a table.
    first: String,
    has_bar: bool,
    /// How many quotations the line before was in, and whether it was text, and no heading or the like.
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
            *self = Self { quotations_before, is_after_text: self.is_text(), ..Self::default() };
            self.add(line);
        }
    }

    fn add(&mut self, text: &str) {
        for c in text.chars().filter(|c| *c != '\r') {
            self.has_bar |= c == '|';
            if !self.has_text {
                self.begin.push(c);
                self.has_text = !may_be_marks(&self.begin) || self.begin.len() > LONGEST_BEGIN;
                if self.has_text {
                    self.begin.pop();
                }
            }
            if self.has_text && self.first.len() < FIRST {
                self.first.push(c);
            }
        }
    }

    /// Whether a paragraph may go on with the next line: a quotation below a heading, a line, code or a table begins there.
    fn is_text(&self) -> bool {
        let begin = format!("{}{}", self.begin.trim(), self.first);
        let is_block =
            ["#", "```", "~~~", "---", "***", "___", "- -", "* *"].iter().any(|block| begin.starts_with(block));
        self.has_text && !is_block && !self.has_bar
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
        // `> - 5 mg` is an item of a quotation.
        let is_item = ["- ", "+ ", "* "].iter().any(|mark| text.starts_with(mark));
        if self.quotations_before > marks.quotations || is_item {
            return Sign::AsItIs;
        }
        if text.starts_with('=') {
            return Sign::after_joiner('>');
        }
        if !(is_near && next.is_numeric()) {
            let begins = if marks.begins_item { number } else { text };
            let is_word = is_near && (marks.begins_item || is_glued) && begins.starts_with(char::is_alphabetic);
            return if is_word { Sign::after_joiner('>') } else { Sign::AsItIs };
        }
        let rest = number.trim_start_matches(|c: char| c.is_numeric() || matches!(c, '.' | ',' | '-' | '–' | ':'));
        let length = number.len() - rest.len();
        if rest.is_empty() && !is_end && length <= LONGEST_NUMBER {
            return Sign::Undecided;
        }
        // `> 1. Wash hands` is an item, too.
        let digits = number.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_numbered = digits.len() < number.len() && text == number && digits.starts_with([')', '.']) && {
            let behind = &digits[1..];
            if behind.is_empty() && !is_end {
                return Sign::Undecided;
            }
            behind.starts_with([' ', '\t'])
        };
        let is_sign = if is_numbered || length > LONGEST_NUMBER {
            false
        } else if is_glued || marks.begins_item {
            true
        } else if self.is_after_text || marks.quotations > 0 {
            let unit = rest.trim_start_matches(BLANKS).trim_start_matches(['*', '_', '`']);
            if rest.len() - unit.len() > MOST_BEFORE_UNIT {
                return Sign::AsItIs;
            }
            let may_become = |known: &str| known.len() > unit.len() && known.starts_with(unit);
            if !is_end && UNITS.iter().any(|known| may_become(known)) {
                return Sign::Undecided;
            }
            UNITS.iter().any(|known| unit.starts_with(known))
        } else {
            false
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
