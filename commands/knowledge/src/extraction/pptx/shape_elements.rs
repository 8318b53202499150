//! The elements of a slide's shapes.

use super::{
    placeholder::{Name, Place},
    shapes::{Group, Shape},
    slide::{Slide, StyleOf, Tag},
};
use crate::extraction::{NoteKind, ooxml::xml::Element};

impl Slide<'_, '_> {
    /// Reads an element of a slide's shape tree.
    pub(super) fn open_shape(&mut self, element: &Element<'_>, parent: Option<Tag>) -> Option<Tag> {
        match element.local {
            "sld" | "sldLayout" => {
                self.is_hidden = !element.is_on("show");
                self.hides_master = !element.is_on("showMasterSp");
            }
            "sp" | "cxnSp" | "graphicFrame" => {
                let (is_whole, is_picture) = (element.local == "sp", element.local == "graphicFrame");
                let is_line = element.local == "cxnSp";
                self.shapes.push(Shape { is_whole, is_picture, is_line, ..Shape::default() });
                return Some(Tag::Shape);
            }
            "spPr" => return Some(Tag::ShapeProperties),
            "bgPr" => return Some(Tag::BackgroundProperties),
            "bgRef" => return self.open_background(element),
            "clrMap" => self.colours.take_names(element),
            "grpSp" => {
                self.groups.push(Group::default());
                return Some(Tag::Group);
            }
            "nvGrpSpPr" if parent == Some(Tag::Group) => return Some(Tag::GroupProperties),
            "cNvPr" if parent == Some(Tag::GroupProperties) => {
                if let Some(group) = self.groups.last_mut() {
                    group.is_hidden = element.has_true("hidden");
                }
            }
            "cNvPr" => {
                if let Some(shape) = self.shapes.last_mut() {
                    shape.is_hidden |= element.has_true("hidden");
                }
            }
            "ph" => {
                if let Some(shape) = self.shapes.last_mut() {
                    let name = Name { kind: element.attribute("type"), index: element.attribute("idx") };
                    shape.place = Place::of(name.kind.as_deref());
                    shape.name = Some(name);
                }
            }
            // The page of the speaker notes has a picture of the slide.
            "pic" | "oleObj" | "contentPart" => {
                if !self.is_notes {
                    self.report.add(NoteKind::ObjectsLeftOut, None);
                }
                if element.local == "pic" {
                    self.shapes.push(Shape { is_picture: true, ..Shape::default() });
                    return Some(Tag::Shape);
                }
                return None;
            }
            // The position of a table or chart.
            "xfrm" => return self.begin_transform(element),
            "titleStyle" => return Some(Tag::Style(StyleOf::Title)),
            "bodyStyle" => return Some(Tag::Style(StyleOf::Body)),
            "otherStyle" | "defaultTextStyle" => return Some(Tag::Style(StyleOf::Other)),
            "notesStyle" | "timing" | "transition" | "extLst" | "clrMapOvr" | "blipFill" => return None,
            _ => {}
        }
        Some(Tag::Through)
    }

    /// Reads a reference to a diagram, or an element of a diagram.
    pub(super) fn open_diagram(&mut self, element: &Element<'_>) -> Tag {
        match element.local {
            "relIds" => {
                let items = element.relation("dm").and_then(|id| self.diagrams.remove(&id));
                match (items, self.shapes.last_mut()) {
                    (Some(items), Some(shape)) => shape.blocks.extend(items),
                    _ => self.report.add(NoteKind::ObjectsLeftOut, None),
                }
            }
            "pt" => {
                let point = Some(self.points.take_point(element));
                self.shapes.push(Shape { point, ..Shape::default() });
                return Tag::Shape;
            }
            "cxn" => self.points.take_connection(element),
            _ => {}
        }
        Tag::Through
    }
}
