//! The positions of glyphs within a piece of text, and whether a blank precedes them: between the letters of an Indic
//! word there may be a gap as wide as a blank.

use std::collections::HashMap;

use hayro_syntax::{
    content::ops::TypedInstruction,
    object::{Dict, Name, Number, Object, Stream, String as Text},
    page::Resources,
};

use super::{content::decoded, letters, matrix::Matrix, scripts, words::Word};

/// Fonts of a page, and joints, that are examined.
const MOST_FONTS: usize = 200;
const MOST_JOINTS: usize = 100_000;
/// Joints with about the same horizontal position as a word that are examined.
const MOST_NEAR: usize = 1_000;
/// Points between a joint and the word that begins with it, at most.
const SAME: f32 = 0.3;
/// The gap between letters of one word, in heights of the word, at most.
const FARTHEST: f32 = 0.5;

/// Interprets the text instructions of a page.
#[derive(Default)]
pub(super) struct Follower {
    /// The codes of the blanks of each font.
    fonts: HashMap<String, Vec<Vec<u8>>>,
    font: Option<String>,
    begin: Option<Matrix>,
    /// Whether the text shown before in the same piece ends with a blank; `None` at the beginning of a piece.
    after_blank: Option<bool>,
}

/// A glyph that is placed by an instruction of its own, and whether a blank precedes it.
#[derive(Debug, Clone, Copy)]
struct Joint {
    x: f32,
    y: f32,
    after_blank: bool,
}

#[derive(Debug, Default)]
pub(super) struct Joints {
    all: Vec<Joint>,
    /// Whether glyphs were moved by offsets within an instruction, whose positions are not known.
    has_moves: bool,
}

impl Follower {
    /// Records the joint of an instruction that shows text; `place` is the position of its first glyph, if known.
    pub(super) fn follow(
        &mut self,
        instruction: &TypedInstruction<'_, '_>,
        resources: &Resources<'_>,
        place: Option<(f32, f32)>,
        bytes: &mut u64,
        joints: &mut Joints,
    ) {
        match instruction {
            TypedInstruction::TextFont(font) => {
                let name = font.0.as_str();
                self.font = (self.fonts.contains_key(name) || self.fonts.len() < MOST_FONTS).then(|| name.to_owned());
                if self.font.is_some() && !self.fonts.contains_key(name) {
                    let blanks = resources.get_font(font.0).map_or_else(Vec::new, |font| blanks(&font, bytes));
                    self.fonts.insert(name.to_owned(), blanks);
                }
            }
            TypedInstruction::SetTextMatrix(t) => {
                // A piece that continues in another font sets the same matrix again; a cell sets another.
                let begin: Matrix = [&t.0, &t.1, &t.2, &t.3, &t.4, &t.5].map(Number::as_f32);
                if self.begin != Some(begin) {
                    (self.begin, self.after_blank) = (Some(begin), None);
                }
            }
            TypedInstruction::NextLine(by) if by.1.as_f32() != 0.0 => self.after_blank = None,
            TypedInstruction::NextLineAndSetLeading(_)
            | TypedInstruction::NextLineUsingLeading(_)
            | TypedInstruction::NextLineAndShowText(_)
            | TypedInstruction::ShowTextWithParameters(_) => self.after_blank = None,
            TypedInstruction::ShowText(text) => {
                joints.add(place, self.after_blank);
                self.show(text.0);
            }
            TypedInstruction::ShowTexts(texts) => {
                joints.add(place, self.after_blank);
                let mut last = None;
                for part in texts.0.iter::<Object<'_>>() {
                    match part {
                        Object::String(text) => last = Some(text),
                        _ => joints.has_moves = true,
                    }
                }
                if let Some(text) = &last {
                    self.show(text);
                }
            }
            _ => {}
        }
    }

    fn show(&mut self, text: &Text<'_>) {
        let blanks = self.font.as_ref().and_then(|font| self.fonts.get(font));
        let is_blank = |codes: &Vec<Vec<u8>>| codes.iter().any(|code| text.as_ref().ends_with(code));
        self.after_blank = blanks.map(is_blank);
    }
}

/// The codes of a font's blanks by its own map; without a map, the code of most encodings.
fn blanks(font: &Dict<'_>, bytes: &mut u64) -> Vec<Vec<u8>> {
    let Some(map) = font.get::<Stream<'_>>(b"ToUnicode") else {
        let is_simple = font.get::<Name<'_>>(b"Subtype").is_some_and(|it| it.as_ref() != b"Type0");
        return if is_simple { vec![vec![b' ']] } else { Vec::new() };
    };
    let map = decoded(&map, bytes);
    let entries = letters::entries(&String::from_utf8_lossy(&map)).unwrap_or_default();
    let blanks = entries.into_iter().filter(|(_, text)| matches!(text[..], [' ' | '\u{a0}']));
    blanks.filter_map(|(code, _)| hex::decode(code).ok()).collect()
}

impl Joints {
    fn add(&mut self, place: Option<(f32, f32)>, after_blank: Option<bool>) {
        if let Some(((x, y), after_blank)) = place.zip(after_blank)
            && self.all.len() < MOST_JOINTS
        {
            self.all.push(Joint { x, y, after_blank });
        }
    }

    /// Matches the joints with these words, which come line by line.
    pub(super) fn of(&self, words: &[Word]) -> KnownBlanks {
        let mut known = KnownBlanks { joints: self.all.clone(), is_known: false };
        known.joints.sort_by(|a, b| a.x.total_cmp(&b.x));
        let is_indic = |word: &Word| word.text.contains(scripts::leaves_gaps);
        let pairs = words.windows(2).filter(|pair| pair[0].line == pair[1].line && pair.iter().all(is_indic));
        let (blanks, cuts): (Vec<bool>, Vec<bool>) =
            pairs.filter_map(|pair| known.after_blank(&pair[1])).partition(|after_blank| *after_blank);
        // Some programs leave blanks out, or their fonts do not declare them.
        known.is_known = !self.has_moves && blanks.len() > cuts.len();
        known
    }
}

/// The known blanks of a page.
#[derive(Debug, Default)]
pub(super) struct KnownBlanks {
    joints: Vec<Joint>,
    is_known: bool,
}

impl KnownBlanks {
    /// Whether Poppler cut a word between these parts; `None` if the page does not tell where its blanks are.
    pub(super) fn is_cut(&self, before: &Word, next: &Word) -> Option<bool> {
        let gap = (next.area.left - before.area.right) / before.area.height().max(1.0);
        let is_close = (-0.2..FARTHEST).contains(&gap);
        self.is_known.then(|| is_close && self.after_blank(next) == Some(false))
    }

    fn after_blank(&self, word: &Word) -> Option<bool> {
        let (left, top, bottom) = (word.area.left, word.area.top, word.area.bottom);
        let first = self.joints.partition_point(|joint| joint.x < left - SAME);
        let near = self.joints[first..].iter().take_while(|joint| joint.x < left + SAME).take(MOST_NEAR);
        let mut beside = near.filter(|joint| top < joint.y && joint.y < bottom);
        beside.next().map(|joint| joint.after_blank)
    }
}
