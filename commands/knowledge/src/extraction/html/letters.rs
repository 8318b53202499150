//! The letters of a page: in symbol fonts, in colours that nobody sees, and those that style adds.

use scraper::node::Element;

use super::{
    Walk,
    fields::{self, Shown},
    ink::{Ink, Seen},
    lists::Marker,
    style::Effect,
};
use crate::extraction::{
    notes::NoteKind,
    symbols::{is_private, is_symbol_font, shown},
};

/// Signs with a meaning in generated content.
const TELLING: &str = "<>≤≥≈~±×÷=%°✓✔✗✘❌✅☐☑☒⚠→";
/// Bytes of generated content in a page: a short rule can write much at many places.
pub(super) const MOST_GENERATED: usize = 200_000;
/// Elements before and after which nothing can be generated.
const WITHOUT_CONTENT: [&str; 5] = ["input", "select", "textarea", "img", "br"];

/// Whether generated text has a meaning, other than a bullet.
pub(super) fn is_telling(text: &str) -> bool {
    text.contains(|c: char| c.is_alphanumeric() || TELLING.contains(c))
}

impl Walk<'_> {
    /// Writes text of the innermost open element.
    pub(super) fn write(&mut self, text: &str) {
        let (ink, symbols) = self.open.last().map(|open| (open.ink, open.symbols.clone())).unwrap_or_default();
        self.write_in(text, ink, symbols.as_deref());
    }

    fn write_in(&mut self, text: &str, ink: Ink, symbols: Option<&str>) {
        if !text.trim().is_empty() {
            if let Some(kind) = ink.withdrawn() {
                if text.contains(char::is_alphanumeric) {
                    self.notes.add(kind, None, None);
                }
                return self.writer.leave_out();
            }
            match ink.seen(self.rules.may_cover) {
                Seen::Yes => {}
                Seen::Perhaps => self.notes.add(NoteKind::VisibilityUncertain, None, None),
                Seen::No => {
                    self.notes.add(NoteKind::HiddenLeftOut, None, None);
                    return self.writer.leave_out();
                }
            }
        }
        if symbols.is_none() && !text.contains(is_private) {
            return self.writer.write(text);
        }
        let unknown = |c: char| if is_private(c) { char::REPLACEMENT_CHARACTER } else { c };
        let seen: String = symbols.map_or(text.to_owned(), |font| shown(font, text)).chars().map(unknown).collect();
        if seen.contains(char::REPLACEMENT_CHARACTER) {
            self.notes.add(NoteKind::UnknownSymbols, None, symbols);
        } else if seen != text && !matches!(text.trim(), "·" | "§") {
            // Bullets have no meaning. Without the font a browser shows the letters, so that not every reader has seen
            // the sign.
            self.notes.add(NoteKind::LegacyFontConverted, None, symbols);
        }
        self.writer.write(&seen);
    }

    /// Writes what an `input` shows.
    pub(super) fn write_field(&mut self, element: &Element) {
        match fields::shown(element) {
            Shown::Sign(sign) => self.writer.write_sign(sign),
            Shown::Value(value) => {
                self.writer.part();
                self.write(value);
                self.writer.part();
            }
            Shown::Nothing => {}
        }
    }

    /// Writes the text that style puts before an item of a list in place of a bullet.
    pub(super) fn write_marker(&mut self, marker: &Marker, effect: &Effect, element: &Element) {
        match marker {
            Marker::Text(content) => {
                let text = content.text(element);
                let is_around_number = content.has_number && is_telling(&text);
                if content.is_incomplete || is_around_number || content.length(element) > self.generated_left {
                    return self.notes.add(NoteKind::ObjectsLeftOut, None, None);
                }
                self.generated_left -= text.len();
                if is_telling(&text) {
                    let open = self.open.last();
                    let ink = open.map(|open| open.ink).unwrap_or_default().within(effect, false);
                    let symbols = effect.face.clone().filter(|face| is_symbol_font(face));
                    self.write_in(&text, ink, symbols.as_deref());
                    self.writer.part();
                }
            }
            Marker::Unknown => self.notes.add(NoteKind::ObjectsLeftOut, None, None),
            Marker::Usual | Marker::Kind(_) => {}
        }
    }

    /// Writes generated content; bullets, dashes and quotation marks only separate words.
    pub(super) fn write_generated(&mut self, effect: &Effect, element: &Element) {
        let Some(content) = effect.content.as_deref() else { return };
        if effect.hides() || WITHOUT_CONTENT.contains(&element.name()) {
            return;
        }
        let length = content.length(element);
        if content.is_incomplete || length > self.generated_left {
            self.notes.add(NoteKind::ObjectsLeftOut, None, None);
        }
        if length > self.generated_left {
            return;
        }
        self.generated_left -= length;
        let text = content.text(element);
        let open = self.open.last();
        let symbols = match &effect.face {
            Some(face) => Some(face.clone()).filter(|face| is_symbol_font(face)),
            None => open.and_then(|open| open.symbols.clone()),
        };
        let ink = open.map(|open| open.ink).unwrap_or_default();
        let ink = ink.within(effect, false);
        if effect.is_block == Some(true) {
            self.writer.end_line();
        }
        if symbols.is_none() && text.contains(is_private) {
            // An icon of a font of the page's own.
            self.notes.add(NoteKind::UnknownSymbols, None, effect.face.as_deref());
            self.writer.part();
        } else if symbols.is_some() || is_telling(&text) {
            self.write_in(&text, ink, symbols.as_deref());
        } else if !text.is_empty() {
            self.writer.part();
        }
        if effect.is_block == Some(true) {
            self.writer.end_line();
        }
    }
}
