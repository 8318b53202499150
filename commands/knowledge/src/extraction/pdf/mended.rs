//! Corrects words that Poppler cut in two, and raised signs that it took for lines of their own.

use std::collections::HashMap;

use unicode_normalization::char::is_combining_mark;

use super::{
    drawn::Drawn,
    joints::KnownBlanks,
    scripts,
    words::{Page, Word},
};

/// The width, in usual blanks of the line, below which a gap may be none.
const NARROWER: f32 = 0.86;
/// The width, in usual blanks, below which a gap is none behind any letter.
const CLOSE: f32 = 0.45;
/// The gap between parts of one word, in line heights, at most.
const FARTHEST: f32 = 0.5;
/// Blanks of a line from which its own median is used.
const KNOWN: usize = 4;
/// Words of a line of raised signs, at most.
const MOST_SIGNS: usize = 3;
/// The height of such signs in heights of the word beside them, at most.
const SMALLER: f32 = 0.88;
/// Points of the height of the strips by which words are indexed.
const STRIP: f32 = 8.0;
/// Words of a strip that are examined.
const MOST_NEAR: usize = 400;

pub(super) fn mend(page: &mut Page, drawn: &Drawn) {
    attach_signs(&mut page.words);
    join_cut_words(&mut page.words, drawn);
    for (order, word) in page.words.iter_mut().enumerate() {
        word.order = order;
    }
}

fn gap(before: &Word, next: &Word) -> f32 {
    (next.area.left - before.area.right) / before.area.height().max(1.0)
}

fn median(mut gaps: Vec<f32>) -> Option<f32> {
    gaps.sort_by(f32::total_cmp);
    gaps.get(gaps.len() / 2).copied()
}

/// Joins words of Indic scripts that Poppler cut: their glyphs are not in the order of the letters, so that one seems
/// to leave a gap. Such a gap is narrower than the blanks of its line, or too narrow for the sum of a blank and a gap.
fn join_cut_words(words: &mut Vec<Word>, drawn: &Drawn) {
    if !words.iter().any(|word| word.text.contains(scripts::is_indic)) {
        return;
    }
    let gaps = |words: &[Word]| -> Vec<f32> {
        let pairs = words.windows(2).filter(|pair| pair[0].line == pair[1].line && !pair[0].is_turned);
        pairs.map(|pair| gap(&pair[0], &pair[1])).filter(|gap| (0.1..0.6).contains(gap)).collect()
    };
    let of_page = median(gaps(words));
    let blanks_of_page = drawn.joints.of(words);
    let mut mended: Vec<Word> = Vec::with_capacity(words.len());
    let mut rest = std::mem::take(words).into_iter().peekable();
    while let Some(first) = rest.next() {
        let mut line = vec![first];
        while let Some(word) = rest.next_if(|word| word.line == line[0].line) {
            line.push(word);
        }
        for at in 1..line.len() {
            // A sign without a width is positioned where the next letter begins.
            let is_before = line[at].area.left <= line[at - 1].area.left + 0.5;
            if is_before && line[at].text.chars().all(|c| scripts::is_indic(c) && is_combining_mark(c)) {
                line.swap(at - 1, at);
            }
        }
        let own = gaps(&line);
        let usual = if own.len() >= KNOWN { median(own) } else { of_page };
        for word in line {
            match mended.last_mut().filter(|before| {
                before.line == word.line
                    && is_cut(before, &word, usual, &blanks_of_page)
                    && !is_divided(before, &word, drawn)
            }) {
                Some(before) => {
                    before.text.push_str(&word.text);
                    before.area = before.area.with(&word.area);
                }
                None => mended.push(word),
            }
        }
    }
    *words = mended;
}

/// Whether a vertical line separates the words.
fn is_divided(before: &Word, next: &Word, drawn: &Drawn) -> bool {
    let (left, right, middle) = (before.area.right - 1.0, next.area.left + 1.0, before.area.middle());
    drawn.down.iter().any(|line| left <= line.at && line.at <= right && line.from <= middle && middle <= line.to)
}

fn is_cut(before: &Word, next: &Word, usual: Option<f32>, blanks_of_page: &KnownBlanks) -> bool {
    let ends = before.text.chars().next_back().is_some_and(scripts::is_indic);
    let begins = next.text.chars().next().is_some_and(scripts::is_indic);
    let gap = gap(before, next);
    // A raised number is another number: १०^९ is not १०९.
    let are_numbers = before.text.ends_with(char::is_numeric) && next.text.starts_with(char::is_numeric);
    if are_numbers && next.area.height() < before.area.height() * SMALLER {
        return false;
    }
    if ends
        && !before.is_turned
        && !next.is_turned
        && let Some(is_cut) = blanks_of_page.is_cut(before, next)
    {
        return is_cut || gap < FARTHEST && scripts::goes_on(&before.text, &next.text);
    }
    if !ends || !begins || before.is_turned || next.is_turned || !(-0.2..FARTHEST).contains(&gap) {
        return false;
    }
    let is_none = usual.is_some_and(|usual| {
        let between = scripts::ends_in_repha(&before.text) && gap > usual * 1.04 && gap < usual * 1.5;
        // A gap behind a sign above or below its letter; Malayalam has no such signs.
        let is_after_sign = before.text.ends_with(|c| is_combining_mark(c) && !scripts::is_malayalam(c))
            || scripts::ends_in_repha(&before.text);
        gap < usual * NARROWER && (is_after_sign || gap < usual * CLOSE) || between
    });
    is_none || scripts::goes_on(&before.text, &next.text)
}

/// Moves lines of small signs into the line of the word beside them.
fn attach_signs(words: &mut Vec<Word>) {
    let lines = words.chunk_by(|a, b| a.line == b.line);
    let is_small = |line: &&[Word]| {
        line.len() <= MOST_SIGNS && line.iter().all(|word| word.text.chars().count() <= 6 && !word.is_turned)
    };
    let small: Vec<usize> = lines.filter(is_small).map(|line| line[0].line).collect();
    if small.is_empty() {
        return;
    }
    #[expect(clippy::cast_possible_truncation, reason = "places are below 100,000 points")]
    let strip = |y: f32| (y / STRIP) as i32;
    let mut near: HashMap<i32, Vec<usize>> = HashMap::new();
    for (at, word) in words.iter().enumerate() {
        for strip in strip(word.area.top)..=strip(word.area.bottom).min(strip(word.area.top) + 8) {
            near.entry(strip).or_default().push(at);
        }
    }
    // For each such line, the word that it goes to, and whether behind it.
    let mut moves: HashMap<usize, (usize, bool)> = HashMap::new();
    for line in words.chunk_by(|a, b| a.line == b.line).filter(|line| small.binary_search(&line[0].line).is_ok()) {
        let (first, last) = (&line[0], &line[line.len() - 1]);
        let candidates = near.get(&strip(first.area.middle())).into_iter().flatten().take(MOST_NEAR);
        let found = candidates.filter_map(|at| {
            let base = &words[*at];
            let height = base.area.height();
            let shared = base.area.bottom.min(first.area.bottom) - base.area.top.max(first.area.top);
            let is_sign = first.area.width() < 0.5 && first.text.chars().all(is_combining_mark);
            let is_base = base.line != first.line
                && !base.is_turned
                && (is_sign || first.area.height() < height * SMALLER)
                && shared > first.area.height() * 0.2;
            let (after, before) = (first.area.left - base.area.right, base.area.left - last.area.right);
            let close = |gap: f32| (-0.1..0.12).contains(&(gap / height));
            match (close(after), close(before)) {
                (true, _) if is_base => Some((after.abs(), *at, true)),
                (_, true) if is_base => Some((before.abs() + height, *at, false)),
                _ => None,
            }
        });
        if let Some((_, base, is_after)) = found.min_by(|a, b| a.0.total_cmp(&b.0)) {
            moves.insert(first.line, (base, is_after));
        }
    }
    if moves.is_empty() {
        return;
    }
    let mut before: HashMap<usize, Vec<Word>> = HashMap::new();
    let mut after: HashMap<usize, Vec<Word>> = HashMap::new();
    let mut kept: Vec<(usize, Word)> = Vec::with_capacity(words.len());
    let lines: Vec<usize> = words.iter().map(|word| word.line).collect();
    for (at, mut word) in std::mem::take(words).into_iter().enumerate() {
        // A word that is moved itself is no base for others.
        match moves.get(&word.line).filter(|(base, _)| !moves.contains_key(&lines[*base])) {
            Some((base, is_after)) => {
                word.line = lines[*base];
                if *is_after { &mut after } else { &mut before }.entry(*base).or_default().push(word);
            }
            None => kept.push((at, word)),
        }
    }
    for (at, word) in kept {
        words.extend(before.remove(&at).into_iter().flatten());
        words.push(word);
        words.extend(after.remove(&at).into_iter().flatten());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extraction::pdf::words::Area;

    /// The words of one line, each given with its left and right edge in points.
    fn mended(words: &[(f32, f32, &str)]) -> Vec<String> {
        let word = |(left, right, text): &(f32, f32, &str)| Word {
            area: Area { left: *left, top: 100.0, right: *right, bottom: 114.3 },
            text: (*text).to_owned(),
            line: 0,
            order: 0,
            is_turned: false,
            baseline: None,
        };
        let mut page = Page { words: words.iter().map(word).collect(), ..Page::default() };
        mend(&mut page, &Drawn::default());
        page.words.into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn a_hindi_word_is_not_cut_where_its_letters_leave_a_gap() {
        let line = [
            (255.0, 267.9, "दें।"),
            (271.0, 284.4, "शर्क"),
            (286.8, 294.1, "रा"),
            (297.2, 308.4, "की"),
            (311.5, 329.8, "मात्रा"),
            (332.9, 348.6, "और"),
            (351.7, 370.0, "सल्फे"),
            (372.4, 380.0, "ट"),
        ];
        assert_eq!(mended(&line), ["दें।", "शर्करा", "की", "मात्रा", "और", "सल्फेट"]);
    }

    #[test]
    fn a_sign_belongs_to_the_letter_before_it_and_a_malayalam_word_is_none() {
        assert_eq!(mended(&[(10.0, 20.0, "ക"), (23.0, 26.0, "\u{d3e}")]), ["ക\u{d3e}"]);
        assert_eq!(mended(&[(10.0, 50.0, "അത്"), (52.3, 90.0, "ഒരു")]), ["അത്", "ഒരു"]);
    }
}
