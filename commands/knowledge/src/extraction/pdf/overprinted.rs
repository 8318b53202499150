//! Texts that stand on one spot of a page: only the later one is read, because Poppler would mix their letters.

use std::collections::{HashMap, HashSet};

use super::{
    glyphs::{Glyphs, Part, Text},
    look::Look,
    seen::Seen,
    shape::{Point, has},
    words::Area,
};

/// Points of the sides of the squares by which glyphs are indexed.
const SQUARE: f32 = 6.0;
/// The distance within which two glyphs stand on one spot, in sizes of their type.
const NEAR: f32 = 0.3;
/// The factor by which the type of a watermark exceeds that of the text below it, at least.
const LARGER: f32 = 1.5;
/// Glyphs of a text that others are printed over, at least; fewer are a letter with its accent, or a ticked box.
const FEWEST: usize = 3;

/// A visible glyph: the indices of its text and part, and its place.
#[derive(Clone, Copy)]
struct Glyph<'a> {
    text: usize,
    part: usize,
    code: &'a [u8],
    at: Point,
    size: f32,
}

/// Marks the glyphs of texts over which other text is printed as hidden; returns whether there are any.
pub(super) fn hide(seen: &Seen, glyphs: &Glyphs, looks: &mut [Vec<Option<Look>>]) -> bool {
    let all: Vec<Glyph<'_>> = glyphs.texts.iter().enumerate().flat_map(|(at, text)| visible(at, text, looks)).collect();
    let mut squares: HashMap<(i32, i32), Vec<usize>> = HashMap::new();
    for (at, glyph) in all.iter().enumerate() {
        squares.entry(square(glyph.at)).or_default().push(at);
    }
    let mut are_mixed = false;
    let mut used: Vec<(usize, Area)> = Vec::new();
    for own in all.chunk_by(|a, b| a.text == b.text) {
        let clashes: Vec<Option<Clash>> = own.iter().map(|glyph| clash(glyph, &all, &squares)).collect();
        let clashing: Vec<(&Glyph<'_>, usize, &[u8])> = own
            .iter()
            .zip(&clashes)
            .filter_map(|(glyph, clash)| match clash {
                Some(Clash::Other(text, code)) => Some((glyph, *text, *code)),
                _ => None,
            })
            .collect();
        let is_veil = |glyph: &Glyph<'_>, later: usize, area: &(usize, Area)| {
            let after = glyphs.texts[glyph.text].order;
            (after + 1..glyphs.texts[later].order).contains(&area.0) && has(&area.1, glyph.at)
        };
        let veils = || seen.veils.iter().chain(&seen.images);
        let veil = clashing.iter().find_map(|(glyph, later, _)| veils().find(|veil| is_veil(glyph, *later, veil)));
        let first = clashes.iter().position(Option::is_some).unwrap_or_default();
        let last = clashes.iter().rposition(Option::is_some).unwrap_or_default();
        let hidden: Vec<&Glyph<'_>> = if let Some((order, veil)) = veil {
            used.push((*order, *veil));
            own.iter().filter(|glyph| has(veil, glyph.at)).collect()
        } else if is_overprinted(&clashing, clashes.iter().flatten().count(), own.len()) {
            // A letter at the end may stand a little beside the later ones.
            own.iter().take(last + 2).skip(first.saturating_sub(1)).collect()
        } else {
            continue;
        };
        are_mixed = true;
        for glyph in hidden {
            looks[glyph.text][glyph.part] = Some(Look::Hidden);
        }
    }
    // Other texts under the same veil, as the first words of a line, may be alike before and after.
    for glyph in all.iter().filter(|_| !used.is_empty()) {
        let is_under = |(order, area): &(usize, Area)| glyphs.texts[glyph.text].order < *order && has(area, glyph.at);
        if used.iter().any(is_under) && clash(glyph, &all, &squares).is_some() {
            looks[glyph.text][glyph.part] = Some(Look::Hidden);
        }
    }
    are_mixed
}

/// Whether text is printed over another one; dots or a line to write on are no text.
fn is_overprinted(clashing: &[(&Glyph<'_>, usize, &[u8])], both: usize, all: usize) -> bool {
    let own: HashSet<&[u8]> = clashing.iter().map(|(glyph, ..)| glyph.code).collect();
    let others: HashSet<&[u8]> = clashing.iter().map(|(_, _, code)| *code).collect();
    clashing.len() >= FEWEST && both * 2 >= all && own.len() > 1 && others.len() > 1
}

fn visible<'a>(at: usize, text: &'a Text, looks: &[Vec<Option<Look>>]) -> Vec<Glyph<'a>> {
    let looks = looks.get(at).map(Vec::as_slice).unwrap_or_default();
    let (true, Some(size)) = (text.ink.shows_text(), text.size) else { return Vec::new() };
    let glyph = |(part, (it, look)): (usize, (&'a Part, &Option<Look>))| match (it, look) {
        (Part::Glyph(code, at_page), Some(Look::Seen | Look::Recognized)) => {
            Some(Glyph { text: at, part, code, at: *at_page, size })
        }
        _ => None,
    };
    text.parts.iter().flatten().zip(looks).enumerate().filter_map(glyph).collect()
}

enum Clash<'a> {
    /// The same glyph is printed again.
    Same,
    /// The index of the later text, and the code of its glyph.
    Other(usize, &'a [u8]),
}

/// What later text prints on the spot of a glyph.
fn clash<'a>(glyph: &Glyph<'_>, all: &[Glyph<'a>], squares: &HashMap<(i32, i32), Vec<usize>>) -> Option<Clash<'a>> {
    let (x, y) = square(glyph.at);
    let mut found = None;
    for across in x - 1..=x + 1 {
        for down in y - 1..=y + 1 {
            for other in squares.get(&(across, down)).into_iter().flatten().map(|at| &all[*at]) {
                let near = (NEAR * glyph.size.min(other.size)).min(SQUARE);
                let is_near = (other.at.0 - glyph.at.0).abs() < near && (other.at.1 - glyph.at.1).abs() < near;
                let is_alike = other.size < glyph.size * LARGER && glyph.size < other.size * LARGER;
                if other.text <= glyph.text || !is_near || !is_alike {
                    continue;
                }
                if other.code == glyph.code {
                    return Some(Clash::Same);
                }
                found = Some(Clash::Other(other.text, other.code));
            }
        }
    }
    found
}

#[expect(clippy::cast_possible_truncation, reason = "what is out of range is far away")]
fn square((x, y): Point) -> (i32, i32) {
    let index = |at: f32| (at.clamp(-100_000.0, 100_000.0) / SQUARE).floor() as i32;
    (index(x), index(y))
}
