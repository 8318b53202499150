//! Slides (OOXML) in their order, each with its speaker notes.

mod arrangement;
mod bullets;
mod colours;
mod covers;
mod diagram;
mod fonts;
mod looks;
mod paint_elements;
mod placeholder;
mod shape_elements;
mod shapes;
mod slide;
mod template;
mod templates;
mod text_elements;
mod visible;

use std::collections::HashSet;

use super::{
    NoteKind, Part, Unreadable,
    notes::Notes,
    ooxml::{
        blocks::{self, Block},
        package::{Package, Relations},
        report::Report,
        xml::{Element, Handler, Ns},
    },
};
pub(super) use diagram::Diagrams;
use slide::Slide;
use template::Template;
use templates::Templates;

pub(super) fn slides(package: &mut Package<'_>, main: &str, notes: &mut Notes) -> Result<Vec<Part>, Unreadable> {
    let mut order = Order::default();
    package.read(main, &mut order)?;
    let relations = package.relations(main)?;
    let mut templates = Templates::of(package, main, order.size)?;
    let plain = templates.plain();
    let mut report = Report::new(notes);
    let mut parts = Vec::new();
    let mut read_before = HashSet::new();
    for (page, id) in (1..).zip(&order.slides) {
        report.page = Some(page);
        let Some(name) = relations.target(id) else {
            report.add(NoteKind::PagesWithoutText, None);
            continue;
        };
        let template = templates.of_slide(package, name)?;
        let of_slide = package.relations(name)?;
        let diagrams = diagrams(package, &of_slide, &mut report, &template)?;
        let preface = templates::preface(package, name)?;
        let renamed = preface.renames_colours.then(|| template.with_unknown_colours());
        let mut slide = Slide::new(&mut report, renamed.as_ref().unwrap_or(&template), false);
        slide.is_animated = preface.is_animated;
        slide.diagrams = diagrams;
        if !package.read_if_there(name, &mut slide)? {
            return Err(Unreadable::Damaged);
        }
        if slide.is_hidden {
            report.add(NoteKind::HiddenLeftOut, None);
            continue;
        }
        let mut margins = std::mem::take(&mut slide.margins);
        if !slide.hides_master {
            margins.extend(template.says.iter().cloned());
        }
        let mut blocks = slide.into_blocks(order.size);
        if blocks.is_empty() {
            report.add(NoteKind::PagesWithoutText, None);
        }
        // Text that stands on many slides is read where it first appears.
        margins.retain(|line| read_before.insert(line.clone()));
        blocks.extend(margins.into_iter().map(Block::Paragraph));
        blocks.extend(speaker_notes(package, &of_slide, &mut report, &plain)?);
        let mut text = String::new();
        blocks::write(&blocks, &mut text);
        parts.push(Part { page: Some(page), text });
    }
    report.finished()?;
    Ok(parts)
}

/// The diagrams that a part refers to.
fn diagrams(
    package: &mut Package<'_>,
    relations: &Relations,
    report: &mut Report<'_>,
    template: &Template,
) -> Result<Diagrams, Unreadable> {
    let mut diagrams = Diagrams::new();
    for (id, part) in relations.of_kinds(&["diagramData"]) {
        let mut slide = Slide::new(report, template, false);
        package.read_if_there(part, &mut slide)?;
        let items = slide.points.items();
        if !items.is_empty() {
            diagrams.insert(id.to_owned(), items);
        }
    }
    Ok(diagrams)
}

/// The diagrams that a word processor document refers to.
pub(super) fn diagrams_of_document(
    package: &mut Package<'_>,
    relations: &Relations,
    report: &mut Report<'_>,
) -> Result<Diagrams, Unreadable> {
    diagrams(package, relations, report, &Templates::default().plain())
}

fn speaker_notes(
    package: &mut Package<'_>,
    slide: &Relations,
    report: &mut Report<'_>,
    template: &Template,
) -> Result<Vec<Block>, Unreadable> {
    let Some(part) = slide.of_kind("notesSlide") else { return Ok(Vec::new()) };
    let mut notes = Slide::new(report, template, true);
    package.read_if_there(&part, &mut notes)?;
    let mut blocks = notes.into_blocks(None);
    if !blocks.is_empty() {
        blocks.insert(0, Block::Paragraph("Speaker notes:".to_owned()));
    }
    Ok(blocks)
}

/// The slides in their order, by the ids of their relations.
#[derive(Default)]
struct Order {
    slides: Vec<String>,
    /// The width and height of the slides, in EMU.
    size: Option<(i64, i64)>,
}

impl Handler for Order {
    type Tag = ();

    fn open(&mut self, element: &Element<'_>, _: Option<()>) -> Result<Option<()>, Unreadable> {
        match (element.ns, element.local) {
            (Ns::Slides, "sldId") => self.slides.extend(element.relation("id")),
            (Ns::Slides, "sldSz") => self.size = element.number("cx").zip(element.number("cy")),
            _ => {}
        }
        Ok(Some(()))
    }

    fn close(&mut self, (): ()) -> Result<(), Unreadable> {
        Ok(())
    }

    fn text(&mut self, _: &str, (): ()) {}
}

#[cfg(test)]
mod tests;
