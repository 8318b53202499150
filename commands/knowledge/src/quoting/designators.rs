//! Designators, which tell things of one name apart: the 2 of type 2 diabetes, the B of hepatitis B, the B6 of vitamin
//! B6.

use std::{collections::HashSet, mem::discriminant, sync::LazyLock};

use domain::words::letters;
use unicode_segmentation::UnicodeSegmentation;

use super::general::{is_general, is_unit};
use crate::retrieval::words::{are_alike, stems};

/// Names behind which a number is a designator. Behind other names it is mostly an amount: "GCS 8", "amoxicillin 3
/// times a day".
static NUMBERED: LazyLock<HashSet<String>> = LazyLock::new(|| {
    stems(
        "type stage grade class category phase factor
        ടൈപ്പ് തരം ഘട്ടം സ്റ്റേജ് ഗ്രേഡ് കാറ്റഗറി
        टाइप प्रकार चरण स्टेज ग्रेड श्रेणी",
    )
    .into_iter()
    .collect()
});
/// Roman numerals from 1.
const ROMAN: [&str; 13] = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii"];
const SPELLED: [&str; 4] = ["one", "two", "three", "four"];
/// Letters as other scripts write them, in the form of [`letters`]. (Not K: "के" is also "of".)
const LETTERS: [(char, &[&str]); 5] =
    [('a', &["ए", "എ"]), ('b', &["बी", "ബി"]), ('c', &["सी", "സി"]), ('d', &["डी", "ഡി"]), ('e', &["ई", "ഇ"])];
/// Words between designators, in the form of [`letters`].
const BETWEEN: [&str; 9] = ["and", "or", "to", "और", "या", "एव", "से", "അല്ലെകില്", "മുതല്"];
const RANGES: [&str; 6] = ["to", "से", "മുതല്", "-", "–", "—"];
/// Letters of a name that an abbreviation has at least: hep B, vit B6.
const ABBREVIATION: usize = 3;
const MOST_ASKED: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Designator {
    Number(u32),
    /// A letter, with the number that follows it directly.
    Letter(char, Option<u32>),
}

use Designator::{Letter, Number};

/// The designators of a text, each with the stem of the name before it.
#[derive(Debug, Default)]
pub(super) struct Designators(Vec<(String, Designator)>);

/// The relation of a text to the names with designators in a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The text has such a name, but only with other designators.
    OfOther,
    /// The text has such a name, or the designator behind another name: "pyridoxine (B6)".
    Named,
    Unnamed,
}

/// A word, and the text between it and the word before.
struct Word<'a> {
    gap: &'a str,
    text: &'a str,
}

impl Designators {
    pub(super) fn asked(question: &str) -> Self {
        let mut asked = Self::of(question);
        asked.0.truncate(MOST_ASKED);
        asked
    }

    fn of(text: &str) -> Self {
        let text = letters(text);
        let words = words(&text);
        let mut found = Vec::new();
        for (at, name) in words.iter().enumerate() {
            let is_joined = |next: &Word<'_>| {
                matches!(next.gap.trim_matches(is_blank), "" | "-" | "\u{2010}" | "\u{2011}" | "–" | "(")
            };
            let is_name = name.text.chars().nth(1).is_some() && words.get(at + 1).is_some_and(is_joined);
            if !is_name || designator(&words[at + 1..], true).is_none() {
                continue;
            }
            let Some(stem) = stems(name.text).into_iter().next().filter(|stem| !is_general(stem)) else { continue };
            let is_numbered = NUMBERED.iter().any(|numbered| are_alike(numbered, &stem));
            found.extend(list(&words[at + 1..], is_numbered).into_iter().map(|designator| (stem.clone(), designator)));
        }
        Self(found)
    }

    /// Compares a text with a question's designators: the dose for type 2 is not that for type 1.
    pub(super) fn standing(&self, text: &str) -> Standing {
        if self.0.is_empty() {
            return Standing::Unnamed;
        }
        let found = Self::of(text);
        let is_of_other = self.0.iter().any(|(name, one)| {
            let has_such = found.of_name(name).any(|own| discriminant(&own) == discriminant(one));
            // If the question names several, one of them is an answer.
            has_such && !self.of_name(name).any(|one| found.of_name(name).any(|own| own.is(one)))
        });
        if is_of_other {
            return Standing::OfOther;
        }
        let stems = stems(text);
        let is_named = self.0.iter().any(|(name, one)| {
            found.0.iter().any(|(_, own)| own.is(*one)) || stems.iter().any(|stem| are_same(stem, name))
        });
        if is_named { Standing::Named } else { Standing::Unnamed }
    }

    fn of_name<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Designator> + 'a {
        self.0.iter().filter(move |(own, _)| are_same(own, name)).map(|(_, designator)| *designator)
    }
}

impl Designator {
    /// Whether both may be the same: vitamin D3 may be called vitamin D.
    fn is(self, other: Self) -> bool {
        match (self, other) {
            (Letter(one, Some(number)), Letter(another, Some(other))) => one == another && number == other,
            (Letter(one, _), Letter(another, _)) => one == another,
            _ => self == other,
        }
    }

    fn between(self, last: Self) -> Vec<Self> {
        match (self, last) {
            (Number(first), Number(last)) => (first..=last).map(Number).collect(),
            (Letter(first, None), Letter(last, None)) => (first..=last).map(|letter| Letter(letter, None)).collect(),
            _ => Vec::new(),
        }
    }
}

fn are_same(one: &str, other: &str) -> bool {
    let is_short_for = |one: &str, other: &str| one.is_ascii() && one.len() >= ABBREVIATION && other.starts_with(one);
    are_alike(one, other) || is_short_for(one, other) || is_short_for(other, one)
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}')
}

/// The words of a text, where "type1" is two words.
fn words(text: &str) -> Vec<Word<'_>> {
    let (mut words, mut end) = (Vec::new(), 0);
    for (at, word) in text.unicode_word_indices() {
        let digit = word.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
        let (name, number) = word.split_at(if digit > ABBREVIATION { digit } else { word.len() });
        words.push(Word { gap: &text[end..at], text: name });
        words.extend((!number.is_empty()).then_some(Word { gap: "", text: number }));
        end = at + word.len();
    }
    words
}

/// The designators at the beginning of the words: "2", "A, B and C", "I to III".
fn list(words: &[Word<'_>], is_numbered: bool) -> Vec<Designator> {
    let mut found: Vec<Designator> = Vec::new();
    let (mut at, mut is_range) = (0, false);
    while let Some((designator, length)) = designator(&words[at..], is_numbered) {
        // A lower-case "a" is the article, as in "hepatitis B and a booster".
        if at > 0 && words[at].text == "a" {
            break;
        }
        let first = found.last().copied().filter(|_| is_range);
        found.extend(first.map(|first| first.between(designator)).unwrap_or_default());
        found.push(designator);
        at += length;
        let Some(next) = words.get(at) else { break };
        let mark = next.gap.trim_matches(is_blank);
        let is_word = BETWEEN.contains(&next.text) && matches!(mark, "" | ",");
        if !is_word && !matches!(mark, "," | "/" | "&" | "+" | "-" | "–" | "—") {
            break;
        }
        is_range = RANGES.contains(&if is_word { next.text } else { mark });
        at += usize::from(is_word);
    }
    found
}

/// The designator at the beginning of the words, and the number of words that it takes.
fn designator(words: &[Word<'_>], is_numbered: bool) -> Option<(Designator, usize)> {
    let [first, rest @ ..] = words else { return None };
    let lower = first.text.to_lowercase();
    if is_numbered {
        let place = |names: &[&str]| (1..).zip(names).find(|(_, name)| **name == lower).map(|(number, _)| number);
        if let Some(number) = number(words).or_else(|| place(&ROMAN)).or_else(|| place(&SPELLED)) {
            return Some((Number(number), 1));
        }
    }
    let (name, digits) = lower.split_at(lower.find(|c: char| c.is_ascii_digit()).unwrap_or(lower.len()));
    let letter = letter(name)?;
    if !digits.is_empty() {
        let number = digits.parse().ok().filter(|_| digits.len() <= 2)?;
        return Some((Letter(letter, Some(number)), 1));
    }
    let number =
        rest.first().filter(|next| matches!(next.gap, "" | "-" | "\u{2010}" | "\u{2011}")).and_then(|_| number(rest));
    Some((Letter(letter, number), 1 + usize::from(number.is_some())))
}

/// The number of one or two digits at the beginning of the words, unless it has a unit.
fn number(words: &[Word<'_>]) -> Option<u32> {
    let [first, rest @ ..] = words else { return None };
    // Stage 3a is part of stage 3.
    let digits = first.text.trim_end_matches(['a', 'b', 'c']);
    let number = digits.parse().ok().filter(|_| digits.len() <= 2)?;
    let is_amount = rest.first().is_some_and(|next| stems(next.text).first().is_some_and(|stem| is_unit(stem)));
    (!is_amount).then_some(number)
}

/// The letter, unless it is the pronoun "I" or the multiplication sign.
fn letter(name: &str) -> Option<char> {
    let mut signs = name.chars();
    match (signs.next(), signs.next()) {
        (Some(letter @ 'a'..='z'), None) => (!matches!(letter, 'i' | 'x')).then_some(letter),
        _ => LETTERS.iter().find(|(_, names)| names.contains(&name)).map(|(letter, _)| *letter),
    }
}
