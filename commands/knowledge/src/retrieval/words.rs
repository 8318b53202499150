//! Turns text into the units that are compared: stemmed words without stop words, and their stable hashes.
//!
//! Stored vectors depend on these rules and on those of [`domain::words`]: a change of either must rename the built-in
//! embedder's model.

use std::cell::OnceCell;

use domain::words::fold_in_case;
use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

mod endings;
mod forms;
mod stop_words;

/// The weight of a number joined with its unit, or a letter with its number, in addition to both of them. A whole word
/// has 1.
const JOINED: f32 = 0.5;
/// The weight of the beginning of a long word, in scripts without a stemmer or with a light one only.
const BEGINNING: f32 = 0.4;
/// Characters of such a beginning.
const BEGINNING_LENGTH: usize = 5;
/// Consonants from which two words with the same consonants count as one.
const CONSONANTS: usize = 4;
/// Units that are joined with their numbers, in the one name that folding leaves of each.
const UNITS: [&str; 17] = [
    "cm", "day", "drop", "g", "hour", "iu", "kg", "l", "mcg", "mg", "minut", "ml", "mmhg", "month", "percent", "unit",
    "week",
];

thread_local! {
    static ENGLISH: OnceCell<Stemmer> = const { OnceCell::new() };
    static TAMIL: OnceCell<Stemmer> = const { OnceCell::new() };
}

/// The stems of a text's words, in order and without stop words; words are folded and in lower case first.
pub fn stems(text: &str) -> Vec<String> {
    let folded = fold_in_case(text);
    folded.unicode_words().filter_map(stem).collect()
}

/// The stems with their weights, and further terms that may match: numbers with their units, and the beginnings of long
/// words whose endings are beyond the stemmer.
pub(super) fn terms(text: &str) -> Vec<(String, f32)> {
    let mut terms: Vec<(String, f32)> = Vec::new();
    let folded = fold_in_case(text);
    let mut before: Option<(usize, String)> = None;
    for (at, word) in folded.unicode_word_indices() {
        let Some(stem) = stem(word) else {
            before = None;
            continue;
        };
        if let Some((end, first)) = before.filter(|(end, _)| matches!(&folded[*end..at], "" | " " | "-")) {
            debug_assert!(end <= at, "words come in order");
            if belong_together(&first, &stem) {
                terms.push((format!("{first}{stem}"), JOINED));
            }
        }
        if let Some(beginning) = beginning(&stem) {
            terms.push((beginning, BEGINNING));
        }
        before = Some((at + word.len(), stem.clone()));
        terms.push((stem, 1.0));
    }
    terms
}

/// The hash of a word, the same on every machine and in every release (FNV-1a, 64 bits).
pub fn hash(word: &str) -> u64 {
    word.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Whether two stems are forms of one word as far as their letters tell: stems of scripts without a full stemmer keep
/// different parts of their endings.
pub fn are_alike(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    if one.is_ascii() || other.is_ascii() {
        return false;
    }
    if have_same_consonants(one, other) {
        return true;
    }
    let common = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let (one, other) = (one.chars().count(), other.chars().count());
    common >= 4 && common + 1 >= one.min(other) && common * 2 >= one.max(other)
}

/// Whether two long words differ only in their vowel signs, as names borrowed from English do: पैरासिटामोल and
/// पेरासिटामॉल, ഡയബറ്റിസ് and ഡയബെറ്റിസ്.
fn have_same_consonants(one: &str, other: &str) -> bool {
    let consonants = |word| str::chars(word).filter(|c: &char| c.is_alphabetic() && !is_combining_mark(*c));
    consonants(one).nth(CONSONANTS - 1).is_some() && consonants(one).eq(consonants(other))
}

/// Whether two words form one term: "500" and "mg", "b" and "12".
fn belong_together(first: &str, second: &str) -> bool {
    let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    let is_letter = |word: &str| matches!(word.as_bytes(), [letter] if letter.is_ascii_lowercase());
    is_number(first) && UNITS.contains(&second) || is_letter(first) && is_number(second)
}

fn beginning(stem: &str) -> Option<String> {
    if stem.is_ascii() {
        return None;
    }
    let characters = stem.char_indices().nth(BEGINNING_LENGTH)?;
    // No stem contains this sign, so that beginnings and stems cannot be confused.
    Some(format!("{}…", &stem[..characters.0]))
}

fn stem(word: &str) -> Option<String> {
    // A capital A is rarely the article: hepatitis A, vitamin A.
    if word == "A" {
        return Some("a".to_owned());
    }
    let lower = word.to_lowercase();
    if stop_words::is_stop_word(&lower) {
        return None;
    }
    if lower.bytes().all(|b| b.is_ascii_alphabetic() || b == b'\'') {
        let stem = by_snowball(&ENGLISH, Algorithm::English, &lower);
        return Some(forms::one_for_both(&stem).to_owned());
    }
    if lower.starts_with(|c| ('\u{0b80}'..='\u{0bff}').contains(&c)) {
        // Stemmed twice, because the stem of "காய்ச்சலுக்கு" is itself a word that the stemmer shortens further.
        let stem = by_snowball(&TAMIL, Algorithm::Tamil, &lower);
        return Some(by_snowball(&TAMIL, Algorithm::Tamil, &stem));
    }
    Some(endings::without_endings(&lower).to_owned())
}

fn by_snowball(stemmer: &'static std::thread::LocalKey<OnceCell<Stemmer>>, algorithm: Algorithm, word: &str) -> String {
    stemmer.with(|stemmer| stemmer.get_or_init(|| Stemmer::create(algorithm)).stem(word).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_share_a_stem() {
        assert_eq!(stems("Treating treatments"), stems("treats TREATMENT"));
    }

    #[test]
    fn question_words_are_dropped() {
        assert_eq!(stems("What is (are) the Acromegaly?"), ["acromegali"]);
        assert_eq!(stems("മരുന്ന് എന്താണ്?"), stems("മരുന്ന്"));
        assert_eq!(stems("बुखार क्या है?"), stems("बुखार"));
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
    fn inflected_words_share_a_stem() {
        for words in [
            "മരുന്ന് മരുന്നുകൾ മരുന്നിന്റെ മരുന്നിൽ മരുന്നുകളുടെ",
            "പ്രമേഹം പ്രമേഹത്തിന്റെ പ്രമേഹത്തിന് പ്രമേഹത്തിൽ",
            "ഗുളിക ഗുളികകൾ ഗുളികയുടെ ഗുളികകളാണ്",
            "രോഗി രോഗിയുടെ രോഗിക്ക് രോഗികൾ രോഗികളിൽ",
            "दवा दवाओं",
            "बच्चा बच्चे बच्चों बच्चें",
            "गोली गोलियाँ गोलियों गोलियां",
            "मरीज़ मरीजों",
            "জ্বর জ্বরের",
            "காய்ச்சல் காய்ச்சலுக்கு",
            "പനി പനിയുടെ പനിക്ക് പനിയിൽ",
            "തല തലയിൽ തലയുടെ",
            "കണ്ണ് കണ്ണിൽ കണ്ണിന്റെ",
            "കഫം കഫത്തിന്റെ",
            "നാവ് നാവിൽ",
            "അമ്മ അമ്മയുടെ",
            "pregnant pregnancy pregnancies",
            "store stored storage",
            "anaphylactic anaphylaxis",
        ] {
            let stems = stems(words);
            assert!(stems.iter().all(|stem| *stem == stems[0]), "{stems:?}");
        }
    }

    #[test]
    fn a_number_is_found_with_its_unit_and_a_letter_with_its_number() {
        let words = |text| terms(text).into_iter().map(|(word, _)| word).collect::<Vec<_>>();
        assert_eq!(words("500mg"), ["500", "500mg", "mg"]);
        assert_eq!(words("500 mg"), words("500mg"));
        assert_eq!(words("Vitamin B-12"), words("vitamin B12"));
        assert!(words("vitamin B 12").contains(&"b12".to_owned()));
        assert!(!words("type 2 and B, 12").contains(&"b12".to_owned()));
        assert_eq!(stems("X-ray"), stems("xray"));
    }

    #[test]
    fn words_are_alike_if_most_of_them_is_the_same() {
        for (one, other) in [("പരിശോധന", "പരിശോധിക"), ("പാരസിറ്റമോൾ", "പാരസെറ്റമോൾ"), ("पैरासिटामोल", "पेरासिटामाल")]
        {
            assert!(are_alike(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("രക്തസ്രാവ", "രക്തസമര്ദ"),
            ("gout", "goutweed"),
            ("പനി", "പന"),
            ("पीलिया", "पोलियो"),
            ("हाइपोटेंशन", "हाइपरटेंशन"),
            ("हाइड्रालाज़िन", "हाइड्रॉक्सिज़िन"),
            ("क्विनीन", "क्विनिडीन"),
            ("पेनिसिलिन", "पेनिसिलामाइन"),
            ("ക്ലോർപ്രോമസിൻ", "ക്ലോർപ്രോപാമൈഡ്"),
            ("സാധാരണ", "അസാധാരണ"),
        ] {
            assert!(!are_alike(one, other), "{one} {other}");
        }
    }

    #[test]
    fn hashes_are_those_of_fnv() {
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash("insulin"), 0xf1ba_2579_7466_1961);
    }
}
