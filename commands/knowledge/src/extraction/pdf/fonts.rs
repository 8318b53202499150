//! The names of fonts, the characters of symbol fonts, and fonts whose characters have no names.

use hayro_syntax::object::{Array, Dict, Name, Object};

use crate::extraction::symbols;

/// The name of a font without the prefix of a subset.
pub(super) fn base_font(font: &Dict<'_>) -> Option<String> {
    let Some(Object::Name(name)) = font.get::<Object<'_>>(b"BaseFont") else { return None };
    let name = name.as_str();
    let is_mark = |mark: &str| mark.len() == 6 && mark.bytes().all(|byte| byte.is_ascii_uppercase());
    Some(name.split_once('+').filter(|(mark, _)| is_mark(mark)).map_or(name, |(_, name)| name).to_owned())
}

/// Whether it is a bitmap font of TeX, whose characters are named `a` and their number.
pub(super) fn is_tex_bitmap(font: &Dict<'_>) -> bool {
    let is_type3 = font.get::<Name<'_>>(b"Subtype").is_some_and(|it| it.as_ref() == b"Type3");
    let names = font.get::<Dict<'_>>(b"Encoding").and_then(|it| it.get::<Array<'_>>(b"Differences"));
    let is_number = |name: &Object<'_>| {
        let Object::Name(name) = name else { return false };
        name.as_ref().split_first().is_some_and(|(a, number)| *a == b'a' && number.iter().all(u8::is_ascii_digit))
    };
    is_type3 && names.is_some_and(|names| names.iter::<Object<'_>>().any(|name| is_number(&name)))
}

/// Replaces codes of symbol fonts by characters; returns whether one is unknown. `are_of_tex`: the page has bitmap
/// fonts of TeX.
pub(super) fn replace_symbols(text: &mut String, are_of_tex: bool) -> bool {
    let is_code = |c: char| is_private(c) || c.is_control();
    if !text.contains(is_code) {
        return false;
    }
    let mut has_unknown = false;
    let characters: Vec<char> = text.chars().collect();
    let mut replaced = String::with_capacity(text.len());
    for (at, c) in characters.iter().copied().enumerate() {
        let before = at.checked_sub(1).and_then(|at| characters.get(at)).copied();
        let symbol = if matches!(c, '\u{f020}'..='\u{f0ff}') { symbol(u32::from(c) - 0xf000) } else { None };
        let letters = if are_of_tex { of_tex(c, before, characters.get(at + 1).copied()) } else { None };
        match (symbol, letters) {
            (Some(symbol), _) => replaced.push(symbol),
            (_, Some(letters)) => replaced.push_str(letters),
            _ => {
                has_unknown |= is_code(c);
                replaced.push(if is_code(c) { char::REPLACEMENT_CHARACTER } else { c });
            }
        }
    }
    *text = replaced;
    has_unknown
}

fn is_private(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}')
}

/// The text that a bitmap font of TeX shows for a code, inferred from its neighbours: fonts for text and for formulas
/// differ.
fn of_tex(code: char, before: Option<char>, after: Option<char>) -> Option<&'static str> {
    let is_text = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
    match code {
        '\u{15}' if is_text(before) && is_text(after) => Some("–"),
        _ if !is_letter(before) && !is_letter(after) => None,
        '\u{b}' | '\u{1b}' => Some("ff"),
        '\u{c}' | '\u{1c}' => Some("fi"),
        '\u{d}' | '\u{1d}' => Some("fl"),
        '\u{e}' | '\u{1e}' => Some("ffi"),
        '\u{f}' | '\u{1f}' => Some("ffl"),
        _ => None,
    }
}

/// The character that Symbol shows for a code, or Wingdings where Symbol has only parts of brackets and suits of cards.
/// The words that Poppler gives do not name their font.
fn symbol(code: u32) -> Option<char> {
    let font = if matches!(code, 0xa7 | 0xa8 | 0xd8 | 0xfb..=0xfe) { "Wingdings" } else { "Symbol" };
    symbols::symbol(font, code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(text: &str, are_of_tex: bool) -> (String, bool) {
        let mut text = text.to_owned();
        let has_unknown = replace_symbols(&mut text, are_of_tex);
        (text, has_unknown)
    }

    #[test]
    fn a_range_whose_dash_has_no_name_is_no_other_number() {
        assert_eq!(replaced("0.1\u{15}0.2", false), ("0.1\u{fffd}0.2".to_owned(), true));
        assert_eq!(replaced("0.1\u{15}0.2", true), ("0.1–0.2".to_owned(), false));
        assert_eq!(replaced("\u{15}", true), ("\u{fffd}".to_owned(), true), "in a formula it is ≥");
        assert_eq!(replaced("0.1–0.2", false), ("0.1–0.2".to_owned(), false));
    }

    #[test]
    fn the_ligatures_of_bitmap_fonts_are_letters() {
        assert_eq!(replaced("\u{1d}ucloxacillin", true), ("flucloxacillin".to_owned(), false));
        assert_eq!(replaced("di\u{e}cult", true), ("difficult".to_owned(), false));
        assert_eq!(replaced("di\u{e}cult", false), ("di\u{fffd}cult".to_owned(), true));
    }

    #[test]
    fn codes_of_symbol_fonts_are_their_symbols() {
        assert_eq!(replaced("\u{f0b3} 5 \u{f06d}g", false), ("≥ 5 µg".to_owned(), false));
        assert_eq!(replaced("\u{e123}", false), ("\u{fffd}".to_owned(), true));
    }
}
