//! Fonts that show other characters than the file declares: signs for letters, as Symbol does, so that `µg` would be
//! read as `mg`; and raised digits for plain ones. Poppler gets a copy of the file whose `ToUnicode` maps of such fonts
//! have the visible characters.

use std::{
    borrow::Cow,
    collections::HashMap,
    io::{self, Write as _},
    ops::Range,
};

use flate2::{Compression, write::ZlibEncoder};
use hayro_syntax::{
    Filter, Pdf,
    content::ops::TypedInstruction,
    object::{Dict, Object, Stream, String as Text},
    page::Resources,
};

use super::{content::decoded, fonts::base_font, superiors};
use crate::extraction::{NoteKind, notes::Notes, symbols};

/// Fonts that are examined, of a page and of all pages.
const MOST_OF_A_PAGE: usize = 200;
const MOST_OF_ALL: usize = 200_000;
/// Bytes that are examined: of the maps of symbol fonts, and of the maps and outlines of other fonts.
const LARGEST_MAPS: u64 = 8 * 1_048_576;
const LARGEST_OF_OTHERS: u64 = 64 * 1_048_576;
/// Codes of a range; a larger range says nothing about the characters of the font.
const LONGEST_RANGE: u32 = 256;
/// Codes of a map, and hexadecimal digits of the text of a code.
const MOST_CODES: usize = 65_536;
const LONGEST_TEXT: usize = 64;
/// Characters that symbol fonts mostly do show where they declare them: formulas are set in these fonts.
const OWN: [char; 7] = ['*', '-', '©', '¬', 'µ', '×', '÷'];

/// A copy of the file whose maps have the visible characters. A font whose map cannot be corrected gets a note.
pub(super) fn with_signs<'a>(file: &Pdf, bytes: &'a [u8], notes: &mut Notes) -> Cow<'a, [u8]> {
    let mut mended = Cow::Borrowed(bytes);
    // By the object number of each map: the name of the first symbol font that uses it, and whether the map is right.
    let mut maps: HashMap<u32, (Option<String>, bool)> = HashMap::new();
    let mut fonts_left = MOST_OF_ALL;
    let mut bytes = BytesLeft { of_signs: LARGEST_MAPS, of_others: LARGEST_OF_OTHERS };
    for (page, number) in file.pages().iter().zip(1..) {
        let fonts = &page.resources().fonts;
        for name in fonts.keys().take(MOST_OF_A_PAGE.min(fonts_left)) {
            fonts_left -= 1;
            let Some(font) = fonts.get::<Dict<'_>>(name) else { continue };
            let Some(map) = font.get_ref(b"ToUnicode") else { continue };
            let full_name = base_font(&font);
            let name = full_name.clone().filter(|name| is_of_signs(name));
            let (first, is_right) = maps.entry(map.obj_number).or_insert_with(|| {
                let map = font.get::<Stream<'_>>(b"ToUnicode");
                let is_right =
                    map.is_none_or(|map| correct_map(file, &font, &map, name.as_deref(), &mut mended, &mut bytes));
                (name.clone(), is_right)
            });
            // A map that several fonts share cannot be right for all of them.
            if !*is_right || first.as_deref().map(family) != name.as_deref().map(family) {
                let name = name.as_deref().or(first.as_deref()).or(full_name.as_deref());
                notes.add(NoteKind::UnknownSymbols, Some(number), name);
            }
        }
    }
    mended
}

/// The bytes that may still be examined, of symbol fonts and of all others.
struct BytesLeft {
    of_signs: u64,
    of_others: u64,
}

/// Overwrites a map with the visible characters; `signs` is the name of a symbol font. Returns whether the map is right
/// now.
fn correct_map(
    file: &Pdf,
    font: &Dict<'_>,
    map: &Stream<'_>,
    signs: Option<&str>,
    mended: &mut Cow<'_, [u8]>,
    bytes: &mut BytesLeft,
) -> bool {
    let text = decoded(map, if signs.is_some() { &mut bytes.of_signs } else { &mut bytes.of_others });
    let Some(entries) = entries(&String::from_utf8_lossy(&text)) else { return signs.is_none() };
    let shifted =
        if signs.is_none() { superiors::of_font(font, &entries, &mut bytes.of_others) } else { HashMap::new() };
    let seen = |code: &str, c: char| match signs {
        Some(font) => sign(font, c),
        None => shifted.get(code).copied().unwrap_or(c),
    };
    let mut others = entries.iter().flat_map(|(code, text)| text.iter().filter(|c| seen(code, **c) != **c));
    // Characters of the private use area are not taken for letters.
    let is_right_without = match others.next() {
        None => return true,
        Some(first) => symbols::is_private(*first) && others.all(|c| symbols::is_private(*c)),
    };
    let signs = written(&entries, seen);
    let raw = map.raw_data();
    let packed = match map.filters().as_slice() {
        [] => Ok(signs.into_bytes()),
        [Filter::FlateDecode] => deflated(signs.as_bytes()),
        _ => return is_right_without,
    };
    let start: &[u8] = file.data().as_ref();
    let at = (raw.as_ptr() as usize).checked_sub(start.as_ptr() as usize);
    let place = at.and_then(|at| Some(at..at.checked_add(raw.len())?));
    // The stream of an encrypted file is not found at its place.
    let is_there = |place: &Range<usize>| mended.get(place.clone()) == Some(&*raw);
    match (packed, place.filter(is_there)) {
        (Ok(packed), Some(place)) if packed.len() <= place.len() => {
            let blank = if map.filters().is_empty() { b' ' } else { 0 };
            let (new, rest) = mended.to_mut()[place].split_at_mut(packed.len());
            new.copy_from_slice(&packed);
            rest.fill(blank);
            true
        }
        _ => is_right_without,
    }
}

/// Text with an `ActualText` of its own: LibreOffice writes it where two codes share a sign.
#[derive(Default)]
pub(super) struct ActualText {
    fonts: HashMap<String, Option<String>>,
    font: Option<String>,
    text: Vec<char>,
}

impl ActualText {
    /// Interprets the text instructions; returns the symbol font in which a sign is shown that the page declares to be
    /// a letter.
    pub(super) fn follow(&mut self, instruction: &TypedInstruction<'_, '_>, resources: &Resources<'_>) -> Option<&str> {
        match instruction {
            TypedInstruction::TextFont(font) if self.fonts.len() < MOST_OF_A_PAGE => {
                let of_signs = || base_font(&resources.get_font(font.0)?).filter(|name| is_of_signs(name));
                let font = self.fonts.entry(font.0.as_str().to_owned()).or_insert_with(of_signs);
                self.font.clone_from(font);
            }
            TypedInstruction::BeginMarkedContentWithProperties(content) => {
                let properties = match &content.1 {
                    Object::Dict(properties) => Some(properties.clone()),
                    Object::Name(name) => resources.properties.get::<Dict<'_>>(name),
                    _ => None,
                };
                let text = properties.and_then(|it| it.get::<Text<'_>>(b"ActualText"));
                let start = text.map(|it| it.as_ref().iter().copied().take(LONGEST_TEXT).collect::<Vec<u8>>());
                self.text = start.and_then(|it| characters(hex::encode(it).strip_prefix("feff")?)).unwrap_or_default();
            }
            TypedInstruction::EndMarkedContent(_) => self.text.clear(),
            TypedInstruction::ShowText(_) | TypedInstruction::ShowTexts(_) => {
                let font = self.font.as_deref()?;
                let is_letter = |c: &char| !symbols::is_private(*c) && sign(font, *c) != *c;
                return self.text.iter().any(is_letter).then_some(font);
            }
            _ => {}
        }
        None
    }
}

fn deflated(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text)?;
    encoder.finish()
}

/// A `ToUnicode` map of these codes to the visible characters, with only the parts that Poppler needs.
fn written(entries: &[(String, Vec<char>)], seen: impl Fn(&str, char) -> char) -> String {
    let mut map = format!("{} beginbfchar\n", entries.len());
    for (code, text) in entries {
        let signs: String = text.iter().map(|c| seen(code, *c)).collect();
        let units: Vec<u8> = signs.encode_utf16().flat_map(u16::to_be_bytes).collect();
        map.extend(["<", code, "><", &hex::encode_upper(units), ">\n"]);
    }
    map.push_str("endbfchar\n");
    map
}

/// The codes of a map and their characters; `None` if the map is not understood.
pub(super) fn entries(map: &str) -> Option<Vec<(String, Vec<char>)>> {
    let spaced = map.replace('<', " <").replace('>', "> ").replace('[', " [ ").replace(']', " ] ");
    let mut words = spaced.split_whitespace();
    let mut entries = Vec::new();
    while let Some(word) = words.next() {
        let is_range = word == "beginbfrange";
        if !is_range && word != "beginbfchar" {
            continue;
        }
        while let Some(first) = words.next().filter(|word| !word.starts_with("endbf")) {
            let first = digits(first).filter(|_| entries.len() < MOST_CODES)?;
            if !is_range {
                entries.push((first.to_owned(), characters(digits(words.next()?)?)?));
                continue;
            }
            let (width, last) = (first.len(), u32::from_str_radix(digits(words.next()?)?, 16).ok()?);
            let first = u32::from_str_radix(first, 16).ok()?;
            if last.checked_sub(first)? >= LONGEST_RANGE {
                return None;
            }
            match words.next()? {
                "[" => {
                    let texts = words.by_ref().take_while(|word| *word != "]");
                    for (text, code) in texts.zip(first..=last) {
                        entries.push((format!("{code:0width$X}"), characters(digits(text)?)?));
                    }
                }
                text => {
                    let mut text = characters(digits(text)?)?;
                    for code in first..=last {
                        entries.push((format!("{code:0width$X}"), text.clone()));
                        let c = text.last_mut()?;
                        *c = char::from_u32(u32::from(*c) + 1)?;
                    }
                }
            }
        }
    }
    Some(entries)
}

fn digits(word: &str) -> Option<&str> {
    word.strip_prefix('<')?
        .strip_suffix('>')
        .filter(|it| it.len() <= LONGEST_TEXT && it.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn characters(hex: &str) -> Option<Vec<char>> {
    let unit = |at: usize| u16::from_str_radix(hex.get(at..(at + 4).min(hex.len()))?, 16).ok();
    let units: Vec<u16> = (0..hex.len()).step_by(4).map(unit).collect::<Option<_>>()?;
    char::decode_utf16(units).collect::<Result<_, _>>().ok()
}

/// The visible character. An unknown sign becomes a character of private use, which is noted later.
fn sign(font: &str, c: char) -> char {
    let (font, code) = (family(font), u32::from(c));
    if !matches!(c, '!'..='~' | '\u{a1}'..='\u{ff}' | '\u{f021}'..='\u{f0ff}') {
        return c;
    }
    let is_like_symbol = font == "OpenSymbol" || symbols::symbol(font, u32::from('b')) == Some('β');
    let sign = match font {
        _ if is_like_symbol && (OWN.contains(&c) || symbols::symbol("Symbol", code) == Some(c)) => None,
        // LibreOffice replaces several fonts by it.
        "OpenSymbol" => char::from_u32(0xf000 | code),
        "ZapfDingbats" => char::from_u32(0xe000 | code),
        _ => symbols::symbol(font, code),
    };
    sign.unwrap_or(c)
}

fn is_of_signs(font: &str) -> bool {
    let font = family(font);
    symbols::is_symbol_font(font) || matches!(font, "OpenSymbol" | "ZapfDingbats")
}

/// A font's name without its style.
fn family(font: &str) -> &str {
    font.split_once(',').map_or(font, |(family, _)| family)
}
