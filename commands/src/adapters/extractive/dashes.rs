//! Items that stand in one line with dashes between them, as documents made from other formats often have them.
//!
//! Elsewhere it is a dash, a minus or a range: neither a dose nor a warning is cut in two.

use std::borrow::Cow;

use crate::sentences::{ends_between, has_ended};

/// Words after which a list follows.
const LEADING_WORDS: [&str; 8] = ["are", "is", "include", "includes", "including", "following", "by", "as"];
const NUMBER_WORDS: [&str; 30] = [
    "half",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
    "hundred",
    "thousand",
];
/// Words that go on with a sentence and begin no item.
const CONNECTIVES: [&str; 33] = [
    "or",
    "and",
    "but",
    "nor",
    "not",
    "never",
    "no",
    "unless",
    "except",
    "only",
    "if",
    "when",
    "while",
    "until",
    "for",
    "to",
    "in",
    "on",
    "of",
    "at",
    "by",
    "with",
    "without",
    "from",
    "than",
    "then",
    "which",
    "who",
    "that",
    "as",
    "even",
    "including",
    "especially",
];
/// Words that turn round what follows, or what came before.
const NEGATIONS: [&str; 27] = [
    "not",
    "no",
    "never",
    "none",
    "neither",
    "nor",
    "cannot",
    "without",
    "avoid",
    "avoided",
    "stop",
    "unless",
    "except",
    "contraindicated",
    "contra-indicated",
    "forbidden",
    "prohibited",
    "withhold",
    "न",
    "ना",
    "नहीं",
    "मत",
    "कभी",
    "बिना",
    "वर्जित",
    "അല്ല",
    "ഇല്ല",
];
/// Ends of words that say "not" in Malayalam and of English verbs.
const NEGATIVE_ENDS: [&str; 7] = ["n't", "n’t", "രുത്", "ില്ല", "ാതെ", "ല്ലാത്ത", "രുതാത്ത"];
const DASH: &str = " - ";

/// A paragraph or an item, or a part of one that holds several items.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub text: String,
    pub is_item: bool,
}

impl Part {
    /// Whether a list may follow that belongs to it.
    pub(super) fn leads(&self) -> bool {
        if self.is_item { says_more(&self.text) } else { !has_ended(&self.text) || self.text.ends_with('?') }
    }
}

/// The text, or the items in it.
pub(super) fn parts(text: &str, is_item: bool) -> Vec<Part> {
    let begins_in_lower_case = is_item && !text.starts_with(char::is_uppercase);
    // Phrases in lower case are a list if there are several, and none of them says "not".
    let is_list_of_phrases =
        begins_in_lower_case && text.matches(DASH).count() > 1 && !text.split(DASH).any(holds_negation);
    let mut parts = Vec::new();
    let mut start = 0;
    let mut has_lead = false;
    for (at, dash) in text.match_indices(DASH) {
        let (before, after) = (text[start..at].trim(), text[at + dash.len()..].trim_start());
        let is_range = begins_with_digit(after)
            || before.ends_with(char::is_numeric)
            || ends_with_number(before) && begins_with_number(after);
        let leads = says_more(before);
        let has_ended = ends_between(before, after);
        let is_phrase = !after.starts_with(char::is_uppercase);
        let may_begin = has_ended || leads || !holds_negation(before) && (!is_phrase || has_lead || is_list_of_phrases);
        let is_in_list = is_item || start > 0 || leads || has_ended;
        if is_in_list && may_begin && !is_range && (has_ended || !begins_with_connective(after)) {
            parts.push(Part { text: before.to_owned(), is_item: is_item || start > 0 });
            has_lead |= leads;
            start = at + dash.len();
        }
    }
    parts.push(Part { text: text[start..].trim().to_owned(), is_item: is_item || start > 0 });
    parts.retain(|part| !part.text.is_empty());
    parts
}

/// Whether a list is what follows.
pub(super) fn says_more(text: &str) -> bool {
    text.ends_with(':') || LEADING_WORDS.iter().any(|word| last_word(text).eq_ignore_ascii_case(word))
}

pub(super) fn begins_with_connective(text: &str) -> bool {
    text.starts_with(char::is_lowercase) && CONNECTIVES.contains(&first_word(text))
}

pub(super) fn begins_with_number(text: &str) -> bool {
    begins_with_digit(text) || NUMBER_WORDS.iter().any(|word| first_word(text).eq_ignore_ascii_case(word))
}

pub(super) fn ends_with_number(text: &str) -> bool {
    text.ends_with(char::is_numeric) || NUMBER_WORDS.iter().any(|word| last_word(text).eq_ignore_ascii_case(word))
}

fn begins_with_digit(text: &str) -> bool {
    text.starts_with(char::is_numeric)
}

pub(super) fn holds_negation(text: &str) -> bool {
    text.split_whitespace().any(|word| {
        let word: Cow<'_, str> = word.trim_matches(|c: char| c.is_ascii_punctuation()).to_lowercase().into();
        NEGATIONS.contains(&word.as_ref()) || NEGATIVE_ENDS.iter().any(|end| word.ends_with(end))
    })
}

fn first_word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default()
}

fn last_word(text: &str) -> &str {
    text.rsplit(' ').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, is_item: bool) -> Vec<String> {
        parts(text, is_item).into_iter().map(|part| part.text).collect()
    }

    #[test]
    fn a_warning_with_dashes_in_it_is_one_item() {
        for warning in [
            "Do not give codeine - or any other opioid - to children under 12 years",
            "do not give codeine - morphine - tramadol",
            "codeine - contraindicated in children - give paracetamol",
            "Codeine - contraindicated in children",
            "Never give aspirin - Give paracetamol",
            "Give oxytocin five - ten units slowly into the muscle",
            "Give morphine 5 - 10 mg every four hours",
            "Keep it at - 20 degrees",
            "ഇബുപ്രോഫെൻ - ഡെങ്കിപ്പനിയിൽ നൽകരുത് - വീട്ടിൽ",
        ] {
            assert_eq!(texts(warning, true), [warning]);
            assert_eq!(texts(warning, false), [warning]);
        }
    }

    #[test]
    fn items_in_one_line_are_items() {
        assert_eq!(texts("fatigue - weight gain - a puffy face", true), ["fatigue", "weight gain", "a puffy face"]);
        assert_eq!(texts("Never give: - aspirin - codeine", false), ["Never give:", "aspirin", "codeine"]);
        assert_eq!(texts("It is rare. - Women have it. - Men do not.", true).len(), 3);
        assert_eq!(texts("Take classes to learn - Join a group", true), ["Take classes to learn", "Join a group"]);
    }
}
