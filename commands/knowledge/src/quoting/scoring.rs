//! Scores how well a text matches a question.
//!
//! The weights are relative to 1, the weight of a word of the subject in the text. `make bench-languages` measures
//! their combined effect.

use std::collections::HashSet;

use super::general::{is_general, is_of_people, is_unit, names_nothing};
use crate::retrieval::words;

/// Stretches in one answer, at most.
pub(super) const MAX_QUOTES: usize = 3;
/// Characters of all stretches together, at most; a single stretch may be longer.
pub(super) const MOST_CHARACTERS: usize = 2_000;
/// The share of the question's words, by weight, that the best stretch must have, with its title and headings.
pub(super) const MIN_COVERAGE: f32 = 0.55;
/// The share of the best score below which a stretch is left out.
pub(super) const MIN_OF_BEST: f32 = 0.75;
/// The weight in coverage of a word of one letter.
const LETTER: f32 = 0.5;
/// The weight in a score of a general word: it selects the stretch about the dose among those about gentamicin, but
/// does not hide one that gives the dose without the word.
const CHOOSING: f32 = 0.3;
/// The weight in a score of a word that says for whom.
const OF_PEOPLE: f32 = 0.5;
/// The weight in coverage of a general word: "dose" does not answer a question about gentamicin's dose.
const SLIGHT: f32 = 0.25;
/// The weight in coverage of a word that no text has, nor another form of it: it may be the subject. Not applied to
/// scripts whose words have many endings.
const MISSING: f32 = 1.6;
/// Letters that a word shares with its other forms, such as treat and treatment.
const BEGINNING: usize = 4;
/// The weight of a word that only the headings have.
const IN_HEADINGS: f32 = 0.8;
/// The weight of a word that only the document's title has.
const IN_TITLE: f32 = 0.5;
/// The same weight where the stretch itself has no word of the question: it is quoted only where no other one has any.
const ONLY_IN_TITLE: f32 = 0.1;
/// The discount for each rank that a passage is behind the first.
const RANK_DISCOUNT: f32 = 0.05;
/// The stems of a text.
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

/// The words of a question with their weights.
pub(super) struct Question {
    words: Vec<QuestionWord>,
}

struct QuestionWord {
    word: String,
    /// The inverse frequency among the texts.
    rarity: f32,
    /// The weight in coverage.
    share: f32,
    /// Whether it says for whom or how much, and names no subject.
    names_nothing: bool,
}

/// Whether two words are a number and its unit: "3 years" is no subject.
fn is_amount(pair: &[String]) -> bool {
    pair[0].starts_with(|c: char| c.is_ascii_digit()) && is_unit(&pair[1])
}

impl Question {
    pub(super) fn new(question: &str, texts: &[Words]) -> Self {
        let mut words = words::stems(question);
        let amounts: HashSet<String> =
            words.windows(2).filter(|pair| is_amount(pair)).map(|pair| pair[0].clone()).collect();
        // Sorted, because sums of floats depend on their order.
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
                return QuestionWord { rarity: weight * rarity, share, names_nothing: !is_subject, word };
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
            QuestionWord { word, rarity, share, names_nothing: false }
        };
        Self { words: words.into_iter().map(asked).collect() }
    }

    /// Whether no word names a subject: "and for children?"
    pub(super) fn names_nothing(&self) -> bool {
        !self.words.is_empty() && self.words.iter().all(|asked| asked.names_nothing)
    }

    /// The sum of the rarities of the question's words that a text has.
    pub(super) fn weight(&self, text: &Words) -> f32 {
        self.words.iter().filter(|asked| text.holds(&asked.word)).map(|asked| asked.rarity).sum()
    }

    pub(super) fn score(&self, text: &Words, headings: &Words, title: &Words, rank: usize) -> f32 {
        let (mut own, mut of_title) = (0.0, 0.0);
        for QuestionWord { word, rarity, .. } in &self.words {
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

    /// The share of the question's words, by their weight in coverage, that the texts have together.
    pub(super) fn coverage(&self, texts: &[&Words]) -> f32 {
        let holds = |asked: &&QuestionWord| texts.iter().any(|text| text.holds(&asked.word));
        let held: f32 = self.words.iter().filter(holds).map(|asked| asked.share.min(1.0)).sum();
        let missing: f32 = self.words.iter().filter(|asked| !holds(asked)).map(|asked| asked.share).sum();
        if held > 0.0 { held / (held + missing) } else { 0.0 }
    }

    /// Marks the texts that have a word of the question which distinguishes them from most of the others. Numbers and
    /// units do not count: a child of 12 kg is not in the row of 12 ml, but in that of 10 to 14 kg. Nor does a word
    /// that stands above all of them: on the scale for insulin, the row "no insulin" is not the one that is asked for.
    pub(super) fn distinguished(&self, texts: &[Words], above: &Words) -> Vec<bool> {
        let tells = |word: &&QuestionWord| {
            let holding = texts.iter().filter(|text| text.holds(&word.word)).count();
            let is_name = word.word.chars().any(char::is_alphabetic) && !word.word.contains(char::is_numeric);
            let is_above = above.holds(&word.word);
            is_name && !is_above && !is_unit(&word.word) && holding > 0 && 2 * holding <= texts.len()
        };
        let (slightly, telling): (Vec<&QuestionWord>, Vec<&QuestionWord>) =
            self.words.iter().filter(tells).partition(|asked| is_general(&asked.word));
        // The drug distinguishes more than "for a child" does.
        let telling = if telling.is_empty() { slightly } else { telling };
        texts.iter().map(|text| telling.iter().any(|asked| text.holds(&asked.word))).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of stretches are far below 2^24")]
const fn small(count: usize) -> f32 {
    count as f32
}
