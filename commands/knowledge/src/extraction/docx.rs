//! Word processor files (OOXML): the text that is visible on the page.

mod cells;
mod drawn;
mod fields;
mod footnotes;
mod ground;
mod margins;
mod numbering;
mod pieces;
mod properties;
mod shading;
mod story;
mod story_elements;
mod styled_tables;
mod styles;
mod table_styles;
mod writing;

use std::collections::HashMap;

use super::{
    Part, Unreadable,
    notes::Notes,
    ooxml::{blocks, package::Package, report::Report},
    pptx::diagrams_of_document,
};
use margins::Margins;
use numbering::Numbering;
use story::Story;
use styles::Styles;

pub(super) fn text(package: &mut Package<'_>, main: &str, notes: &mut Notes) -> Result<Vec<Part>, Unreadable> {
    let relations = package.relations(main)?;
    let mut styles = Styles::default();
    // Not every package declares these relations; the fallback is the usual part name.
    for (kind, name) in [("theme", "word/theme/theme1.xml"), ("styles", "word/styles.xml")] {
        package.read_if_there(&relations.of_kind(kind).unwrap_or_else(|| name.to_owned()), &mut styles)?;
    }
    let mut numbering = Numbering::default();
    let numbering_part = relations.of_kind("numbering").unwrap_or_else(|| "word/numbering.xml".to_owned());
    package.read_if_there(&numbering_part, &mut numbering)?;
    let mut report = Report::new(notes);
    let mut footnotes = HashMap::new();
    for kind in ["footnotes", "endnotes"] {
        if let Some(part) = relations.of_kind(kind) {
            let mut story = Story::new(&mut styles, &mut numbering, &mut report, HashMap::new());
            package.read_if_there(&part, &mut story)?;
            footnotes.extend(story.into_footnotes());
        }
    }
    let diagrams = diagrams_of_document(package, &relations, &mut report)?;
    let mut margins = Margins::default();
    for (id, part) in relations.of_kinds(&["header", "footer"]) {
        let mut story = Story::new(&mut styles, &mut numbering, &mut report, HashMap::new());
        story.is_margin = true;
        package.read_if_there(part, &mut story)?;
        margins.add(id.to_owned(), &story.into_blocks());
    }
    let mut story = Story::new(&mut styles, &mut numbering, &mut report, footnotes);
    story.margins = margins;
    story.diagrams = diagrams;
    package.read(main, &mut story)?;
    let mut text = String::new();
    blocks::write(&story.into_blocks(), &mut text);
    report.finished()?;
    Ok(vec![Part { page: None, text }])
}

#[cfg(test)]
mod tests;
