//! Text to the units that are compared: stemmed words without stop words, and their stable hashes.
//!
//! Stored vectors depend on these rules: whoever changes them renames the built-in embedder's model.

use std::{borrow::Cow, cell::OnceCell};

use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// English words that say nothing of a text's subject. Sorted, for the binary search.
const STOP_WORDS: &[&str] = &[
    "a",
    "about",
    "above",
    "after",
    "again",
    "against",
    "all",
    "also",
    "am",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "because",
    "been",
    "before",
    "being",
    "below",
    "between",
    "both",
    "but",
    "by",
    "can",
    "could",
    "did",
    "do",
    "does",
    "doing",
    "down",
    "during",
    "each",
    "few",
    "for",
    "from",
    "further",
    "had",
    "has",
    "have",
    "having",
    "he",
    "her",
    "here",
    "hers",
    "herself",
    "him",
    "himself",
    "his",
    "how",
    "i",
    "if",
    "in",
    "into",
    "is",
    "it",
    "it's",
    "its",
    "itself",
    "just",
    "may",
    "me",
    "might",
    "more",
    "most",
    "must",
    "my",
    "myself",
    "no",
    "nor",
    "not",
    "of",
    "off",
    "on",
    "once",
    "only",
    "or",
    "other",
    "our",
    "ours",
    "ourselves",
    "out",
    "over",
    "own",
    "same",
    "shall",
    "she",
    "should",
    "so",
    "some",
    "such",
    "than",
    "that",
    "that's",
    "the",
    "their",
    "theirs",
    "them",
    "themselves",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "through",
    "to",
    "too",
    "under",
    "until",
    "up",
    "very",
    "was",
    "we",
    "were",
    "what",
    "what's",
    "when",
    "where",
    "which",
    "while",
    "who",
    "whom",
    "why",
    "will",
    "with",
    "would",
    "you",
    "your",
    "yours",
    "yourself",
    "yourselves",
];

thread_local! {
    static STEMMER: OnceCell<Stemmer> = const { OnceCell::new() };
}

/// The words of a text that carry meaning, in order: lower case, without accents, English words stemmed.
/// Words of other scripts stay as they are.
pub fn stems(text: &str) -> Vec<String> {
    let folded = fold(text);
    folded.unicode_words().filter_map(stem).collect()
}

/// A word's number: the same on every machine and in every release (FNV-1a, 64 bits).
pub fn hash(word: &str) -> u64 {
    word.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Compatibility forms unified, accents of European scripts dropped. Vowel signs of Indic scripts are letters and stay.
fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let is_accent = |c: &char| ('\u{300}'..='\u{36f}').contains(c);
    let unaccented = text.nfkd().filter(|c| !is_accent(c));
    Cow::Owned(unaccented.map(|c| if c == '\u{2019}' { '\'' } else { c }).nfc().collect())
}

fn stem(word: &str) -> Option<String> {
    // A capital A is rarely the article: hepatitis A, vitamin A.
    if word == "A" {
        return Some("a".to_owned());
    }
    let lower = word.to_lowercase();
    if STOP_WORDS.binary_search(&lower.as_str()).is_ok() {
        return None;
    }
    if !lower.bytes().all(|b| b.is_ascii_alphabetic() || b == b'\'') {
        return Some(lower);
    }
    Some(STEMMER.with(|stemmer| {
        let stemmer = stemmer.get_or_init(|| Stemmer::create(Algorithm::English));
        stemmer.stem(&lower).into_owned()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stop_words_are_sorted() {
        assert!(STOP_WORDS.is_sorted());
    }

    #[test]
    fn forms_of_a_word_share_a_stem() {
        assert_eq!(stems("Treating treatments"), stems("treats TREATMENT"));
    }

    #[test]
    fn question_words_are_dropped() {
        assert_eq!(stems("What is (are) the Acromegaly?"), ["acromegali"]);
    }

    #[test]
    fn the_letter_of_hepatitis_a_is_kept() {
        assert_eq!(stems("a case of Hepatitis A"), ["case", "hepat", "a"]);
    }

    #[test]
    fn accents_and_typographic_apostrophes_make_no_difference() {
        assert_eq!(stems("Sjögren’s"), stems("Sjogren's"));
    }

    #[test]
    fn words_of_other_scripts_stay_whole() {
        assert_eq!(stems("मधुमेह क्या है"), ["मधुमेह", "क्या", "है"]);
    }

    #[test]
    fn hashes_are_those_of_fnv() {
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash("insulin"), 0xf1ba_2579_7466_1961);
    }
}
