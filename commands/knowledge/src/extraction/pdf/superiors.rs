//! Digits and signs that a font raises or lowers by glyphs of their own, as Typst and OpenType's `sups` and `subs` do:
//! the file declares their text to be a plain digit, so that 10⁶ would be read as 106. Their outlines tell.

use std::collections::HashMap;

use hayro_syntax::object::{Array, Dict, Name, Stream};
use ttf_parser::{Face, GlyphId, OutlineBuilder, Rect, cff};

use super::{content::decoded, text};

/// Glyphs of a font that are examined, and glyphs among which one is searched for that is not at its index.
const MOST_GLYPHS: usize = 256;
const MOST_SEARCHED: u16 = 2_000;
/// Limits as parts of the height of the digits on the line. In Libertinus, raised digits are .54 high and .59 above the
/// line, lowered ones begin .18 below it; old-style digits may begin .30 below it, but are as high as others.
const HIGHEST: f32 = 0.75;
const RAISED_FROM: f32 = 0.25;
const LOWERED_FROM: f32 = -0.06;
/// The middle of a raised sign above the line, at least. That of other signs is .3 to .5 above the line.
const MIDDLE_OF_SIGN: f32 = 0.65;
/// The height of digits where the font has only raised ones, as a part of its highest capital or small letter.
const OF_LETTERS: f32 = 0.85;

/// The characters of a font's codes that are raised or lowered. `entries` are the codes with the characters that the
/// file declares.
pub(super) fn of_font(font: &Dict<'_>, entries: &[(String, Vec<char>)], bytes: &mut u64) -> HashMap<String, char> {
    let is_shifted = |(_, text): &&(String, Vec<char>)| matches!(text[..], [c] if text::raised(c).is_some());
    if !entries.iter().any(|entry| is_shifted(&entry)) {
        return HashMap::new();
    }
    let Some(Program { data, is_compact }) = Program::of(font, bytes) else { return HashMap::new() };
    let Some(outlines) = Outlines::of(&data, is_compact) else { return HashMap::new() };
    let known = entries.iter().filter(|(_, text)| matches!(text[..], [c] if is_sign_or_letter(c)));
    let glyph = |(code, text): &(String, Vec<char>)| {
        let number = u16::from_str_radix(code, 16).ok().filter(|_| code.len() == 4)?;
        let Rect { y_min, y_max, .. } = outlines.extent(number)?;
        Some(Glyph { code: code.clone(), character: *text.first()?, bottom: y_min.into(), top: y_max.into() })
    };
    let glyphs: Vec<Glyph> = known.take(MOST_GLYPHS).filter_map(glyph).collect();
    let shown = shown(&glyphs);
    glyphs.into_iter().zip(shown).filter_map(|(glyph, shown)| Some((glyph.code, shown?))).collect()
}

fn is_sign_or_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || text::raised(c).is_some()
}

/// A character and the vertical extent of its outline above the line.
#[derive(Debug)]
struct Glyph {
    code: String,
    character: char,
    bottom: f32,
    top: f32,
}

/// The raised or lowered character of each glyph; `None` if it is on the line.
fn shown(glyphs: &[Glyph]) -> Vec<Option<char>> {
    let highest = |is_meant: fn(char) -> bool| {
        glyphs.iter().filter(|it| is_meant(it.character)).map(|it| it.top - it.bottom).fold(0.0, f32::max)
    };
    let line =
        highest(|c| c.is_ascii_digit()).max(highest(|c| c.is_ascii_uppercase() || "bdhkl".contains(c)) * OF_LETTERS);
    let shown = |glyph: &Glyph| {
        let (bottom, top) = (glyph.bottom / line, glyph.top / line);
        let is_digit = glyph.character.is_ascii_digit();
        let is_raised = if is_digit { bottom > RAISED_FROM } else { f32::midpoint(bottom, top) > MIDDLE_OF_SIGN };
        if glyph.character.is_ascii_alphabetic() || is_digit && top - bottom > HIGHEST {
            None
        } else if is_raised {
            text::raised(glyph.character)
        } else if is_digit && bottom < LOWERED_FROM {
            text::lowered(glyph.character)
        } else {
            None
        }
    };
    glyphs.iter().map(|glyph| if line > 0.0 { shown(glyph) } else { None }).collect()
}

/// A font program whose codes are indices of glyphs.
struct Program {
    data: Vec<u8>,
    /// Whether it is a bare CFF font, without OpenType tables around its outlines.
    is_compact: bool,
}

impl Program {
    fn of(font: &Dict<'_>, bytes: &mut u64) -> Option<Self> {
        let is = |font: &Dict<'_>, key: &[u8], names: &[&[u8]]| {
            font.get::<Name<'_>>(key).is_some_and(|name| names.contains(&name.as_ref()))
        };
        let inner = font.get::<Array<'_>>(b"DescendantFonts")?.iter::<Dict<'_>>().next()?;
        let is_by_number = is(font, b"Encoding", &[b"Identity-H", b"Identity-V"])
            && (!inner.contains_key(b"CIDToGIDMap") || is(&inner, b"CIDToGIDMap", &[b"Identity"]));
        let descriptor = inner.get::<Dict<'_>>(b"FontDescriptor").filter(|_| is_by_number)?;
        if let Some(program) = descriptor.get::<Stream<'_>>(b"FontFile2") {
            return Some(Self { data: decoded(&program, bytes), is_compact: false });
        }
        let program = descriptor.get::<Stream<'_>>(b"FontFile3")?;
        let is_compact = !is(program.dict(), b"Subtype", &[b"OpenType"]);
        Some(Self { data: decoded(&program, bytes), is_compact })
    }
}

enum Outlines<'a> {
    OpenType(Box<Face<'a>>),
    Compact(Box<cff::Table<'a>>),
}

impl<'a> Outlines<'a> {
    fn of(data: &'a [u8], is_compact: bool) -> Option<Self> {
        if is_compact {
            return cff::Table::parse(data).map(|table| Self::Compact(Box::new(table)));
        }
        Face::parse(data, 0).ok().map(|face| Self::OpenType(Box::new(face)))
    }

    fn extent(&self, number: u16) -> Option<Rect> {
        match self {
            Self::OpenType(face) => face.glyph_bounding_box(GlyphId(number)),
            Self::Compact(table) => {
                let is_meant = |glyph: &GlyphId| table.glyph_cid(*glyph) == Some(number);
                let same = Some(GlyphId(number)).filter(|glyph| table.glyph_cid(*glyph).is_none() || is_meant(glyph));
                let glyph =
                    same.or_else(|| (0..table.number_of_glyphs().min(MOST_SEARCHED)).map(GlyphId).find(is_meant))?;
                table.outline(glyph, &mut Unseen).ok()
            }
        }
    }
}

/// An outline pen that draws nothing: only the extent of an outline is needed.
struct Unseen;

impl OutlineBuilder for Unseen {
    fn move_to(&mut self, _: f32, _: f32) {}
    fn line_to(&mut self, _: f32, _: f32) {}
    fn quad_to(&mut self, _: f32, _: f32, _: f32, _: f32) {}
    fn curve_to(&mut self, _: f32, _: f32, _: f32, _: f32, _: f32, _: f32) {}
    fn close(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The characters as recognized, each given with the bottom and top of its outline.
    fn read(glyphs: &[(char, f32, f32)]) -> String {
        let glyphs: Vec<Glyph> = glyphs
            .iter()
            .map(|(character, bottom, top)| Glyph {
                code: String::new(),
                character: *character,
                bottom: *bottom,
                top: *top,
            })
            .collect();
        shown(&glyphs).into_iter().zip(&glyphs).map(|(shown, glyph)| shown.unwrap_or(glyph.character)).collect()
    }

    // Measures of Libertinus Serif 7.051, in thousandths of the font size.
    #[test]
    fn a_glyph_is_raised_or_lowered_by_where_its_outline_stands() {
        let power = [('1', -2.0, 608.0), ('0', -10.0, 610.0), ('\u{2212}', 488.0, 527.0), ('6', 359.0, 688.0)];
        assert_eq!(read(&power), "10⁻⁶");
        assert_eq!(read(&[('H', 0.0, 645.0), ('2', -112.0, 212.0)]), "H₂");
        assert_eq!(read(&[('H', 0.0, 645.0), ('6', 359.0, 688.0)]), "H⁶", "the font has no other digits");
        let signs = [
            ('5', -11.0, 611.0),
            ('-', 201.0, 244.0),
            ('+', 36.0, 503.0),
            ('\u{2212}', 248.0, 292.0),
            ('(', -117.0, 703.0),
        ];
        assert_eq!(read(&signs), "5-+\u{2212}(");
    }

    #[test]
    fn digits_in_old_style_are_digits_on_the_line() {
        let digits = [("013", -10.0, 439.0), ("3459", -184.0, 439.0), ("68", -11.0, 611.0)];
        let glyphs: Vec<(char, f32, f32)> =
            digits.iter().flat_map(|(all, bottom, top)| all.chars().map(|c| (c, *bottom, *top))).collect();
        assert_eq!(read(&glyphs), "013345968");
        assert_eq!(read(&[('0', -10.0, 439.0), ('1', -2.0, 442.0)]), "01", "there is nothing to compare them with");
    }

    #[test]
    fn a_font_of_nothing_is_left_as_it_is() {
        assert_eq!(read(&[]), "");
        assert_eq!(read(&[('1', 0.0, 0.0)]), "1");
        assert_eq!(read(&[('1', f32::NAN, f32::INFINITY)]), "1");
    }
}
