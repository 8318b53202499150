//! What is painted on a slide behind and over its texts.

use super::{
    arrangement::Area,
    colours::{Colours, Paint},
    shapes::Shape,
};
use crate::extraction::ooxml::seen::Seen;

/// The margins of text within its box, in EMU: something that reaches only into them covers no text.
const MARGIN_ACROSS: i64 = 91_440;
const MARGIN_DOWN: i64 = 45_720;
/// The area of a small character, in square EMU: a box with less for each of its characters does not hold its text.
const SMALLEST_CHARACTER: i128 = 10_000_000_000;
/// The length over which a line must run through a box to cross out something, in EMU.
const SHORTEST_LINE: f64 = 180_000.0;

/// A shape as it is painted, in the order in which shapes are drawn.
#[derive(Debug, Clone, Default)]
pub(super) struct Drawn {
    pub(super) area: Area,
    pub(super) paint: Paint,
    /// Whether it paints all of its area.
    pub(super) is_whole: bool,
    /// Whether it is a picture or a chart, much of which may be transparent.
    pub(super) is_picture: bool,
    /// Whether it fills a placeholder; those of layouts and masters are not shown.
    pub(super) is_placeholder: bool,
    pub(super) line: Option<Line>,
}

/// A straight line without arrows, from corner to corner of its area.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) rises: bool,
}

impl Drawn {
    pub(super) fn of(shape: &Shape, area: Area) -> Self {
        let is_line = shape.is_line && !shape.has_arrow && shape.outline != Paint::None;
        Self {
            area,
            paint: if shape.is_line { Paint::None } else { shape.paint() },
            is_whole: shape.is_whole && !shape.is_picture,
            is_picture: shape.is_picture,
            is_placeholder: shape.name.is_some(),
            line: is_line.then_some(Line { rises: shape.is_flipped }),
        }
    }

    /// Whether a text in this area is seen after this shape has been drawn over it.
    fn leaves(&self, text: Area, length: usize) -> Seen {
        if let Some(line) = self.line {
            return if line.crosses(self.area, text) { Seen::Perhaps } else { Seen::Yes };
        }
        let inner = text.inner();
        match (self.paint.is_painted(), self.area.has(inner), &self.paint) {
            (true, true, Paint::Solid(_)) if self.is_whole && text.holds(length) => Seen::No,
            (true, true, _) => Seen::Perhaps,
            (true, false, _) if !self.is_picture && self.area.overlaps(inner) => Seen::Perhaps,
            _ => Seen::Yes,
        }
    }
}

impl Line {
    /// Whether it runs through the text of a box, neither along its upper or lower edge nor only into it.
    fn crosses(self, own: Area, text: Area) -> bool {
        #![expect(clippy::cast_precision_loss, reason = "places on a page are far below 2^52")]
        let text = text.inner();
        let (left, top) = (text.x as f64, text.y as f64);
        let (right, height) = (text.right() as f64, text.height.max(1) as f64);
        let (from, width) = (own.x as f64, own.width.max(1) as f64);
        let (begins, ends) = if self.rises { (own.bottom(), own.y) } else { (own.y, own.bottom()) };
        let slope = (ends as f64 - begins as f64) / width;
        let at = |x: f64| slope.mul_add(x - from, begins as f64);
        // The stretch in which it is between an eighth and seven eighths of the height.
        let (upper, lower) = (top + height / 8.0, top + height * 7.0 / 8.0);
        let (mut first, mut last) = (from.max(left), (from + width).min(right));
        if slope.abs() < f64::EPSILON {
            return (upper..=lower).contains(&at(first)) && last - first >= SHORTEST_LINE;
        }
        let ends = [upper, lower].map(|y| from + (y - begins as f64) / slope);
        first = first.max(ends[0].min(ends[1]));
        last = last.min(ends[0].max(ends[1]));
        last - first >= SHORTEST_LINE
    }
}

impl Area {
    /// The area without the margins that its text leaves.
    fn inner(self) -> Self {
        let (across, down) = (MARGIN_ACROSS.min(self.width / 4), MARGIN_DOWN.min(self.height / 4));
        Self {
            x: self.x.saturating_add(across),
            y: self.y.saturating_add(down),
            width: self.width.saturating_sub(2 * across),
            height: self.height.saturating_sub(2 * down),
        }
    }

    fn has(self, other: Self) -> bool {
        self.x <= other.x && self.y <= other.y && self.right() >= other.right() && self.bottom() >= other.bottom()
    }

    fn overlaps(self, other: Self) -> bool {
        self.x < other.right() && other.x < self.right() && self.y < other.bottom() && other.y < self.bottom()
    }

    /// Whether a text of this length fits into it; the place of one that does not is uncertain.
    pub(super) fn holds(self, length: usize) -> bool {
        let characters = i128::try_from(length).unwrap_or(i128::MAX);
        let own = i128::from(self.width.max(0)).saturating_mul(i128::from(self.height.max(0)));
        characters.saturating_mul(SMALLEST_CHARACTER) <= own
    }
}

/// Whether a text in this area is seen below what was drawn over it.
pub(super) fn seen_below(over: &[Drawn], text: Area, length: usize) -> Seen {
    let seen = over.iter().map(|drawn| drawn.leaves(text, length));
    seen.fold(Seen::Yes, |worst, next| match (worst, next) {
        (Seen::No, _) | (_, Seen::No) => Seen::No,
        (Seen::Perhaps, _) | (_, Seen::Perhaps) => Seen::Perhaps,
        _ => Seen::Yes,
    })
}

/// Whether white text in this area is seen on what was drawn before it, or else on the background.
pub(super) fn white_on<'d>(
    before: impl DoubleEndedIterator<Item = &'d Drawn>,
    area: Option<Area>,
    background: &Paint,
    colours: &Colours,
) -> Seen {
    for drawn in before.rev().filter(|drawn| drawn.paint.is_painted()) {
        let Some(area) = area else { return Seen::Perhaps };
        match (drawn.area.has(area.inner()), drawn.area.overlaps(area)) {
            (true, _) if drawn.is_whole || drawn.is_picture => return white_in(&drawn.paint, colours),
            (_, true) => return Seen::Perhaps,
            _ => {}
        }
    }
    match background {
        Paint::Other => Seen::Perhaps,
        Paint::Unset | Paint::None => Seen::No,
        paint @ Paint::Solid(_) => white_in(paint, colours),
    }
}

/// Whether white text is seen on this paint.
pub(super) fn white_in(paint: &Paint, colours: &Colours) -> Seen {
    match paint {
        Paint::Solid(colour) => match colours.is_white(colour) {
            Some(true) => Seen::No,
            Some(false) => Seen::Yes,
            None => Seen::Perhaps,
        },
        _ => Seen::Yes,
    }
}
