//! Text as it is spoken: signs, units and doses in words of the language.
//!
//! Voices skip signs that they have no word for: espeak-ng speaks "< 94 %" and "> 94 %", or "-5" and "5", alike. So
//! each sign is replaced by its word. An ambiguous one, such as a hyphen that may be a range or part of a telephone
//! number, is named as the sign that it is: no spoken number differs from the written one.

mod figures;
mod quantities;
mod signs;
mod speaker;
mod units;
mod words;

use figures::Text;
use signs::{Token, on_the_line};
use speaker::is_of_space;
use words::Words;

/// The text in words that a voice of this language ("ml", "en-IN") speaks. Each line ends like a sentence.
pub fn speakable(text: &str, language: &str) -> String {
    let text = signs::normalised(text);
    let tokens = signs::tokens(&text);
    let text = Text { tokens: &tokens, words: Words::of(language) };
    let mut speaker = Speaker { text, out: String::new(), is_after_words: false, is_after_dose: false };
    let mut at = 0;
    while at < tokens.len() {
        at = speaker.say(at).max(at + 1);
    }
    speaker.out.trim().to_owned()
}

struct Speaker<'a> {
    text: Text<'a>,
    out: String,
    /// Whether the output ends with words for a sign, which no letter may touch.
    is_after_words: bool,
    /// Whether the output ends with an amount of a drug.
    is_after_dose: bool,
}

/// Abbreviations that voices read as words or as Roman numerals: "IV" is four.
const SPELLED: [&str; 12] = ["OD", "IM", "PO", "QID", "TID", "BID", "IV", "ORS", "MI", "SOS", "IO", "OM"];
/// Routes that may stand between a dose and its frequency.
const ROUTES: [&str; 10] = ["IV", "IM", "SC", "PO", "PR", "SL", "IO", "NG", "oral", "orally"];

impl Speaker<'_> {
    /// Speaks the token at this index and those that belong to it; returns the index of the next token.
    fn say(&mut self, at: usize) -> usize {
        let Some(token) = self.text.at(at) else { return at };
        let was_dose = std::mem::take(&mut self.is_after_dose);
        match token {
            Token::Number(_) => self.quantity(at).unwrap_or(at),
            Token::Word(word) => {
                self.is_after_dose = was_dose && ROUTES.contains(&word);
                self.word(at, word, was_dose)
            }
            Token::Raised(raised) => self.raised(at, raised),
            Token::Lowered(lowered) => {
                let plain = self.text.on_line(&on_the_line(lowered));
                self.as_it_is(&plain);
                at + 1
            }
            Token::Blank(_) => {
                self.is_after_dose = was_dose;
                self.blank();
                at + 1
            }
            Token::Line => {
                self.line();
                at + 1
            }
            Token::Sign(sign) => self.sign(at, sign),
        }
    }

    fn quantity(&mut self, at: usize) -> Option<usize> {
        let quantity = self.text.quantity(at)?;
        self.number(&quantity.text);
        self.is_after_dose = quantity.is_dose;
        Some(quantity.end)
    }

    fn word(&mut self, at: usize, word: &str, is_after_dose: bool) -> usize {
        let words = self.text.words;
        if let Some((end, hours)) = self.text.every(at, word) {
            self.around(&words.every_hours, &hours);
            return end;
        }
        let frequency = match word {
            "BD" | "BID" | "bd" | "bid" if is_after_dose => Some(words.twice_a_day),
            "TDS" | "TID" | "tds" | "tid" if is_after_dose => Some(words.three_times_a_day),
            "QID" | "QDS" | "qid" | "qds" if is_after_dose => Some(words.four_times_a_day),
            "STAT" | "Stat" | "stat" if is_after_dose => Some(words.at_once),
            "PRN" => Some(words.as_needed),
            "prn" if is_after_dose => Some(words.as_needed),
            _ => None,
        };
        if let Some(frequency) = frequency {
            self.phrase(frequency);
            return at + 1;
        }
        if let Some((end, units)) = self.text.bare_units(at) {
            self.phrase(&units);
            return end;
        }
        if SPELLED.contains(&word) {
            let letters: Vec<String> = word.chars().map(String::from).collect();
            self.phrase(&letters.join(" "));
        } else {
            self.as_it_is(word);
        }
        at + 1
    }

    /// Handles a raised number. Behind anything but a number or a unit it is a footnote mark, which is not spoken.
    fn raised(&mut self, at: usize, raised: &str) -> usize {
        let before = at.checked_sub(1).and_then(|before| self.text.at(before));
        let is_number = !raised.contains(['⁺', '⁻']);
        let is_mark = is_number
            && match before {
                Some(Token::Word(word)) => word.chars().count() > 2 && !is_of_space(word),
                Some(Token::Sign('.' | ',' | ';' | ':' | '।' | '!' | '?')) => true,
                _ => false,
            };
        if is_mark {
            return at + 1;
        }
        let plain = self.text.on_line(&on_the_line(raised));
        if is_number {
            self.phrase(self.text.words.raised);
        }
        self.phrase(&plain);
        at + 1
    }

    fn sign(&mut self, at: usize, sign: char) -> usize {
        let words = self.text.words;
        let comparison = match sign {
            '<' => Some(&words.less),
            '>' => Some(&words.more),
            '≤' => Some(&words.at_most),
            '≥' => Some(&words.at_least),
            _ => None,
        };
        if let Some(comparison) = comparison {
            return self.comparison(at, comparison);
        }
        if matches!(sign, '-' | '–' | '−' | '—') {
            return self.hyphen(at, sign);
        }
        let name = match sign {
            '±' => words.plus_minus,
            '+' => words.plus,
            '×' => words.times,
            '÷' => words.divided,
            '=' => words.equals,
            '≠' => words.not_equal,
            '≈' | '~' => words.about,
            '→' => words.arrow,
            '↑' => words.up,
            '↓' => words.down,
            '@' => words.at,
            '&' => words.and,
            '∅' => words.blank,
            '☐' => words.empty_box,
            '✓' => words.tick,
            '✗' => words.cross,
            '#' if matches!(self.text.at(at + 1), Some(Token::Number(_))) => words.number,
            '₹' => return self.rupees(at),
            '[' => return self.citation(at),
            _ => {
                if let Some(end) = self.quantity(at) {
                    return end;
                }
                if let Some((end, units)) = self.text.bare_units(at) {
                    self.phrase(&units);
                    return end;
                }
                self.punctuation(sign);
                return at + 1;
            }
        };
        self.phrase(name);
        at + 1
    }
}

#[cfg(test)]
mod tests;
