//! The visible cells of a sheet.

use std::collections::BTreeSet;

use quick_xml::events::{BytesStart, Event};

use super::{
    Workbook,
    beside::Beside,
    conditions::coloured_by_condition,
    drawings::Drawing,
    is_true,
    package::{attribute, events, push_reference},
    places::{MOST_COLUMNS, MOST_ROWS, Range, place, place_name},
    strings::{Rich, RichReader},
};
use crate::extraction::{
    Unreadable,
    notes::{NoteKind, Notes},
    ooxml::seen::Seen,
};

/// Cells with text beyond which a sheet is no document.
const MOST_CELLS: usize = 1_000_000;
/// Merged ranges of a sheet, and ranges with a shared formula.
const MOST_MERGED: usize = 200_000;
/// Ranges that are examined for a single cell.
const MOST_OPEN: usize = 200;

/// A cell with text at its visible place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::extraction) struct Placed {
    pub(in crate::extraction) row: u32,
    pub(in crate::extraction) column: u32,
    pub(in crate::extraction) down: u32,
    pub(in crate::extraction) across: u32,
    pub(in crate::extraction) text: String,
    pub(in crate::extraction) is_bold: bool,
    /// Whether it is certain not to name a column.
    pub(in crate::extraction) is_value: bool,
    /// Why all of its text was left out; then it only keeps its place.
    pub(in crate::extraction) left_out: Option<LeftOut>,
}

/// What a person sees where the text of a cell was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::extraction) enum LeftOut {
    /// Struck text, or a value that the file does not hold.
    Seen,
    /// Nothing.
    Unseen,
}

/// The visible text of a cell, or the reason why it has none.
type Shown = Result<String, Option<LeftOut>>;

/// The cells of a sheet, row by row. Hidden rows and columns are not counted.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    pub(super) cells: Vec<Placed>,
    /// The texts of boxes and comments; a comment is given with the cell that it is about.
    pub(super) remarks: Vec<String>,
}

/// A cell that is being read.
#[derive(Default)]
struct Open {
    at: (u32, u32),
    style: usize,
    kind: String,
    value: String,
    has_formula: bool,
    has_value: bool,
    /// The other cells that its formula computes.
    computes: Option<Range>,
    is_in_value: bool,
    inline: Option<RichReader>,
}

pub(super) struct Reading<'a> {
    workbook: &'a Workbook,
    pub(super) name: &'a str,
    pub(super) notes: &'a mut Notes,
    left: &'a mut usize,
    pub(super) cells: Vec<Placed>,
    pub(super) beside: Beside,
    /// The ranges in which a condition sets colours.
    coloured: Vec<Range>,
    /// The ranges with a shared formula.
    computed: Vec<Range>,
    /// The range of the conditional formats that are being read.
    conditional: String,
    pub(super) merged: Vec<Range>,
    pub(super) hidden_rows: BTreeSet<u32>,
    pub(super) hidden_columns: Vec<(u32, u32)>,
    row: u32,
    column: u32,
}

impl Sheet {
    /// Reads a sheet; `left` are the bytes of text that may still come.
    pub(super) fn read(
        part: &str,
        beside: Beside,
        workbook: &Workbook,
        name: &str,
        left: &mut usize,
        notes: &mut Notes,
    ) -> Result<Self, Unreadable> {
        let mut reading = Reading {
            workbook,
            name,
            notes,
            left,
            cells: Vec::new(),
            beside,
            coloured: coloured_by_condition(part, &workbook.styles)?,
            computed: Vec::new(),
            conditional: String::new(),
            merged: Vec::new(),
            hidden_rows: BTreeSet::new(),
            hidden_columns: Vec::new(),
            row: 0,
            column: 0,
        };
        let mut open: Option<Open> = None;
        for event in events(part) {
            let event = event?;
            match (&event, &mut open) {
                (Event::End(element), Some(_)) if element.local_name().as_ref() == "c" => {
                    if let Some(cell) = open.take() {
                        reading.end_cell(cell)?;
                    }
                }
                (event, Some(cell)) => cell.read(event),
                (Event::Start(element) | Event::Empty(element), None) => {
                    let is_empty = matches!(event, Event::Empty(_));
                    if let Some(cell) = reading.element(element).filter(|_| !is_empty) {
                        open = Some(cell);
                    }
                }
                _ => {}
            }
        }
        Ok(reading.finish())
    }
}

impl Open {
    fn read(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(element) | Event::Empty(element) => match element.local_name().as_ref() {
                "v" => {
                    self.has_value = true;
                    self.is_in_value = matches!(event, Event::Start(_));
                }
                "f" => {
                    self.has_formula = true;
                    self.computes = attribute(element, "ref").and_then(|range| Range::named(&range));
                }
                "is" => self.inline = Some(RichReader::default()),
                _ => {}
            },
            Event::End(element) if element.local_name().as_ref() == "v" => self.is_in_value = false,
            Event::Text(text) if self.is_in_value => self.value.push_str(&text.xml10_content()),
            Event::CData(text) if self.is_in_value => self.value.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) if self.is_in_value => push_reference(reference, &mut self.value),
            _ => {}
        }
        if let Some(inline) = &mut self.inline {
            inline.read(event);
        }
    }
}

impl Reading<'_> {
    /// Reads an element outside of cells; returns a cell that begins.
    fn element(&mut self, element: &BytesStart<'_>) -> Option<Open> {
        let number = |name: &str| attribute(element, name).and_then(|number| number.parse::<u32>().ok());
        let is_set = |name: &str| attribute(element, name).is_some_and(|value| is_true(&value));
        match element.local_name().as_ref() {
            "row" => {
                self.row = number("r").unwrap_or(self.row + 1).clamp(1, MOST_ROWS);
                self.column = 0;
                let has_no_height =
                    attribute(element, "ht").and_then(|height| height.parse::<f64>().ok()).is_some_and(|it| it <= 0.0);
                if is_set("hidden") || has_no_height {
                    self.hidden_rows.insert(self.row);
                }
            }
            "col" => {
                let has_no_width =
                    attribute(element, "width").and_then(|width| width.parse::<f64>().ok()).is_some_and(|it| it <= 0.0);
                if let (Some(first), Some(last), true) =
                    (number("min"), number("max"), is_set("hidden") || has_no_width)
                {
                    self.hidden_columns.push((first, last.min(MOST_COLUMNS)));
                }
            }
            "mergeCell" if self.merged.len() < MOST_MERGED => {
                let range = attribute(element, "ref").and_then(|range| Range::named(&range));
                self.merged.extend(range);
            }
            "conditionalFormatting" => self.conditional = attribute(element, "sqref").unwrap_or_default(),
            "cfRule" => {
                let style = number("dxfId").and_then(|style| usize::try_from(style).ok());
                if style.is_some_and(|style| self.workbook.styles.withdraws(style)) {
                    let place = format!("{}!{}", self.name, self.conditional);
                    self.notes.add(NoteKind::ValuesUncertain, None, Some(&place));
                }
            }
            // The cell shows a bar or a sign in place of its value.
            "dataBar" | "iconSet" if attribute(element, "showValue").is_some_and(|it| !is_true(&it)) => {
                let place = format!("{}!{}", self.name, self.conditional);
                self.notes.add(NoteKind::ValuesUncertain, None, Some(&place));
            }
            "drawing" => {
                let Drawing { has_struck, has_hidden, has_objects, .. } = self.beside.drawing;
                let kinds = [NoteKind::StruckLeftOut, NoteKind::HiddenLeftOut, NoteKind::ObjectsLeftOut];
                let told =
                    kinds.into_iter().zip([has_struck, has_hidden, has_objects]).filter(|(_, is_there)| *is_there);
                told.for_each(|(kind, _)| self.notes.add(kind, None, Some(self.name)));
            }
            "c" => {
                let next = (self.row.max(1), (self.column + 1).min(MOST_COLUMNS));
                let at = attribute(element, "r").and_then(|name| place(&name)).unwrap_or(next);
                self.column = at.1;
                return Some(Open {
                    at,
                    style: number("s").and_then(|style| usize::try_from(style).ok()).unwrap_or_default(),
                    kind: attribute(element, "t").unwrap_or_default(),
                    ..Open::default()
                });
            }
            _ => {}
        }
        None
    }

    fn end_cell(&mut self, mut cell: Open) -> Result<(), Unreadable> {
        let font = self.workbook.styles.font(cell.style);
        let (text, left_out) = match self.shown(&mut cell)? {
            Ok(text) => (text, None),
            Err(Some(left_out)) => (String::new(), Some(left_out)),
            Err(None) => return Ok(()),
        };
        if let Some(font) = font.legacy.as_ref().filter(|_| left_out.is_none()) {
            self.notes.add(NoteKind::LegacyFontUnknown, None, Some(font));
        }
        if text.contains(char::REPLACEMENT_CHARACTER) {
            self.notes.add(NoteKind::UnknownSymbols, None, Some(self.name));
        }
        *self.left = self.left.checked_sub(text.len()).ok_or(Unreadable::TooComplex)?;
        if self.cells.len() >= MOST_CELLS {
            return Err(Unreadable::TooComplex);
        }
        let (row, column) = cell.at;
        let is_of_table = |is_header: bool| {
            self.beside.first_rows.iter().any(|it| it.is_header == is_header && it.range.has(cell.at))
        };
        let is_bold = font.is_bold || is_of_table(true);
        let is_value = !is_bold && is_of_table(false);
        self.cells.push(Placed { row, column, down: 1, across: 1, text, is_bold, is_value, left_out });
        Ok(())
    }

    /// The visible text of a cell.
    fn shown(&mut self, cell: &mut Open) -> Result<Shown, Unreadable> {
        let workbook = self.workbook;
        let (font, format) = (workbook.styles.font(cell.style), workbook.styles.format(cell.style));
        let inline = cell.inline.take();
        let value = cell.value.trim();
        let mut rich = match cell.kind.as_str() {
            "s" => {
                let string = value.parse::<usize>().ok().and_then(|at| workbook.strings.get(at));
                // Any other string would be a wrong value.
                if value.is_empty() { Rich::default() } else { string.cloned().ok_or(Unreadable::Damaged)? }
            }
            "inlineStr" => inline.map(RichReader::finish).unwrap_or_default(),
            "str" => Rich::plain(cell.value.clone()),
            "b" => Rich::plain(if is_true(value) { "TRUE" } else { "FALSE" }.to_owned()),
            "e" => {
                if !value.is_empty() {
                    self.notes.add(NoteKind::CellErrors, None, Some(&format!("{}!{}", self.name, place_name(cell.at))));
                }
                Rich::plain(value.to_owned())
            }
            "d" => Rich::plain(value.trim_end_matches(".000").trim_end_matches('Z').replace('T', " ")),
            _ => Rich::plain(
                value.parse().map_or_else(|_| value.to_owned(), |value| format.number(value, workbook.from_1904)),
            ),
        };
        let is_text = matches!(cell.kind.as_str(), "s" | "inlineStr" | "str");
        if workbook.computes_when_opened && self.computed.len() < MOST_MERGED {
            self.computed.extend(cell.computes);
        }
        if cell.has_formula || self.computed.iter().rev().take(MOST_OPEN).any(|range| range.has(cell.at)) {
            let is_stored = !value.is_empty() || cell.has_value && matches!(cell.kind.as_str(), "str" | "inlineStr");
            // A program that computes nothing stores 0 or nothing for a formula.
            let is_computed = is_stored && !(workbook.computes_when_opened && matches!(value, "" | "0"));
            let place = format!("{}!{}", self.name, place_name(cell.at));
            if !is_computed {
                self.notes.add(NoteKind::FormulasLeftOut, None, Some(&place));
                return Ok(Err(Some(LeftOut::Seen)));
            }
            if workbook.computes_when_opened {
                self.notes.add(NoteKind::ValuesUncertain, None, Some(&place));
            }
        }
        if let Some(font) = &rich.legacy_font {
            self.notes.add(NoteKind::LegacyFontUnknown, None, Some(font));
        }
        let has_struck = rich.has_struck || font.is_struck && rich.follows_cell();
        if has_struck {
            self.notes.add(NoteKind::StruckLeftOut, None, Some(self.name));
        }
        let colour =
            if is_text { format.colour_of_text() } else { value.parse().ok().and_then(|it| format.colour(it)) };
        // A condition or the style of a table may give the cell another colour.
        let is_certain = || self.beside.first_rows.is_empty() && !self.coloured.iter().any(|range| range.has(cell.at));
        let seen = rich.leave_out_unseen(&font, colour, workbook.styles.fill(cell.style), is_certain);
        match seen {
            Seen::Yes => {}
            Seen::Perhaps => self.notes.add(NoteKind::VisibilityUncertain, None, Some(self.name)),
            Seen::No => self.notes.add(NoteKind::HiddenLeftOut, None, Some(self.name)),
        }
        // The font of a run overrides the font of the cell.
        let text = rich.in_font(&font);
        if workbook.styles.crosses_out(cell.style) && !text.trim().is_empty() {
            self.notes.add(NoteKind::StruckLeftOut, None, Some(self.name));
            return Ok(Err(Some(LeftOut::Seen)));
        }
        let shown = if is_text && !text.trim().is_empty() { format.text(&text) } else { text.clone() };
        if !shown.trim().is_empty() {
            return Ok(Ok(shown));
        }
        let is_hidden_by_format =
            seen != Seen::No && if is_text { !text.trim().is_empty() } else { !value.is_empty() && !font.is_struck };
        if is_hidden_by_format {
            self.notes.add(NoteKind::HiddenLeftOut, None, Some(self.name));
        }
        Ok(Err(match (has_struck, is_hidden_by_format || seen == Seen::No) {
            (true, _) => Some(LeftOut::Seen),
            (_, true) => Some(LeftOut::Unseen),
            _ => None,
        }))
    }
}
