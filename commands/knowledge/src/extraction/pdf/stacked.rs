//! Joins lines that Poppler cuts where signs are stacked, as in HCO₃⁻ and in fractions.

use std::cmp::Ordering;

use super::{
    drawn::Drawn,
    fractions,
    words::{Page, Word},
};

/// Lines of a page that are examined for a sign at their beginning.
const MOST_LINES: usize = 5_000;
/// The gap, in line heights, below which a word is the neighbour of a fraction.
const BLANK: f32 = 0.65;
/// The gap, in line heights, below which a sign belongs to the word before it.
const CLOSE: f32 = 0.12;
/// The height of raised and lowered signs in heights of their line, at most.
const SMALLER: f32 = 0.88;
/// The difference of middles, in line heights, of words on one line, at most.
const SAME_LINE: f32 = 0.3;

/// Writes fractions and formulas on one line, and joins the lines that they cut; returns the number of formulas.
pub(super) fn mend(page: &mut Page, drawn: &mut Drawn) -> usize {
    let words = &mut page.words;
    for (order, word) in words.iter_mut().enumerate() {
        word.order = order;
    }
    let fractions = fractions::mend(words, drawn);
    let mut lines = Lines::of(page.lines.len());
    for at in fractions.words {
        join_fraction(words, at, &mut lines);
    }
    words.retain(|word| !word.text.is_empty());
    join_signs(words, &mut lines);
    lines.renumber(words);
    fractions.formulas
}

/// Joins a fraction to the line of the words beside it.
fn join_fraction(words: &mut [Word], at: usize, lines: &mut Lines) {
    let area = words[at].area;
    let beside: Vec<usize> = (0..words.len())
        .filter(|other| {
            let word = &words[*other];
            let height = word.area.height();
            let gap = (word.area.left - area.right).max(area.left - word.area.right) / height.max(1.0);
            let is_level = (word.area.middle() - area.middle()).abs() < height * SAME_LINE;
            *other != at && !word.is_turned && !word.text.is_empty() && is_level && (-0.2..BLANK).contains(&gap)
        })
        .collect();
    for other in beside {
        lines.join(words[at].line, words[other].line);
        (words[at].area.top, words[at].area.bottom) = (words[other].area.top, words[other].area.bottom);
    }
}

/// Joins a line that begins with a raised or lowered sign to the line that ends there.
fn join_signs(words: &[Word], lines: &mut Lines) {
    let starts: Vec<&[Word]> = words.chunk_by(|a, b| a.line == b.line).filter(|line| line.len() > 1).collect();
    let by_height = |a: &&Word, b: &&Word| a.area.height().total_cmp(&b.area.height());
    for line in starts.iter().take(MOST_LINES) {
        let (Some(sign), Some(base)) = (line.first(), line.iter().max_by(by_height)) else { continue };
        if sign.area.height() > base.area.height() * SMALLER || sign.is_turned {
            continue;
        }
        let is_base = |word: &&Word| {
            let height = word.area.height();
            let gap = (sign.area.left - word.area.right) / height.max(1.0);
            let is_level = (word.area.middle() - base.area.middle()).abs() < height * SAME_LINE;
            word.line != sign.line
                && is_level
                && (-CLOSE..CLOSE).contains(&gap)
                && height > sign.area.height() / SMALLER
        };
        if let Some(before) = words.iter().find(is_base) {
            lines.join(before.line, sign.line);
        }
    }
}

/// The lines of a page and which of them are joined.
struct Lines {
    first: Vec<usize>,
    are_joined: bool,
}

impl Lines {
    fn of(count: usize) -> Self {
        Self { first: (0..count).collect(), are_joined: false }
    }

    fn first(&self, mut line: usize) -> usize {
        while let Some(first) = self.first.get(line).filter(|first| **first != line) {
            line = *first;
        }
        line
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.first(one), self.first(other));
        if let Some(line) = self.first.get_mut(one.max(other)).filter(|_| one != other) {
            *line = one.min(other);
            self.are_joined = true;
        }
    }

    /// Assigns the joined lines to the words; the words of a joined line are sorted from left to right.
    fn renumber(&self, words: &mut [Word]) {
        if !self.are_joined {
            return;
        }
        let mut is_joined = vec![false; self.first.len()];
        for line in (0..self.first.len()).filter(|line| self.first(*line) != *line) {
            is_joined[self.first(line)] = true;
        }
        for word in words.iter_mut() {
            word.line = self.first(word.line);
        }
        let is_joined = |line: usize| is_joined.get(line) == Some(&true);
        words.sort_by(|a, b| {
            let across = || a.area.left.total_cmp(&b.area.left);
            a.line.cmp(&b.line).then_with(|| if is_joined(a.line) { across() } else { Ordering::Equal })
        });
    }
}
