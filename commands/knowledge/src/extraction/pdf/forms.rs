//! Draws the forms (form XObjects) of a page, and the appearances of its annotations.

use hayro_syntax::{
    object::{Array, Dict, Name, Number, Stream},
    page::{Page, Resources},
};

use super::{
    annotations,
    content::decoded,
    drawn::Pen,
    matrix::{Matrix, SAME, combined, moved},
    path::Path,
    words::Area,
};

/// Instructions that a form counts as, because it is looked up and unpacked.
const FORM: usize = 100;

impl Pen {
    /// Draws a form or a picture.
    pub(super) fn form(&mut self, form: Option<Stream<'_>>, resources: &Resources<'_>, matrix: Matrix, depth: usize) {
        let Some(form) = form.filter(|form| !self.layers.is_off(form.dict(), b"OC")) else { return };
        if form.dict().get::<Name<'_>>(b"Subtype").is_none_or(|it| it.as_ref() != b"Form") {
            self.drawn.seen.image(matrix);
            return;
        }
        self.instructions = self.instructions.saturating_sub(FORM);
        let content = decoded(&form, &mut self.bytes);
        let matrix = combined(own_matrix(form.dict()), matrix);
        let (ink, setting) = (self.drawn.seen.ink.clone(), self.setting());
        if let Some(area) = numbers(form.dict(), b"BBox") {
            let mut path = Path::default();
            path.rectangle_of(corners(area).map(|corner| moved(corner, matrix)));
            self.drawn.seen.clip(&mut path, false);
        }
        match form.dict().get::<Dict<'_>>(b"Resources") {
            Some(own) => self.follow(&content, &Resources::new(own), matrix, depth + 1),
            None => self.follow(&content, resources, matrix, depth + 1),
        }
        self.drawn.seen.ink = ink;
        self.set(setting);
    }

    /// Draws the annotations of a page, which are above its content; their lines are no lines of tables.
    pub(super) fn annotations(&mut self, page: &Page<'_>, to_page: Matrix) {
        let ends = (self.drawn.across.len(), self.drawn.down.len(), self.marks.len());
        for appearance in annotations::appearances(page, &self.layers) {
            let rect = around(&corners(appearance.rect));
            let Some(form) = appearance.form else {
                let mut path = Path::default();
                path.rectangle_of(corners(appearance.rect).map(|corner| moved(corner, to_page)));
                self.drawn.seen.ink = super::ink::Ink::filling(appearance.fill);
                self.drawn.seen.fill(&mut path, false);
                continue;
            };
            let own = own_matrix(form.dict());
            let Some(area) = numbers(form.dict(), b"BBox") else { continue };
            let drawn = around(&corners(area).map(|corner| moved(corner, own)));
            let ratio = |to: f32, from: f32| if from > 0.0 { to / from } else { 1.0 };
            let (across, down) = (ratio(rect.width(), drawn.width()), ratio(rect.height(), drawn.height()));
            let onto = [across, 0.0, 0.0, down, rect.left - drawn.left * across, rect.top - drawn.top * down];
            self.drawn.seen.ink = super::ink::Ink::default();
            let resources = page.resources();
            self.form(Some(form), resources, combined(onto, to_page), 0);
        }
        self.drawn.across.truncate(ends.0);
        self.drawn.down.truncate(ends.1);
        self.marks.truncate(ends.2);
    }
}

fn own_matrix(form: &Dict<'_>) -> Matrix {
    let own = form.get::<Array<'_>>(b"Matrix").and_then(|own| {
        let own: Vec<f32> = own.iter::<Number>().map(|it| it.as_f32()).take(6).collect();
        Matrix::try_from(own).ok()
    });
    own.unwrap_or(SAME)
}

fn numbers(of: &Dict<'_>, key: &[u8]) -> Option<[f32; 4]> {
    let numbers: Vec<f32> = of.get::<Array<'_>>(key)?.iter::<Number>().map(|it| it.as_f32()).take(4).collect();
    <[f32; 4]>::try_from(numbers).ok()
}

fn corners([x, y, to_x, to_y]: [f32; 4]) -> [(f32, f32); 4] {
    [(x, y), (to_x, y), (to_x, to_y), (x, to_y)]
}

fn around(corners: &[(f32, f32); 4]) -> Area {
    Area::around(&corners.map(|(x, y)| Area { left: x, top: y, right: x, bottom: y }))
}
