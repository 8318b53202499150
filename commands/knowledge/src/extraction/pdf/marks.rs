//! Lines that may strike text, as far as they are visible: a line in the colour of its ground strikes nothing, nor does
//! one behind a box.

use super::{
    colors::{Color, WHITE},
    ink::Paint,
    seen::{Cover, Seen},
    shape::{Point, has},
    words::Area,
};

/// Comparisons of lines with what is drawn over and under them.
const MOST: usize = 20_000_000;
/// Points between the places of a line that are examined, at least, and the number of those places, at most.
const STEP: f32 = 1.0;
const MOST_PLACES: f32 = 400.0;
/// The difference in lightness below which a line highlights text, as a yellow one does, or is not seen.
const FAINT: f32 = 0.12;

/// A thin horizontal or vertical area.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) area: Area,
    /// Its index in the drawing order of the page.
    pub(super) order: usize,
    pub(super) color: Option<Color>,
    alpha: f32,
}

impl Mark {
    pub(super) fn of(area: Area, order: usize, paint: &Paint) -> Self {
        Self { area, order, color: paint.color, alpha: paint.alpha }
    }

    /// One that is above everything else.
    pub(super) fn above(area: Area) -> Self {
        Self { area, order: usize::MAX, color: None, alpha: 1.0 }
    }
}

/// The visible parts of each mark.
pub(super) fn visible(marks: &[Mark], seen: &Seen) -> Vec<Area> {
    let mut left = MOST;
    marks.iter().flat_map(|mark| parts(mark, seen, &mut left)).collect()
}

fn parts(mark: &Mark, seen: &Seen, left: &mut usize) -> Vec<Area> {
    let area = &mark.area;
    let meets =
        |it: &Area| it.left <= area.right && area.left <= it.right && it.top <= area.bottom && area.top <= it.bottom;
    let covers: Vec<&Cover> = seen.covers.iter().filter(|cover| meets(&cover.area)).collect();
    let is_across = area.width() >= area.height();
    let length = area.width().max(area.height());
    let count = (length / STEP).clamp(1.0, MOST_PLACES).floor();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 1 and 400")]
    let places = count as u16;
    let cost = seen.areas() + covers.iter().map(|cover| cover.size()).sum::<usize>() * usize::from(places);
    let Some(rest) = left.checked_sub(cost) else { return vec![*area] };
    *left = rest;
    let veiled: Vec<&(usize, Area)> =
        seen.grounds.iter().chain(&seen.veils).chain(&seen.images).filter(|it| meets(&it.1)).collect();
    let step = length / count;
    let begin = |at: u16| step * f32::from(at);
    let is_visible: Vec<bool> = (0..places)
        .map(|at| {
            let along = begin(at) + step / 2.0;
            let place = if is_across { (area.left + along, area.middle()) } else { (area.center(), area.top + along) };
            is_visible(mark, place, &covers, &veiled)
        })
        .collect();
    if !is_visible.contains(&false) {
        return vec![*area];
    }
    let mut parts = Vec::new();
    let mut at = 0;
    for run in is_visible.chunk_by(|a, b| a == b) {
        let end = at + u16::try_from(run.len()).unwrap_or(places);
        if run.contains(&true) {
            let (from, to) = (begin(at), begin(end));
            parts.push(if is_across {
                Area { left: area.left + from, right: area.left + to, ..*area }
            } else {
                Area { top: area.top + from, bottom: area.top + to, ..*area }
            });
        }
        at = end;
    }
    parts
}

fn is_visible(mark: &Mark, at: Point, covers: &[&Cover], veiled: &[&(usize, Area)]) -> bool {
    let here = || covers.iter().filter(|cover| cover.holds(at));
    if here().any(|cover| cover.order > mark.order) {
        return false;
    }
    let Some(color) = mark.color else { return true };
    let below = here().filter(|cover| cover.order < mark.order).max_by_key(|cover| cover.order);
    let order = below.map_or(0, |cover| cover.order);
    if veiled.iter().any(|(veil, area)| order < *veil && *veil < mark.order && has(area, at)) {
        return true;
    }
    let Some(ground) = below.map_or(Some(WHITE), |cover| cover.color) else { return true };
    (light(color) - light(ground)).abs() * mark.alpha >= FAINT
}

/// The lightness of a colour as the eye sees it, from 0 to 1.
fn light([red, green, blue]: Color) -> f32 {
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}
