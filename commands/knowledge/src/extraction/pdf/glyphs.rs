//! The places of all glyphs of a page, in drawing order.

use std::{collections::HashMap, rc::Rc};

use hayro_syntax::{
    content::ops::TypedInstruction,
    object::{Array, Dict, Number, ObjRef, Object},
    page::Resources,
};

use super::{
    ink::Ink,
    matrix::{Matrix, moved, scale},
    widths::Widths,
};

/// Glyphs of a page, and fonts of a file, that are examined.
const MOST: usize = 200_000;
const MOST_FONTS: usize = 10_000;
/// The height of the middle of small letters and digits, as a part of the font's size.
const MIDDLE: f32 = 0.3;

/// The widths of a file's fonts, by the number and generation of each.
pub(super) type Fonts = HashMap<(u32, i32), Option<Rc<Widths>>>;

/// The parameters of text, which belong to the graphics state.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    font: Option<Rc<Widths>>,
    size: f32,
    between_letters: f32,
    between_words: f32,
    scale: f32,
    rise: f32,
}

impl Default for Setting {
    fn default() -> Self {
        Self { font: None, size: 0.0, between_letters: 0.0, between_words: 0.0, scale: 1.0, rise: 0.0 }
    }
}

/// A part of a text: a glyph's code and place, or an offset.
#[derive(Debug)]
pub(super) enum Part {
    Glyph(Vec<u8>, (f32, f32)),
    Offset(f32),
}

/// The instructions that precede the showing of a text.
#[derive(Debug)]
pub(super) enum Before {
    Nothing,
    NextLine,
    /// Sets the distances of words and letters.
    NextLineWith(f32, f32),
}

/// A text that one instruction shows.
#[derive(Debug)]
pub(super) struct Text {
    /// Its index in the drawing order of the page.
    pub(super) order: usize,
    /// Its index among the texts that the page's own content shows; `None` in a form.
    pub(super) index: Option<usize>,
    pub(super) ink: Ink,
    /// The size of its type in points; `None` if it is not known.
    pub(super) size: Option<f32>,
    /// Whether it belongs to a layer that is not shown.
    pub(super) is_off: bool,
    pub(super) rise: f32,
    pub(super) before: Before,
    /// Its parts; `None` if their places are not known.
    pub(super) parts: Option<Vec<Part>>,
}

impl Text {
    pub(super) fn places(&self) -> impl Iterator<Item = (f32, f32)> {
        self.parts.iter().flatten().filter_map(|part| match part {
            Part::Glyph(_, place) => Some(*place),
            Part::Offset(_) => None,
        })
    }
}

/// The texts of a page.
#[derive(Debug, Default)]
pub(super) struct Glyphs {
    pub(super) fonts: Fonts,
    pub(super) setting: Setting,
    /// The length of the text that has been shown since the position was set.
    along: f32,
    /// Whether the position is unknown, behind text in an unknown font.
    is_lost: bool,
    pub(super) texts: Vec<Text>,
    /// The number of texts that the page's own content shows.
    pub(super) count: usize,
    size: usize,
}

impl Glyphs {
    pub(super) fn with(fonts: Fonts) -> Self {
        Self { fonts, ..Self::default() }
    }

    /// Interprets the instructions that show text; `line` is the matrix of the current line of text on the page.
    pub(super) fn follow(
        &mut self,
        instruction: &TypedInstruction<'_, '_>,
        resources: &Resources<'_>,
        line: Matrix,
        seen: (usize, &Ink, bool),
        is_in_form: bool,
    ) {
        let (order, ink, is_off) = (seen.0, seen.1, seen.2);
        let show = |glyphs: &mut Self, before: Before, texts: &[Object<'_>]| {
            let index = (!is_in_form).then_some(glyphs.count);
            glyphs.count += usize::from(!is_in_form);
            let parts = glyphs.parts(texts, line);
            let unit = glyphs.setting.font.as_ref().map(|font| font.unit * 1000.0);
            let size = unit.map(|unit| glyphs.setting.size.abs() * unit * scale(line));
            let (ink, rise) = (ink.clone(), glyphs.setting.rise);
            glyphs.texts.push(Text { order, index, ink, size, is_off, rise, before, parts });
        };
        match instruction {
            TypedInstruction::BeginText(_)
            | TypedInstruction::SetTextMatrix(_)
            | TypedInstruction::NextLine(_)
            | TypedInstruction::NextLineAndSetLeading(_)
            | TypedInstruction::NextLineUsingLeading(_) => self.begin(),
            TypedInstruction::TextFont(font) => {
                self.setting.font = self.font(resources.fonts.get_ref(font.0), resources.get_font(font.0));
                self.setting.size = font.1.as_f32();
            }
            TypedInstruction::CharacterSpacing(by) => self.setting.between_letters = by.0.as_f32(),
            TypedInstruction::WordSpacing(by) => self.setting.between_words = by.0.as_f32(),
            TypedInstruction::HorizontalScaling(by) => self.setting.scale = by.0.as_f32() / 100.0,
            TypedInstruction::TextRise(by) => self.setting.rise = by.0.as_f32(),
            TypedInstruction::ShowText(text) => show(self, Before::Nothing, &[Object::String(text.0.clone())]),
            TypedInstruction::ShowTexts(texts) => {
                let texts: Vec<Object<'_>> = Array::iter(texts.0).collect();
                show(self, Before::Nothing, &texts);
            }
            TypedInstruction::NextLineAndShowText(text) => {
                self.begin();
                show(self, Before::NextLine, &[Object::String(text.0.clone())]);
            }
            TypedInstruction::ShowTextWithParameters(text) => {
                self.begin();
                let [words, letters] = [&text.0, &text.1].map(Number::as_f32);
                (self.setting.between_words, self.setting.between_letters) = (words, letters);
                show(self, Before::NextLineWith(words, letters), &[Object::String(text.2.clone())]);
            }
            _ => {}
        }
    }

    fn begin(&mut self) {
        (self.along, self.is_lost) = (0.0, false);
    }

    fn font(&mut self, id: Option<ObjRef>, font: Option<Dict<'_>>) -> Option<Rc<Widths>> {
        let font = font?;
        let widths = || Widths::of(&font).map(Rc::new);
        match id.map(|id| (id.obj_number, id.gen_number)) {
            Some(id) if self.fonts.len() < MOST_FONTS => self.fonts.entry(id).or_insert_with(widths).clone(),
            _ => widths(),
        }
    }

    fn parts(&mut self, texts: &[Object<'_>], line: Matrix) -> Option<Vec<Part>> {
        let Setting { font: Some(font), size, between_letters, between_words, scale, rise } = &self.setting else {
            self.is_lost = true;
            return None;
        };
        let mut parts = Vec::new();
        for text in texts {
            match text {
                Object::Number(by) => {
                    let by = by.as_f32();
                    self.along -= by / 1000.0 * size * scale;
                    parts.push(Part::Offset(by));
                }
                Object::String(text) => {
                    for code in text.as_ref().chunks(font.bytes) {
                        let width = font.of_code(code) * size;
                        let middle = self.along + width * scale / 2.0;
                        parts.push(Part::Glyph(code.to_vec(), moved((middle, rise + size * MIDDLE), line)));
                        let blank = if code == b" " { *between_words } else { 0.0 };
                        self.along += (width + between_letters + blank) * scale;
                    }
                }
                _ => {}
            }
        }
        self.size += parts.len();
        (!self.is_lost && self.size <= MOST).then_some(parts)
    }

    /// Whether there are more glyphs than are examined.
    pub(super) fn are_too_many(&self) -> bool {
        self.size > MOST
    }
}
