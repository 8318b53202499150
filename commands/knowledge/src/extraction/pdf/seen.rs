//! Invisible text of a page: text without ink, as scanners put behind a picture; text that was covered later, as an old
//! dose by a white box; white text on white.

use hayro_syntax::{content::ops::TypedInstruction, object::Number, page::Resources};

use super::{
    colors::{Color, WHITE, are_same},
    ink::Ink,
    matrix::{Matrix, SAME, combined, moved, scale},
    path::Path,
    shape::{Clip, Point, Shape, common},
    slanted::Slanted,
    words::Area,
};

/// Pieces of text of a page that are recorded.
pub(super) const MOST_PIECES: usize = 100_000;
/// Points of the width of a pen above which its line may be a ground of text.
const BROAD: f32 = 3.0;
/// Areas or pictures beyond which a page is a drawing whose text is not examined.
const MOST: usize = 5_000;
/// Points around a line within which text may stand on it.
const BESIDE: f32 = 8.0;
/// Lines of a broad outline that are covers, at most.
const MOST_SIDES: usize = 16;
/// The sine below which text counts as horizontal or vertical.
const LEAST_SLANT: f32 = 0.2;

/// An opaque shape: what was drawn before is invisible within it.
#[derive(Debug)]
pub(super) struct Cover {
    pub(super) order: usize,
    /// The bounding box of its visible part.
    pub(super) area: Area,
    shape: Shape,
    clip: Clip,
    pub(super) color: Option<Color>,
}

impl Cover {
    pub(super) fn holds(&self, at: Point) -> bool {
        self.shape.holds(at) && self.clip.holds(at)
    }

    /// The comparisons that `holds` makes.
    pub(super) fn size(&self) -> usize {
        1 + self.shape.size() + self.clip.size()
    }
}

/// A piece of text by its origin.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) x: f32,
    pub(super) y: f32,
    /// Its index in the drawing order of the page.
    pub(super) order: usize,
    pub(super) has_ink: bool,
    pub(super) is_white: bool,
}

/// The content of a page in drawing order.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) ink: Ink,
    pub(super) order: usize,
    pub(super) pieces: Vec<Piece>,
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
    pub(super) has_rise: bool,
    /// The number of open layers that are not shown.
    pub(super) off: usize,
    /// Areas that were drawn in the shape of letters: the orders of the first text and of the drawing.
    pub(super) inked: Vec<(usize, usize)>,
}

impl Seen {
    /// Interprets the instructions that set the position and colour of text.
    pub(super) fn follow(&mut self, instruction: &TypedInstruction<'_, '_>, resources: &Resources<'_>, matrix: Matrix) {
        self.ink.follow(instruction, resources);
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
            TypedInstruction::Shading(_) => self.shade(),
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
        if self.ink.clips_to_text() {
            self.ink.letters.get_or_insert(self.order);
        }
        if self.off > 0 {
            self.is_placed = false;
            return;
        }
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
    pub(super) fn clip(&mut self, path: &mut Path, is_even_odd: bool) {
        path.finish();
        if let Some(shape) = path.shape(is_even_odd) {
            self.ink.clip.restrict(shape);
        }
    }

    /// Counts a drawing; returns its index in the drawing order if it covers or carries more than letters.
    fn draw(&mut self) -> Option<usize> {
        self.order += 1;
        if self.off > 0 {
            return None;
        }
        let Some(from) = self.ink.letters else { return Some(self.order) };
        if self.inked.len() < MOST {
            self.inked.push((from, self.order));
        }
        for piece in self.pieces.iter_mut().rev().take_while(|piece| piece.order >= from) {
            piece.has_ink = true;
        }
        None
    }

    pub(super) fn fill(&mut self, path: &mut Path, is_even_odd: bool) {
        path.finish();
        let Some(order) = self.draw() else { return };
        if self.covers.len().max(self.grounds.len()) >= MOST {
            return;
        }
        let bounds = common(&path.bounds, &self.ink.clip.area);
        match path.shape(is_even_odd).filter(|_| self.ink.is_opaque()) {
            Some(shape) => self.cover(shape, self.ink.fill.color),
            None if self.veils.len() < MOST => self.veils.push((order, bounds)),
            None => {}
        }
        if !self.ink.fill.color.is_some_and(|color| are_same(color, WHITE)) {
            self.grounds.push((order, bounds));
        }
    }

    fn cover(&mut self, shape: Shape, color: Option<Color>) {
        let clip = self.ink.clip.clone();
        self.covers.push(Cover { order: self.order, area: common(&shape.area, &clip.area), shape, clip, color });
    }

    /// Fills the clipping area with colours that change.
    fn shade(&mut self) {
        let Some(order) = self.draw() else { return };
        if self.grounds.len().max(self.veils.len()) < MOST {
            self.grounds.push((order, self.ink.clip.area));
            self.veils.push((order, self.ink.clip.area));
        }
    }

    /// Draws the outline of a path.
    pub(super) fn stroke(&mut self, path: &Path, matrix: Matrix) {
        let Some(order) = self.draw() else { return };
        let width = self.ink.width() * scale(matrix);
        let wider = |by: f32| {
            let Area { left, top, right, bottom } = path.bounds;
            Area { left: left - by, top: top - by, right: right + by, bottom: bottom + by }
        };
        if self.strokes.len() >= MOST {
            return;
        }
        self.strokes.push((order, wider(BESIDE.max(width / 2.0))));
        if width <= BROAD || self.covers.len().max(self.veils.len()).max(self.grounds.len()) >= MOST {
            return;
        }
        let bounds = wider(width / 2.0);
        let is_known = self.ink.has_opaque_pen() && path.lines.len() <= MOST_SIDES && !path.is_curved();
        if is_known {
            let color = self.ink.pen.color;
            path.lines.iter().filter_map(|line| bar(*line, width)).for_each(|shape| self.cover(shape, color));
        } else {
            self.veils.push((order, bounds));
            self.grounds.push((order, bounds));
        }
    }

    pub(super) fn image(&mut self, matrix: Matrix) {
        let corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)].map(|corner| moved(corner, matrix));
        let areas = corners.map(|(x, y)| Area { left: x, top: y, right: x, bottom: y });
        let Some(order) = self.draw() else { return };
        if self.images.len() < MOST {
            self.images.push((order, common(&Area::around(&areas), &self.ink.clip.area)));
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

    /// Whether text at this index in the drawing order was drawn by what is in the shape of its letters.
    pub(super) fn is_inked(&self, order: usize) -> bool {
        self.inked.iter().any(|(from, to)| (*from..*to).contains(&order))
    }
}

/// The shape of a broad line.
fn bar(((x, y), (to_x, to_y)): (Point, Point), width: f32) -> Option<Shape> {
    let (across, down) = (to_x - x, to_y - y);
    let length = across.hypot(down);
    let (aside, along) = (down / length * width / 2.0, across / length * width / 2.0);
    let corners =
        [(x + aside, y - along), (to_x + aside, to_y - along), (to_x - aside, to_y + along), (x - aside, y + along)];
    let areas = corners.map(|(x, y)| Area { left: x, top: y, right: x, bottom: y });
    (length > 0.1).then(|| Shape::of(Area::around(&areas), vec![corners.to_vec()], false))
}
