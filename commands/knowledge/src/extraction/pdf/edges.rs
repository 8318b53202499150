//! The lines of tables, and those that may strike text, from the paths that a page draws.

use hayro_syntax::content::ops::TypedInstruction;

use super::{
    drawn::{Line, Pen, between},
    ink::Paint,
    marks::{self, Mark},
    matrix::{Matrix, scale},
    path::{MOST_LINES, Path},
    shape::common,
    words::Area,
};

/// Points below which a filled area is a line.
const THIN: f32 = 3.0;
/// Points below which a line is a dot or a part of a sign.
const SHORT: f32 = 4.0;
/// Points of the shortest line of a fraction, which is as wide as a small digit.
const SHORTEST: f32 = 2.5;
/// Points of the height and length of a slanted line through text.
const HIGHEST: f32 = 20.0;
const LONG: f32 = 40.0;
/// Points by which a line at the edge of its clipping area is outside of it, at most.
const EDGE: f32 = 1.0;

impl Pen {
    /// Draws the outline of a path, or fills it.
    pub(super) fn paint(&mut self, instruction: &TypedInstruction<'_, '_>, path: &mut Path, matrix: Matrix) {
        match instruction {
            TypedInstruction::StrokePath(_) => self.stroke(std::mem::take(path), matrix),
            TypedInstruction::CloseAndStrokePath(_) => {
                path.close();
                self.stroke(std::mem::take(path), matrix);
            }
            TypedInstruction::CloseFillAndStrokeNonZero(_) | TypedInstruction::CloseFillAndStrokeEvenOdd(_) => {
                path.close();
                let is_even_odd = matches!(instruction, TypedInstruction::CloseFillAndStrokeEvenOdd(_));
                self.drawn.seen.fill(path, is_even_odd);
                self.stroke(std::mem::take(path), matrix);
            }
            TypedInstruction::FillAndStrokeNonZero(_) | TypedInstruction::FillAndStrokeEvenOdd(_) => {
                let is_even_odd = matches!(instruction, TypedInstruction::FillAndStrokeEvenOdd(_));
                self.drawn.seen.fill(path, is_even_odd);
                self.stroke(std::mem::take(path), matrix);
            }
            TypedInstruction::FillPathNonZero(_) | TypedInstruction::FillPathNonZeroCompatibility(_) => {
                self.fill(std::mem::take(path), false);
            }
            TypedInstruction::FillPathEvenOdd(_) => self.fill(std::mem::take(path), true),
            _ => {}
        }
    }

    fn stroke(&mut self, mut path: Path, matrix: Matrix) {
        path.finish();
        self.drawn.seen.stroke(&path, matrix);
        if self.drawn.seen.off > 0 {
            return;
        }
        let ink = &self.drawn.seen.ink;
        // A pen as broad as a line of text highlights it.
        let may_strike = ink.width() * scale(matrix) <= THIN;
        let pen = ink.pen;
        for (from, to) in path.lines {
            let area = between(from, to);
            if may_strike {
                self.strike(area, &pen);
                let is_slanted = (THIN..HIGHEST).contains(&area.height()) && area.width() > LONG.max(area.height());
                if is_slanted && self.drawn.slanted.len() < MOST_LINES {
                    self.drawn.slanted.push((from, to));
                }
            }
            self.edge(area);
        }
    }

    fn fill(&mut self, mut path: Path, is_even_odd: bool) {
        self.drawn.seen.fill(&mut path, is_even_odd);
        if self.drawn.seen.off > 0 {
            return;
        }
        let paint = self.drawn.seen.ink.fill;
        for area in path.areas {
            if area.width().min(area.height()) <= THIN {
                self.strike(area, &paint);
                self.edge(area);
            } else if area.height() < self.size.height() * 0.9 {
                self.edge(Area { bottom: area.top, ..area });
                self.edge(Area { top: area.bottom, ..area });
            }
        }
    }

    /// The part of a line within the clipping area.
    fn clipped(&self, area: Area) -> Option<Area> {
        let clip = &self.drawn.seen.ink.clip.area;
        let clip =
            Area { left: clip.left - EDGE, top: clip.top - EDGE, right: clip.right + EDGE, bottom: clip.bottom + EDGE };
        let is_outside =
            area.right < clip.left || clip.right < area.left || area.bottom < clip.top || clip.bottom < area.top;
        (!is_outside).then(|| common(&area, &clip))
    }

    /// Records a line that may strike text.
    fn strike(&mut self, area: Area, paint: &Paint) {
        if let Some(area) = self.clipped(area).filter(|area| is_line(area, SHORTEST)) {
            self.marks.push(Mark::of(area, self.drawn.seen.order, paint));
        }
    }

    fn edge(&mut self, area: Area) {
        if let Some(area) = self.clipped(area).filter(|area| is_line(area, SHORT)) {
            push_line(&area, &mut self.drawn.across, &mut self.drawn.down);
        }
    }

    /// Records the visible lines, when everything is drawn.
    pub(super) fn finish(&mut self) {
        for area in marks::visible(&self.marks, &self.drawn.seen) {
            if is_line(&area, SHORTEST) {
                push_line(&area, &mut self.drawn.strokes, &mut self.drawn.strokes_down);
            }
        }
    }
}

fn push_line(area: &Area, across: &mut Vec<Line>, down: &mut Vec<Line>) {
    if area.width() >= area.height() {
        across.push(Line { at: area.middle(), from: area.left, to: area.right });
    } else {
        down.push(Line { at: area.center(), from: area.top, to: area.bottom });
    }
}

fn is_line(area: &Area, shortest: f32) -> bool {
    let (width, height) = (area.width(), area.height());
    width.min(height) <= THIN && width.max(height) >= shortest && (width + height).is_finite()
}
