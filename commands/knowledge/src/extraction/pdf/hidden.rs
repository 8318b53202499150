//! Invisible glyphs of a page: text under a box that was drawn later, text in the colour of its ground or outside its
//! clipping area, text without ink where there is no picture. Poppler gets a copy of the file in which they stand off
//! the page, so that it does not mix the words of a correction with those under it.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write as _,
};

use super::{
    colors::{WHITE, are_same},
    glyphs::{Before, Glyphs, Part, Text},
    look::Look,
    operators, overprinted,
    seen::{Cover, Seen},
    shape::{Point, has},
    words::{Area, Page},
};

/// Points from the baseline that are on no page.
const OFF_PAGE: &str = "1000000 Ts";
/// Points of the size of type below which it is a dot to the eye.
const TINY: f32 = 1.0;

/// The invisible text of a page.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    /// The number of lines that have invisible text.
    pub(super) lines: usize,
    /// Whether text was recognized in a picture by a program.
    pub(super) is_recognized: bool,
    /// The places of invisible glyphs that Poppler reads nevertheless: no word there can be trusted.
    pub(super) places: Vec<(f32, f32)>,
    /// Whether the earlier of two texts that stand on one spot was taken for hidden.
    pub(super) are_mixed: bool,
    /// For each text of the page's own content that has invisible glyphs: whether each of its parts is one.
    texts: HashMap<usize, Vec<bool>>,
}

/// What a page has drawn at a text.
struct Around<'a> {
    covers: Vec<&'a Cover>,
    grounds: Vec<(usize, Area)>,
    veils: Vec<(usize, Area)>,
    strokes: Vec<(usize, Area)>,
    images: Vec<(usize, Area)>,
}

/// The invisible text of a page of this size; `None` if it is not certain where its glyphs are. `work` is the number of
/// comparisons that may still be made.
pub(super) fn of_page(seen: &Seen, glyphs: &Glyphs, size: &Area, work: &mut usize) -> Option<Hidden> {
    if seen.is_full() || glyphs.are_too_many() {
        return None;
    }
    let mut looks = glyphs.texts.iter().map(|text| looks(seen, text, size, work)).collect::<Option<Vec<_>>>()?;
    let mut hidden = Hidden { are_mixed: overprinted::hide(seen, glyphs, &mut looks), ..Hidden::default() };
    let is_seen = looks.iter().flatten().any(|look| *look == Some(Look::Seen));
    let mut lines = HashSet::new();
    for (text, looks) in glyphs.texts.iter().zip(looks) {
        let around = || seen.around(&Area::around(&text.places().map(point).collect::<Vec<_>>()));
        // Letters of a page without any other text may be drawn as shapes.
        let is_drawn = looks.contains(&Some(Look::Inkless)) && !is_seen && !around().grounds.is_empty();
        let is_hidden = |look: &Option<Look>| match look {
            Some(Look::Hidden) => true,
            Some(Look::Inkless) => !is_drawn,
            _ => false,
        };
        let are_hidden: Vec<bool> = looks.iter().map(is_hidden).collect();
        hidden.is_recognized |= is_drawn || looks.contains(&Some(Look::Recognized));
        if are_hidden.contains(&true) {
            let parts = text.parts.iter().flatten().zip(&are_hidden).filter(|(_, is_hidden)| **is_hidden);
            let places = parts.filter_map(|(part, _)| place(part));
            lines.extend(places.clone().next().map(|(_, y)| strip(y)));
            match text.index {
                Some(index) => _ = hidden.texts.insert(index, are_hidden.clone()),
                None => hidden.places.extend(places),
            }
        }
    }
    hidden.lines = lines.len();
    Some(hidden)
}

#[expect(clippy::cast_possible_truncation, reason = "what is out of range is far away")]
fn strip(y: f32) -> i32 {
    y.clamp(-100_000.0, 100_000.0).round() as i32
}

fn point((x, y): (f32, f32)) -> Area {
    Area { left: x, top: y, right: x, bottom: y }
}

fn place(part: &Part) -> Option<(f32, f32)> {
    match part {
        Part::Glyph(_, place) => Some(*place),
        Part::Offset(_) => None,
    }
}

fn is_blank(code: &[u8]) -> bool {
    matches!(code, b" " | [0, 3 | b' '])
}

/// The look of each part of a text; `None` for blanks and offsets. Nothing if it is not certain where they are.
fn looks(seen: &Seen, text: &Text, size: &Area, work: &mut usize) -> Option<Vec<Option<Look>>> {
    if text.is_off {
        return Some(Vec::new());
    }
    let Some(parts) = &text.parts else {
        let may_be_hidden = !text.ink.shows_text() || text.ink.has_white_text() || seen.covers_after(text.order);
        return (!may_be_hidden).then(Vec::new);
    };
    let places: Vec<Area> = text.places().map(point).collect();
    let around = seen.around(&Area::around(&places));
    let areas = around.covers.iter().map(|cover| cover.size()).sum::<usize>()
        + around.grounds.len()
        + around.veils.len()
        + around.strokes.len()
        + around.images.len();
    *work = work.checked_sub(seen.areas() + (areas + text.ink.clip.size()) * places.len())?;
    let is_clipped = text.places().all(|place| !text.ink.clip.holds(place));
    let is_inked = text.ink.clips_to_text() && seen.is_inked(text.order);
    let shows = text.ink.shows_text() || is_inked;
    let is_tiny = shows && text.size.is_some_and(|size| size < TINY);
    let look = |part: &Part| match part {
        Part::Glyph(code, place) if !is_blank(code) && has(size, *place) => {
            Some(if is_clipped || is_tiny { Look::Hidden } else { look(text, shows, *place, &around) })
        }
        _ => None,
    };
    Some(parts.iter().map(look).collect())
}

fn look(text: &Text, shows: bool, place: Point, around: &Around<'_>) -> Look {
    let last = |areas: &[(usize, Area)]| {
        let orders = areas.iter().filter(|(_, area)| has(area, place)).map(|(order, _)| *order);
        let (before, after): (Vec<usize>, Vec<usize>) = orders.partition(|order| *order < text.order);
        (before.into_iter().max(), after.into_iter().max())
    };
    let (image, image_over) = last(&around.images);
    let (ground, _) = last(&around.grounds);
    let (veil, _) = last(&around.veils);
    let (stroke, _) = last(&around.strokes);
    let covers = || around.covers.iter().filter(|cover| cover.holds(place));
    let cover_over = covers().map(|cover| cover.order).filter(|order| *order > text.order).max();
    if cover_over > image_over {
        return Look::Hidden;
    }
    if image_over.is_some() || !shows {
        return if image.or(image_over).is_some() { Look::Recognized } else { Look::Inkless };
    }
    let Some(color) = text.ink.of_text() else { return Look::Seen };
    let below = covers().filter(|cover| cover.order < text.order).max_by_key(|cover| cover.order);
    let is_hidden = match below {
        Some(cover) if Some(cover.order) >= image.max(ground).max(veil) => {
            cover.color.is_some_and(|it| are_same(it, color))
        }
        _ => image.or(ground).or(stroke).is_none() && are_same(color, WHITE),
    };
    if is_hidden { Look::Hidden } else { Look::Seen }
}

impl Seen {
    /// What is drawn at an area.
    fn around(&self, at: &Area) -> Around<'_> {
        let meets =
            |it: &Area| it.left <= at.right && at.left <= it.right && it.top <= at.bottom && at.top <= it.bottom;
        let near = |areas: &[(usize, Area)]| areas.iter().filter(|(_, it)| meets(it)).copied().collect();
        Around {
            covers: self.covers.iter().filter(|it| meets(&it.area)).collect(),
            grounds: near(&self.grounds),
            veils: near(&self.veils),
            strokes: near(&self.strokes),
            images: near(&self.images),
        }
    }
}

impl Hidden {
    /// The page's own content with its invisible glyphs off the page; `None` if there are none, or if the content is
    /// not understood.
    pub(super) fn moved_off(&self, content: &[u8], glyphs: &Glyphs) -> Option<Vec<u8>> {
        let shows = operators::of_texts(content);
        if self.texts.is_empty() || shows.len() != glyphs.count {
            return None;
        }
        let mut written = Vec::with_capacity(content.len());
        let mut end = 0;
        for text in &glyphs.texts {
            let Some((index, are_hidden)) = text.index.and_then(|at| Some((at, self.texts.get(&at)?))) else {
                continue;
            };
            let place = shows.get(index)?;
            written.extend(content.get(end..place.start)?);
            written.extend(parted(text, are_hidden).into_bytes());
            end = place.end;
        }
        written.extend(content.get(end..)?);
        Some(written)
    }

    /// Removes the words at the places of invisible glyphs that Poppler reads.
    pub(super) fn leave_out(&self, page: &mut Page) {
        let mut strips: HashMap<i32, Vec<(f32, f32)>> = HashMap::new();
        for (x, y) in &self.places {
            strips.entry(strip(*y)).or_default().push((*x, *y));
        }
        for places in strips.values_mut() {
            places.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        let holds = |area: &Area, at: i32| {
            let Some(places) = strips.get(&at) else { return false };
            let first = places.partition_point(|(x, _)| *x < area.left);
            places.get(first).is_some_and(|(x, _)| *x < area.right)
        };
        page.words.retain(|word| {
            let rows = strip(word.area.top)..=strip(word.area.bottom);
            strips.is_empty() || !rows.into_iter().any(|at| holds(&word.area, at))
        });
    }

    /// The same if Poppler reads all of the invisible glyphs.
    pub(super) fn all_read(&self, glyphs: &Glyphs) -> Self {
        let mut places = self.places.clone();
        for text in &glyphs.texts {
            let Some(are_hidden) = text.index.and_then(|at| self.texts.get(&at)) else { continue };
            let parts = text.parts.iter().flatten().zip(are_hidden);
            places.extend(parts.filter(|(_, is_hidden)| **is_hidden).filter_map(|(part, _)| place(part)));
        }
        Self {
            lines: self.lines,
            is_recognized: self.is_recognized,
            are_mixed: self.are_mixed,
            places,
            texts: HashMap::new(),
        }
    }
}

/// The instructions that show a text, with its invisible glyphs off the page.
fn parted(text: &Text, are_hidden: &[bool]) -> String {
    let mut written = match text.before {
        Before::Nothing => String::from(" "),
        Before::NextLine => String::from(" T* "),
        Before::NextLineWith(words, letters) => format!(" {words} Tw {letters} Tc T* "),
    };
    let mut is_off = false;
    written.push('[');
    for (part, is_hidden) in text.parts.iter().flatten().zip(are_hidden) {
        match part {
            Part::Offset(by) => _ = write!(written, " {by} "),
            Part::Glyph(code, _) => {
                if is_off != *is_hidden {
                    is_off = *is_hidden;
                    written.push_str("] TJ ");
                    written.push_str(&rise(is_off, text.rise));
                    written.push_str(" [");
                }
                _ = write!(written, "<{}>", hex::encode(code));
            }
        }
    }
    _ = write!(written, "] TJ {} ", rise(false, text.rise));
    written
}

fn rise(is_off: bool, own: f32) -> String {
    if is_off { OFF_PAGE.to_owned() } else { format!("{own} Ts") }
}
