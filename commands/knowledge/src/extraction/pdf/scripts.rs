//! Rules for single scripts: signs that depend on the letter before them, lines that run from right to left.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Whether a word in an Indic script continues with this text despite a gap on the page: a sign that depends on the
/// letter before it begins no word.
pub(super) fn goes_on(text: &str, next: &str) -> bool {
    let is_sign = |c: char| is_indic(c) && is_combining_mark(c);
    next.starts_with(is_sign) && text.ends_with(is_indic)
}

/// Whether a dependent sign stands alone or after another that it cannot follow. Then letters are missing, as in files
/// of programs that store glyphs instead of letters.
pub(super) fn has_lost_letters(text: &str) -> bool {
    let is_sign = |c: char| is_indic(c) && is_combining_mark(c);
    // The Indic blocks of Unicode have the same layout.
    let is_vowel = |c: char| is_sign(c) && matches!(u32::from(c) & 0x7f, 0x3e..=0x4c);
    let mut before = ' ';
    text.nfc().any(|c| {
        let is_lost = is_sign(c) && !is_indic(before) && before != '\u{25cc}' || is_vowel(c) && is_vowel(before);
        before = c;
        is_lost
    })
}

/// Whether a character is of an Indic script, from Devanagari to Malayalam and Sinhala, or a joiner between their
/// letters.
pub(super) fn is_indic(character: char) -> bool {
    matches!(character, '\u{900}'..='\u{963}' | '\u{966}'..='\u{dff}' | '\u{200c}' | '\u{200d}')
}

/// Whether glyphs of its script leave gaps within words.
pub(super) fn leaves_gaps(character: char) -> bool {
    is_indic(character) && !is_malayalam(character)
}

pub(super) fn is_malayalam(character: char) -> bool {
    matches!(character, '\u{d00}'..='\u{d7f}')
}

/// Whether a word ends in a consonant preceded by r, whose sign (repha) is drawn above it.
pub(super) fn ends_in_repha(word: &str) -> bool {
    let mut last = word.chars().rev();
    let consonant = last.next().is_some_and(|c| is_indic(c) && !is_combining_mark(c));
    consonant && last.next() == Some('\u{94d}') && last.next() == Some('\u{930}')
}

pub(super) fn runs_left(character: char) -> bool {
    matches!(character, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
        && !matches!(character, '\u{660}'..='\u{669}' | '\u{6f0}'..='\u{6f9}')
}

/// A line in reading order: positions grow from left to right, but a line of Urdu is read from right to left.
pub(super) fn in_reading_order(line: String) -> String {
    if !line.chars().any(runs_left) {
        return line;
    }
    let mut read: Vec<&str> = Vec::new();
    let mut run: Vec<&str> = Vec::new();
    let reversed: Vec<String> =
        line.split(' ').map(|word| if word.chars().any(runs_left) { flipped(word) } else { word.to_owned() }).collect();
    for word in reversed.iter().rev() {
        if word.chars().any(runs_left) {
            read.extend(run.drain(..).rev());
            read.push(word);
        } else {
            run.push(word);
        }
    }
    read.extend(run.drain(..).rev());
    read.join(" ")
}

/// The letters of a word in reverse order, each with its marks; numbers stay as they are.
fn flipped(word: &str) -> String {
    let characters: Vec<char> = word.chars().collect();
    let mut parts: Vec<Vec<char>> = Vec::new();
    for character in characters {
        let before = parts.last().and_then(|part| part.last()).copied();
        let joins = before.is_some_and(|before| {
            is_combining_mark(character) || !runs_left(character) && !runs_left(before) && character.is_alphanumeric()
        });
        match parts.last_mut() {
            Some(part) if joins => part.push(character),
            _ => parts.push(vec![character]),
        }
    }
    parts.into_iter().rev().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::has_lost_letters;

    #[test]
    fn words_of_which_letters_are_lost_are_known_by_signs_that_follow_none() {
        for whole in ["२४ घंटे में ४ ग्राम से अधिक न दें।", "പാരസെറ്റമോൾ 15 മി.ഗ്രാം", "கொடுக்க வேண்டாம்", "প্যারাসিটামল", "5 mg é"]
        {
            assert!(!has_lost_letters(whole), "{whole}");
        }
        // Sequences as some programs write them.
        for broken in ["ெஜ டாைமச", "दिन में एकि बार, धिकि न दिें।", "िक मी", "४ ाम"]
        {
            assert!(has_lost_letters(broken), "{broken}");
        }
    }
}
