//! The elements of text that all shapes share.

use super::{
    looks::{LEVELS, Run, TextStyle},
    shapes::{Paragraph, Shape, Table},
    slide::{Slide, StyleOf, Tag},
};
use crate::extraction::{NoteKind, ooxml::xml::Element, scripts::Script};

impl Slide<'_, '_> {
    pub(super) fn open_text(&mut self, element: &Element<'_>, parent: Option<Tag>) -> Option<Tag> {
        match (element.local, parent) {
            ("p", _) => {
                let shape = self.shapes.last_mut()?;
                shape.paragraph = Some(Paragraph::default());
                return Some(Tag::Paragraph);
            }
            ("pPr", Some(Tag::Paragraph)) => {
                let paragraph = self.paragraph()?;
                paragraph.level = element.number("lvl").unwrap_or(0);
                return Some(Tag::ParagraphProperties);
            }
            (_, Some(Tag::ParagraphProperties)) => {
                self.paragraph()?.own.take(element);
                return None;
            }
            ("r" | "fld", Some(Tag::Paragraph)) => {
                self.paragraph()?.run = Run::default();
                return Some(Tag::Run);
            }
            ("rPr", Some(Tag::Run)) => {
                self.paragraph()?.run.take(element);
                return Some(Tag::RunProperties);
            }
            ("latin" | "sym", Some(Tag::RunProperties)) => self.paragraph()?.run.take_font(element),
            ("lstStyle", _) => return Some(Tag::Style(StyleOf::Shape)),
            (name, Some(Tag::Style(of))) => {
                let level = name.strip_prefix("lvl")?.strip_suffix("pPr")?.parse::<usize>().ok()?.checked_sub(1)?;
                return (level < LEVELS).then_some(Tag::Level(of, level));
            }
            ("defRPr", Some(Tag::Level(of, level))) => {
                self.style(of)?.levels[level].run.take(element);
                return Some(Tag::LevelRun(of, level));
            }
            (_, Some(Tag::Level(of, level))) => {
                self.style(of)?.levels[level].take(element);
                return None;
            }
            // A symbol font is set for characters, not for all text of a kind.
            (name, Some(Tag::LevelRun(of, level))) => {
                if name == "latin" {
                    self.style(of)?.levels[level].run.take_font(element);
                }
                return None;
            }
            (name, Some(Tag::Transform)) => {
                self.take_transform(name, element);
                return None;
            }
            ("xfrm", _) => return is_upright(element).then_some(Tag::Transform),
            ("headEnd" | "tailEnd", _) => {
                self.arrows += usize::from(element.attribute("type").is_some_and(|it| it != "none"));
            }
            ("prstGeom", _) => {
                self.arrows += usize::from(element.attribute("prst").is_some_and(|it| it.contains("rrow")));
            }
            ("br", Some(Tag::Paragraph)) => {
                if let Some(paragraph) = self.paragraph() {
                    paragraph.words.push("\n", Script::Base);
                }
                return None;
            }
            ("t", Some(Tag::Run)) => return Some(Tag::Text),
            ("tbl", _) => {
                self.table = Some(Table::default());
                return Some(Tag::Table);
            }
            ("tr", Some(Tag::Table)) => {
                self.table.as_mut()?.rows.push(Vec::new());
                return Some(Tag::Row);
            }
            ("tc", Some(Tag::Row)) => {
                let table = self.table.as_mut()?;
                table.across = element.number("gridSpan").unwrap_or(1);
                table.down = element.number("rowSpan").unwrap_or(1);
                table.is_covered = element.has_true("hMerge") || element.has_true("vMerge");
                self.shapes.push(Shape::default());
                return Some(Tag::Cell);
            }
            ("graphicData", _) => {
                let uri = element.attribute("uri").unwrap_or_default();
                if !matches!(uri.rsplit('/').next(), Some("table" | "diagram")) {
                    self.report.add(NoteKind::ObjectsLeftOut, None);
                    return None;
                }
            }
            ("endParaRPr" | "tcPr" | "tblPr" | "tblGrid" | "extLst", _) => return None,
            _ => {}
        }
        Some(Tag::Through)
    }

    fn style(&mut self, of: StyleOf) -> Option<&mut TextStyle> {
        Some(match of {
            StyleOf::Shape => &mut self.shapes.last_mut()?.style,
            StyleOf::Title => &mut self.styles.title,
            StyleOf::Body => &mut self.styles.body,
            StyleOf::Other => &mut self.styles.other,
        })
    }

    /// Reads an element of the position of a shape or a group.
    pub(super) fn take_transform(&mut self, name: &str, element: &Element<'_>) {
        let (area, inside) = match (self.shapes.last_mut(), self.groups.last_mut()) {
            (Some(shape), _) => (shape.area.get_or_insert_default(), None),
            (None, Some(group)) => (&mut group.area, Some(&mut group.inside)),
            (None, None) => return,
        };
        let number = |name: &str| element.number::<i64>(name).unwrap_or(0);
        match (name, inside) {
            ("off", _) => (area.x, area.y) = (number("x"), number("y")),
            ("ext", _) => (area.width, area.height) = (number("cx"), number("cy")),
            ("chOff", Some(inside)) => (inside.x, inside.y) = (number("x"), number("y")),
            ("chExt", Some(inside)) => (inside.width, inside.height) = (number("cx"), number("cy")),
            _ => {}
        }
    }
}

/// Whether the shape is not rotated: a rotated one is not where its position says.
pub(super) fn is_upright(element: &Element<'_>) -> bool {
    element.number::<i64>("rot").is_none_or(|turned| turned == 0)
}
