//! Annotations of a page: lines through text, notes, stamps.

use hayro_syntax::{
    object::{Array, Dict, Name, Number},
    page::Page,
};

use super::words::Area;

/// Annotations of a page that are examined.
const MOST: usize = 2_000;
/// The flags `Hidden` and `NoView` of an annotation.
const UNSEEN: i32 = 0b10_0010;

/// The annotations of a page.
#[derive(Debug, Default)]
pub(super) struct Annotations {
    /// Lines through text, by their two ends in points.
    pub(super) strikes: Vec<[(f32, f32); 2]>,
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
            b"Text" | b"Stamp" | b"Ink" | b"Caret" | b"FileAttachment" | b"Redact" => annotations.unread += 1,
            _ => {}
        }
    }
    annotations
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
