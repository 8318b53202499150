//! Removes text with a line through it, which is withdrawn.

use super::{
    drawn::{Drawn, Line},
    scripts,
    shape::Point,
    words::{Area, Page, Word},
};

/// Lines beyond which a page is a drawing.
const MOST_LINES: usize = 2_000;
/// The range in which a line strikes a word, in heights of the word from its top.
const UPPER: f32 = 0.3;
const LOWER: f32 = 0.72;
/// The least width of a letter, in heights of its word; only letters of formula fonts, whose boxes are as high as their
/// highest sign, are narrower.
const SLENDER: f32 = 0.18;
/// The length by which a line drawn by hand may reach beyond the text, in heights of the text.
const BEYOND: f32 = 2.5;
/// The part of a longer line that has text above it if it strikes a whole row; less text means a border that crosses
/// one cell.
const ROW: f32 = 0.6;
/// The part of a word that is covered, at least, where some of its letters are struck; less is a slip of the pen.
const PART: f32 = 0.4;
/// Slanted lines of a page beyond which it is a drawing, and words that one crosses, at least.
const MOST_SLANTED: usize = 50;
const FEWEST: usize = 3;

/// Removes struck text from a page; its words keep their places, so that nothing moves there. Returns the number of
/// lines that struck some.
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

/// Whether a slanted line crosses several words, which may withdraw them.
pub(super) fn are_crossed(page: &Page, drawn: &Drawn) -> bool {
    let crosses = |((x, y), (to_x, to_y)): &(Point, Point), area: &Area| {
        let part = (area.center() - x) / (to_x - x);
        let at = (y + (to_y - y) * part - area.top) / area.height().max(0.1);
        (0.0..=1.0).contains(&part) && (0.0..1.0).contains(&at)
    };
    let few = drawn.slanted.len() <= MOST_SLANTED;
    few && drawn
        .slanted
        .iter()
        .any(|line| page.words.iter().filter(|word| !word.is_turned && crosses(line, &word.area)).count() >= FEWEST)
}

/// The part of a word's width that the line covers.
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

/// The rest of a word: letters are taken to be equally wide, as digits are.
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
