//! Splits text at the ends of sentences: documents are quoted in whole sentences, services limit the length of a
//! request, and a stream is translated as it comes.
//!
//! Half a sentence may say the opposite of the whole: "Never give Inj. Adrenaline undiluted". In doubt the sentence
//! continues.

use unicode_segmentation::UnicodeSegmentation;

mod abbreviations;
mod streams;

pub use streams::{end_of_whole_sentences, is_rule_of_table, pieces, without_outer_blanks};

/// Marks at the end of a sentence in the supported scripts: Latin, Devanagari and related scripts, Arabic and Urdu,
/// Chinese.
const ENDS: [char; 11] = ['.', '!', '?', '।', '॥', '؟', '۔', '。', '！', '？', '…'];
/// Marks that have no other use, so that the next sentence may follow without a blank.
const ENDS_ANYWHERE: [char; 5] = ['।', '॥', '。', '！', '？'];
const CLOSING: [char; 8] = ['"', '\'', '”', '’', '»', ')', ']', '*'];
const OPENING: [char; 9] = ['"', '\'', '“', '‘', '«', '(', '[', '*', '_'];
const DASHES: [char; 4] = ['-', '–', '—', '−'];
/// Letters of a word that may be an abbreviation if a number follows: "conc. 5 %".
const SHORT_WORD: usize = 4;

/// The sentences of a paragraph, which is a text without significant line breaks. Joined by blanks they are the
/// paragraph again.
pub fn sentences(paragraph: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    for end in bounds(paragraph).into_iter().chain([paragraph.len()]) {
        let sentence = paragraph[start..end].trim();
        if !sentence.is_empty() {
            sentences.push(sentence);
        }
        start = end;
    }
    sentences
}

/// Whether the text has a mark of a sentence's end at its end.
pub fn has_ended(text: &str) -> bool {
    text.trim_end().trim_end_matches(CLOSING).ends_with(ENDS)
}

/// Whether a sentence certainly ends between two texts that a blank or a line break separates.
pub fn ends_between(before: &str, after: &str) -> bool {
    has_ended(before) && is_sure(&format!("{before} "), after)
}

/// The byte offsets in a paragraph at which one sentence certainly ends and the next one begins.
fn bounds(paragraph: &str) -> Vec<usize> {
    let mut bounds = Vec::new();
    let mut start = 0;
    for (at, _) in paragraph.split_sentence_bound_indices() {
        if at > start && is_sure(&paragraph[start..at], &paragraph[at..]) {
            bounds.push(at);
            start = at;
        }
    }
    bounds
}

/// Whether a sentence certainly ends between these texts.
fn is_sure(before: &str, after: &str) -> bool {
    let said = before.trim_end();
    let has_blank = said.len() < before.len();
    let said = said.trim_end_matches(CLOSING);
    let Some(mark) = said.chars().next_back() else { return false };
    let next = after.trim_start_matches(OPENING).chars().next();
    if next.is_none_or(|next| next.is_lowercase() || matches!(next, ',' | ';' | ':' | '/')) {
        return false;
    }
    match mark {
        '.' | '…' => has_blank && is_full_stop(&said[..said.len() - mark.len_utf8()], after),
        mark if ENDS_ANYWHERE.contains(&mark) => true,
        mark => has_blank && ENDS.contains(&mark),
    }
}

/// Whether the full stop between these texts ends a sentence, and is no part of an abbreviation, a number or a marker.
fn is_full_stop(before: &str, after: &str) -> bool {
    let begins_with_number = after.starts_with(char::is_numeric);
    let word = before.rsplit([' ', '\t', '\u{a0}', '\n', '(', '[', '/', '-', '"']).next().unwrap_or_default();
    let sentence = before[..before.len() - word.len()].trim_end();
    if before.ends_with(char::is_numeric) {
        // "Give 5. - 10 mg"; "1. Wash your hands".
        let is_marker = word.chars().count() <= 2 && (sentence.is_empty() || sentence.ends_with(':'));
        return !(begins_with_number || after.starts_with(DASHES) || is_marker);
    }
    let letters = word.chars().count();
    let is_abbreviation = letters <= 1 && !word.is_empty()
        || word.trim_end_matches('.').contains('.')
        || word.ends_with('.')
        || abbreviations::contains(word)
        || begins_with_number && letters <= SHORT_WORD;
    !is_abbreviation
}

#[cfg(test)]
mod tests;
