//! Text with a line through it: it is withdrawn.

use super::{
    drawn::{Drawn, Line},
    scripts,
    words::{Area, Page, Word},
};

/// A page with more lines is a drawing.
const MOST_LINES: usize = 2_000;
/// Of the height of a word, from its top: where a line goes through it, and neither above nor below.
const UPPER: f32 = 0.3;
const LOWER: f32 = 0.72;
/// Of the height of a word: letters are wider, but in fonts of formulas, whose letters seem to be as high as the highest sign.
const SLENDER: f32 = 0.18;
/// Of the height of the text: how far the line of a pen may reach beyond it.
const BEYOND: f32 = 2.5;
/// A line that reaches farther goes through a whole row; a border that goes through one of its cells has text in less of it.
const ROW: f32 = 0.6;
/// How much of a word is covered at least where some of its letters are struck; less is the swing of a pen.
const PART: f32 = 0.4;

/// Takes struck text out of a page; where it stood nothing else moves to. How many lines went through some.
pub(super) fn leave_out(page: &mut Page, drawn: &Drawn) -> usize {
    if drawn.strokes.len() > MOST_LINES {
        return 0;
    }
    let mut count = 0;
    for line in &drawn.strokes {
        let through: Vec<usize> = (0..page.words.len()).filter(|at| goes_through(line, &page.words[*at])).collect();
        let area = Area::around(through.iter().map(|at| &page.words[*at].area));
        let reach = area.height() * BEYOND;
        let is_far = line.from < area.left - reach || line.to > area.right + reach;
        if through.is_empty() || is_far && area.width() < (line.to - line.from) * ROW {
            continue;
        }
        count += 1;
        for at in through {
            let word = &mut page.words[at];
            word.text = left(word, line);
        }
    }
    count
}

/// How much of a word is below or above the line, as a part of its width.
fn covered(line: &Line, area: &Area) -> f32 {
    (line.to.min(area.right) - line.from.max(area.left)) / area.width().max(0.1)
}

fn goes_through(line: &Line, word: &Word) -> bool {
    let at = (line.at - word.area.top) / word.area.height().max(0.1);
    #[expect(clippy::cast_precision_loss, reason = "a word has no million letters")]
    let is_slender = word.area.width() < word.area.height() * SLENDER * word.text.chars().count() as f32;
    let is_formula = is_slender || word.text.contains(['√', '⎷']);
    !word.is_turned && !is_formula && (UPPER..LOWER).contains(&at) && covered(line, &word.area) > 0.15
}

/// What is left of a word: letters are taken to be equally wide, as digits are.
fn left(word: &Word, line: &Line) -> String {
    let covered = covered(line, &word.area);
    if covered < PART {
        return word.text.clone();
    }
    if covered > 0.85 || word.text.contains(scripts::is_indic) {
        return String::new();
    }
    #[expect(clippy::cast_precision_loss, reason = "a word has no million letters")]
    let center = |at: usize| {
        let letters = word.text.chars().count() as f32;
        word.area.left + word.area.width() * (at as f32 + 0.5) / letters
    };
    let letters = word.text.chars().enumerate();
    letters.filter(|(at, _)| !(line.from..=line.to).contains(&center(*at))).map(|(_, letter)| letter).collect()
}
