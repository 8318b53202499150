//! Pages whose text runs up, down or upside down, as of a wide table on an upright page: they are rotated to their
//! reading direction.

use super::{
    drawn::{Drawn, Line},
    scripts,
    words::{Area, Page, Word},
};

/// Rotates a page so that most of its text runs from left to right.
pub(super) fn turn_upright(page: &mut Page, drawn: &mut Drawn) {
    for _ in 0..quarters(page) {
        turn(page, drawn);
    }
    join_turned_lines(page);
}

/// The clockwise quarter turns that a page needs.
fn quarters(page: &Page) -> usize {
    let mut letters = [0_usize; 4];
    let mut alone = 0;
    for line in page.words.chunk_by(|a, b| a.line == b.line) {
        let count: usize = line.iter().map(|word| word.text.chars().count()).sum();
        match line {
            // A single word shows whether it is upright, but not its direction.
            [word] if word.area.width() > word.area.height() => alone += count,
            [first, .., last] => letters[direction(line, first, last)] += count,
            _ => {}
        }
    }
    if letters[2] > letters[0] {
        letters[2] += alone;
    } else {
        letters[0] += alone;
    }
    let all: usize = letters.iter().sum();
    letters.iter().position(|count| count * 2 > all).unwrap_or_default()
}

/// The clockwise quarter turns that a line needs.
fn direction(line: &[Word], first: &Word, last: &Word) -> usize {
    let (across, down) = (last.area.center() - first.area.center(), last.area.middle() - first.area.middle());
    let runs_left = line.iter().any(|word| word.text.contains(scripts::runs_left));
    match (across.abs() >= down.abs(), across >= 0.0, down >= 0.0) {
        (true, true, _) => 0,
        (true, false, _) if runs_left => 0,
        (true, false, _) => 2,
        (false, _, false) => 1,
        (false, _, true) => 3,
    }
}

/// Rotates a page clockwise by a quarter: its bottom becomes its left.
fn turn(page: &mut Page, drawn: &mut Drawn) {
    let bottom = page.area.bottom;
    let turned =
        |area: &Area| Area { left: bottom - area.bottom, top: area.left, right: bottom - area.top, bottom: area.right };
    for word in &mut page.words {
        (word.area, word.baseline) = (turned(&word.area), None);
    }
    page.lines.iter_mut().for_each(|(area, _)| *area = turned(area));
    page.area = Area { right: page.area.bottom, bottom: page.area.right, ..page.area };
    let up = |lines: &[Line]| lines.iter().map(|line| Line { at: bottom - line.at, ..*line }).collect();
    let across = |lines: &[Line]| {
        let line = |line: &Line| Line { from: bottom - line.to, to: bottom - line.from, ..*line };
        lines.iter().map(line).collect()
    };
    (drawn.across, drawn.down) = (across(&drawn.down), up(&drawn.across));
    (drawn.strokes, drawn.strokes_down) = (across(&drawn.strokes_down), up(&drawn.strokes));
}

/// Makes one word of each line that still runs up or down, because its words have no positions in a horizontal line.
fn join_turned_lines(page: &mut Page) {
    let mut joined: Vec<Word> = Vec::with_capacity(page.words.len());
    for line in page.words.chunk_by(|a, b| a.line == b.line) {
        if is_turned(line) {
            let text = line.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
            let area = Area::around(line.iter().map(|word| &word.area));
            joined.push(Word { area, text, is_turned: true, ..line[0].clone() });
        } else {
            joined.extend_from_slice(line);
        }
    }
    page.words = joined;
}

fn is_turned(words: &[Word]) -> bool {
    let area = Area::around(words.iter().map(|word| &word.area));
    let letters: usize = words.iter().map(|word| word.text.chars().count()).sum();
    let steps = (words.len() > 1).then(|| {
        let (first, last) = (&words[0].area, &words[words.len() - 1].area);
        (last.center() - first.center()).abs() < (last.middle() - first.middle()).abs()
    });
    let slender = area.height() > area.width() * if words.len() > 1 { 1.5 } else { 2.0 };
    slender && steps.unwrap_or(letters > 2)
}
