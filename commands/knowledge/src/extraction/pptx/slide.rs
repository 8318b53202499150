//! A slide, or the page of its speaker notes: the title, then the texts of its shapes.

use super::{
    arrangement::{Area, Text, arranged},
    bullets::Marked,
    colours::{Colours, Paint},
    covers::Drawn,
    diagram::{Diagrams, Points},
    looks::{LEVELS, Look},
    placeholder::Place,
    shapes::{Group, Paragraph, Shape, Table},
    template::{Outline, Sheet, Styles, Template},
};
use crate::extraction::{
    NoteKind, Unreadable,
    ooxml::{
        blocks::{Block, in_a_cell},
        math::{Formula, Part},
        report::{Faces, Report},
        xml::{Element, Handler, Ns},
    },
    scripts::{Gap, Script},
};

/// Thousandths of a per cent from which text counts as raised or lowered.
const RAISED_FROM: i64 = 5_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Through,
    Shape,
    Group,
    GroupProperties,
    /// The position of a shape or a group.
    Transform,
    ShapeProperties,
    CellProperties,
    BackgroundProperties,
    TableStyle,
    Line,
    /// The outline or another effect of letters.
    Effect(PaintOf),
    Fill(PaintOf),
    Colour(PaintOf),
    /// A text style, a level of it, and the characters of that level.
    Style(StyleOf),
    Level(StyleOf, usize),
    LevelRun(StyleOf, usize),
    Paragraph,
    ParagraphProperties,
    Run,
    RunProperties,
    Text,
    Table,
    Row,
    Cell,
    Formula,
    InFormula(Part),
}

/// The owner of a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PaintOf {
    /// The current shape or cell, or all text of a shape by its style.
    Shape,
    Font,
    /// The line of a shape.
    Line,
    Background,
    Run,
    Highlight,
    Level(StyleOf, usize),
}

/// The owner of a text style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StyleOf {
    Shape,
    Title,
    Body,
    Other,
}

#[expect(clippy::struct_excessive_bools, reason = "the attributes of a slide are independent of each other")]
pub(super) struct Slide<'s, 'n> {
    pub(super) report: &'s mut Report<'n>,
    pub(super) template: &'s Template,
    /// Whether it is a page of speaker notes, of which only the body is read.
    pub(super) is_notes: bool,
    pub(super) is_hidden: bool,
    /// Whether it hides the shapes of its master or layout.
    pub(super) hides_master: bool,
    /// Texts that stand on many slides: header, footer and the like.
    pub(super) margins: Vec<String>,
    pub(super) texts: Vec<Text>,
    /// The shapes in the order in which they are drawn, and the background.
    pub(super) drawn: Vec<Drawn>,
    pub(super) background: Paint,
    /// The names of colours, if it is a master.
    pub(super) colours: Colours,
    /// Whether shapes appear or vanish while it is shown.
    pub(super) is_animated: bool,
    /// The placeholders that slides inherit from, if it is a layout or a master.
    outlines: Vec<Outline>,
    pub(super) styles: Styles,
    /// The open shapes: the current one, and the cell in it.
    pub(super) shapes: Vec<Shape>,
    pub(super) table: Option<Table>,
    formula: Option<Formula>,
    /// The open groups.
    pub(super) groups: Vec<Group>,
    /// The number of arrows that connect shapes.
    pub(super) arrows: usize,
    /// The diagrams that it refers to, and its points if it is a diagram itself.
    pub(super) diagrams: Diagrams,
    pub(super) points: Points,
}

impl<'s, 'n> Slide<'s, 'n> {
    pub(super) fn new(report: &'s mut Report<'n>, template: &'s Template, is_notes: bool) -> Self {
        Self {
            report,
            template,
            is_notes,
            is_hidden: false,
            hides_master: false,
            margins: Vec::new(),
            texts: Vec::new(),
            drawn: Vec::new(),
            background: Paint::Unset,
            colours: Colours::default(),
            is_animated: false,
            outlines: Vec::new(),
            styles: Styles::default(),
            shapes: Vec::new(),
            table: None,
            formula: None,
            groups: Vec::new(),
            arrows: 0,
            diagrams: Diagrams::new(),
            points: Points::default(),
        }
    }

    /// The visible blocks of a slide of this size.
    pub(super) fn into_blocks(mut self, size: Option<(i64, i64)>) -> Vec<Block> {
        self.leave_out_covered();
        let (titles, texts): (Vec<Text>, Vec<Text>) = self.texts.into_iter().partition(|text| text.is_title);
        let (outside, texts): (Vec<Text>, Vec<Text>) = texts.into_iter().partition(|text| text.is_outside(size));
        for _ in outside {
            self.report.add(NoteKind::HiddenLeftOut, None);
        }
        let mut blocks: Vec<Block> = titles.into_iter().flat_map(|title| title.blocks).collect();
        if self.arrows > 0 {
            blocks.extend(texts.into_iter().flat_map(|text| text.blocks));
            return blocks;
        }
        let (arranged, is_uncertain) = arranged(texts);
        if is_uncertain {
            self.report.add(NoteKind::ColumnsUncertain, None);
        }
        blocks.extend(arranged);
        blocks
    }

    /// The parts that slides inherit, if it is a layout or a master. Text in its placeholders is a prompt for the
    /// author.
    pub(super) fn into_sheet(self, size: Option<(i64, i64)>) -> Sheet {
        let texts = self.texts.iter().filter(|text| !text.is_placeholder && !text.is_title && !text.is_outside(size));
        let says = texts.map(|text| in_a_cell(&text.blocks)).filter(|text| text.contains(char::is_alphabetic));
        let says = says.map(|text| format!("Master: {text}")).collect();
        let drawn = self.drawn.into_iter().filter(|drawn| !drawn.is_placeholder).collect();
        Sheet {
            outlines: self.outlines,
            styles: self.styles,
            says,
            hides_master: self.hides_master,
            background: self.background,
            drawn,
            colours: self.colours,
        }
    }

    /// The area of a shape on the slide: its own, or that of its placeholder.
    pub(super) fn area_of(&self, shape: &Shape) -> Option<Area> {
        let own = self.groups.iter().rev().fold(shape.area, |area, group| Some(group.outside(area?)));
        own.or_else(|| self.template.area(shape.name.as_ref()?))
    }

    pub(super) fn paragraph(&mut self) -> Option<&mut Paragraph> {
        self.shapes.last_mut()?.paragraph.as_mut()
    }

    fn end_shape(&mut self) {
        let Some(mut shape) = self.shapes.pop() else { return };
        if let Some(point) = shape.point.take() {
            self.points.words.insert(point, shape.blocks);
            return;
        }
        let is_read = if self.is_notes { shape.place == Place::Body } else { shape.place != Place::Furniture };
        let is_hidden = shape.is_hidden || self.groups.iter().any(|group| group.is_hidden);
        let area = self.area_of(&shape);
        if let Some(area) = area.filter(|_| !is_hidden) {
            let drawn = Drawn::of(&shape, area);
            self.drawn.push(drawn);
        }
        let drawn = self.drawn.len();
        let text = |shape: &mut Shape, blocks: Vec<Block>| {
            let cells = std::mem::take(&mut shape.cells);
            let (is_placeholder, is_title) = (shape.name.is_some(), shape.place == Place::Title);
            let overflow = area.map_or(0, |area| shape.overflow(&blocks, area));
            Text { is_placeholder, blocks, area, is_title, drawn, cells, overflow }
        };
        match (is_read && !shape.blocks.is_empty(), is_hidden) {
            (true, true) => self.report.add(NoteKind::HiddenLeftOut, None),
            (true, false) if shape.place == Place::Title => {
                let blocks = shape.title().into_iter().collect();
                self.texts.push(text(&mut shape, blocks));
            }
            (true, false) if shape.place == Place::Footer => {
                self.margins.push(format!("Footer: {}", in_a_cell(&shape.blocks)));
            }
            (true, false) => {
                let blocks = std::mem::take(&mut shape.blocks);
                self.texts.push(text(&mut shape, blocks));
            }
            _ => {}
        }
        if let Some(name) = shape.name.filter(|_| !shape.is_picture) {
            self.outlines.push(Outline { name, area: shape.area, style: shape.style, fill: shape.fill });
        }
    }

    /// The resolved look of the current paragraph.
    fn look(&mut self) -> Option<&Look> {
        let template = self.template;
        let shape = self.shapes.last_mut()?;
        let Shape { name, style, paragraph: Some(paragraph), font_colour, .. } = shape else { return None };
        let Paragraph { own, look, level, .. } = paragraph;
        let level = (*level).min(LEVELS - 1);
        Some(look.get_or_insert_with(|| {
            let mut look = own.over(&style.levels[level]);
            look.run.colour = look.run.colour.take().or_else(|| font_colour.clone());
            for style in template.styles(name.as_ref()) {
                look = look.over(&style.levels[level]);
            }
            look
        }))
    }

    fn end_paragraph(&mut self) {
        let Look { bullet, bullet_font, .. } = self.look().cloned().unwrap_or_default();
        let is_notes = self.is_notes;
        let Some(shape) = self.shapes.last_mut() else { return };
        let Some(paragraph) = shape.paragraph.take().filter(|paragraph| !paragraph.words.is_blank()) else { return };
        let Paragraph { words, level, .. } = paragraph;
        let text = words.finished().trim().to_owned();
        let has_bullets = shape.place == Place::Body && !is_notes;
        shape.blocks.push(match shape.counts.next(&bullet, bullet_font.as_deref(), level, has_bullets) {
            Marked::Text => Block::Paragraph(text),
            Marked::Item { mark, sign: None } => Block::Item(level, mark, text),
            Marked::Item { mark, sign: Some(sign) } => Block::Item(level, mark, format!("{sign} {text}")),
        });
    }

    fn write(&mut self, text: &str) {
        let Some(under) = self.look().map(|look| look.run.clone()) else { return };
        let Some(paragraph) = self.shapes.last_mut().and_then(|shape| shape.paragraph.as_mut()) else { return };
        let run = paragraph.run.over(&under);
        if run.is_struck() {
            paragraph.words.leave_out(Gap::Struck);
            if !text.trim().is_empty() {
                self.report.add(NoteKind::StruckLeftOut, None);
            }
            return;
        }
        if !text.trim().is_empty() && !self.is_visible(&run) {
            return;
        }
        let script = match run.baseline() {
            RAISED_FROM.. => Script::Raised,
            baseline if baseline <= -RAISED_FROM => Script::Lowered,
            _ => Script::Base,
        };
        let ascii = self.template.fonts.named(run.latin.as_deref());
        let shown = self.report.shown(text, Faces { ascii, other: run.symbols.as_deref().or(ascii) });
        if let Some(paragraph) = self.paragraph() {
            paragraph.words.push(&shown, script);
        }
    }

    fn end_formula(&mut self) {
        let Some(formula) = self.formula.take() else { return };
        if let Some(kind) = formula.left_out() {
            self.report.add(kind, None);
        }
        let text = formula.finished();
        if let Some(paragraph) = self.paragraph().filter(|_| !text.is_empty()) {
            paragraph.words.push(&text, Script::Base);
            self.report.add(NoteKind::FormulasAsText, None);
        }
    }
}

impl Handler for Slide<'_, '_> {
    type Tag = Tag;

    fn open(&mut self, element: &Element<'_>, parent: Option<Tag>) -> Result<Option<Tag>, Unreadable> {
        if let (Some(formula), Some(Tag::Formula | Tag::InFormula(_))) = (&mut self.formula, parent) {
            return Ok(formula.open(element).map(Tag::InFormula));
        }
        Ok(match (element.ns, element.local) {
            (Ns::Slides, _) => self.open_shape(element, parent),
            (Ns::Drawing, _) => self.open_text(element, parent),
            (Ns::Diagram, _) => Some(self.open_diagram(element)),
            (Ns::Math, "oMath") => {
                self.formula = Some(Formula::new());
                Some(Tag::Formula)
            }
            _ => Some(Tag::Through),
        })
    }

    fn close(&mut self, tag: Tag) -> Result<(), Unreadable> {
        match tag {
            Tag::Shape => self.end_shape(),
            Tag::Group => drop(self.groups.pop()),
            Tag::Paragraph => self.end_paragraph(),
            Tag::Cell => self.end_cell(),
            Tag::Table => {
                let table = self.table.take().unwrap_or_default();
                let has_text = table.rows.iter().flatten().any(|cell| !cell.text.trim().is_empty());
                let frame = self.shapes.last().and_then(|shape| self.area_of(shape));
                let cells = frame.and_then(|frame| table.placed(frame)).unwrap_or_default();
                let block = table.finished().ok_or(Unreadable::TooComplex)?;
                if let Some(shape) = self.shapes.last_mut().filter(|_| has_text) {
                    shape.blocks.push(block);
                    shape.cells = cells;
                }
            }
            Tag::Formula => self.end_formula(),
            Tag::InFormula(part) => {
                if let Some(formula) = &mut self.formula {
                    formula.close(part);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str, tag: Tag) {
        match tag {
            Tag::Text if text.contains(['\n', '\r', '\t', '\u{b}']) => {
                self.write(&text.replace(['\n', '\r'], " ").replace('\u{b}', "\n"));
            }
            Tag::Text => self.write(text),
            Tag::TableStyle => self.take_table_style(text),
            Tag::InFormula(part) => {
                if let Some(formula) = &mut self.formula {
                    formula.text(text, part);
                }
            }
            _ => {}
        }
    }
}
