//! Signs whose meaning depends on their neighbours, and the assembly of the spoken text.

use super::{
    Speaker,
    figures::Text,
    signs::{Token, is_of_word},
    units::{Place, Unit},
    words::Around,
};

impl Speaker<'_> {
    /// Speaks a comparison sign with the quantity or the word behind it.
    pub(super) fn comparison(&mut self, at: usize, words: &Around) -> usize {
        let start = self.text.after_blank(at + 1);
        if let Some(quantity) = self.text.quantity(start) {
            self.around(words, &quantity.text);
            return quantity.end;
        }
        match self.text.at(start) {
            Some(Token::Word(word)) if !words.after.is_empty() => {
                let end = start + 1 + usize::from(matches!(self.text.at(start + 1), Some(Token::Lowered(_))));
                let lowered = match self.text.at(start + 1) {
                    Some(Token::Lowered(lowered)) => super::on_the_line(lowered),
                    _ => String::new(),
                };
                self.around(words, &format!("{word}{lowered}"));
                end
            }
            _ => {
                self.around(words, "");
                at + 1
            }
        }
    }

    /// Speaks a hyphen or dash that is no part of a range or a dose pattern.
    pub(super) fn hyphen(&mut self, at: usize, sign: char) -> usize {
        let words = self.text.words;
        let before = at.checked_sub(1).and_then(|before| self.text.at(before));
        let next = self.text.after_blank(at + 1);
        let is_before_number = self.text.figure(next).is_some();
        let is_spaced = matches!(before, None | Some(Token::Blank(_) | Token::Line));
        if !is_before_number {
            match sign {
                '−' => self.phrase(words.minus),
                _ if self.text.is_negative(at) => self.phrase(words.minus),
                _ if self.text.is_cell(at) => self.phrase(words.dash),
                // "6-hourly", and case endings: "94-ൽ".
                _ => self.punctuation(sign),
            }
            return at + 1;
        }
        if sign == '—' {
            self.punctuation(',');
            return at + 1;
        }
        let is_glued = next == at + 1;
        let is_name = matches!(before, Some(Token::Word(word))
            if word.contains(|c: char| c.is_ascii_uppercase()) && Unit::of(word, Place::AfterStroke).is_none());
        let is_signed = match before {
            None | Some(Token::Blank(_) | Token::Line) => true,
            Some(Token::Sign(sign)) => !matches!(sign, '%' | ')' | ']' | '°' | '℃' | '℉' | '-' | '–'),
            Some(_) => false,
        };
        if is_glued
            && is_signed
            && let Some(quantity) = self.text.quantity(at)
        {
            self.phrase(&quantity.text);
            return quantity.end;
        }
        if sign == '−' {
            self.phrase(words.minus);
        } else if sign == '-' && is_glued && is_name {
            // "COVID-19", "B-12".
            self.blank();
        } else {
            if !is_spaced {
                self.blank();
            }
            self.phrase(words.dash);
        }
        at + 1
    }

    pub(super) fn rupees(&mut self, at: usize) -> usize {
        let start = self.text.after_blank(at + 1);
        match self.text.quantity(start) {
            Some(quantity) => {
                self.phrase(&format!("{} {}", quantity.text, self.text.words.rupees));
                quantity.end
            }
            None => {
                self.phrase(self.text.words.rupees);
                at + 1
            }
        }
    }

    /// Skips references: `[^1]`, and `[1, 2]` directly after a word or the end of a sentence; "`[5]`" elsewhere may be
    /// a dose. The text of a footnote is spoken, because it may be a warning.
    pub(super) fn citation(&mut self, at: usize) -> usize {
        let is_footnote = self.text.is_sign(at + 1, '^');
        let before = at.checked_sub(1).and_then(|before| self.text.at(before));
        let is_attached =
            matches!(before, Some(Token::Word(_) | Token::Sign('.' | ',' | ';' | '।' | '!' | '?' | ')' | ']')));
        for end in at + 1..at + 20 {
            match self.text.at(end) {
                Some(Token::Sign(']'))
                    if end > at + 1 && (is_footnote || is_attached) && !self.text.is_sign(end + 1, '(') =>
                {
                    let begins_note =
                        is_footnote && matches!(before, None | Some(Token::Line)) && self.text.is_sign(end + 1, ':');
                    return end + 1 + usize::from(begins_note);
                }
                Some(Token::Number(_) | Token::Blank(_) | Token::Sign(',' | '-' | '–' | '^')) => {}
                Some(Token::Word(_)) if is_footnote => {}
                _ => break,
            }
        }
        self.punctuation('[');
        at + 1
    }

    pub(super) fn around(&mut self, words: &Around, inner: &str) {
        for part in [words.before, inner, words.after] {
            self.phrase(part);
        }
    }

    /// Writes words in place of signs, separated from all other words.
    pub(super) fn phrase(&mut self, words: &str) {
        if words.is_empty() {
            return;
        }
        if self.out.ends_with(|last: char| !last.is_whitespace() && !matches!(last, '(' | '[' | '{' | '"' | '“' | '‘'))
        {
            self.out.push(' ');
        }
        self.out.push_str(words);
        self.is_after_words = true;
    }

    /// Writes a quantity; letters may follow directly if it is only digits: "5th".
    pub(super) fn number(&mut self, text: &str) {
        self.as_it_is(text);
        self.is_after_words = !text.ends_with(|last: char| last.is_ascii_digit());
    }

    pub(super) fn as_it_is(&mut self, text: &str) {
        let touches = self.is_after_words && self.out.ends_with(|last: char| !last.is_whitespace());
        if touches && text.starts_with(is_of_word) {
            self.out.push(' ');
        }
        self.out.push_str(text);
        self.is_after_words = false;
    }

    pub(super) fn punctuation(&mut self, sign: char) {
        if matches!(sign, '(' | '[' | '{' | '“') && self.is_after_words {
            self.blank();
        }
        // A removed address or reference may have left a blank before the sign.
        if matches!(sign, '.' | ',' | ';' | ':' | '!' | '?' | '।') && self.out.ends_with(' ') {
            self.out.pop();
        }
        self.out.push(sign);
        self.is_after_words = false;
    }

    pub(super) fn blank(&mut self) {
        if self.out.ends_with(|last: char| !last.is_whitespace()) {
            self.out.push(' ');
        }
        self.is_after_words = false;
    }

    /// Ends a line like a sentence. Voices join lines: "1 tablet" and "2 days" below it would be one clause.
    pub(super) fn line(&mut self) {
        let length = self.out.trim_end().len();
        self.out.truncate(length);
        let is_open =
            self.out.ends_with(|last| !matches!(last, '.' | '!' | '?' | ':' | ';' | ',' | '…' | '।' | '॥' | '\n'));
        if is_open {
            self.out.push('.');
        }
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.is_after_words = false;
    }
}

/// Whether the word is a unit of length, whose raised two means "square".
pub(super) fn is_of_space(word: &str) -> bool {
    let word = word.trim_end_matches('s');
    ["metre", "meter", "inch", "inche", "feet", "foot"].into_iter().any(|end| word.ends_with(end))
}

impl Text<'_> {
    /// Whether the hyphen here is a minus without a number: "-ve", or blood groups and ions such as "O-" and "Cl-".
    fn is_negative(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.at(before));
        match (before, self.at(at + 1)) {
            (_, Some(Token::Word(word))) => word.eq_ignore_ascii_case("ve"),
            (_, Some(Token::Number(_))) => false,
            (Some(Token::Word(word)), _) => matches!(word, "A" | "B" | "AB" | "O" | "Rh" | "RhD" | "Cl" | "HCO3"),
            _ => false,
        }
    }

    /// Whether the hyphen here is the only content of a table cell, next to other cells.
    fn is_cell(&self, at: usize) -> bool {
        let is_blank = |at: &usize| matches!(self.at(*at), Some(Token::Blank(_)));
        let before = at.checked_sub(1).map(|at| if is_blank(&at) { at.wrapping_sub(1) } else { at });
        let (before, after) = (before.and_then(|at| self.at(at)), self.at(self.after_blank(at + 1)));
        let is_end = |token| matches!(token, None | Some(Token::Line | Token::Sign(',')));
        is_end(before) && is_end(after) && [before, after].contains(&Some(Token::Sign(',')))
    }

    /// The frequency `q6h`, `Q6H`, `q 6 hrs`, `q4-6h`: the index of the token behind it, and the hours.
    pub(super) fn every(&self, at: usize, word: &str) -> Option<(usize, String)> {
        let is_hours = |word: &str| matches!(word, "h" | "H" | "hr" | "hrs" | "hourly" | "hours" | "HR" | "HRS");
        let rest = word.strip_prefix(['q', 'Q'])?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, letters) = rest.split_at(digits);
        let (next, number) = match (number, self.after_blank(at + 1)) {
            ("", start) if letters.is_empty() => match self.at(start)? {
                Token::Number(number) => (start + 1, number),
                _ => return None,
            },
            ("", _) => return None,
            _ if is_hours(letters) => return Some((at + 1, number.to_owned())),
            _ if letters.is_empty() => (at + 1, number),
            _ => return None,
        };
        let is_end = |at: usize| matches!(self.at(at), Some(Token::Word(word)) if is_hours(word));
        if is_end(self.after_blank(next)) {
            return Some((self.after_blank(next) + 1, number.to_owned()));
        }
        let (Some(Token::Sign('-' | '–')), Some(Token::Number(last))) = (self.at(next), self.at(next + 1)) else {
            return None;
        };
        let end = self.after_blank(next + 2);
        is_end(end)
            .then(|| (end + 1, format!("{number} {} {last} {}", self.words.to, self.words.up_to).trim_end().to_owned()))
    }
}
