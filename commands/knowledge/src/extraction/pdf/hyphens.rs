//! Rejoins words, ranges and units that were broken at the end of a line.

use std::collections::HashMap;

use super::scripts;

/// Words of a document that are remembered.
const MOST_WORDS: usize = 400_000;

/// First parts that keep their hyphen before what follows, in any document.
const LINKED: [&str; 49] = [
    "well", "self", "non", "low", "high", "long", "short", "half", "full", "one", "two", "three", "four", "five",
    "six", "seven", "eight", "nine", "ten", "twelve", "twenty", "thirty", "forty", "fifty", "sixty", "first", "second",
    "third", "life", "follow", "cross", "ex", "mid", "all", "ready", "evidence", "weight", "age", "dose", "time",
    "side", "broad", "large", "small", "alpha", "beta", "gamma", "delta", "vitamin",
];
/// First parts that are words of their own but mostly the beginning of a longer one.
const BEGINNINGS: [&str; 16] =
    ["over", "under", "with", "in", "out", "up", "on", "an", "a", "to", "for", "be", "after", "there", "how", "every"];

/// The frequency of each word within lines, with and without hyphens.
#[derive(Debug, Default)]
pub(super) struct Words {
    seen: HashMap<String, u32>,
}

impl Words {
    pub(super) fn learn(&mut self, line: &str) {
        let mut words =
            line.split(|c: char| !c.is_alphanumeric() && !is_hyphen(c)).filter(|word| !word.is_empty()).peekable();
        while let Some(word) = words.next() {
            // The last word of a line may be broken.
            let is_broken = words.peek().is_none() && word.ends_with(is_hyphen);
            if !is_broken && self.seen.len() < MOST_WORDS && word.len() < 64 {
                *self.seen.entry(known_as(word)).or_default() += 1;
            }
        }
    }

    fn has(&self, word: &str) -> bool {
        self.seen.contains_key(&known_as(word))
    }
}

fn known_as(word: &str) -> String {
    word.trim_matches(is_hyphen).replace('\u{2010}', "-").to_lowercase()
}

fn is_hyphen(character: char) -> bool {
    matches!(character, '-' | '\u{2010}' | '\u{ad}')
}

/// The way in which a line continues in the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    /// On a new line, or behind a blank.
    Apart,
    /// Directly.
    Together,
    /// Directly, without the hyphen at the end.
    WithoutHyphen,
}

/// The way in which a line with this end continues in one with this beginning.
pub(super) fn join(line: &str, next: &str, words: &Words) -> Join {
    let Some(last) = line.chars().next_back() else { return Join::Apart };
    let (before, next) = (&line[..line.len() - last.len_utf8()], next.trim_start());
    let Some((end, begin)) = before.chars().next_back().zip(next.chars().next()) else { return Join::Apart };
    if scripts::goes_on(line, next) {
        return Join::Together;
    }
    if !end.is_alphanumeric() || !begin.is_alphanumeric() {
        return Join::Apart;
    }
    match last {
        '\u{ad}' => Join::WithoutHyphen,
        '/' => Join::Together,
        '\u{2013}' if end.is_numeric() && begin.is_numeric() => Join::Together,
        '-' | '\u{2010}' | '\u{2011}' => hyphenated(before, next, words),
        _ => Join::Apart,
    }
}

fn hyphenated(before: &str, next: &str, words: &Words) -> Join {
    let is_part = |c: char| c.is_alphanumeric() || is_hyphen(c) || scripts::is_indic(c);
    let first = before.rsplit(|c: char| !is_part(c)).next().unwrap_or_default();
    let second = next.split(|c: char| !is_part(c)).next().unwrap_or_default();
    let has_number = |word: &str| word.chars().any(char::is_numeric);
    if ["and", "or", "to", "und", "et"].contains(&second) {
        // A suspended hyphen: "pre- and postnatal".
        return Join::Apart;
    }
    if has_number(first)
        || has_number(second)
        || first.ends_with(char::is_uppercase)
        || !second.starts_with(char::is_lowercase) && !second.starts_with(scripts::is_indic)
    {
        return Join::Together;
    }
    let (whole, linked) = (words.has(&format!("{first}{second}")), words.has(&format!("{first}-{second}")));
    let last = first.rsplit(is_hyphen).next().unwrap_or(first).to_lowercase();
    let are_words =
        last.chars().count() > 2 && words.has(&last) && words.has(second) && !BEGINNINGS.contains(&last.as_str());
    match (whole, linked) {
        (true, false) => Join::WithoutHyphen,
        (false, true) => Join::Together,
        _ if LINKED.contains(&last.as_str()) || first.contains(is_hyphen) || are_words => Join::Together,
        _ => Join::WithoutHyphen,
    }
}

/// The lines of a cell or heading as one line.
pub(super) fn joined(lines: &str, words: &Words) -> String {
    let mut text = String::with_capacity(lines.len());
    for line in lines.split('\n') {
        if is_cut(&text, line, words) {
            text.push_str(line);
            continue;
        }
        if !text.is_empty() {
            push_end(&mut text, line, " ", words);
        }
        text.push_str(line);
    }
    text
}

/// Whether a word was cut without a hyphen, as in a column that is too narrow for it: it occurs whole elsewhere.
fn is_cut(text: &str, next: &str, words: &Words) -> bool {
    let first = text.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let second = next.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let are_letters = |word: &str| !word.is_empty() && word.chars().all(char::is_alphabetic);
    are_letters(first)
        && are_letters(second)
        && second.starts_with(char::is_lowercase)
        && words.has(&format!("{first}{second}"))
        && !(words.has(first) && words.has(second))
}

/// Prepares the end of a text for the line that follows.
pub(super) fn push_end(text: &mut String, next: &str, between: &str, words: &Words) {
    let line = text.rfind('\n').map_or(0, |at| at + 1);
    match join(&text[line..], next, words) {
        Join::Apart => text.push_str(between),
        Join::Together => {}
        Join::WithoutHyphen => {
            text.pop();
        }
    }
}
