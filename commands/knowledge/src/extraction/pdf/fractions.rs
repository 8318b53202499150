//! Fractions whose numbers stand above and below a short line, so that ½ is not read as 12.

use super::{
    super::scripts::{Script, placed},
    drawn::{Drawn, Line},
    ruled::merged,
    text::of_line,
    words::{Area, Word},
};

/// Lines of a page beyond which it is a drawing.
const MOST_LINES: usize = 2_000;
/// Points of the longest line of a fraction.
const LONGEST: f32 = 40.0;
/// Digits of each number of a fraction, at most.
const MOST_DIGITS: usize = 3;
/// The distance of each number's middle from the line, in widths of two digits.
const GAP: std::ops::Range<f32> = 0.3..1.1;
/// The width of a character, in heights of its word, below which Poppler has read two stacked numbers as one word.
const NARROW: f32 = 0.3;
/// Fractions with a character of their own.
const COMMON: [(&str, &str, char); 9] = [
    ("1", "2", '½'),
    ("1", "3", '⅓'),
    ("2", "3", '⅔'),
    ("1", "4", '¼'),
    ("3", "4", '¾'),
    ("1", "5", '⅕'),
    ("1", "6", '⅙'),
    ("1", "8", '⅛'),
    ("1", "10", '⅒'),
];

/// The result of [`mend`].
#[derive(Debug, Default)]
pub(super) struct Written {
    /// The indices of the words that are fractions now.
    pub(super) words: Vec<usize>,
    /// The number of formulas among them, which have more than numbers.
    pub(super) formulas: usize,
}

/// Writes each fraction as one word in the place of its line, and removes the line from those that strike text.
pub(super) fn mend(words: &mut [Word], drawn: &mut Drawn) -> Written {
    let lines = merged(&drawn.strokes);
    let mut written = Written::default();
    if lines.len() > MOST_LINES {
        return written;
    }
    drawn.strokes.clear();
    for line in lines {
        if let Some(number) =
            Some(&line).filter(|line| line.to - line.from < LONGEST).and_then(|line| write(words, line))
        {
            written.words.push(number);
        } else if let Some(formula) = write_formula(words, &line) {
            written.words.push(formula);
            written.formulas += 1;
        } else {
            drawn.strokes.push(line);
        }
    }
    written
}

/// Writes the formula above and below a line that follows an equals sign: `dose × 5 / 250`.
fn write_formula(words: &mut [Word], line: &Line) -> Option<usize> {
    let is_before = |word: &&Word| {
        let level = (word.area.middle() - line.at).abs() < word.area.width();
        word.text == "=" && level && (0.0..word.area.width() * 2.0).contains(&(line.from - word.area.right))
    };
    let equals = words.iter().find(is_before)?.area;
    let part = |sign: f32| {
        let is_in = |word: &&Word| {
            let distance = (line.at - word.area.middle()) * sign / equals.width().max(0.1);
            let is_within = line.from - 2.0 < word.area.center() && word.area.center() < line.to + 2.0;
            is_within && !word.is_turned && (0.35..1.9).contains(&distance)
        };
        let mut part: Vec<&Word> = words.iter().filter(is_in).collect();
        part.sort_by(|a, b| a.area.left.total_cmp(&b.area.left));
        part
    };
    let (above, below) = (part(1.0), part(-1.0));
    let text = |part: &[&Word]| if part.len() > 1 { format!("({})", of_line(part)) } else { of_line(part) };
    let whole = format!("{} / {}", text(&above), text(&below));
    let all: Vec<usize> = above.iter().chain(&below).map(|word| word.order).collect();
    let first = *all.first().filter(|_| !above.is_empty() && !below.is_empty())?;
    for at in &all {
        words[*at].text.clear();
    }
    words[first].area = Area { left: line.from, right: line.to, ..equals };
    words[first].text = whole;
    Some(first)
}

/// Writes the fraction of this line into one of its words.
fn write(words: &mut [Word], line: &Line) -> Option<usize> {
    let near: Vec<usize> = (0..words.len()).filter(|at| is_near(&words[*at], line)).collect();
    if let Some((at, (above, below))) = near.iter().find_map(|at| Some((*at, apart(&words[*at], line)?))) {
        words[at].text = fraction(&above, &below);
        return Some(at);
    }
    let of = |sign: f32| near.iter().copied().find(|at| GAP.contains(&(gap(&words[*at], line) * sign)));
    let (above, below) = of(1.0).zip(of(-1.0)).filter(|(a, b)| are_parts(&words[*a], &words[*b], line))?;
    let text = fraction(&words[above].text, &words[below].text);
    let half = words[below].area.height() / 2.0;
    let area = words[above].area.with(&words[below].area);
    words[below].area = Area { top: line.at - half, bottom: line.at + half, ..area };
    words[below].text = text;
    words[above].text.clear();
    Some(below)
}

/// Whether a number is centred on the line, and neither reaches far beyond the other.
fn is_near(word: &Word, line: &Line) -> bool {
    let is_number = word.text.len() <= 2 * MOST_DIGITS && word.text.bytes().all(|byte| byte.is_ascii_digit());
    let is_within = line.from - 2.0 < word.area.left && word.area.right < line.to + 2.0;
    let is_centered = (word.area.center() - f32::midpoint(line.from, line.to)).abs() < 2.0;
    is_number && !word.text.is_empty() && !word.is_turned && is_within && is_centered
}

/// The distance of a number above the line, in widths of two digits: the boxes of formula fonts are much higher than
/// their digits.
fn gap(word: &Word, line: &Line) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "it is six at most")]
    let digits = word.text.len() as f32;
    (line.at - word.area.middle()) * digits / (2.0 * word.area.width()).max(0.1)
}

/// Whether both numbers are equally far from the line: an underlined number is closer to its line than the number in
/// the next row.
fn are_parts(above: &Word, below: &Word, line: &Line) -> bool {
    let is_equal = (gap(above, line) + gap(below, line)).abs() < 0.2;
    let widest = above.area.width().max(below.area.width());
    is_equal && above.text.len().max(below.text.len()) <= MOST_DIGITS && line.to - line.from < widest + 6.0
}

/// The two numbers of a word whose digits are stacked. The word is as wide as the longer number, which does not tell
/// the length of each: the shorter one is taken to be above.
fn apart(word: &Word, line: &Line) -> Option<(String, String)> {
    #[expect(clippy::cast_precision_loss, reason = "it is six at most")]
    let is_narrow = word.area.width() < word.area.height() * NARROW * word.text.len() as f32;
    let (above, below) = word.text.split_at_checked(word.text.len() / 2)?;
    let is_through = word.area.top < line.at && line.at < word.area.bottom;
    (is_narrow && is_through && !above.is_empty()).then(|| (above.to_owned(), below.to_owned()))
}

fn fraction(above: &str, below: &str) -> String {
    let common = COMMON.iter().find(|(a, b, _)| *a == above && *b == below);
    common.map_or_else(
        || format!("{}⁄{}", placed(above, Script::Raised), placed(below, Script::Lowered)),
        |(_, _, one)| one.to_string(),
    )
}
