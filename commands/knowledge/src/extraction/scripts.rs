//! Raised and lowered characters, so that 10⁹ is not read as 109.

use std::borrow::Cow;

/// The vertical position of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Script {
    #[default]
    Base,
    Raised,
    Lowered,
}

/// Characters beyond which raised text with blanks is no exponent but a line that was moved up.
const LONGEST: usize = 24;
/// Letters beyond which raised or lowered text is a word, which nobody searches for or reads in small letters.
const MOST_LETTERS: usize = 3;
const RAISED: &str = "0⁰1¹2²3³4⁴5⁵6⁶7⁷8⁸9⁹+⁺-⁻−⁻=⁼(⁽)⁾aᵃbᵇcᶜdᵈeᵉfᶠgᵍhʰiⁱjʲkᵏlˡmᵐnⁿoᵒpᵖrʳsˢtᵗuᵘvᵛwʷxˣyʸzᶻTᵀαᵅβᵝγᵞδᵟ°°∘°®®™™©©**††‡‡§§¶¶''′′";
const LOWERED: &str = "0₀1₁2₂3₃4₄5₅6₆7₇8₈9₉+₊-₋−₋=₌(₍)₎aₐeₑhₕiᵢjⱼkₖlₗmₘnₙoₒpₚrᵣsₛtₜuᵤvᵥxₓβᵦγᵧρᵨφᵩ";

fn mapped(text: &str, pairs: &str) -> Option<String> {
    let pair = |c: char| {
        let mut pairs = pairs.chars();
        while let (Some(from), Some(to)) = (pairs.next(), pairs.next()) {
            if from == c || to == c {
                return Some(to);
            }
        }
        None
    };
    text.chars().map(pair).collect()
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphabetic()).count()
}

/// Text in this position: in Unicode's own characters if it has them for all of the text, else as `^(…)` and `_(…)`.
pub(super) fn placed(text: &str, script: Script) -> String {
    let (pairs, sign) = match script {
        Script::Base => return text.to_owned(),
        Script::Raised => (RAISED, '^'),
        Script::Lowered => (LOWERED, '_'),
    };
    let signed = with_sign(text);
    let is_word = letters(text) > MOST_LETTERS;
    mapped(&signed, pairs).filter(|_| !is_word).unwrap_or_else(|| format!("{sign}({text})"))
}

/// Raised text in a line that has no other kind: `10` and a raised `9` are 10⁹.
pub(super) fn raised(text: &str) -> String {
    match text.trim() {
        // A raised o is a degree sign that was typed as a letter.
        "o" => "°".to_owned(),
        // Endings of numbers and marks of names mean the same on the line.
        same @ ("st" | "nd" | "rd" | "th" | "®" | "™" | "°" | "º") => same.to_owned(),
        other => placed(other, Script::Raised),
    }
}

/// Lowered text in a line that has no other kind: `CO` and a lowered `2` are CO₂.
pub(super) fn lowered(text: &str) -> String {
    placed(text.trim(), Script::Lowered)
}

/// The text with a dash before a number as a minus sign, whichever dash was typed.
fn with_sign(text: &str) -> Cow<'_, str> {
    match text.strip_prefix(['–', '‐', '‑', '—']) {
        Some(rest) => Cow::Owned(format!("−{rest}")),
        None => Cow::Borrowed(text),
    }
}

/// Text with raised and lowered parts while it is written.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    text: String,
    /// The raised or lowered text at the end, which is not written yet because more of it may come.
    pending: String,
    script: Script,
    gap: Gap,
}

/// The text that was left out between the written text and what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Gap {
    #[default]
    None,
    /// Invisible text.
    Unseen,
    /// Struck text, which separated both sides.
    Struck,
}

impl Words {
    pub(super) fn push(&mut self, text: &str, script: Script) {
        if text.is_empty() {
            return;
        }
        let gap = std::mem::take(&mut self.gap);
        if self.script != script {
            self.settle();
        }
        let text = match gap {
            // One blank of both sides is enough.
            Gap::Struck | Gap::Unseen if self.ends_blank() => text.strip_prefix(' ').unwrap_or(text),
            Gap::Struck if self.ends_in_digit() && text.starts_with(|c: char| c.is_numeric()) => {
                self.settle();
                self.text.push(' ');
                text
            }
            _ => text,
        };
        if script == Script::Base {
            // A raised letter o before a unit of temperature is a degree sign.
            if self.text.ends_with('ᵒ') && text.starts_with(['C', 'F']) {
                self.text.pop();
                self.text.push('°');
            }
            self.text.push_str(text);
        } else {
            self.script = script;
            self.pending.push_str(text);
        }
    }

    /// Records that text was left out here.
    pub(super) fn leave_out(&mut self, gap: Gap) {
        self.gap = gap;
    }

    fn ends_blank(&self) -> bool {
        let last = if self.pending.is_empty() { &self.text } else { &self.pending };
        last.is_empty() || last.ends_with([' ', '\n', '\t'])
    }

    fn ends_in_digit(&self) -> bool {
        let last = if self.pending.is_empty() { &self.text } else { &self.pending };
        last.ends_with(|c: char| c.is_numeric())
    }

    /// Writes the pending raised or lowered text.
    fn settle(&mut self) {
        let script = std::mem::take(&mut self.script);
        let pending = std::mem::take(&mut self.pending);
        let core = pending.trim();
        let (before, after) = (pending.len() - pending.trim_start().len(), pending.trim_end().len());
        if core.is_empty() {
            self.text.push_str(&pending);
            return;
        }
        self.text.push_str(&pending[..before]);
        let previous = self.text.chars().next_back();
        let is_ordinal = matches!(core, "st" | "nd" | "rd" | "th") && previous.is_some_and(|c| c.is_ascii_digit());
        // Established names (HbA1c, Cmax) are written and searched for on the line, and no number is in doubt.
        let is_index = script == Script::Lowered
            && previous.is_some_and(char::is_alphabetic)
            && core.chars().all(char::is_alphanumeric)
            && (letters(core) > 1 || mapped(core, LOWERED).is_none());
        let is_line = core.contains(' ') && core.chars().nth(LONGEST).is_some();
        if is_ordinal || is_index || is_line {
            self.text.push_str(core);
        } else {
            self.text.push_str(&placed(core, script));
        }
        self.text.push_str(&pending[after..]);
    }

    pub(super) fn is_blank(&self) -> bool {
        self.text.trim().is_empty() && self.pending.trim().is_empty()
    }

    /// The text so far, with nothing pending.
    pub(super) fn settled(&mut self) -> &str {
        self.settle();
        &self.text
    }

    pub(super) fn finished(mut self) -> String {
        self.settle();
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::{Script::*, *};

    fn of(runs: &[(&str, Script)]) -> String {
        let mut words = Words::default();
        for (text, script) in runs {
            words.push(text, *script);
        }
        words.finished()
    }

    #[test]
    fn a_power_is_not_read_as_a_number() {
        assert_eq!(of(&[("150 × 10", Base), ("9", Raised), ("/L", Base)]), "150 × 10⁹/L");
        assert_eq!(of(&[("10", Base), ("-", Raised), ("12", Raised), (" mol", Base)]), "10⁻¹² mol");
        assert_eq!(of(&[("10", Base), ("–9 ", Raised), ("mol", Base)]), "10⁻⁹ mol");
        assert_eq!(of(&[("10", Base), ("6Ω", Raised), ("/L", Base)]), "10^(6Ω)/L");
        assert_eq!(of(&[("12 kg/m", Base), ("2", Raised)]), "12 kg/m²");
    }

    #[test]
    fn an_exponent_is_not_a_digit_of_the_number_before_it() {
        for (text, expected) in [
            ("9", "⁹"),
            ("-3", "⁻³"),
            ("−3", "⁻³"),
            ("2+", "²⁺"),
            ("3.5", "^(3.5)"),
            ("th", "th"),
            ("o", "°"),
            ("²", "²"),
            ("", ""),
        ] {
            assert_eq!(raised(text), expected);
        }
        assert_eq!([lowered("2"), lowered("max"), lowered("50 %")], ["₂", "ₘₐₓ", "_(50 %)"]);
    }

    #[test]
    fn lowered_text_stays_what_people_search() {
        assert_eq!(of(&[("SpO", Base), ("2", Lowered), (" < 94 %", Base)]), "SpO₂ < 94 %");
        assert_eq!(of(&[("HbA", Base), ("1c", Lowered)]), "HbA1c");
        assert_eq!(of(&[("C", Base), ("max", Lowered)]), "Cmax");
        assert_eq!(of(&[("x", Base), ("i", Lowered)]), "xᵢ");
        assert_eq!(of(&[("5", Base), ("1c", Lowered)]), "5_(1c)");
        assert_eq!(of(&[("5", Base), ("note", Raised)]), "5^(note)");
    }

    #[test]
    fn ordinals_and_degrees_stay_readable() {
        assert_eq!(of(&[("the 24", Base), ("th", Raised), (" week", Base)]), "the 24th week");
        assert_eq!(of(&[("38", Base), ("o", Raised), ("C", Base)]), "38°C");
        assert_eq!(of(&[("see", Base), ("1,2", Raised)]), "see^(1,2)");
        assert_eq!(of(&[("a ", Base), (" ", Raised), ("b", Base)]), "a  b");
    }

    #[test]
    fn what_is_left_out_leaves_no_wrong_number() {
        let mut words = Words::default();
        words.push("Give 10", Base);
        words.leave_out(Gap::Struck);
        words.push("5 mg ", Base);
        words.leave_out(Gap::Unseen);
        words.push(" now", Base);
        assert_eq!(words.finished(), "Give 10 5 mg now");
    }
}
