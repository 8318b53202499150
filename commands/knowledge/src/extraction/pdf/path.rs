//! A path that a page constructs before it is drawn.

use super::words::Area;

/// Lines of a page beyond which it is a drawing.
pub(super) const MOST_LINES: usize = 20_000;

/// A path under construction, in points of the page.
#[derive(Default)]
pub(super) struct Path {
    pub(super) lines: Vec<((f32, f32), (f32, f32))>,
    start: (f32, f32),
    end: (f32, f32),
    is_bent: bool,
    /// The index of the first line of the current subpath.
    first: usize,
    /// The areas of finished subpaths with straight edges.
    pub(super) areas: Vec<Area>,
    /// The bounding box.
    pub(super) bounds: Area,
    parts: usize,
}

impl Path {
    pub(super) fn begin(&mut self, at: (f32, f32)) {
        self.finish();
        (self.start, self.end) = (at, at);
        let corner = Area { left: at.0, top: at.1, right: at.0, bottom: at.1 };
        self.bounds = if self.parts == 0 { corner } else { self.bounds.with(&corner) };
        self.parts += 1;
    }

    pub(super) fn line_to(&mut self, to: (f32, f32)) {
        if self.lines.len() < MOST_LINES {
            self.lines.push((self.end, to));
        }
        self.go_to(to);
    }

    fn go_to(&mut self, to: (f32, f32)) {
        self.end = to;
        self.bounds = self.bounds.with(&Area { left: to.0, top: to.1, right: to.0, bottom: to.1 });
    }

    /// The area of a path that is a single rectangle.
    pub(super) fn rectangle(&self) -> Option<Area> {
        let is_one = self.parts == 1 && (3..=5).contains(&self.lines.len());
        self.areas.first().copied().filter(|area| is_one && *area == self.bounds)
    }

    pub(super) fn bend_to(&mut self, to: (f32, f32)) {
        self.is_bent = true;
        self.go_to(to);
    }

    pub(super) fn close(&mut self) {
        self.line_to(self.start);
    }

    /// Ends the current subpath; its area is recorded if its edges are straight.
    pub(super) fn finish(&mut self) {
        let part = self.lines.get(self.first..).unwrap_or_default();
        let is_straight = |((a, b), (c, d)): &((f32, f32), (f32, f32))| (a - c).abs() < 0.5 || (b - d).abs() < 0.5;
        if part.len() >= 3 && !self.is_bent && part.iter().all(is_straight) {
            let corner = |(x, y): (f32, f32)| Area { left: x, top: y, right: x, bottom: y };
            let corners = part.iter().flat_map(|(from, to)| [corner(*from), corner(*to)]);
            self.areas.extend(corners.reduce(|all, area| all.with(&area)));
        }
        self.first = self.lines.len();
        self.is_bent = false;
    }
}
