//! Shapes that are drawn behind the text, where white text is seen, or in front of it, where they may cover a text.

use super::{
    story::{Drawn, Story},
    story_elements::Tag,
};
use crate::extraction::{
    NoteKind,
    ooxml::xml::{Element, Ns},
};

impl Story<'_, '_> {
    /// Reads an element of a floating shape; `None` if it is another element.
    pub(super) fn open_drawn_shape(&mut self, element: &Element<'_>, parent: Option<Tag>) -> Option<Tag> {
        match (element.ns, element.local, parent) {
            (_, "anchor", _) => {
                let is_behind = element.has_true("behindDoc");
                self.styles.has_backdrop |= is_behind;
                self.drawn = Drawn::default();
                self.is_before_text = !is_behind;
            }
            (_, "inline" | "wrapSquare" | "wrapTight" | "wrapThrough" | "wrapTopAndBottom", _) => {
                self.is_before_text = false;
            }
            (Ns::Vml, "rect" | "roundrect" | "oval", _) => {
                let style = element.attribute("style").unwrap_or_default().replace(' ', "");
                let is_behind = style.contains("z-index:-");
                self.styles.has_backdrop |= is_behind;
                let floats_in_front = style.contains("position:absolute") && !is_behind;
                let is_filled = element.attribute("filled").is_none_or(|it| !matches!(it.as_str(), "f" | "false"));
                self.drawn = Drawn { floats_in_front, is_filled: Some(is_filled), has_filling_style: false };
                return Some(Tag::Shape);
            }
            // The text flows around a shape with `w10:wrap`.
            (_, "wrap", Some(Tag::Shape)) => {
                self.drawn.floats_in_front &= element.attribute("type").is_none_or(|it| it == "none");
            }
            (_, "wsp", _) => {
                self.drawn = Drawn { floats_in_front: self.is_before_text, ..Drawn::default() };
                return Some(Tag::Shape);
            }
            (_, "spPr", Some(Tag::Shape)) => return Some(Tag::ShapeProperties),
            (_, "ln", Some(Tag::ShapeProperties)) => return Some(Tag::Outline),
            (_, "noFill", Some(Tag::ShapeProperties)) => self.drawn.is_filled = Some(false),
            (_, "solidFill" | "gradFill" | "pattFill" | "blipFill", Some(Tag::ShapeProperties)) => {
                self.drawn.is_filled = Some(true);
            }
            (_, "fillRef", _) => {
                self.drawn.has_filling_style = element.attribute("idx").is_none_or(|it| it.trim() != "0");
            }
            _ => return None,
        }
        Some(Tag::Through)
    }

    /// Tells that a shape may cover text; those of headers and footers are decoration.
    pub(super) fn end_drawn_shape(&mut self) {
        let Drawn { floats_in_front, is_filled, has_filling_style } = std::mem::take(&mut self.drawn);
        if floats_in_front && is_filled.unwrap_or(has_filling_style) && !self.is_margin && !self.is_drawing_hidden {
            self.report.add(NoteKind::VisibilityUncertain, None);
        }
    }
}
