//! Annotations of a page: lines through text, notes, stamps, the buttons of a form.

use hayro_syntax::{
    object::{Array, Dict, Name, Number, Stream},
    page::Page,
};

use super::{colors::Color, layers::Layers, words::Area};

/// Annotations of a page that are examined.
const MOST: usize = 2_000;
/// The flags `Hidden` and `NoView` of an annotation.
const UNSEEN: i32 = 0b10_0010;
/// The flag of a button that keeps no state.
const PUSHED: i32 = 1 << 16;

/// The annotations of a page.
#[derive(Debug, Default)]
pub(super) struct Annotations {
    /// Lines through text, by their two ends in points.
    pub(super) strikes: Vec<[(f32, f32); 2]>,
    /// Two corners of each check box and radio button in points, and whether it is set.
    pub(super) ticks: Vec<([(f32, f32); 2], bool)>,
    /// The number of annotations whose content is not read.
    pub(super) unread: usize,
}

pub(super) fn of_page(page: &Page<'_>) -> Annotations {
    let mut annotations = Annotations::default();
    let Some(all) = page.raw().get::<Array<'_>>(b"Annots") else { return annotations };
    for annotation in all.iter::<Dict<'_>>().take(MOST) {
        let Some(kind) = annotation.get::<Name<'_>>(b"Subtype") else { continue };
        if annotation.get::<i32>(b"F").is_some_and(|flags| flags & UNSEEN != 0) {
            continue;
        }
        match kind.as_ref() {
            b"StrikeOut" => annotations.strikes.extend(numbers(&annotation, b"QuadPoints").chunks_exact(8).map(middle)),
            b"Line" => {
                if let [x, y, to_x, to_y] = numbers(&annotation, b"L")[..] {
                    annotations.strikes.push([(x, y), (to_x, to_y)]);
                }
            }
            b"Widget" if is_choice(&annotation) => {
                let state = annotation.get::<Name<'_>>(b"AS");
                match (&numbers(&annotation, b"Rect")[..], state) {
                    ([x, y, to_x, to_y], Some(state)) => {
                        annotations.ticks.push(([(*x, *y), (*to_x, *to_y)], state.as_ref() != b"Off"));
                    }
                    _ => annotations.unread += 1,
                }
            }
            b"Text" | b"Stamp" | b"Ink" | b"Caret" | b"FileAttachment" | b"Redact" => annotations.unread += 1,
            _ => {}
        }
    }
    annotations
}

/// What an annotation draws on a page.
pub(super) struct Appearance<'a> {
    /// Its place, by two corners.
    pub(super) rect: [f32; 4],
    /// What it draws; `None` if it fills its place.
    pub(super) form: Option<Stream<'a>>,
    pub(super) fill: Option<Color>,
}

/// What the annotations of a page draw, besides lines through text and signs beside it.
pub(super) fn appearances<'a>(page: &Page<'a>, layers: &Layers) -> Vec<Appearance<'a>> {
    let Some(all) = page.raw().get::<Array<'_>>(b"Annots") else { return Vec::new() };
    let shown = all.iter::<Dict<'_>>().take(MOST).filter(|annotation| {
        let is_unseen = annotation.get::<i32>(b"F").is_some_and(|flags| flags & UNSEEN != 0);
        !is_unseen && !layers.is_off(annotation, b"OC")
    });
    shown.filter_map(|annotation| appearance(&annotation)).collect()
}

fn appearance<'a>(annotation: &Dict<'a>) -> Option<Appearance<'a>> {
    let kind = annotation.get::<Name<'_>>(b"Subtype")?;
    let background = match kind.as_ref() {
        b"FreeText" => b"C".as_slice(),
        b"Square" => b"IC",
        b"Circle" | b"Polygon" | b"Redact" | b"Stamp" => b"",
        b"Widget" if !is_choice(annotation) => b"",
        _ => return None,
    };
    let rect = <[f32; 4]>::try_from(numbers(annotation, b"Rect")).ok()?;
    if let Some(appearances) = annotation.get::<Dict<'_>>(b"AP") {
        let form = appearances.get::<Stream<'_>>(b"N")?;
        return Some(Appearance { rect, form: Some(form), fill: None });
    }
    let fill = match numbers(annotation, background)[..] {
        [gray] => [gray; 3],
        [red, green, blue] => [red, green, blue],
        _ => return None,
    };
    Some(Appearance { rect, form: None, fill: Some(fill) })
}

/// Whether a field of a form is a check box or a radio button.
fn is_choice(widget: &Dict<'_>) -> bool {
    let parent = widget.get::<Dict<'_>>(b"Parent");
    let own = widget.get::<Name<'_>>(b"FT");
    let kind = own.or_else(|| parent.as_ref()?.get::<Name<'_>>(b"FT"));
    let flags = widget.get::<i32>(b"Ff").or_else(|| parent.as_ref()?.get::<i32>(b"Ff")).unwrap_or_default();
    kind.is_some_and(|kind| kind.as_ref() == b"Btn") && flags & PUSHED == 0
}

fn numbers(annotation: &Dict<'_>, name: &[u8]) -> Vec<f32> {
    let numbers = annotation.get::<Array<'_>>(name);
    numbers.iter().flat_map(Array::iter::<Number>).map(|it| it.as_f32()).take(8 * MOST).collect()
}

/// The line through the middle of four corners.
fn middle(corners: &[f32]) -> [(f32, f32); 2] {
    let corner = |at: &[f32]| Area { left: at[0], top: at[1], right: at[0], bottom: at[1] };
    let areas: Vec<Area> = corners.chunks_exact(2).map(corner).collect();
    let area = Area::around(&areas);
    if area.width() >= area.height() {
        [(area.left, area.middle()), (area.right, area.middle())]
    } else {
        [(area.center(), area.top), (area.center(), area.bottom)]
    }
}
