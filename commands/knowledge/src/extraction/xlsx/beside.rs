//! Comments on cells, text boxes and tables, which other parts of the file hold.

use std::collections::BTreeMap;

use quick_xml::events::Event;

use super::{
    drawings::{self, Drawing},
    font::Font,
    package::{Package, attribute, events},
    places::{Range, place},
    strings::RichReader,
};
use crate::extraction::Unreadable;

/// Comments by their cells.
pub(super) type Comments = BTreeMap<(u32, u32), String>;

/// Comments of a sheet, and tables, that are read.
const MOST: usize = 10_000;
const MOST_TABLES: usize = 100;

#[derive(Debug, Default)]
pub(super) struct Beside {
    pub(super) comments: Comments,
    pub(super) drawing: Drawing,
    /// The first row of each table.
    pub(super) first_rows: Vec<FirstRow>,
}

/// The first row of a table, which names its columns unless its author has switched that off.
#[derive(Debug)]
pub(super) struct FirstRow {
    pub(super) range: Range,
    pub(super) is_header: bool,
}

impl Beside {
    /// Reads the parts of this sheet. An answer to a comment is appended to its text.
    pub(super) fn of(package: &mut Package<'_>, sheet: &str) -> Result<Self, Unreadable> {
        let mut beside = Self::default();
        let mut parts: Vec<_> = package.relations(sheet)?.into_values().map(|it| (it.kind, it.target)).collect();
        parts.sort_unstable();
        for (kind, part) in parts {
            match kind.as_str() {
                "comments" if package.has(&part) => beside.comments.extend(read(&package.text(&part)?)?),
                "drawing" if package.has(&part) => beside.drawing = drawings::read(&package.text(&part)?)?,
                "table" if package.has(&part) && beside.first_rows.len() < MOST_TABLES => {
                    beside.first_rows.extend(first_row(&package.text(&part)?)?);
                }
                _ => {}
            }
        }
        Ok(beside)
    }
}

fn first_row(part: &str) -> Result<Option<FirstRow>, Unreadable> {
    for event in events(part) {
        let event = event?;
        let (Event::Start(element) | Event::Empty(element)) = &event else { continue };
        let Some(mut range) = attribute(element, "ref").and_then(|range| Range::named(&range)) else { return Ok(None) };
        range.last.0 = range.first.0;
        let is_header = attribute(element, "headerRowCount").is_none_or(|count| count != "0");
        return Ok(Some(FirstRow { range, is_header }).filter(|_| range.first.1 < range.last.1));
    }
    Ok(None)
}

fn read(part: &str) -> Result<Comments, Unreadable> {
    let mut comments = Comments::new();
    let mut open: Option<((u32, u32), RichReader)> = None;
    for event in events(part) {
        let event = event?;
        match &event {
            Event::Start(element) if element.local_name().as_ref() == "comment" && comments.len() < MOST => {
                let at = attribute(element, "ref").and_then(|name| place(&name));
                open = at.map(|at| (at, RichReader::default()));
            }
            Event::End(element) if element.local_name().as_ref() == "comment" => {
                if let Some((at, text)) = open.take() {
                    let text = text.finish().in_font(&Font::default());
                    comments.insert(at, text.split_whitespace().collect::<Vec<_>>().join(" "));
                }
            }
            other => {
                if let Some((_, text)) = &mut open {
                    text.read(other);
                }
            }
        }
    }
    Ok(comments)
}
