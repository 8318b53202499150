//! The text of a document, of its footnotes, of its cells and boxes, in reading order.

use std::{collections::HashMap, rc::Rc};

use super::{
    cells::Table,
    fields::Fields,
    footnotes::Footnote,
    margins::{Margins, says_more},
    numbering::{Mark, Numbering},
    properties::{ParagraphProperties, RunProperties},
    styles::{Look, Styles},
};
use crate::extraction::{
    NoteKind, Unreadable,
    ooxml::{
        blocks::{Block, in_a_cell},
        math::Formula,
        numbers::mark,
        report::Report,
    },
    pptx::Diagrams,
    scripts::Words,
};

pub(super) struct Story<'s, 'n> {
    pub(super) styles: &'s mut Styles,
    numbering: &'s mut Numbering,
    pub(super) report: &'s mut Report<'n>,
    footnotes: HashMap<String, String>,
    pub(super) flows: Vec<Flow>,
    pub(super) tables: Vec<Table>,
    pub(super) formula: Option<Formula>,
    /// The depth of nested embedded objects, and whether the current drawing is hidden.
    pub(super) objects: usize,
    pub(super) is_drawing_hidden: bool,
    /// Whether the current drawing floats before the text, and its current shape.
    pub(super) is_before_text: bool,
    pub(super) drawn: Drawn,
    pub(super) form: Form,
    /// Whether this story is a header or footer itself, and the headers and footers of the sections.
    pub(super) is_margin: bool,
    pub(super) margins: Margins,
    pub(super) diagrams: Diagrams,
}

/// A form field: a list to choose from, or a check box.
#[derive(Debug, Default)]
pub(super) struct Form {
    pub(super) entries: Vec<String>,
    pub(super) chosen: usize,
    pub(super) is_ticked: bool,
    pub(super) kind: Option<&'static str>,
}

/// The floating shape that is being read.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    /// Whether it floats before the text, and the text does not flow around it.
    pub(super) floats_in_front: bool,
    /// Whether it is filled, if it says so itself, and whether its style fills it.
    pub(super) is_filled: Option<bool>,
    pub(super) has_filling_style: bool,
}

/// A text with its own sequence of paragraphs: the body, a cell, a box.
#[derive(Debug, Default)]
pub(super) struct Flow {
    blocks: Vec<Block>,
    /// Blocks of drawings that stand beside the paragraph; they are written after it.
    pub(super) beside: Vec<Block>,
    footnotes: Vec<Footnote>,
    pub(super) is_cell: bool,
    pub(super) is_box: bool,
    /// The id of the footnote that this flow is.
    pub(super) id: Option<String>,
    pub(super) paragraph: Option<Paragraph>,
    /// Words of a paragraph whose paragraph mark was deleted: they continue in the next one.
    carried: Option<Paragraph>,
    pub(super) fields: Fields,
    pub(super) shown_by_form: Option<String>,
    pub(super) run: RunProperties,
    pub(super) look: Option<Rc<Look>>,
    /// The reason why the last text was left out, so that one stretch gives one note.
    pub(super) left_out: Option<NoteKind>,
}

#[derive(Debug, Default)]
pub(super) struct Paragraph {
    pub(super) properties: ParagraphProperties,
    pub(super) words: Words,
    pub(super) end: End,
    pub(super) ends_section: bool,
    pub(super) has_page_number: bool,
}

/// The state of a paragraph's mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum End {
    #[default]
    Seen,
    Hidden,
    Deleted,
    /// The paragraph continues in the next one on the page, too.
    GoesOn,
}

impl<'s, 'n> Story<'s, 'n> {
    pub(super) fn new(
        styles: &'s mut Styles,
        numbering: &'s mut Numbering,
        report: &'s mut Report<'n>,
        footnotes: HashMap<String, String>,
    ) -> Self {
        let (flows, tables) = (vec![Flow::default()], Vec::new());
        let form = Form::default();
        Self {
            styles,
            numbering,
            report,
            footnotes,
            flows,
            tables,
            formula: None,
            objects: 0,
            is_drawing_hidden: false,
            is_before_text: false,
            drawn: Drawn::default(),
            form,
            is_margin: false,
            margins: Margins::default(),
            diagrams: Diagrams::new(),
        }
    }

    pub(super) fn into_blocks(mut self) -> Vec<Block> {
        self.close_flow().0
    }

    pub(super) fn into_footnotes(self) -> HashMap<String, String> {
        self.footnotes
    }

    pub(super) fn flow(&mut self) -> &mut Flow {
        if self.flows.is_empty() {
            self.flows.push(Flow::default());
        }
        let last = self.flows.len() - 1;
        &mut self.flows[last]
    }

    pub(super) fn paragraph(&mut self) -> Option<&mut Paragraph> {
        self.flow().paragraph.as_mut()
    }

    /// Ends the innermost flow; returns its blocks, and the footnotes that are left for the table around it.
    pub(super) fn close_flow(&mut self) -> (Vec<Block>, Vec<Footnote>) {
        self.end_paragraph();
        self.end_carried();
        let Some(mut flow) = self.flows.pop() else { return (Vec::new(), Vec::new()) };
        flow.blocks.append(&mut flow.beside);
        (flow.blocks, flow.footnotes)
    }

    pub(super) fn end_box(&mut self) {
        let (mut blocks, mut footnotes) = self.close_flow();
        let flow = self.flow();
        flow.beside.append(&mut blocks);
        flow.footnotes.append(&mut footnotes);
        if flow.paragraph.is_none() {
            let mut beside = std::mem::take(&mut flow.beside);
            flow.blocks.append(&mut beside);
        }
    }

    pub(super) fn end_footnote(&mut self, id: String) {
        let (blocks, _) = self.close_flow();
        let text = in_a_cell(&blocks);
        if !text.trim().is_empty() {
            self.footnotes.insert(id, text);
        }
    }

    /// Adds a footnote, whose text follows the paragraph or the table that refers to it.
    pub(super) fn refer_to(&mut self, id: &str) {
        let is_shown = self.flow().fields.is_shown();
        if let Some(text) = self.footnotes.remove(id).filter(|_| is_shown) {
            let flow = self.flow();
            let said = flow.paragraph.as_mut().map(|paragraph| paragraph.words.settled()).unwrap_or_default();
            flow.footnotes.push(Footnote::after(said, text));
        }
    }

    pub(super) fn end_table(&mut self) -> Result<(), Unreadable> {
        let Some(mut table) = self.tables.pop() else { return Ok(()) };
        let style = self.styles.resolve_table(table.style.as_deref());
        table.leave_out_by_style(&style).into_iter().for_each(|reason| self.report.add(reason, None));
        let (mut blocks, mut footnotes) = table.finished()?;
        let flow = self.flow();
        if flow.blocks.is_empty() {
            flow.blocks = blocks;
        } else {
            flow.blocks.append(&mut blocks);
        }
        flow.footnotes.append(&mut footnotes);
        flow.write_footnotes(true);
        Ok(())
    }

    pub(super) fn begin_paragraph(&mut self) {
        self.end_paragraph();
        let flow = self.flow();
        let words = flow.carried.take().map(|carried| carried.words).unwrap_or_default();
        flow.paragraph = Some(Paragraph { words, ..Paragraph::default() });
        flow.run = RunProperties::default();
        flow.look = None;
        flow.left_out = None;
    }

    pub(super) fn end_paragraph(&mut self) {
        let flow = self.flow();
        let Some(paragraph) = flow.paragraph.take() else { return };
        let ends_section = paragraph.ends_section;
        flow.fields.end_paragraph();
        if matches!(paragraph.end, End::Deleted | End::GoesOn) {
            flow.carried = Some(paragraph);
        } else {
            let block = self.block_of(paragraph);
            self.flow().blocks.extend(block);
        }
        let flow = self.flow();
        flow.blocks.append(&mut flow.beside);
        flow.write_footnotes(false);
        if ends_section {
            self.margins.begin = self.flow().blocks.len();
        }
    }

    /// Inserts the section's header and footer before its text.
    pub(super) fn end_section(&mut self) -> Result<(), Unreadable> {
        let blocks = self.margins.end_section()?;
        let begin = self.margins.begin;
        let flow = self.flow();
        let begin = begin.min(flow.blocks.len());
        flow.blocks.splice(begin..begin, blocks);
        if let Some(paragraph) = &mut flow.paragraph {
            paragraph.ends_section = true;
        }
        Ok(())
    }

    /// Writes the words that were to continue in a next paragraph if there is none.
    pub(super) fn end_carried(&mut self) {
        if let Some(paragraph) = self.flow().carried.take() {
            let block = self.block_of(paragraph);
            self.flow().blocks.extend(block);
        }
    }

    fn block_of(&mut self, paragraph: Paragraph) -> Option<Block> {
        let Paragraph { properties, words, end, has_page_number, .. } = paragraph;
        let is_blank = words.is_blank();
        let style = self.styles.resolve(properties.style.as_deref());
        if is_blank && (end != End::Seen || style.run.is_hidden == Some(true)) {
            return None;
        }
        let outline = properties.outline.or(style.paragraph.outline);
        let heading = match outline {
            Some(level @ 0..=8) => Some(usize::from(level) + 1),
            Some(_) => None,
            None => style.heading,
        };
        let all = style.paragraph.overlaid(&properties);
        let item = all.list.as_deref().filter(|list| *list != "0").and_then(|list| {
            let by_style = style.list_style.as_deref().and_then(|style| self.numbering.level_of_style(list, style));
            let level = properties.level.or(by_style).or(all.level).unwrap_or(0);
            Some((level, self.numbering.next(list, level)?))
        });
        // An item without text takes a number all the same; in a table the number may be the cell's only content.
        if is_blank {
            let label = item.and_then(|(_, mark)| if let Mark::Number(label) = mark { Some(label) } else { None });
            return label.filter(|label| self.flow().is_cell && !label.is_empty()).map(Block::Paragraph);
        }
        let text = words.finished().trim().to_owned();
        if self.is_margin && has_page_number && !says_more(&text) {
            return None;
        }
        Some(match (heading, item) {
            (Some(level), Some((_, Mark::Number(label)))) if !label.is_empty() => {
                Block::Heading(level, format!("{label} {text}"))
            }
            (Some(level), _) => Block::Heading(level, text),
            (None, Some((level, Mark::Number(label)))) if !label.is_empty() => Block::Item(level, mark(&label), text),
            (None, Some((level, Mark::Bullet(Some(sign))))) => {
                Block::Item(level, String::new(), format!("{sign} {text}"))
            }
            (None, Some((level, Mark::Bullet(None)))) => Block::Item(level, String::new(), text),
            (None, Some((_, Mark::Number(_))) | None) => Block::Paragraph(text),
        })
    }
}

impl Flow {
    pub(super) fn of_cell() -> Self {
        Self { is_cell: true, ..Self::default() }
    }

    pub(super) fn of_box() -> Self {
        Self { is_box: true, ..Self::default() }
    }

    pub(super) fn of_footnote(id: Option<String>) -> Self {
        Self { id, ..Self::default() }
    }

    /// Writes the footnotes; those of a cell follow its table instead.
    fn write_footnotes(&mut self, is_in_doubt: bool) {
        if !self.is_cell {
            self.blocks.extend(Footnote::blocks(std::mem::take(&mut self.footnotes), is_in_doubt));
        }
    }
}
