//! The elements of a document's text and what each does to the story.

use super::{
    cells::{Cell, Merge, Row, Table},
    properties::RunProperties,
    shading::Shading,
    story::{End, Flow, Story},
    table_styles::look,
};
use crate::extraction::{
    NoteKind, Unreadable,
    ooxml::{
        math::{Formula, Part},
        xml::{Element, Handler, Ns},
    },
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Through,
    Paragraph,
    ParagraphProperties,
    /// The properties of a paragraph's mark.
    EndProperties,
    List,
    Run,
    RunProperties,
    Text,
    Instruction,
    Symbol,
    Table,
    TableProperties,
    Row,
    RowProperties,
    /// Properties of the table that a row changes.
    RowException,
    Cell,
    CellProperties,
    Box,
    Footnote,
    FormField,
    FormPart,
    Object,
    Field,
    Section,
    Formula,
    InFormula(Part),
    /// A shape, its properties, and its outline.
    Shape,
    ShapeProperties,
    Outline,
    /// The effect that fills letters.
    Effect,
}

/// Columns that a row leaves out or a cell covers; a larger number is taken for an attack.
fn columns(element: &Element<'_>) -> usize {
    element.number::<usize>("val").unwrap_or(0)
}

fn merge(element: &Element<'_>) -> Merge {
    if element.attribute("val").as_deref() == Some("restart") { Merge::Begins } else { Merge::Continues }
}

impl Handler for Story<'_, '_> {
    type Tag = Tag;

    fn open(&mut self, element: &Element<'_>, parent: Option<Tag>) -> Result<Option<Tag>, Unreadable> {
        if self.is_deletion(element, parent) {
            return Ok(None);
        }
        if let (Some(formula), Some(Tag::Formula | Tag::InFormula(_))) = (&mut self.formula, parent) {
            return Ok(formula.open(element).map(Tag::InFormula));
        }
        Ok(match element.ns {
            Ns::Word => self.open_word(element, parent),
            Ns::Math => match element.local {
                "oMath" => {
                    self.formula = Some(Formula::new());
                    Some(Tag::Formula)
                }
                _ => Some(Tag::Through),
            },
            _ => match parent {
                Some(Tag::RunProperties) => {
                    self.flow().run.take(element);
                    (element.local == "textFill").then_some(Tag::Effect)
                }
                Some(Tag::Effect) => {
                    self.flow().run.take_effect(element);
                    Some(Tag::Effect)
                }
                _ => self.open_drawing(element, parent),
            },
        })
    }

    fn close(&mut self, tag: Tag) -> Result<(), Unreadable> {
        match tag {
            Tag::Paragraph => self.end_paragraph(),
            Tag::Cell => {
                let (blocks, footnotes) = self.close_flow();
                if let Some(table) = self.tables.last_mut() {
                    let cell = std::mem::take(&mut table.cell);
                    let (blocks, footnotes) = if cell.is_deleted { Default::default() } else { (blocks, footnotes) };
                    table.row.cells.push(Cell { blocks, footnotes, ..cell });
                }
            }
            Tag::Row => {
                if let Some(table) = self.tables.last_mut() {
                    let row = std::mem::take(&mut table.row);
                    match (row.is_deleted, row.is_hidden) {
                        (true, _) => self.report.add(NoteKind::ChangesLeftOut, None),
                        (_, true) => self.report.add(NoteKind::HiddenLeftOut, None),
                        _ => {}
                    }
                    table.rows.push(row);
                }
            }
            Tag::Table => self.end_table()?,
            Tag::Box => self.end_box(),
            Tag::Footnote => {
                let id = self.flow().id.take().unwrap_or_default();
                self.end_footnote(id);
            }
            Tag::RunProperties => {
                let flow = self.flow();
                flow.look = None;
                let overrides = flow.run.is_struck == Some(false) || flow.run.is_hidden == Some(false);
                if let Some(table) = self.tables.last_mut() {
                    table.cell.overrides_style |= overrides;
                }
            }
            // A formula after the run stands outside of runs and does not have its look.
            Tag::Run => {
                let flow = self.flow();
                (flow.run, flow.look) = (RunProperties::default(), None);
            }
            Tag::Formula => {
                if let Some(formula) = self.formula.take() {
                    self.write_formula(formula);
                }
            }
            Tag::InFormula(part) => {
                if let Some(formula) = &mut self.formula {
                    formula.close(part);
                }
            }
            Tag::FormField => self.write_form(),
            Tag::Field => self.end_field(),
            Tag::Section => self.end_section()?,
            Tag::Shape => self.end_drawn_shape(),
            Tag::Object => self.objects = self.objects.saturating_sub(1),
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str, tag: Tag) {
        match tag {
            // Line breaks of the XML file are not line breaks of the page.
            Tag::Text if text.contains(['\n', '\r', '\t']) => self.write(&text.replace(['\n', '\r', '\t'], " ")),
            Tag::Text => self.write(text),
            Tag::Instruction => self.flow().fields.instruct(text),
            Tag::InFormula(part) => {
                if let Some(formula) = &mut self.formula {
                    formula.text(text, part);
                }
            }
            _ => {}
        }
    }
}

impl Story<'_, '_> {
    /// Whether the element is text that is deleted or moved away, or a state before a tracked change.
    fn is_deletion(&mut self, element: &Element<'_>, parent: Option<Tag>) -> bool {
        if element.ns != Ns::Word {
            return false;
        }
        match (element.local, parent) {
            ("del" | "moveFrom", Some(Tag::EndProperties)) => {
                if let Some(paragraph) = self.paragraph() {
                    paragraph.end = End::Deleted;
                }
            }
            ("del", Some(Tag::RowProperties)) => {
                if let Some(table) = self.tables.last_mut() {
                    table.row.is_deleted = true;
                }
            }
            ("cellDel", _) => {
                self.report.add(NoteKind::ChangesLeftOut, None);
                if let Some(table) = self.tables.last_mut() {
                    table.cell.is_deleted = true;
                }
            }
            ("del" | "moveFrom", Some(Tag::RunProperties | Tag::List | Tag::ParagraphProperties))
            | (
                "delText" | "delInstrText" | "pPrChange" | "rPrChange" | "tblPrChange" | "tblGridChange" | "trPrChange"
                | "tcPrChange" | "sectPrChange" | "numberingChange" | "tblPrExChange",
                _,
            ) => {}
            ("del" | "moveFrom", _) => self.report.add(NoteKind::ChangesLeftOut, None),
            _ => return false,
        }
        true
    }

    fn open_word(&mut self, element: &Element<'_>, parent: Option<Tag>) -> Option<Tag> {
        match parent {
            Some(Tag::RunProperties) => {
                self.flow().run.take(element);
                return None;
            }
            Some(Tag::EndProperties) => {
                if let ("vanish", true, Some(paragraph)) = (element.local, element.is_on("val"), self.paragraph())
                    && paragraph.end == End::Seen
                {
                    paragraph.end = End::Hidden;
                }
                return None;
            }
            Some(Tag::ParagraphProperties | Tag::List) => return self.take_paragraph_property(element),
            Some(Tag::RowProperties | Tag::RowException | Tag::CellProperties) => {
                self.take_layout(element, parent);
                return None;
            }
            Some(Tag::TableProperties) => {
                self.take_table_property(element);
                return None;
            }
            Some(Tag::Section) => {
                self.margins.take(element);
                return None;
            }
            Some(Tag::FormField | Tag::FormPart) => return self.take_form(element),
            _ => {}
        }
        match element.local {
            "p" => {
                self.begin_paragraph();
                Some(Tag::Paragraph)
            }
            "pPr" => (parent == Some(Tag::Paragraph)).then_some(Tag::ParagraphProperties),
            "r" => {
                let flow = self.flow();
                flow.run = RunProperties::default();
                flow.look = None;
                Some(Tag::Run)
            }
            "rPr" => (parent == Some(Tag::Run)).then_some(Tag::RunProperties),
            "t" => Some(Tag::Text),
            "instrText" => Some(Tag::Instruction),
            "tbl" => {
                self.end_carried();
                self.tables.push(Table::default());
                Some(Tag::Table)
            }
            "tr" => {
                if let Some(table) = self.tables.last_mut() {
                    table.row = Row::default();
                }
                Some(Tag::Row)
            }
            "tc" => {
                if let Some(table) = self.tables.last_mut() {
                    table.cell = Cell::default();
                }
                self.flows.push(Flow::of_cell());
                Some(Tag::Cell)
            }
            "tblPr" if parent == Some(Tag::Table) => Some(Tag::TableProperties),
            "trPr" | "tblPrEx" => Some(if element.local == "trPr" { Tag::RowProperties } else { Tag::RowException }),
            "tcPr" => Some(Tag::CellProperties),
            "txbxContent" if self.is_drawing_hidden => {
                self.report.add(NoteKind::HiddenLeftOut, None);
                None
            }
            "txbxContent" => {
                self.flows.push(Flow::of_box());
                Some(Tag::Box)
            }
            "footnote" | "endnote" => {
                let id = element.attribute("id").map(|id| format!("{} {id}", element.local));
                // Separators between the text and its notes are no notes.
                if element.attribute("type").is_some_and(|it| it != "normal") {
                    return None;
                }
                self.flows.push(Flow::of_footnote(id));
                Some(Tag::Footnote)
            }
            "drawing" | "pict" => {
                self.is_drawing_hidden = false;
                Some(Tag::Through)
            }
            "object" => {
                self.objects += 1;
                Some(Tag::Object)
            }
            "sectPr" => Some(Tag::Section),
            "background" => {
                let is_white = |colour: String| matches!(colour.as_str(), "auto" | "FFFFFF" | "ffffff");
                self.styles.has_backdrop |= !element.attribute("color").is_some_and(is_white);
                Some(Tag::Through)
            }
            "sdtPr" | "sdtEndPr" | "tblPr" | "tblGrid" | "customXmlPr" | "smartTagPr" | "rt" | "rubyPr" => None,
            _ => Some(self.open_piece(element)),
        }
    }

    fn take_table_property(&mut self, element: &Element<'_>) {
        let Some(table) = self.tables.last_mut() else { return };
        match element.local {
            "tblStyle" => table.style = element.attribute("val").map(Into::into),
            "tblLook" => table.look = Some(look(element)),
            "shd" => table.shading = Some(Shading::of(element)),
            _ => {}
        }
    }

    fn take_paragraph_property(&mut self, element: &Element<'_>) -> Option<Tag> {
        match element.local {
            "rPr" => return Some(Tag::EndProperties),
            "numPr" => return Some(Tag::List),
            "sectPr" => return Some(Tag::Section),
            _ => {}
        }
        if let Some(paragraph) = self.paragraph() {
            paragraph.properties.take(element);
            // A drop cap is a paragraph of its own whose word continues in the next one.
            if element.local == "framePr" && element.attribute("dropCap").is_some_and(|it| it != "none") {
                paragraph.end = End::GoesOn;
            }
        }
        self.flow().look = None;
        None
    }

    fn take_layout(&mut self, element: &Element<'_>, parent: Option<Tag>) {
        let Some(Table { row, cell, .. }) = self.tables.last_mut() else { return };
        match element.local {
            "gridBefore" => row.before = columns(element),
            "gridAfter" => row.after = columns(element),
            "tblHeader" => row.is_header = element.is_on("val"),
            "hidden" => row.is_hidden = element.is_on("val"),
            "gridSpan" => cell.across = columns(element),
            "shd" if parent == Some(Tag::RowException) => row.shading = Some(Shading::of(element)),
            "shd" => cell.shading = Some(Shading::of(element)),
            "vMerge" => cell.down = merge(element),
            "hMerge" => cell.beside = merge(element),
            _ => {}
        }
    }
}
