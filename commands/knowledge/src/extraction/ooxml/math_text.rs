//! Formulas as a line of text that has only one reading.

use unicode_normalization::UnicodeNormalization;

/// A line to which parts are appended; a fraction gets brackets where its neighbours would seem to belong to it.
#[derive(Debug, Default)]
pub(crate) struct Line {
    text: String,
    /// The start of the fraction at the end of the line, if there is one.
    fraction: Option<usize>,
    /// Whether the whole line is one fraction.
    is_fraction: bool,
}

impl Line {
    pub(crate) fn push(&mut self, part: &Self) {
        if part.text.is_empty() {
            return;
        }
        let is_first = self.text.is_empty();
        let left = self.text.chars().next_back().filter(|c| joins_left(*c));
        let right = part.text.chars().next().filter(|c| joins_right(*c));
        let touches = left.is_some() && right.is_some();
        if touches && let Some(begin) = self.fraction.take() {
            self.text.insert(begin, '(');
            self.text.push(')');
        }
        self.fraction = part.is_fraction.then_some(self.text.len());
        match (touches && part.is_fraction, left) {
            // A whole number before a fraction is a mixed number.
            (true, Some(c)) if c.is_ascii_digit() && right.is_some_and(|c| c.is_ascii_digit()) => {
                self.text.push(' ');
                self.fraction = Some(self.text.len());
                self.text.push_str(&part.text);
            }
            (true, _) => {
                self.fraction = None;
                self.text.extend(["(", &part.text, ")"]);
            }
            (false, _) => self.text.push_str(&part.text),
        }
        self.is_fraction = is_first && part.is_fraction;
    }

    pub(crate) fn push_text(&mut self, text: &str) {
        self.push(&Self::plain(plain(text)));
    }

    pub(crate) fn plain(text: String) -> Self {
        Self { text, fraction: None, is_fraction: false }
    }

    pub(crate) fn of_fraction(above: &Self, below: &Self) -> Self {
        let text = format!("{}/{}", above.in_brackets(), below.in_brackets());
        Self { text, fraction: Some(0), is_fraction: true }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The line in brackets, unless it is a single unit without them.
    pub(crate) fn in_brackets(&self) -> String {
        if !self.is_fraction && (self.text.chars().all(is_whole) || is_bracketed(&self.text)) {
            self.text.clone()
        } else {
            format!("({})", self.text)
        }
    }
}

/// The text with the mathematical letters and digits of Unicode as plain ones, and without invisible characters.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{2061}'..='\u{2064}' | '\u{200b}' => {}
            '\u{1d400}'..='\u{1d7ff}' | 'ℎ' | 'ℯ' | 'ℊ' | 'ℴ' => plain.extend(std::iter::once(c).nfkc()),
            '\n' | '\r' | '\t' => plain.push(' '),
            c => plain.push(c),
        }
    }
    plain
}

fn joins_left(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, ')' | ']' | '!' | '%') || is_mark(c)
}

fn joins_right(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '(' | '[' | '√' | '∛' | '∜')
}

fn is_whole(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '°' | '′' | '%') || is_mark(c)
}

const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20ff}')
}

/// Whether the first bracket closes at the end of the text.
fn is_bracketed(text: &str) -> bool {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at > 0 && at + c.len_utf8() == text.len();
        }
    }
    false
}
