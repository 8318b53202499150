//! The notes of a document, and the characters of its fonts.

use std::borrow::Cow;

use crate::extraction::{
    NoteKind, Unreadable,
    legacy_fonts::{Share, is_legacy, replaces},
    notes::Notes,
    symbols::{is_symbol_font, symbol},
};

/// The notes of a document, with the number of the page that is being read.
pub(crate) struct Report<'n> {
    notes: &'n mut Notes,
    share: Share,
    pub(crate) page: Option<u32>,
}

/// The fonts of a run: one for ASCII, one for other characters.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Faces<'f> {
    pub(crate) ascii: Option<&'f str>,
    pub(crate) other: Option<&'f str>,
}

impl<'n> Report<'n> {
    pub(crate) fn new(notes: &'n mut Notes) -> Self {
        Self { notes, share: Share::default(), page: None }
    }

    pub(crate) fn add(&mut self, kind: NoteKind, name: Option<&str>) {
        self.notes.add(kind, self.page, name);
    }

    /// Refuses a text of which most is in a font of before Unicode: it is not what the document shows.
    pub(crate) fn finished(&self) -> Result<(), Unreadable> {
        if self.share.is_most() { Err(Unreadable::LegacyFont) } else { Ok(()) }
    }

    /// The character that a font shows for a code; U+FFFD if it is not known.
    pub(crate) fn symbol(&mut self, font: &str, code: u32) -> char {
        if let Some(c) = symbol(font, code) {
            return c;
        }
        // A font that is no symbol font shows the character of the code.
        match char::from_u32(code) {
            Some(c) if !is_symbol_font(font) && !is_private(c) && !c.is_control() => c,
            _ => {
                self.add(NoteKind::UnknownSymbols, Some(font));
                char::REPLACEMENT_CHARACTER
            }
        }
    }

    /// The characters that the fonts show for this text.
    pub(crate) fn shown<'t>(&mut self, text: &'t str, faces: Faces<'_>) -> Cow<'t, str> {
        let is_strange = |font: Option<&str>| font.is_some_and(|font| is_symbol_font(font) || is_legacy(font));
        if !is_strange(faces.ascii) && !is_strange(faces.other) && !text.contains(is_private) {
            self.share.count(letters(text), false);
            return Cow::Borrowed(text);
        }
        let mut shown = String::with_capacity(text.len());
        let mut legacy = None;
        for c in text.chars() {
            let font = if c.is_ascii() { faces.ascii } else { faces.other };
            let symbols = [font, faces.ascii, faces.other].into_iter().flatten().find(|font| is_symbol_font(font));
            match font {
                _ if c.is_whitespace() => shown.push(c),
                _ if is_private(c) && symbols.is_some() => {
                    shown.push(self.symbol(symbols.unwrap_or_default(), u32::from(c)));
                }
                Some(font) if is_symbol_font(font) && u32::from(c) < 0x100 => {
                    shown.push(self.symbol(font, u32::from(c)));
                }
                Some(font) if is_legacy(font) && replaces(c) => {
                    legacy = Some(font);
                    self.share.count(usize::from(c.is_alphabetic() || is_private(c)), true);
                    shown.push(c);
                }
                _ if is_private(c) => {
                    self.add(NoteKind::UnknownSymbols, font);
                    shown.push(char::REPLACEMENT_CHARACTER);
                }
                _ => {
                    self.share.count(usize::from(c.is_alphabetic()), false);
                    shown.push(c);
                }
            }
        }
        if let Some(font) = legacy {
            self.add(NoteKind::LegacyFontUnknown, Some(font));
        }
        Cow::Owned(shown)
    }
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphabetic()).count()
}

/// Whether a character is in the range into which word processors move symbol fonts.
const fn is_private(c: char) -> bool {
    matches!(c, '\u{f020}'..='\u{f0ff}')
}
