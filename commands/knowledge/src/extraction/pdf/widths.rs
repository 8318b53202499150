//! The widths of a font's glyphs, which tell where each glyph of a text is.

use std::collections::HashMap;

use hayro_syntax::object::{Array, Dict, Name, Number, Object};

use super::fonts::base_font;

/// Glyphs of a font whose widths are recorded.
const MOST: usize = 65_536;
/// The width of a glyph whose width is not known, in thousandths of the font's size.
const USUAL: f32 = 550.0;
/// The flags of a font whose letters are equally wide, have serifs, or are bold.
const FIXED: i32 = 1;
const SERIF: i32 = 1 << 1;
const BOLD: i32 = 1 << 18;

/// The widths of the glyphs of a font by their codes.
#[derive(Debug)]
pub(super) struct Widths {
    /// The bytes of a code.
    pub(super) bytes: usize,
    of_codes: HashMap<usize, f32>,
    of_others: f32,
    /// The size of the units of the widths, as a part of the font's size.
    pub(super) unit: f32,
}

impl Widths {
    /// The widths of a font's glyphs; `None` if its codes are not understood.
    pub(super) fn of(font: &Dict<'_>) -> Option<Self> {
        let is_kind = |kind: &[u8]| font.get::<Name<'_>>(b"Subtype").is_some_and(|it| it.as_ref() == kind);
        if is_kind(b"Type0") {
            return composite(font);
        }
        let unit = if is_kind(b"Type3") {
            font.get::<Array<'_>>(b"FontMatrix").and_then(|it| it.iter::<Number>().next())?.as_f32()
        } else {
            0.001
        };
        let first = font.get::<i32>(b"FirstChar").and_then(|it| usize::try_from(it).ok()).unwrap_or_default();
        let Some(widths) = font.get::<Array<'_>>(b"Widths") else { return standard(font) };
        let widths = widths.iter::<Number>().take(256).map(|it| it.as_f32());
        let descriptor = font.get::<Dict<'_>>(b"FontDescriptor");
        let of_others = descriptor.and_then(|it| it.get::<Number>(b"MissingWidth")).map_or(0.0, |it| it.as_f32());
        Some(Self { bytes: 1, of_codes: (first..).zip(widths).collect(), of_others, unit })
    }

    /// The width of the glyph with this code, as a part of the font's size.
    pub(super) fn of_code(&self, code: &[u8]) -> f32 {
        let code = code.iter().fold(0, |code, byte| code << 8 | usize::from(*byte));
        self.of_codes.get(&code).copied().unwrap_or(self.of_others) * self.unit
    }
}

/// The widths of a composite font whose codes are the numbers of its glyphs.
fn composite(font: &Dict<'_>) -> Option<Widths> {
    font.get::<Name<'_>>(b"Encoding").filter(|it| it.as_ref() == b"Identity-H")?;
    let font = font.get::<Array<'_>>(b"DescendantFonts")?.iter::<Dict<'_>>().next()?;
    let of_others = font.get::<Number>(b"DW").map_or(1000.0, |it| it.as_f32());
    let mut of_codes = HashMap::new();
    let code = |number: Number| usize::try_from(number.as_i64()).ok();
    let widths = font.get::<Array<'_>>(b"W");
    let mut entries = widths.iter().flat_map(Array::iter::<Object<'_>>);
    while let Some(Object::Number(first)) = entries.next()
        && of_codes.len() < MOST
    {
        let first = code(first)?;
        match entries.next()? {
            Object::Array(widths) => {
                of_codes.extend((first..).zip(widths.iter::<Number>().take(MOST).map(|it| it.as_f32())));
            }
            Object::Number(last) => {
                let Object::Number(width) = entries.next()? else { return None };
                of_codes.extend((first..=code(last)?).take(MOST).map(|code| (code, width.as_f32())));
            }
            _ => return None,
        }
    }
    Some(Widths { bytes: 2, of_codes, of_others, unit: 0.001 })
}

/// The widths of a font that every reader has, and that a file need not tell; those of the font that Poppler puts in its
/// place, by its kind, if readers have none of its name.
fn standard(font: &Dict<'_>) -> Option<Widths> {
    let name = base_font(font)?;
    let flags = font.get::<Dict<'_>>(b"FontDescriptor").and_then(|it| it.get::<i32>(b"Flags")).unwrap_or_default();
    let is_named = |names: &[&str]| names.iter().any(|it| name.starts_with(it));
    if is_named(&["Symbol", "ZapfDingbats"]) {
        return None;
    }
    let is_other = !is_named(&["Courier", "Times", "Helvetica", "Arial"]);
    let is_bold = name.contains("Bold") || is_other && flags & BOLD != 0;
    let widths = if is_named(&["Courier"]) || is_other && flags & FIXED != 0 {
        [600; 95]
    } else if is_named(&["Times"]) || is_other && flags & SERIF != 0 {
        if is_bold { TIMES_BOLD } else { TIMES }
    } else if is_bold {
        HELVETICA_BOLD
    } else {
        HELVETICA
    };
    let of_codes = (usize::from(b' ')..).zip(widths.map(f32::from)).collect();
    Some(Widths { bytes: 1, of_codes, of_others: USUAL, unit: 0.001 })
}

// The widths of the glyphs from the blank to the tilde, in thousandths of the size: from Adobe's font metrics (AFM) of the
// standard 14 fonts, which files need not embed.
const HELVETICA: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];
const HELVETICA_BOLD: [u16; 95] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611,
    556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389,
    280, 389, 584,
];
const TIMES: [u16; 95] = [
    250, 333, 408, 500, 500, 833, 778, 180, 333, 333, 500, 564, 250, 333, 250, 278, 500, 500, 500, 500, 500, 500, 500,
    500, 500, 500, 278, 278, 564, 564, 564, 444, 921, 722, 667, 667, 722, 611, 556, 722, 722, 333, 389, 722, 611, 889,
    722, 722, 556, 722, 667, 556, 611, 722, 722, 944, 722, 722, 611, 333, 278, 333, 469, 500, 333, 444, 500, 444, 500,
    444, 333, 500, 500, 278, 278, 500, 278, 778, 500, 500, 500, 500, 333, 389, 278, 500, 500, 722, 500, 500, 444, 480,
    200, 480, 541,
];
const TIMES_BOLD: [u16; 95] = [
    250, 333, 555, 500, 500, 1000, 833, 278, 333, 333, 500, 570, 250, 333, 250, 278, 500, 500, 500, 500, 500, 500, 500,
    500, 500, 500, 333, 333, 570, 570, 570, 500, 930, 722, 667, 722, 722, 667, 611, 778, 778, 389, 500, 778, 667, 944,
    722, 778, 611, 778, 722, 556, 667, 722, 722, 1000, 722, 722, 667, 333, 278, 333, 581, 500, 333, 500, 556, 444, 556,
    444, 333, 500, 556, 278, 333, 556, 278, 833, 556, 500, 556, 556, 444, 389, 333, 556, 500, 722, 500, 500, 444, 394,
    220, 394, 520,
];
