//! Workbooks (XLSX): the visible content of each sheet, table by table.
//!
//! Values are written as the sheet shows them, not as they are stored: a dose, a time, a code with its zeros. Invisible
//! content (hidden sheets, rows and columns, struck text) is left out, and the notes say so.

mod beside;
mod colours;
mod conditions;
mod differences;
mod drawings;
mod font;
mod numbers;
mod package;
mod places;
mod placing;
pub(super) mod regions;
pub(super) mod sheet;
mod strings;
mod styles;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use super::{
    Part, Unreadable,
    notes::{NoteKind, Notes},
};
use beside::Beside;
use package::{Package, attribute, events};
use quick_xml::events::Event;
use sheet::Sheet;
use styles::Styles;

/// Sheets of a workbook.
const MOST_SHEETS: usize = 1_000;

/// The parts of a workbook that the cells of all sheets refer to.
struct Workbook {
    from_1904: bool,
    /// Whether a spreadsheet is to compute all formulas when it opens the workbook: the stored values may be old or
    /// missing.
    computes_when_opened: bool,
    strings: Vec<strings::Rich>,
    styles: Styles,
}

struct Listed {
    name: String,
    relation: String,
    is_hidden: bool,
}

/// Whether the file is a workbook.
pub(super) fn is_workbook(bytes: &[u8]) -> bool {
    let root = Package::open(bytes).and_then(|mut package| {
        let main = package.main_part()?;
        package.head(&main)
    });
    root.is_ok_and(|head| {
        let first = events(&head).map_while(Result::ok).find_map(|event| match event {
            Event::Start(element) => Some(element.local_name().as_ref() == "workbook"),
            _ => None,
        });
        first == Some(true)
    })
}

/// One part for each visible sheet.
pub(super) fn sheets(bytes: &[u8], notes: &mut Notes) -> Result<Vec<Part>, Unreadable> {
    let mut package = Package::open(bytes)?;
    let main = package.main_part()?;
    let (listed, from_1904, computes_when_opened) = listed(&package.text(&main)?)?;
    let relations = package.relations(&main)?;
    let mut of_kind = |kind: &str| -> Result<Option<String>, Unreadable> {
        let target = relations.values().find(|relation| relation.kind == kind).map(|relation| relation.target.clone());
        target.filter(|target| package.has(target)).map(|target| package.text(&target)).transpose()
    };
    let strings = of_kind("sharedStrings")?.map_or_else(|| Ok(Vec::new()), |part| strings::shared(&part))?;
    let styles = of_kind("styles")?.map_or_else(|| Ok(Styles::default()), |part| Styles::read(&part))?;
    let workbook = Workbook { from_1904, computes_when_opened, strings, styles };
    let mut parts = Vec::new();
    let mut left = super::MAX_TEXT;
    for Listed { name, relation, is_hidden } in listed {
        if is_hidden {
            notes.add(NoteKind::HiddenLeftOut, None, Some(&name));
            continue;
        }
        let Some(target) = relations.get(&relation).map(|relation| &relation.target) else { continue };
        if !package.has(target) {
            continue;
        }
        let beside = Beside::of(&mut package, target)?;
        let sheet = Sheet::read(&package.text(target)?, beside, &workbook, &name, &mut left, notes)?;
        let text = regions::text(sheet);
        if !text.trim().is_empty() {
            let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
            parts.push(Part { page: None, text: format!("# {name}\n\n{text}") });
        }
    }
    Ok(parts)
}

/// The sheets in their order, whether dates count from 1904, and whether formulas are computed on opening.
fn listed(workbook: &str) -> Result<(Vec<Listed>, bool, bool), Unreadable> {
    let (mut from_1904, mut computes) = (false, false);
    let mut listed = Vec::new();
    for event in events(workbook) {
        let (Event::Start(element) | Event::Empty(element)) = event? else { continue };
        match element.local_name().as_ref() {
            "workbookPr" => from_1904 = attribute(&element, "date1904").is_some_and(|value| is_true(&value)),
            "calcPr" => computes = attribute(&element, "fullCalcOnLoad").is_some_and(|value| is_true(&value)),
            "sheet" if listed.len() < MOST_SHEETS => listed.push(Listed {
                name: attribute(&element, "name").unwrap_or_default(),
                relation: attribute(&element, "id").unwrap_or_default(),
                is_hidden: attribute(&element, "state").is_some_and(|state| state != "visible"),
            }),
            _ => {}
        }
    }
    Ok((listed, from_1904, computes))
}

fn is_true(value: &str) -> bool {
    matches!(value, "1" | "true" | "on")
}

/// The target of a relation.
struct Relation {
    /// The last segment of the type's URI.
    kind: String,
    target: String,
}

type Relations = HashMap<String, Relation>;
