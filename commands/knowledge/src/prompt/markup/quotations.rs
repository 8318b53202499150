//! Tells a `>` at the beginning of a line that is a sign from one that is a quotation.

use super::Sign;

/// Bytes of blanks and signs between a `>` and its number, at most.
const MOST_BETWEEN: usize = 16;
/// Blanks, including those that do not break a line.
const BLANKS: [char; 5] = [' ', '\t', '\u{a0}', '\u{2009}', '\u{202f}'];
/// Signs that may stand between a `>` and a number.
const SIGNS: &str = "+-\u{2212}–±~≈≥≤=.*_`$€£₹";
/// Units of limits, rather than of a quoted dose: `> 94 %` below "Target:".
const UNITS: [&str; 7] = ["%", "°", "mmHg", "mmol", "bpm", "/min", "SD"];
/// Bytes of blanks and signs before such a unit, at most.
const MOST_BEFORE_UNIT: usize = 6;
/// Characters of a number, at most.
const LONGEST_NUMBER: usize = 12;
/// Bytes that decide what a line is.
const FIRST: usize = 4;
/// Bytes beyond which the beginning of a line is no row of marks.
const LONGEST_BEGIN: usize = 64;

/// The position within the current line.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// The beginning of the line, as long as it may consist of marks only.
    begin: String,
    has_text: bool,
    /// The first characters of the line's text, and whether it may be a table row.
    first: String,
    has_bar: bool,
    /// The depth of quotation of the line before, and whether that was paragraph text.
    quotations_before: usize,
    is_after_text: bool,
}

/// The marks of quotations and lists at the beginning of a line.
struct Marks {
    quotations: usize,
    /// Whether the last mark is that of a list item.
    begins_item: bool,
}

impl Line {
    pub(super) fn push(&mut self, text: &str) {
        let mut lines = text.split('\n');
        self.add(lines.next().unwrap_or_default());
        for line in lines {
            // A paragraph of a quotation may continue without its mark (lazy continuation).
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

    /// Whether the line may continue as a paragraph: a quotation below a heading, a rule, code or a table begins there.
    fn is_text(&self) -> bool {
        let begin = format!("{}{}", self.begin.trim(), self.first);
        let is_block =
            ["#", "```", "~~~", "---", "***", "___", "- -", "* *"].iter().any(|block| begin.starts_with(block));
        self.has_text && !is_block && !self.has_bar
    }

    /// Treats a `>` before this text. A model that quotes writes a blank behind the sign, and mostly an empty line
    /// before the first one; lines that continue a quotation stay in it.
    pub(super) fn sign(&self, after: &str, is_end: bool) -> Sign {
        let Some(marks) = self.marks() else { return Sign::AsItIs };
        let text = after.trim_start_matches(BLANKS);
        let number = text.trim_start_matches(|c| SIGNS.contains(c));
        let Some(next) = number.chars().next() else {
            return if is_end || after.len() > MOST_BETWEEN { Sign::AsItIs } else { Sign::Undecided };
        };
        // A longer sequence holds no sign of a number, however much of it has come.
        let is_near = after.len() - number.len() <= MOST_BETWEEN;
        let is_glued = text.len() == after.len();
        // `> - 5 mg` is a list item of a quotation.
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
        // `> 1. Wash hands` is a list item, too.
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

    /// The marks before the next character; `None` after text or half a mark.
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

/// The text behind the marker of a list item: `-`, `*`, `+`, `1.`, `1)`.
fn after_bullet(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = text.len() - rest.len();
    match digits {
        0 => rest.strip_prefix(['-', '*', '+']),
        1..=9 => rest.strip_prefix(['.', ')']),
        _ => None,
    }
}

/// Whether a line with this beginning may consist of marks so far, the last of them perhaps incomplete.
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
