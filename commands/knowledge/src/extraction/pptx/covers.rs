//! What is painted on a slide behind and over its texts.

use super::{
    arrangement::Area,
    colours::{Colours, Paint, Shade},
    shapes::Shape,
};
use crate::extraction::ooxml::seen::{Rgb, Seen, WHITE, seen_on};

/// The margins of text within its box, in EMU: something that reaches only into them covers no text.
const MARGIN_ACROSS: i64 = 91_440;
const MARGIN_DOWN: i64 = 45_720;
/// The area of a small character, in square EMU: a box with less for each of its characters does not hold its text.
const SMALLEST_CHARACTER: i128 = 10_000_000_000;
/// The length over which a line must run through a box to cross out something, in EMU.
const SHORTEST_LINE: f64 = 180_000.0;
/// The width from which a line is a bar on which text may stand, in EMU.
const THICK: i64 = 76_200;

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

/// A straight line without arrows, from corner to corner of an area.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    from: Area,
    rises: bool,
}

impl Drawn {
    pub(super) fn of(shape: &Shape, area: Area) -> Self {
        let is_line = shape.is_line && !shape.has_arrow && shape.outline != Paint::None;
        let is_bar = shape.is_line && shape.line_width >= THICK;
        let is_straight = area.width == 0 || area.height == 0;
        let half = shape.line_width / 2;
        Self {
            area: if is_bar { area.grown(half) } else { area },
            paint: match (shape.is_line, &shape.outline) {
                (false, _) => shape.paint(),
                (true, Paint::Unset) if is_bar => Paint::Other,
                (true, outline) if is_bar => outline.clone(),
                (true, _) => Paint::None,
            },
            is_whole: shape.is_whole && !shape.is_picture || is_bar && is_straight && !shape.has_arrow,
            is_picture: shape.is_picture,
            is_placeholder: shape.name.is_some(),
            line: is_line.then_some(Line { from: area, rises: shape.is_flipped }),
        }
    }

    /// Whether a text in this area is seen after this shape has been drawn over it.
    fn leaves(&self, text: Area, length: usize, overflow: i64) -> Seen {
        if let Some(line) = self.line {
            return if line.crosses(text) { Seen::Perhaps } else { Seen::Yes };
        }
        let inner = text.inner();
        match (self.paint.is_painted(), self.area.has(inner), &self.paint) {
            (true, true, Paint::Solid(_))
                if self.is_whole && text.holds(length) && self.area.has_with(inner, overflow) =>
            {
                Seen::No
            }
            (true, true, _) => Seen::Perhaps,
            (true, false, _) if !self.is_picture && self.area.overlaps(inner) => Seen::Perhaps,
            _ => Seen::Yes,
        }
    }
}

impl Line {
    /// Whether it runs through the text of a box, neither along its upper or lower edge nor only into it.
    fn crosses(self, text: Area) -> bool {
        #![expect(clippy::cast_precision_loss, reason = "places on a page are far below 2^52")]
        let (own, text) = (self.from, text.inner());
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

    /// Whether it has all of a text that overflows its area, at the top or at the bottom.
    fn has_with(self, text: Self, overflow: i64) -> bool {
        let (y, height) = (text.y.saturating_sub(overflow), text.height.saturating_add(overflow.saturating_mul(2)));
        overflow == 0 || self.has(Self { y, height, ..text })
    }

    /// The area with so much more on each side.
    fn grown(self, more: i64) -> Self {
        Self {
            x: self.x.saturating_sub(if self.width == 0 { more } else { 0 }),
            y: self.y.saturating_sub(if self.height == 0 { more } else { 0 }),
            width: if self.width == 0 { more.saturating_mul(2) } else { self.width },
            height: if self.height == 0 { more.saturating_mul(2) } else { self.height },
        }
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
pub(super) fn seen_below(over: &[Drawn], text: Area, length: usize, overflow: i64) -> Seen {
    over.iter().map(|drawn| drawn.leaves(text, length, overflow)).max().unwrap_or(Seen::Yes)
}

/// Whether text of this colour in this area is seen on what was drawn before it, or else on the background.
pub(super) fn seen_before<'d>(
    before: impl DoubleEndedIterator<Item = &'d Drawn>,
    ink: Rgb,
    area: Option<Area>,
    background: &Paint,
    colours: &Colours,
) -> Seen {
    let is_white = seen_on(ink, WHITE) == Seen::No;
    // Whether it is readable on a part of its ground, and whether white text is on several grounds.
    let (mut is_rescued, mut is_doubtful) = (false, false);
    let mut on_whole = None;
    for drawn in before.rev().filter(|drawn| drawn.paint.is_painted()) {
        let seen = seen_in(&drawn.paint, ink, colours);
        let (has_all, has_part) =
            area.map_or((false, true), |area| (drawn.area.has(area.inner()), drawn.area.overlaps(area)));
        if has_all && (drawn.is_whole || drawn.is_picture) {
            on_whole = Some(seen);
            break;
        }
        is_rescued |= has_part && seen == Seen::Yes;
        is_doubtful |= has_part && is_white;
    }
    let seen = on_whole.unwrap_or_else(|| match background {
        Paint::Other if is_white => Seen::Perhaps,
        Paint::Unset | Paint::None => seen_on(ink, WHITE),
        paint => seen_in(paint, ink, colours),
    });
    match seen {
        Seen::No if is_rescued || is_doubtful => Seen::Perhaps,
        Seen::Yes if is_doubtful => Seen::Perhaps,
        seen => seen,
    }
}

/// Whether text of this colour is seen on this paint.
pub(super) fn seen_in(paint: &Paint, ink: Rgb, colours: &Colours) -> Seen {
    match paint {
        Paint::Solid(colour) => match colours.shade(colour) {
            Shade::Of(ground) => seen_on(ink, ground),
            Shade::Unknown if seen_on(ink, WHITE) == Seen::No => Seen::Perhaps,
            Shade::Other | Shade::Clear | Shade::Unknown => Seen::Yes,
        },
        _ => Seen::Yes,
    }
}
