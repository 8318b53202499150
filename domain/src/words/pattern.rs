//! A PostgreSQL regular expression for all spellings of a word, for lists that are searched by parts of their titles:
//! titles are stored as they were typed.

use std::fmt::Write as _;

use super::{indic, letters};

/// Characters of the longest title that is searched; no title contains a longer word.
const LONGEST: usize = 100;
/// Signs that only join or separate.
const INVISIBLE: &str = r"\u00ad\u200b-\u200d\u2060\ufeff\ufe00-\ufe0f";

/// A pattern that matches all texts with a spelling of the word, that is with the same [`letters()`]. `None` if the
/// word has one spelling only, or is too long to occur.
pub fn pattern(word: &str) -> Option<String> {
    let folded: Vec<char> = letters(word).chars().collect();
    let has_spellings = folded.iter().any(|c| indic::place(*c).is_some() || c.is_ascii_digit());
    if !has_spellings || folded.len() > LONGEST {
        return None;
    }
    let mut pattern = String::new();
    let mut rest = &folded[..];
    let mut block = None;
    while let [c, following @ ..] = rest {
        block = indic::place(*c).map(|(block, _)| block).or(block);
        let before = &folded[..folded.len() - rest.len()];
        let length = indic_letter(*c, before, following, &mut pattern).unwrap_or_else(|| {
            if c.is_ascii_digit() {
                class(indic::digits(*c), &mut pattern);
            } else if *c == '.' && before.last().is_some_and(char::is_ascii_digit) {
                class(['.', '·'].into_iter(), &mut pattern);
            } else {
                literal(*c, &mut pattern);
            }
            1
        });
        if let Some(block) = block {
            gap(block, &mut pattern);
        }
        rest = &rest[length..];
    }
    Some(pattern)
}

/// Appends the spellings of a letter; returns the number of letters of the word that they cover.
fn indic_letter(c: char, before: &[char], following: &[char], to: &mut String) -> Option<usize> {
    let (block, place) = indic::place(c)?;
    let virama = char::from_u32(block + indic::VIRAMA)?;
    let viramas = if block == indic::MALAYALAM { r"[\u0d4d\u0d3b\u0d3c]+".to_owned() } else { format!("{virama}+") };
    let optional = |letters: String, to: &mut String| {
        to.push_str("(?:");
        to.push_str(&letters);
        gap(block, to);
        to.push_str(")?");
    };
    let nasals: String =
        indic::nasals_before(block, place).iter().filter_map(|at| char::from_u32(block + at)).collect();
    if !nasals.is_empty() {
        let chillus = if block == indic::MALAYALAM { r"|[\u0d7a\u0d7b]" } else { "" };
        optional(format!("(?:[{nasals}]{viramas}{chillus})"), to);
    }
    if indic::behind_r(before) && indic::is_consonant(place) {
        let doubled: String = [place, place - 1].iter().filter_map(|at| char::from_u32(block + at)).collect();
        optional(format!("[{doubled}]{viramas}"), to);
    }
    if following.first() == Some(&virama) {
        let single: Vec<char> = indic::of_block(block).filter(|x| indic::consonant_of(*x) == Some(c)).collect();
        to.push_str("(?:");
        class(spellings(c, block), to);
        gap(block, to);
        to.push_str(&viramas);
        if !single.is_empty() {
            to.push('|');
            class(single.into_iter(), to);
            // ൻ്റ.
            let _ = write!(to, "(?:{viramas})?");
        }
        to.push(')');
        return Some(2);
    }
    let two = match c {
        'ए' => "|ये",
        'ई' => "|यी",
        '\u{0d57}' => r"|\u0d4c",
        'ഈ' => r"|ഇ[\u0d57\u0d4c]",
        'ഊ' => r"|ഉ[\u0d57\u0d4c]",
        'ഔ' => r"|ഒ[\u0d57\u0d4c]",
        _ => "",
    };
    to.push_str("(?:");
    class(spellings(c, block), to);
    to.push_str(two);
    to.push(')');
    Some(1)
}

fn spellings(c: char, block: u32) -> impl Iterator<Item = char> {
    let others = indic::of_block(block).filter(move |other| *other != c && letters(&other.to_string()).chars().eq([c]));
    others.chain([c])
}

/// Appends the signs that may follow any letter without changing it.
fn gap(block: u32, to: &mut String) {
    let ignored: String = indic::of_block(block).filter(|c| indic::is_ignored(*c)).collect();
    let m = if block == indic::MALAYALAM { r"|മ[\u0d4d\u0d3b\u0d3c]+|\u0d54" } else { "" };
    let _ = write!(to, "(?:[{INVISIBLE}{ignored}]{m})*");
}

fn class(letters: impl Iterator<Item = char>, to: &mut String) {
    to.push('[');
    to.extend(letters);
    to.push(']');
}

fn literal(c: char, to: &mut String) {
    if c.is_ascii_punctuation() {
        to.push('\\');
    }
    to.push(c);
}
