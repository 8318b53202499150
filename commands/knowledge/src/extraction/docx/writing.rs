//! Writes the content of a run into its paragraph.

use std::rc::Rc;

use super::{fields::FieldResult, story::Story, styles::Look};
use crate::extraction::{
    NoteKind,
    ooxml::{blocks::Block, math::Formula, seen::Seen},
    scripts::{Gap, Script},
};

impl Story<'_, '_> {
    /// Writes text of a run, unless it is withdrawn, hidden or an instruction.
    pub(super) fn write(&mut self, text: &str) {
        if let Some(look) = self.look() {
            let shown = self.report.shown(text, look.faces());
            self.push(&shown, &look);
        }
    }

    pub(super) fn write_symbol(&mut self, font: Option<&str>, code: u32) {
        if let Some(look) = self.look() {
            let font = font.or(look.faces().ascii).unwrap_or_default().to_owned();
            let c = self.report.symbol(&font, code);
            self.push(c.encode_utf8(&mut [0; 4]), &look);
        }
    }

    pub(super) fn write_formula(&mut self, formula: Formula) {
        let left_out = formula.left_out();
        let text = formula.finished();
        let Some(look) = self.look() else { return };
        if let Some(kind) = left_out {
            self.report.add(kind, None);
        }
        if !text.is_empty() {
            self.report.add(NoteKind::FormulasAsText, None);
            self.push(&text, &look.on_the_line());
        }
    }

    /// Writes the words of a drawing after the paragraph.
    pub(super) fn write_beside(&mut self, text: String) {
        if !text.trim().is_empty() {
            self.flow().beside.push(Block::Paragraph(text));
        }
    }

    /// Writes the box or the entry of a form field, which is not stored as text.
    pub(super) fn write_form(&mut self) {
        let form = std::mem::take(&mut self.form);
        let shown = match form.kind {
            Some("checkBox") => Some(if form.is_ticked { "☒" } else { "☐" }),
            Some(_) => form.entries.get(form.chosen).map(String::as_str),
            None => None,
        };
        self.flow().shown_by_form = shown.map(str::to_owned);
    }

    pub(super) fn end_field(&mut self) {
        if let Some(text) = self.flow().shown_by_form.take() {
            self.flow().fields.end();
            return self.write(&text);
        }

        match self.flow().fields.end() {
            FieldResult::Nothing => {}
            FieldResult::Symbol { font, code } => self.write_symbol(font.as_deref(), code),
            FieldResult::PageNumber => {
                if let Some(paragraph) = self.paragraph() {
                    paragraph.has_page_number = true;
                }
            }
            FieldResult::Formula => self.report.add(NoteKind::FormulasLeftOut, None),
        }
    }

    /// The look of text at this place; `None` if nothing is visible here.
    fn look(&mut self) -> Option<Rc<Look>> {
        let last = self.flows.len().checked_sub(1)?;
        let flow = &mut self.flows[last];
        if !flow.fields.is_shown() {
            return None;
        }
        // Text outside of paragraphs violates the standard but is text all the same.
        let paragraph = flow.paragraph.get_or_insert_default();
        if flow.look.is_none() {
            flow.look = Some(Rc::new(self.styles.look(paragraph.properties.style.as_deref(), &flow.run)));
        }
        flow.look.clone()
    }

    fn push(&mut self, text: &str, look: &Look) {
        let seen = if text.trim().is_empty() { Seen::Yes } else { self.seen(look) };
        let reason = match (look.is_hidden, look.is_struck, seen) {
            (true, ..) | (false, false, Seen::No) => Some(NoteKind::HiddenLeftOut),
            (false, true, _) => Some(NoteKind::StruckLeftOut),
            (false, false, Seen::Perhaps) => Some(NoteKind::VisibilityUncertain),
            (false, false, Seen::Yes) => None,
        };
        let flow = self.flow();
        let is_new = flow.left_out != reason && !text.trim().is_empty();
        if is_new {
            flow.left_out = reason;
        }
        if !text.trim().is_empty() {
            flow.fields.fill();
        }
        let Some(paragraph) = &mut flow.paragraph else { return };
        match reason {
            None | Some(NoteKind::VisibilityUncertain) => paragraph.words.push(text, look.script),
            Some(NoteKind::StruckLeftOut) => {
                // The blank between two words may be struck with one of them.
                let words = &mut paragraph.words;
                if text.contains(char::is_whitespace) && words.settled().ends_with(|c: char| !c.is_whitespace()) {
                    words.push(" ", Script::Base);
                }
                words.leave_out(Gap::Struck);
            }
            Some(_) => paragraph.words.leave_out(Gap::Unseen),
        }
        if let Some(kind) = reason.filter(|_| is_new) {
            self.report.add(kind, None);
        }
    }
}
