//! The content of a run besides its text: signs, references, fields, forms, drawings.

use super::{
    story::{Form, Story},
    story_elements::Tag,
};
use crate::extraction::{
    NoteKind,
    ooxml::xml::{Element, Ns},
};

impl Story<'_, '_> {
    /// Reads an element of a run that is not text.
    pub(super) fn open_piece(&mut self, element: &Element<'_>) -> Tag {
        match element.local {
            "tab" | "ptab" => self.write("\t"),
            "br" | "cr" => self.write("\n"),
            "noBreakHyphen" => self.write("-"),
            "sym" => {
                let code = element.attribute("char").and_then(|code| u32::from_str_radix(code.trim(), 16).ok());
                self.write_symbol(element.attribute("font").as_deref(), code.unwrap_or(0));
                return Tag::Symbol;
            }
            "footnoteReference" | "endnoteReference" => {
                let kind = element.local.trim_end_matches("Reference");
                let id = element.attribute("id").unwrap_or_default();
                self.refer_to(&format!("{kind} {id}"));
            }
            "fldChar" => match element.attribute("fldCharType").as_deref() {
                Some("begin") => {
                    self.flow().fields.begin();
                    self.form = Form::default();
                    return Tag::Through;
                }
                Some("separate") => self.flow().fields.separate(),
                Some("end") => self.end_field(),
                _ => {}
            },
            "ffData" => return Tag::FormField,
            "fldSimple" => {
                let instruction = element.attribute("instr").unwrap_or_default();
                let fields = &mut self.flow().fields;
                fields.begin();
                fields.instruct(&instruction);
                fields.separate();
                return Tag::Field;
            }
            "altChunk" | "subDoc" => self.leave_object_out(),
            _ => {}
        }
        Tag::Through
    }

    pub(super) fn take_form(&mut self, element: &Element<'_>) -> Option<Tag> {
        let form = &mut self.form;
        match element.local {
            "checkBox" => {
                form.kind = Some("checkBox");
                return Some(Tag::FormPart);
            }
            "ddList" => {
                form.kind = Some("ddList");
                return Some(Tag::FormPart);
            }
            "checked" => form.is_ticked = element.is_on("val"),
            "default" if form.kind == Some("checkBox") => form.is_ticked = element.is_on("val"),
            "result" => form.chosen = element.number("val").unwrap_or(0),
            "listEntry" => form.entries.extend(element.attribute("val")),
            _ => {}
        }
        None
    }

    /// Reads a picture, shape or object: their words become text, all else a note.
    pub(super) fn open_drawing(&mut self, element: &Element<'_>, parent: Option<Tag>) -> Option<Tag> {
        if let Some(tag) = self.open_drawn_shape(element, parent) {
            return Some(tag);
        }
        match (element.ns, element.local) {
            (Ns::Vml, "shape" | "line" | "group") => {
                let style = element.attribute("style").unwrap_or_default();
                self.styles.has_backdrop |= style.replace(' ', "").contains("z-index:-");
            }
            (_, "docPr") => self.is_drawing_hidden = element.has_true("hidden"),
            (Ns::Drawing, "graphicData") => {
                let uri = element.attribute("uri").unwrap_or_default();
                let kind = uri.rsplit('/').next().unwrap_or_default();
                if !matches!(kind, "wordprocessingShape" | "wordprocessingGroup" | "wordprocessingCanvas" | "diagram") {
                    self.leave_object_out();
                    return None;
                }
            }
            (Ns::Diagram, "relIds") => match element.relation("dm").and_then(|id| self.diagrams.remove(&id)) {
                Some(_) if self.is_drawing_hidden => self.report.add(NoteKind::HiddenLeftOut, None),
                Some(mut items) => self.flow().beside.append(&mut items),
                None => self.leave_object_out(),
            },
            (Ns::Picture, "pic") => {
                self.leave_object_out();
                return None;
            }
            (Ns::Vml, "imagedata") if self.objects == 0 => self.leave_object_out(),
            (Ns::Vml, "textpath") => {
                if let Some(text) = element.attribute("string") {
                    self.write_beside(text);
                }
            }
            (Ns::Office, "OLEObject") => {
                let program = element.attribute("ProgID").unwrap_or_default();
                let is_formula = program.starts_with("Equation") || program.contains("MathType");
                let kind = if is_formula { NoteKind::FormulasLeftOut } else { NoteKind::ObjectsLeftOut };
                self.report.add(kind, Some(&program));
            }
            _ => {}
        }
        Some(Tag::Through)
    }

    /// Notes an object that is left out; one in a header or footer is the letterhead and gets no note.
    fn leave_object_out(&mut self) {
        if !self.is_margin {
            self.report.add(NoteKind::ObjectsLeftOut, None);
        }
    }
}
