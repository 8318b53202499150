//! Shapes that a page fills, and the clipping area.

use std::rc::Rc;

use super::words::Area;

/// Shapes of a clipping area beyond which only its bounding box is known.
const MOST: usize = 8;

pub(super) type Point = (f32, f32);

pub(super) const EVERYWHERE: Area = Area { left: f32::MIN, top: f32::MIN, right: f32::MAX, bottom: f32::MAX };

/// A filled shape in points of the page.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    /// Its bounding box.
    pub(super) area: Area,
    /// The corners of its parts; none if it is its bounding box.
    outlines: Vec<Vec<Point>>,
    is_even_odd: bool,
}

impl Shape {
    pub(super) fn rectangle(area: Area) -> Self {
        Self { area, outlines: Vec::new(), is_even_odd: false }
    }

    /// The shape within these outlines, by the even-odd rule or by that of the winding number.
    pub(super) fn of(area: Area, outlines: Vec<Vec<Point>>, is_even_odd: bool) -> Self {
        Self { area, outlines, is_even_odd }
    }

    /// The number of its corners.
    pub(super) fn size(&self) -> usize {
        self.outlines.iter().map(Vec::len).sum()
    }

    pub(super) fn holds(&self, at: Point) -> bool {
        if !has(&self.area, at) || self.outlines.is_empty() {
            return has(&self.area, at);
        }
        let turns: i32 = self.outlines.iter().map(|outline| turns(outline, at)).sum();
        if self.is_even_odd { turns % 2 != 0 } else { turns != 0 }
    }
}

/// How often an outline, which is closed, goes around a point.
fn turns(outline: &[Point], at: Point) -> i32 {
    let ends = outline.iter().cycle().skip(1);
    let turn = |((x, y), (to_x, to_y)): (&Point, &Point)| {
        let is_right = || (to_x - x) * (at.1 - y) - (at.0 - x) * (to_y - y) > 0.0;
        match (*y <= at.1, *to_y <= at.1) {
            (true, false) if is_right() => 1,
            (false, true) if !is_right() => -1,
            _ => 0,
        }
    };
    outline.iter().zip(ends).map(turn).sum()
}

pub(super) fn has(area: &Area, (x, y): Point) -> bool {
    area.left <= x && x <= area.right && area.top <= y && y <= area.bottom
}

/// The area to which drawing is restricted.
#[derive(Debug, Clone)]
pub(super) struct Clip {
    /// Its bounding box.
    pub(super) area: Area,
    /// The shapes besides rectangles in all of which its points are.
    shapes: Vec<Rc<Shape>>,
    /// Whether more shapes restrict it.
    pub(super) is_cut: bool,
}

impl Default for Clip {
    fn default() -> Self {
        Self { area: EVERYWHERE, shapes: Vec::new(), is_cut: false }
    }
}

impl Clip {
    /// Restricts it to a shape.
    pub(super) fn restrict(&mut self, shape: Shape) {
        self.area = common(&self.area, &shape.area);
        if self.shapes.len() >= MOST {
            self.is_cut = true;
        } else if !shape.outlines.is_empty() {
            self.shapes.push(Rc::new(shape));
        }
    }

    pub(super) fn holds(&self, at: Point) -> bool {
        has(&self.area, at) && self.shapes.iter().all(|shape| shape.holds(at))
    }

    pub(super) fn size(&self) -> usize {
        self.shapes.iter().map(|shape| shape.size()).sum()
    }
}

pub(super) fn common(a: &Area, b: &Area) -> Area {
    let (left, top) = (a.left.max(b.left), a.top.max(b.top));
    Area { left, top, right: a.right.min(b.right).max(left), bottom: a.bottom.min(b.bottom).max(top) }
}
