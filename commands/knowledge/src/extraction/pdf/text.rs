//! The text of a line from its words: raised, lowered and spaced text.

use unicode_normalization::char::is_combining_mark;

use super::{scripts, words::Word};

/// The gap, in line heights, from which two words are separate.
const APART: f32 = 0.09;
/// The tolerance, in heights of the lower of two words, within which a word stands on the line; beyond it, up to the
/// next line, it is raised or lowered.
const ON_LINE: f32 = 0.04;
const RAISED: f32 = 0.12;
const LOWERED: f32 = 0.06;
const FARTHEST: f32 = 0.8;
/// The gap, in line heights, up to which a raised or lowered word belongs to its neighbour.
const BESIDE: f32 = 0.12;

/// The vertical position of a word in its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Line,
    Raised,
    Lowered,
}

/// The words of one line in reading order.
pub(super) fn of_line(words: &[&Word]) -> String {
    // Struck words are empty.
    let mut words: Vec<&Word> = words.iter().copied().filter(|word| !word.text.is_empty()).collect();
    for at in 1..words.len() {
        // A lowered sign comes before the one that is raised above it.
        let (before, word) = (&words[at - 1].area, &words[at].area);
        let are_signs = words[at - 1..=at].iter().all(|it| it.text.chars().all(|c| raised(c).is_some()));
        if are_signs && (word.left - before.left).abs() < 1.0 && word.top > before.top + 1.0 {
            words.swap(at - 1, at);
        }
    }
    let base = base(&words);
    let levels: Vec<Level> = words.iter().map(|word| base.map_or(Level::Line, |base| level(word, base))).collect();
    let mut text = String::new();
    for (at, word) in words.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| words[at]);
        let gap = before.map_or(0.0, |before| word.area.left - before.area.right);
        let height = base.map_or(word.area.height(), |base| base.area.height());
        // A raised sign above a lowered one is not separate from it.
        let is_stacked =
            gap < 0.0 && before.is_some() && levels[at] == Level::Raised && levels[at - 1] == Level::Lowered;
        let is_apart = !is_stacked
            && before.is_some_and(|before| {
                word.is_turned
                    || before.is_turned
                    || (gap.abs() > height * APART && !scripts::goes_on(&text, &word.text))
            });
        if is_apart {
            text.push(' ');
        }
        let is_beside = at > 0 && gap < height * BESIDE
            || words.get(at + 1).is_some_and(|next| next.area.left - word.area.right < height * BESIDE);
        let ion = before.filter(|_| levels[at] != Level::Raised).and_then(|before| as_ion(before, word));
        match levels[at] {
            _ if ion.is_some() => text.extend(ion),
            Level::Raised if is_beside => raise(&word.text, &mut text),
            Level::Lowered if is_beside => lower(&word.text, &mut text),
            _ => text.push_str(&word.text),
        }
    }
    scripts::in_reading_order(text)
}

/// A word in the type of most of the line; of equals, the larger.
fn base<'a>(words: &[&'a Word]) -> Option<&'a Word> {
    let upright = || words.iter().filter(|word| !word.is_turned);
    let mut best: Option<(usize, &Word)> = None;
    let mut sizes: Vec<(f32, usize)> = Vec::new();
    for word in upright() {
        let (height, letters) = (word.area.height(), word.text.chars().count());
        match sizes.iter().position(|(other, _)| (other - height).abs() < height * 0.06) {
            Some(at) => sizes[at].1 += letters,
            None if sizes.len() < 16 => sizes.push((height, letters)),
            None => {}
        }
    }
    for word in upright() {
        let height = word.area.height();
        let letters = sizes.iter().find(|(other, _)| (other - height).abs() < height * 0.06).map_or(0, |(_, all)| *all);
        let is_better =
            best.is_none_or(|(most, other)| letters > most || letters == most && height > other.area.height() + 0.01);
        if is_better {
            best = Some((letters, word));
        }
    }
    best.map(|(_, word)| word)
}

fn level(word: &Word, base: &Word) -> Level {
    let height = base.area.height();
    let shift =
        word.baseline.zip(base.baseline).map(|(own, base)| (own - base) / height.min(word.area.height()).max(1.0));
    let are_signs = || word.text.chars().all(|c| c.is_numeric() || raised(c).is_some());
    match shift {
        Some(shift) if shift.abs() < ON_LINE => return Level::Line,
        Some(shift) if (-FARTHEST..-RAISED).contains(&shift) && are_signs() => return Level::Raised,
        Some(shift) if (LOWERED..FARTHEST).contains(&shift) && are_signs() => return Level::Lowered,
        _ => {}
    }
    let is_smaller = word.area.height() < height * 0.9;
    let (top, bottom) = (word.area.top - base.area.top, word.area.bottom - base.area.bottom);
    if word.is_turned || word.area.height() > height * 1.02 {
        Level::Line
    } else if bottom < -height * 0.2 && (!is_smaller || top < height * 0.15) {
        Level::Raised
    } else if is_lowered(word, height, top, bottom) {
        Level::Lowered
    } else {
        Level::Line
    }
}

/// Whether a word is lowered: small digits stand lower than small letters of the same line would, or begin no word.
fn is_lowered(word: &Word, height: f32, top: f32, bottom: f32) -> bool {
    let smaller = word.area.height() / height;
    let least = if smaller < 0.75 && word.text.starts_with(|c: char| c.is_ascii_digit()) { -0.1 } else { 0.02 };
    smaller < 0.9 && top > height * 0.15 && bottom > height * least || smaller >= 0.9 && top > height * 0.2
}

/// The text of an ion such as `HCO₃⁻`: Poppler takes its lowered number and raised sign for one word, which is as high
/// as the line but narrow, or higher.
fn as_ion(before: &Word, word: &Word) -> Option<String> {
    let digits = word.text.strip_suffix(['-', '+'])?;
    let sign = &word.text[digits.len()..];
    let is_ion = (1..=2).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && before.text.ends_with(char::is_uppercase)
        && (word.area.left - before.area.right).abs() < before.area.height() * 0.05;
    // The width of a digit is half the height of its type.
    #[expect(clippy::cast_precision_loss, reason = "it is three at most")]
    let is_narrow = word.area.width() < before.area.height() * 0.26 * word.text.len() as f32;
    let is_high = word.area.height() > before.area.height() * 1.2;
    (is_ion && (is_narrow || is_high)).then(|| {
        let (low, high) = digits.split_at(1);
        let low = low.chars().filter_map(lowered);
        low.chain(high.chars().chain(sign.chars()).filter_map(raised)).collect()
    })
}

/// Appends raised text: digits and signs have raised forms, letters are marked.
fn raise(word: &str, text: &mut String) {
    let is_ordinal = ["st", "nd", "rd", "th"].contains(&word) && text.ends_with(|c: char| c.is_ascii_digit());
    let is_degree = ["o", "O", "º", "°", "◦", "∘"].contains(&word);
    let has_forms = word.chars().all(|c| raised(c).is_some() || ".,;:/–*†‡§¶#°".contains(c));
    match (is_ordinal, is_degree, has_forms) {
        (true, _, _) => text.push_str(word),
        (_, true, _) => text.push('°'),
        (_, _, true) => text.extend(word.chars().map(|c| raised(c).unwrap_or(c))),
        _ if word.chars().any(char::is_alphanumeric) && word.chars().all(|c| !is_combining_mark(c)) => {
            text.push_str("^(");
            text.push_str(word);
            text.push(')');
        }
        _ => text.push_str(word),
    }
}

/// Appends lowered text: digits and signs have lowered forms; other digits are marked, and letters are readable without
/// a mark.
fn lower(word: &str, text: &mut String) {
    if word.chars().any(|c| c.is_numeric() && lowered(c).is_none()) {
        text.extend(["_(", word, ")"]);
    } else {
        text.extend(word.chars().map(|c| lowered(c).unwrap_or(c)));
    }
}

pub(super) fn raised(character: char) -> Option<char> {
    Some(match character {
        '0' => '⁰',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4'..='9' => char::from_u32(0x2070 + character.to_digit(10)?)?,
        '+' => '⁺',
        '-' | '−' => '⁻',
        '=' => '⁼',
        '(' => '⁽',
        ')' => '⁾',
        _ => return None,
    })
}

pub(super) fn lowered(character: char) -> Option<char> {
    Some(match character {
        '0'..='9' => char::from_u32(0x2080 + character.to_digit(10)?)?,
        '+' => '₊',
        '-' | '−' => '₋',
        '=' => '₌',
        '(' => '₍',
        ')' => '₎',
        _ => return None,
    })
}
