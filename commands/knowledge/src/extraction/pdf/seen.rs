//! Invisible text of a page: text without ink, as scanners put behind a picture; text that was covered later, as an old
//! dose by a white box; white text on white.

use std::collections::HashMap;

use hayro_syntax::{content::ops::TypedInstruction, object::Number};

use super::{
    ink::{Color, EVERYWHERE, Ink, WHITE, are_same},
    matrix::{Matrix, SAME, combined, moved},
    path::Path,
    slanted::Slanted,
    words::{Area, Page, Word},
};

/// Pieces of text of a page that are recorded.
const MOST_PIECES: usize = 100_000;
/// Points of the width of a pen above which its line may be a ground of text.
const BROAD: f32 = 3.0;
/// Areas or pictures beyond which a page is a drawing whose text is not examined.
const MOST: usize = 5_000;
/// Points of the height of the strips by which pieces of text are indexed.
const STRIP: f32 = 8.0;
/// The sine below which text counts as horizontal or vertical.
const LEAST_SLANT: f32 = 0.2;
/// The position of the baseline in most fonts, in heights of a word from its top.
const BASELINE: f32 = 0.78;
/// Points by which a piece of text may begin behind the left edge of its word, at most.
const BEGINS: f32 = 1.5;

/// An opaque box: what was drawn before is invisible within it.
#[derive(Debug)]
pub(super) struct Cover {
    pub(super) order: usize,
    pub(super) area: Area,
    pub(super) color: Option<Color>,
}

/// A piece of text by its origin.
#[derive(Debug)]
struct Piece {
    x: f32,
    y: f32,
    /// Its index in the drawing order of the page.
    order: usize,
    has_ink: bool,
    is_white: bool,
}

/// The content of a page in drawing order.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) ink: Ink,
    pub(super) order: usize,
    pieces: Vec<Piece>,
    pub(super) covers: Vec<Cover>,
    /// Areas that are not white.
    pub(super) grounds: Vec<(usize, Area)>,
    /// Areas that are no covers, and broad lines: content drawn before may be invisible there.
    pub(super) veils: Vec<(usize, Area)>,
    /// The surroundings of lines, which may be as thick as a bar behind text.
    pub(super) strokes: Vec<(usize, Area)>,
    pub(super) images: Vec<(usize, Area)>,
    /// The visible part of the page, if it is not the whole.
    pub(super) shown: Option<Area>,
    /// Text that is neither horizontal nor vertical.
    pub(super) slanted: Vec<Slanted>,
    pub(super) line: Matrix,
    leading: f32,
    /// Whether the position of the next piece of text is known.
    is_placed: bool,
    /// Whether any text is raised or lowered from its baseline (`Ts`).
    has_rise: bool,
}

impl Seen {
    /// Interprets the instructions that set the position and colour of text.
    pub(super) fn follow(&mut self, instruction: &TypedInstruction<'_, '_>, matrix: Matrix) {
        self.ink.follow(instruction);
        match instruction {
            TypedInstruction::BeginText(_) => self.place(SAME),
            TypedInstruction::SetTextMatrix(t) => {
                self.place([&t.0, &t.1, &t.2, &t.3, &t.4, &t.5].map(Number::as_f32));
            }
            TypedInstruction::NextLine(by) => self.step(by.0.as_f32(), by.1.as_f32()),
            TypedInstruction::NextLineAndSetLeading(by) => {
                self.leading = -by.1.as_f32();
                self.step(by.0.as_f32(), by.1.as_f32());
            }
            TypedInstruction::TextLeading(leading) => self.leading = leading.0.as_f32(),
            TypedInstruction::NextLineUsingLeading(_) => self.step(0.0, -self.leading),
            TypedInstruction::ShowText(_) | TypedInstruction::ShowTexts(_) => self.show(matrix),
            TypedInstruction::NextLineAndShowText(_) | TypedInstruction::ShowTextWithParameters(_) => {
                self.step(0.0, -self.leading);
                self.show(matrix);
            }
            TypedInstruction::TextRise(rise) => self.has_rise |= rise.0.as_f32() != 0.0,
            TypedInstruction::LineWidth(width) => {
                self.ink.width = width.0.as_f32() * (matrix[0] * matrix[3] - matrix[1] * matrix[2]).abs().sqrt();
            }
            // A shading may be behind any text.
            TypedInstruction::Shading(_) => self.grounds.push((self.order, EVERYWHERE)),
            _ => {}
        }
    }

    fn place(&mut self, line: Matrix) {
        (self.line, self.is_placed) = (line, true);
    }

    fn step(&mut self, across: f32, up: f32) {
        self.place(combined([1.0, 0.0, 0.0, 1.0, across, up], self.line));
    }

    /// The position of the next piece of text, if known.
    pub(super) fn next(&self, matrix: Matrix) -> Option<(f32, f32)> {
        self.is_placed.then(|| moved((0.0, 0.0), combined(self.line, matrix)))
    }

    fn show(&mut self, matrix: Matrix) {
        self.order += 1;
        let (has_ink, is_white) = (self.ink.shows_text(), self.ink.has_white_text());
        if !self.is_placed {
            // The position of this piece is not known, so it counts as part of the one before, which is visible if
            // either is.
            if let Some(last) = self.pieces.last_mut() {
                (last.has_ink, last.is_white) = (last.has_ink || has_ink, last.is_white && is_white);
            }
        } else if self.pieces.len() < MOST_PIECES {
            let to_page = combined(self.line, matrix);
            let (x, y) = moved((0.0, 0.0), to_page);
            let (across, down) = (to_page[0], to_page[1]);
            let length = across.hypot(down);
            if across.abs().min(down.abs()) > length * LEAST_SLANT {
                self.slanted.push(Slanted { begin: (x, y), direction: (across / length, down / length) });
            }
            self.pieces.push(Piece { x, y, order: self.order, has_ink, is_white });
        }
        self.is_placed = false;
    }

    /// Restricts further drawing to this path.
    pub(super) fn clip(&mut self, path: &mut Path) {
        path.finish();
        let within = self.ink.clip.and_then(|clip| Some(common(&clip, &path.rectangle()?)));
        self.ink.clip = within;
    }

    pub(super) fn fill(&mut self, path: &mut Path) {
        path.finish();
        self.order += 1;
        if self.covers.len().max(self.grounds.len()) >= MOST {
            return;
        }
        if let Some(area) = path.rectangle().zip(self.ink.clip).map(|(area, clip)| common(&area, &clip))
            && self.ink.is_opaque()
        {
            self.covers.push(Cover { order: self.order, area, color: self.ink.color });
        } else if self.veils.len() < MOST {
            self.veils.push((self.order, path.bounds));
        }
        if !self.ink.color.is_some_and(|color| are_same(color, WHITE)) {
            self.grounds.push((self.order, path.bounds));
        }
    }

    /// Draws the outline of a path.
    pub(super) fn stroke(&mut self, path: &Path) {
        let Area { left, top, right, bottom } = path.bounds;
        if self.strokes.len() < MOST {
            let wider = Area { left: left - STRIP, top: top - STRIP, right: right + STRIP, bottom: bottom + STRIP };
            self.strokes.push((self.order, wider));
            if self.ink.width > BROAD && self.veils.len() < MOST {
                self.veils.push((self.order, wider));
            }
        }
    }

    pub(super) fn image(&mut self, matrix: Matrix) {
        let corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)].map(|corner| moved(corner, matrix));
        let areas = corners.map(|(x, y)| Area { left: x, top: y, right: x, bottom: y });
        self.order += 1;
        if self.images.len() < MOST {
            self.images.push((self.order, Area::around(&areas)));
        }
    }

    /// The number of areas.
    pub(super) fn areas(&self) -> usize {
        self.covers.len() + self.grounds.len() + self.veils.len() + self.strokes.len() + self.images.len()
    }

    /// Whether the page is a drawing whose text is not examined.
    pub(super) fn is_full(&self) -> bool {
        [self.covers.len(), self.grounds.len(), self.veils.len(), self.images.len()].iter().any(|count| *count >= MOST)
    }

    /// Whether a box is drawn after this index in the drawing order.
    pub(super) fn covers_after(&self, order: usize) -> bool {
        self.covers.last().is_some_and(|cover| cover.order > order)
    }

    /// Removes the words outside of the visible part of a page.
    pub(super) fn crop(&self, page: &mut Page) -> Unseen {
        let mut unseen = Unseen::default();
        page.words.retain(|word| {
            let is_shown = self.shown.is_none_or(|shown| shown.holds_center_of(&word.area));
            if !is_shown && unseen.lines.last() != Some(&word.line) {
                unseen.lines.push(word.line);
            }
            is_shown
        });
        unseen
    }

    /// Removes invisible words from a page whose invisible glyphs are not known: compares them with the origins of its
    /// pieces of text.
    pub(super) fn leave_out(&self, page: &mut Page, unseen: &mut Unseen) {
        if self.is_full() || self.covers.is_empty() && self.pieces.iter().all(|piece| piece.has_ink && !piece.is_white)
        {
            return;
        }
        let strips = self.strips();
        let looks: Vec<Look> = page.words.iter().map(|word| self.look(word, &strips)).collect();
        let count = |look: Look| looks.iter().filter(|it| **it == look).count();
        // If most words of a page seem to be hidden, its way of drawing is not understood here.
        let are_few = count(Look::Hidden) * 2 < looks.len();
        let are_inkless = count(Look::Inkless) * 2 > looks.len();
        unseen.is_recognized = count(Look::Recognized) > 0 || are_inkless;
        let is_hidden = |look: &Look| *look == Look::Hidden && are_few || *look == Look::Inkless && !are_inkless;
        let mut looks = looks.iter();
        page.words.retain(|word| {
            let hidden = looks.next().is_some_and(is_hidden);
            if hidden && unseen.lines.last() != Some(&word.line) {
                unseen.lines.push(word.line);
            }
            !hidden
        });
    }

    /// Sets the baseline of each word.
    pub(super) fn tell_baselines(&self, page: &mut Page) {
        if self.has_rise || self.pieces.len() >= MOST_PIECES {
            return;
        }
        let strips = self.strips();
        for word in &mut page.words {
            let near = near(word, &strips);
            let expected = word.area.top + word.area.height() * BASELINE;
            let baselines = near.iter().map(|piece| piece.y);
            word.baseline = baselines.min_by(|a, b| (a - expected).abs().total_cmp(&(b - expected).abs()));
        }
    }

    fn strips(&self) -> HashMap<i32, Vec<&Piece>> {
        let mut strips: HashMap<i32, Vec<&Piece>> = HashMap::new();
        for piece in &self.pieces {
            strips.entry(strip(piece.y)).or_default().push(piece);
        }
        strips
    }

    fn look(&self, word: &Word, strips: &HashMap<i32, Vec<&Piece>>) -> Look {
        let beside = near(word, strips);
        let baseline = word.area.top + word.area.height() * BASELINE;
        let closest = beside.iter().map(|it| (it.y - baseline).abs()).fold(f32::MAX, f32::min);
        let own = || beside.iter().filter(|it| (it.y - baseline).abs() < closest + 0.3);
        let holds = |area: &Area| area.holds_center_of(&word.area);
        let is_below_image = |piece: &Piece| self.images.iter().any(|(at, it)| *at > piece.order && holds(it));
        let is_below_box = |piece: &Piece| self.covers.iter().any(|it| it.order > piece.order && holds(&it.area));
        let is_on_ground = |piece: &Piece| {
            let mut all = self.grounds.iter().chain(&self.strokes).chain(&self.images);
            all.any(|(at, it)| *at < piece.order && holds(it))
        };
        let is_covered = |piece: &Piece| is_below_box(piece) || piece.is_white && !is_on_ground(piece);
        if beside.is_empty() {
            Look::Seen
        } else if own().all(|it| !it.has_ink || is_below_image(it)) {
            if self.images.iter().any(|(_, it)| holds(it)) { Look::Recognized } else { Look::Inkless }
        } else if own().filter(|it| it.has_ink).all(|it| is_covered(it)) {
            Look::Hidden
        } else {
            Look::Seen
        }
    }
}

/// The pieces of text in which a word may begin.
fn near<'a>(word: &Word, strips: &HashMap<i32, Vec<&'a Piece>>) -> Vec<&'a Piece> {
    let near = (strip(word.area.top)..=strip(word.area.bottom)).flat_map(|at| strips.get(&at).into_iter().flatten());
    let before: Vec<&Piece> = near
        .filter(|it| word.area.top <= it.y && it.y <= word.area.bottom && it.x <= word.area.left + BEGINS)
        .copied()
        .collect();
    let nearest = before.iter().map(|it| it.x).fold(f32::MIN, f32::max);
    before.into_iter().filter(|it| it.x > nearest - 0.5).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Seen,
    /// Text that a program has recognized in the picture at its place.
    Recognized,
    /// Text without ink where there is no picture.
    Inkless,
    Hidden,
}

/// The invisible text of a page.
#[derive(Debug, Default)]
pub(super) struct Unseen {
    /// The lines from which words were removed.
    lines: Vec<usize>,
    /// The number of lines of invisible text that Poppler did not read.
    pub(super) others: usize,
    /// Whether text was recognized in a picture by a program.
    pub(super) is_recognized: bool,
}

impl Unseen {
    /// The number of lines from which text was left out.
    pub(super) fn count(&self) -> usize {
        self.lines.len() + self.others
    }
}

fn common(a: &Area, b: &Area) -> Area {
    let (left, top) = (a.left.max(b.left), a.top.max(b.top));
    Area { left, top, right: a.right.min(b.right).max(left), bottom: a.bottom.min(b.bottom).max(top) }
}

#[expect(clippy::cast_possible_truncation, reason = "what is out of range is far away")]
fn strip(y: f32) -> i32 {
    (y.clamp(-100_000.0, 100_000.0) / STRIP) as i32
}
