//! Slanted text across a page, such as DRAFT or WITHDRAWN: Poppler takes each of its letters for a word of the line
//! that it crosses.

use super::words::{Area, Page, Word};

/// Slanted pieces of text beyond which a page is a drawing.
const MOST: usize = 50;
/// The factor by which such letters exceed the page's usual type, at least: smaller ones cannot be told from words
/// beside them.
const LARGER: f32 = 1.8;
/// Letters that Poppler takes for one word, at most.
const MOST_LETTERS: usize = 3;
/// The factor by which the distance of two letters exceeds the usual one where a blank is between them.
const BLANK: f32 = 1.6;

/// A slanted piece of text: its origin, and its direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slanted {
    pub(super) begin: (f32, f32),
    /// The unit vector of its direction.
    pub(super) direction: (f32, f32),
}

/// Joins the letters of each piece into one word above everything else.
pub(super) fn gather(page: &mut Page, pieces: &[Slanted]) {
    let mut heights: Vec<f32> = page.words.iter().map(|word| word.area.height()).collect();
    heights.sort_by(f32::total_cmp);
    let Some(usual) = heights.get(heights.len() / 2).copied().filter(|_| pieces.len() <= MOST) else { return };
    let mut gathered: Vec<Word> = Vec::new();
    for piece in pieces {
        let is_on = |word: &Word| {
            let size = word.area.height();
            let is_large = size > usual * LARGER && word.text.chars().count() <= MOST_LETTERS;
            is_large && place(piece, &word.area).is_some_and(|(_, aside)| aside < size)
        };
        let (mut letters, others): (Vec<Word>, Vec<Word>) =
            std::mem::take(&mut page.words).into_iter().partition(is_on);
        page.words = others;
        letters.sort_by(|a, b| along(piece, a).total_cmp(&along(piece, b)));
        if letters.is_empty() {
            continue;
        }
        let top = page.area.top - usual * 10.0;
        let area = Area { left: page.area.left, top, right: page.area.right, bottom: top + usual };
        page.lines.push((area, true));
        let line = page.lines.len() - 1;
        gathered.push(Word { area, text: text(piece, &letters), line, order: 0, is_turned: false, baseline: None });
    }
    page.words.splice(0..0, gathered);
}

/// The distance of an area's middle along the direction of a piece, and aside of it; `None` before the piece's origin.
fn place(piece: &Slanted, area: &Area) -> Option<(f32, f32)> {
    let (x, y) = (area.center() - piece.begin.0, area.middle() - piece.begin.1);
    let along = x * piece.direction.0 + y * piece.direction.1;
    let aside = (x * piece.direction.1 - y * piece.direction.0).abs();
    (along > -area.height()).then_some((along, aside))
}

fn along(piece: &Slanted, word: &Word) -> f32 {
    place(piece, &word.area).map_or(f32::MIN, |(along, _)| along)
}

fn text(piece: &Slanted, letters: &[Word]) -> String {
    let distances: Vec<f32> = letters.windows(2).map(|pair| along(piece, &pair[1]) - along(piece, &pair[0])).collect();
    let mut sorted = distances.clone();
    sorted.sort_by(f32::total_cmp);
    let usual = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    let mut text = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let is_apart = at.checked_sub(1).is_some_and(|before| distances[before] > usual * BLANK);
        if is_apart {
            text.push(' ');
        }
        text.push_str(&letter.text);
    }
    text
}
