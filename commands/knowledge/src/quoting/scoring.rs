//! How much a text has of a question.

use std::collections::HashSet;

use super::general::{is_general, is_of_people, is_unit, names_nothing};
use crate::retrieval::words;

/// Stretches in one answer.
pub(super) const MAX_QUOTES: usize = 3;
/// Characters of all stretches together, unless there is one only.
pub(super) const MOST_CHARACTERS: usize = 2_000;
/// The least share of the question's words that the best stretch has to hold, with its title and headings.
pub(super) const MIN_COVERAGE: f32 = 0.55;
/// A stretch that scores less than this share of the best one is left out.
pub(super) const MIN_OF_BEST: f32 = 0.75;
/// What a letter counts there.
const LETTER: f32 = 0.5;
/// What a word that is in questions about anything counts in a score: it tells which stretch of those about gentamicin is about its
/// dose, but hides none that gives one without the word.
const CHOOSING: f32 = 0.3;
/// One that says for whom.
const OF_PEOPLE: f32 = 0.5;
/// What such a word counts when it is asked whether the question is answered at all: "dose" does not answer for gentamicin's.
const SLIGHT: f32 = 0.25;
/// What one counts that is nowhere at hand, nor another form of it: it may be what the question is about. Not so in scripts
/// whose words have many endings.
const MISSING: f32 = 1.6;
/// Letters that a word has in common with other forms of it, such as treat and treatment.
const BEGINNING: usize = 4;
/// A word that only the headings hold counts less than one of the text.
const IN_HEADINGS: f32 = 0.8;
/// One that only the document's title holds, less still.
const IN_TITLE: f32 = 0.5;
/// A stretch without any word of the question is quoted only where no other has one.
const ONLY_IN_TITLE: f32 = 0.1;
/// How much a later passage loses against an earlier one.
const RANK_DISCOUNT: f32 = 0.05;
/// The words of a text.
#[derive(Debug, Default)]
pub(super) struct Words(HashSet<String>);

impl Words {
    pub(super) fn of(text: &str) -> Self {
        Self(words::stems(text).into_iter().collect())
    }

    fn holds(&self, word: &str) -> bool {
        self.0.contains(word) || !word.is_ascii() && self.0.iter().any(|own| words::are_alike(own, word))
    }

    fn holds_form_of(&self, word: &str) -> bool {
        word.get(..BEGINNING).is_some_and(|begin| self.0.iter().any(|other| other.starts_with(begin)))
    }
}

/// The words of a question.
pub(super) struct Question {
    words: Vec<Asked>,
}

struct Asked {
    word: String,
    /// Inverse frequency among the texts at hand.
    rarity: f32,
    /// What it counts when it is asked whether the question is answered at all.
    share: f32,
    /// Whether it says for whom or how much, and not of what.
    names_nothing: bool,
}

/// A number and its unit: "3 years" are not what a question is about.
fn is_amount(pair: &[String]) -> bool {
    pair[0].starts_with(|c: char| c.is_ascii_digit()) && is_unit(&pair[1])
}

impl Question {
    pub(super) fn new(question: &str, texts: &[Words]) -> Self {
        let mut words = words::stems(question);
        let amounts: HashSet<String> =
            words.windows(2).filter(|pair| is_amount(pair)).map(|pair| pair[0].clone()).collect();
        // In their order, because sums of floats depend on it.
        words.sort_unstable();
        words.dedup();
        let has_subject = words.iter().any(|word| !amounts.contains(word) && !is_general(word));
        let asked = |word: String| {
            let holding = texts.iter().filter(|text| text.holds(&word)).count();
            let rarity = (1.0 + (small(texts.len()) + 1.0) / (small(holding) + 1.0)).ln();
            if amounts.contains(&word) || is_general(&word) {
                let is_subject = !has_subject && !amounts.contains(&word) && !names_nothing(&word);
                let share = if is_subject { 1.0 } else { SLIGHT };
                let weight = if is_of_people(&word) { OF_PEOPLE } else { CHOOSING };
                return Asked { rarity: weight * rarity, share, names_nothing: !is_subject, word };
            }
            let is_number = word.starts_with(|c: char| c.is_ascii_digit());
            let share = if word.chars().nth(1).is_none() {
                LETTER
            } else if holding == 0
                && word.is_ascii()
                && !is_number
                && !texts.iter().any(|text| text.holds_form_of(&word))
            {
                MISSING
            } else {
                1.0
            };
            Asked { word, rarity, share, names_nothing: false }
        };
        Self { words: words.into_iter().map(asked).collect() }
    }

    /// Whether it says for whom or how much, and not of what: "and for children?"
    pub(super) fn names_nothing(&self) -> bool {
        !self.words.is_empty() && self.words.iter().all(|asked| asked.names_nothing)
    }

    /// How much a text has of the question, by the rarity of the words.
    pub(super) fn weight(&self, text: &Words) -> f32 {
        self.words.iter().filter(|asked| text.holds(&asked.word)).map(|asked| asked.rarity).sum()
    }

    pub(super) fn score(&self, text: &Words, headings: &Words, title: &Words, rank: usize) -> f32 {
        let (mut own, mut of_title) = (0.0, 0.0);
        for Asked { word, rarity, .. } in &self.words {
            if text.holds(word) {
                own += rarity;
            } else if headings.holds(word) {
                own += IN_HEADINGS * rarity;
            } else if title.holds(word) {
                of_title += rarity;
            }
        }
        let share = if own > 0.0 { IN_TITLE } else { ONLY_IN_TITLE };
        (own + share * of_title) / (1.0 + RANK_DISCOUNT * small(rank))
    }

    /// The share of the question's words that the texts hold together.
    pub(super) fn coverage(&self, texts: &[&Words]) -> f32 {
        let holds = |asked: &&Asked| texts.iter().any(|text| text.holds(&asked.word));
        let held: f32 = self.words.iter().filter(holds).map(|asked| asked.share.min(1.0)).sum();
        let missing: f32 = self.words.iter().filter(|asked| !holds(asked)).map(|asked| asked.share).sum();
        if held > 0.0 { held / (held + missing) } else { 0.0 }
    }

    /// Of these texts, those that hold a word of the question that tells them from most of the others. A number or a unit tells
    /// nothing: a child of 12 kg is not in the row of 12 ml, but in that of 10 to 14 kg. Nor does a word that stands above them
    /// all: of the scale for insulin, the row of "no insulin" is not the one that is asked for.
    pub(super) fn told_apart(&self, texts: &[Words], above: &Words) -> Vec<bool> {
        let tells = |word: &&Asked| {
            let holding = texts.iter().filter(|text| text.holds(&word.word)).count();
            let is_name = word.word.chars().any(char::is_alphabetic) && !word.word.contains(char::is_numeric);
            let is_above = above.holds(&word.word);
            is_name && !is_above && !is_unit(&word.word) && holding > 0 && 2 * holding <= texts.len()
        };
        let (slightly, telling): (Vec<&Asked>, Vec<&Asked>) =
            self.words.iter().filter(tells).partition(|asked| is_general(&asked.word));
        // The drug tells more than that it is for a child.
        let telling = if telling.is_empty() { slightly } else { telling };
        texts.iter().map(|text| telling.iter().any(|asked| text.holds(&asked.word))).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of stretches are far below 2^24")]
const fn small(count: usize) -> f32 {
    count as f32
}
