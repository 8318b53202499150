//! The elements of text that all shapes share.

use super::{
    looks::{LEVELS, Run, TextStyle},
    paint_elements::Painted,
    shapes::{Paragraph, Shape, Table},
    slide::{Slide, StyleOf, Tag},
};
use crate::extraction::{NoteKind, ooxml::xml::Element, scripts::Script};

impl Slide<'_, '_> {
    pub(super) fn open_text(&mut self, element: &Element<'_>, parent: Option<Tag>) -> Option<Tag> {
        if let Painted::Taken(tag) = self.open_paint(element, parent) {
            return tag;
        }
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
            ("normAutofit", _) => {
                self.shapes.last_mut()?.is_fitted = true;
                return None;
            }
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
            ("xfrm", _) => return self.begin_transform(element),
            ("headEnd" | "tailEnd" | "prstGeom" | "custGeom", _) => self.take_geometry(element)?,
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
                let table = self.table.as_mut()?;
                table.rows.push(Vec::new());
                table.heights.push(element.number("h").unwrap_or(0));
                table.column = 0;
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
            ("gridCol", _) => self.table.as_mut()?.widths.push(element.number("w").unwrap_or(0)),
            ("tcPr", Some(Tag::Cell)) => return Some(Tag::CellProperties),
            ("tableStyleId", _) => return Some(Tag::TableStyle),
            ("endParaRPr" | "tcPr" | "extLst", _) => return None,
            _ => {}
        }
        Some(Tag::Through)
    }

    /// Takes over what a shape looks like; `None` outside of shapes.
    fn take_geometry(&mut self, element: &Element<'_>) -> Option<()> {
        let shape = self.shapes.last_mut()?;
        match element.local {
            "prstGeom" => {
                let name = element.attribute("prst").unwrap_or_default();
                self.arrows += usize::from(name.contains("rrow") && !shape.is_picture);
                shape.is_whole &= name == "rect";
                shape.is_line |= matches!(name.as_str(), "line" | "straightConnector1");
                // The course of other connectors is not known.
                shape.is_line &= !name.contains("Connector") || name == "straightConnector1";
            }
            "custGeom" => shape.is_whole = false,
            _ => {
                let is_arrow = element.attribute("type").is_some_and(|it| it != "none");
                self.arrows += usize::from(is_arrow);
                shape.has_arrow |= is_arrow;
            }
        }
        Some(())
    }

    pub(super) fn style(&mut self, of: StyleOf) -> Option<&mut TextStyle> {
        Some(match of {
            StyleOf::Shape => &mut self.shapes.last_mut()?.style,
            StyleOf::Title => &mut self.styles.title,
            StyleOf::Body => &mut self.styles.body,
            StyleOf::Other => &mut self.styles.other,
        })
    }

    /// Begins the position of a shape or a group, unless it is rotated: then it is not where its position says.
    pub(super) fn begin_transform(&mut self, element: &Element<'_>) -> Option<Tag> {
        if let Some(shape) = self.shapes.last_mut() {
            shape.is_flipped = element.has_true("flipH") != element.has_true("flipV");
        }
        element.number::<i64>("rot").is_none_or(|turned| turned == 0).then_some(Tag::Transform)
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
