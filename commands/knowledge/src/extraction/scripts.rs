//! Raised and lowered characters: 10⁹ is not 109.

use std::borrow::Cow;

/// Where characters stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Script {
    #[default]
    Base,
    Raised,
    Lowered,
}

/// Raised text that is longer and has blanks is no exponent: it is a line that somebody set higher.
const LONGEST: usize = 24;
/// More letters are a word, which nobody finds or reads in small ones.
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

/// The text as it stands there: by Unicode's own characters if all of it has them, else `^(…)` and `_(…)`.
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

/// Raised text of one line that has no other: `10` and raised `9` are 10⁹.
pub(super) fn raised(text: &str) -> String {
    match text.trim() {
        // The sign of degrees, as those write it who do not find it.
        "o" => "°".to_owned(),
        // Endings of numbers and marks of names mean the same on the line.
        same @ ("st" | "nd" | "rd" | "th" | "®" | "™" | "°" | "º") => same.to_owned(),
        other => placed(other, Script::Raised),
    }
}

/// Lowered text of one line that has no other: `CO` and lowered `2` are CO₂.
pub(super) fn lowered(text: &str) -> String {
    placed(text.trim(), Script::Lowered)
}

/// A dash in front of a number is its sign, whichever dash was typed.
fn with_sign(text: &str) -> Cow<'_, str> {
    match text.strip_prefix(['–', '‐', '‑', '—']) {
        Some(rest) => Cow::Owned(format!("−{rest}")),
        None => Cow::Borrowed(text),
    }
}

/// Text with raised and lowered parts, as it grows.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    text: String,
    /// What is raised or lowered at the end, and not yet written: more of it may come.
    pending: String,
    script: Script,
    gap: Gap,
}

/// What was left out between what is written and what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Gap {
    #[default]
    None,
    /// Nothing was seen on the page there.
    Unseen,
    /// Struck text stood there and kept both sides apart.
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
            // A raised letter o in front of a unit of temperature is a degree.
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

    /// Something that stood here is left out.
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

    /// Writes what is raised or lowered.
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
        // HbA1c, Cmax: people write and search them so, and no number is in doubt.
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

    /// What is written so far.
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
