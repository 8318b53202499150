//! A path that a page constructs before it is drawn.

use super::{
    shape::{Point, Shape},
    words::Area,
};

/// Lines of a page beyond which it is a drawing.
pub(super) const MOST_LINES: usize = 20_000;
/// The straight pieces that stand for a curve.
const PIECES: u8 = 6;
/// Points by which a curve that is a line may be bent, at most, and of its length, at least.
const STRAIGHT: f32 = 1.0;
const LONG: f32 = 10.0;

/// A path under construction, in points of the page.
#[derive(Default)]
pub(super) struct Path {
    pub(super) lines: Vec<(Point, Point)>,
    start: Point,
    end: Point,
    is_bent: bool,
    has_curves: bool,
    /// The index of the first line of the current subpath.
    first: usize,
    /// The areas of finished subpaths with straight edges.
    pub(super) areas: Vec<Area>,
    /// The bounding box.
    pub(super) bounds: Area,
    /// The corners of all subpaths, with curves as straight pieces.
    outlines: Vec<Vec<Point>>,
    /// The number of corners.
    size: usize,
}

impl Path {
    pub(super) fn begin(&mut self, at: Point) {
        self.finish();
        (self.start, self.end) = (at, at);
        let corner = corner(at);
        self.bounds = if self.outlines.is_empty() { corner } else { self.bounds.with(&corner) };
        self.outlines.push(vec![at]);
    }

    pub(super) fn line_to(&mut self, to: Point) {
        if self.lines.len() < MOST_LINES {
            self.lines.push((self.end, to));
        }
        self.go_to(to);
    }

    /// Adds a box with these corners.
    pub(super) fn rectangle_of(&mut self, [first, others @ ..]: [Point; 4]) {
        self.begin(first);
        for corner in others {
            self.line_to(corner);
        }
        self.close();
        self.finish();
    }

    fn go_to(&mut self, to: Point) {
        self.end = to;
        self.bounds = self.bounds.with(&corner(to));
        self.size += 1;
        if let Some(outline) = self.outlines.last_mut().filter(|_| self.size < MOST_LINES) {
            outline.push(to);
        }
    }

    /// The area of a path that is a single rectangle.
    fn rectangle(&self) -> Option<Area> {
        let is_one = self.outlines.len() == 1 && (3..=5).contains(&self.lines.len());
        self.areas.first().copied().filter(|area| is_one && *area == self.bounds)
    }

    /// The shape of the finished path; `None` if it has no area or too many corners.
    pub(super) fn shape(&self, is_even_odd: bool) -> Option<Shape> {
        if let Some(area) = self.rectangle() {
            return Some(Shape::rectangle(area));
        }
        let is_known = self.size < MOST_LINES && self.outlines.iter().any(|outline| outline.len() > 2);
        is_known.then(|| Shape::of(self.bounds, self.outlines.clone(), is_even_odd))
    }

    /// Adds a curve with two control points.
    pub(super) fn bend_to(&mut self, first: Point, second: Point, to: Point) {
        let from = self.end;
        let area = Area::around(&[from, first, second, to].map(corner));
        let (thin, long) = (area.width().min(area.height()), area.width().max(area.height()));
        if thin <= STRAIGHT && long >= LONG {
            self.line_to(to);
            return;
        }
        (self.is_bent, self.has_curves) = (true, true);
        for at in 1..=PIECES {
            let t = f32::from(at) / f32::from(PIECES);
            let back = 1.0 - t;
            let parts = [back.powi(3), 3.0 * back.powi(2) * t, 3.0 * back * t.powi(2), t.powi(3)];
            let mixed = |of: [f32; 4]| parts.iter().zip(of).map(|(part, at)| part * at).sum();
            self.go_to((mixed([from.0, first.0, second.0, to.0]), mixed([from.1, first.1, second.1, to.1])));
        }
        self.end = to;
    }

    /// Whether a curve is a part of it.
    pub(super) fn is_curved(&self) -> bool {
        self.has_curves
    }

    /// The end of what has been drawn.
    pub(super) fn end(&self) -> Point {
        self.end
    }

    pub(super) fn close(&mut self) {
        self.line_to(self.start);
    }

    /// Ends the current subpath; its area is recorded if its edges are straight.
    pub(super) fn finish(&mut self) {
        let part = self.lines.get(self.first..).unwrap_or_default();
        let is_straight = |((a, b), (c, d)): &(Point, Point)| (a - c).abs() < 0.5 || (b - d).abs() < 0.5;
        if part.len() >= 3 && !self.is_bent && part.iter().all(is_straight) {
            let corners = part.iter().flat_map(|(from, to)| [corner(*from), corner(*to)]);
            self.areas.extend(corners.reduce(|all, area| all.with(&area)));
        }
        self.first = self.lines.len();
        self.is_bent = false;
    }
}

fn corner((x, y): Point) -> Area {
    Area { left: x, top: y, right: x, bottom: y }
}
