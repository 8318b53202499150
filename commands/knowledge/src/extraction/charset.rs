//! Decodes bytes to characters: by a byte order mark, by UTF-8's own rules, by the declared character set, by a guess.
//!
//! Valid UTF-8 with characters of more than one byte is UTF-8, whatever is declared: other character sets hardly ever
//! give such sequences. A few bytes that were cut off or damaged do not make another character set of it.

mod declared;
mod guess;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::{
    FileHints, Unreadable,
    notes::{NoteKind, Notes},
};

/// Bytes that are decoded first to tell a binary file from a text.
const HEAD: usize = 65_536;
/// A text with more than one control character in so many is binary.
const CONTROL_ONE_IN: usize = 50;
/// Control characters that even a short text may have without being binary.
const FEW: usize = 16;
/// Characters of more than one byte for each damaged place, at least, in a text that is still taken for UTF-8.
const WHOLE_FOR_EACH_DAMAGED: usize = 4;
/// Damaged places that are counted for the note.
const MOST_COUNTED: usize = 1_000;

pub(super) fn decode(bytes: &[u8], hints: &FileHints, notes: &mut Notes) -> Result<String, Unreadable> {
    decode_as(bytes, declared::by_header(hints), notes)
}

/// Decodes a page, which may declare its character set itself.
pub(super) fn decode_html(bytes: &[u8], hints: &FileHints, notes: &mut Notes) -> Result<String, Unreadable> {
    // A declaration that can be read as ASCII is not in UTF-16, whatever it says.
    let declared = declared::by_header(hints).or_else(|| declared::by_page(bytes).map(Encoding::output_encoding));
    decode_as(bytes, declared, notes)
}

fn decode_as(bytes: &[u8], declared: Option<&'static Encoding>, notes: &mut Notes) -> Result<String, Unreadable> {
    let encoding = encoding(bytes, declared);
    // Most binary files show it in their first bytes: decoding all of one may take three times its size in memory.
    if bytes.len() > HEAD && is_binary(&encoding.decode(&bytes[..HEAD]).0) {
        return Err(Unreadable::UnsupportedFormat);
    }
    let (text, _, has_damage) = encoding.decode(bytes);
    if is_binary(&text) {
        return Err(Unreadable::UnsupportedFormat);
    }
    if has_damage {
        let damaged = text.matches('\u{fffd}').take(MOST_COUNTED).count();
        (0..damaged).for_each(|_| notes.add(NoteKind::DamagedCharacters, None, None));
    }
    Ok(text.into_owned())
}

fn encoding(bytes: &[u8], declared: Option<&'static Encoding>) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding;
    }
    let utf_8 = Utf8::of(bytes);
    let is_wide = declared.is_some_and(|declared| declared == UTF_16LE || declared == UTF_16BE);
    match declared {
        // ASCII is the same in nearly all character sets but means something else in a few, such as ISO-2022-JP; so
        // plain ASCII does not override the declaration.
        Some(declared) if !is_wide && utf_8.whole > 0 && utf_8.damaged == 0 && declared != UTF_8 => UTF_8,
        Some(declared) => declared,
        None => without_mark(bytes).unwrap_or_else(|| if utf_8.is_likely() { UTF_8 } else { guess::guess(bytes) }),
    }
}

/// The parts of a text that are UTF-8, and those that are not.
struct Utf8 {
    /// Characters of more than one byte.
    whole: usize,
    /// Places with bytes that are no UTF-8.
    damaged: usize,
}

impl Utf8 {
    fn of(bytes: &[u8]) -> Self {
        let mut found = Self { whole: 0, damaged: 0 };
        for chunk in bytes.utf8_chunks() {
            found.whole += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
            found.damaged += usize::from(!chunk.invalid().is_empty());
        }
        found
    }

    fn is_likely(&self) -> bool {
        self.damaged == 0 || self.whole >= self.damaged * WHOLE_FOR_EACH_DAMAGED
    }
}

/// Recognizes UTF-16 without a byte order mark: every other byte of its ASCII characters is zero.
fn without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(HEAD)];
    let zeros = |from: usize| head.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let (high, low) = (zeros(0), zeros(1));
    let half = head.len() / 2;
    // Blanks, line ends and digits are ASCII in every script.
    match (high * 10 > half, low * 10 > half) {
        (true, false) if low * 10 < high => Some(UTF_16BE),
        (false, true) if high * 10 < low => Some(UTF_16LE),
        _ => None,
    }
}

/// Whether a text has too many control characters and replacement characters to be one.
fn is_binary(text: &str) -> bool {
    let is_strange = |c: &char| (c.is_control() && !c.is_whitespace() && *c != '\0') || *c == '\u{fffd}';
    let nul = text.chars().filter(|c| *c == '\0').count();
    let strange = text.chars().filter(is_strange).count();
    let all = text.chars().count();
    (strange > FEW && strange * CONTROL_ONE_IN > all) || nul * 4 > all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], content_type: Option<&str>) -> (String, u32) {
        let hints = FileHints { name: None, content_type: content_type.map(str::to_owned) };
        let mut notes = Notes::default();
        let text = decode_html(bytes, &hints, &mut notes).expect("it is text");
        (text, notes.finished().first().map_or(0, |note| note.count))
    }

    fn text(bytes: &[u8], content_type: Option<&str>) -> String {
        read(bytes, content_type).0
    }

    #[test]
    fn a_damaged_character_does_not_change_the_others() {
        let malayalam = "മലയാളം ഡോസ് സിങ്ക് ഇരുപത്".as_bytes();
        let cut = &malayalam[..malayalam.len() - 1];
        assert_eq!(read(cut, None), ("മലയാളം ഡോസ് സിങ്ക് ഇരുപത\u{fffd}".to_owned(), 1));
        let damaged = [b"5 mg \xff\xfe\xfd ", malayalam].concat();
        let (text, count) = read(&damaged, None);
        assert!(text.starts_with("5 mg \u{fffd}") && text.ends_with("മലയാളം ഡോസ് സിങ്ക് ഇരുപത്"), "{text}");
        assert_eq!(count, 3);
    }

    #[test]
    fn only_a_declaration_of_the_page_itself_counts() {
        let page = |head: &str| [format!("<html><head>{head}</head><body>5 ").as_bytes(), b"\xb5g caf\xe9"].concat();
        for head in [
            "<script src=a.js charset=utf-8></script><meta http-equiv=Content-Type content='text/html; charset=windows-1252'>",
            "<!-- <meta charset=utf-8> --><meta charset='windows-1252'>",
            "<title>charset=utf-8 <meta charset=utf-8></title><META CHARSET = windows-1252 />",
            "<link rel=stylesheet href=a charset=utf-8><meta name=description content='charset=utf-8'><meta charset=latin1>",
            "<meta charset=no-such-set><meta charset=latin1>",
            "<style>/* <meta charset=utf-8> */</style><meta content=\"text/html;charset=cp1252\" http-equiv=\"content-type\">",
        ] {
            assert!(text(&page(head), None).ends_with("5 µg café"), "{head}");
        }
        let xml = b"<?xml version=\"1.0\" encoding='ISO-8859-15'?><html><body>5 \xa4</body></html>";
        assert!(text(xml, None).contains("5 €"));
    }

    #[test]
    fn valid_utf_8_is_what_it_is_whatever_is_said_of_it() {
        let page = "<meta charset=windows-1252><p>5 µg മരുന്ന്";
        assert_eq!(text(page.as_bytes(), None), page);
        assert_eq!(text("5 µg മരുന്ന്".as_bytes(), Some("text/html; charset=iso-8859-1")), "5 µg മരുന്ന്");
        assert_eq!(text(b"caf\xe9", Some("text/html; charset=iso-8859-1")), "café");
        assert_eq!(text(b"caf\xe9", Some("text/html; charset=unheard-of")), "café");
        assert_eq!(read(b"<meta charset=utf-8>5 \xb5g", None), ("<meta charset=utf-8>5 \u{fffd}g".to_owned(), 1));
        assert_eq!(text(b"Give 5 \xb5g of it", None), "Give 5 µg of it");
    }

    #[test]
    fn utf_16_needs_no_mark() {
        let wide = |swap: bool| -> Vec<u8> {
            let units = "Zinc 20 mg, ദിവസം 1".encode_utf16();
            units.flat_map(|unit| if swap { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
        };
        assert_eq!([text(&wide(false), None), text(&wide(true), None)], ["Zinc 20 mg, ദിവസം 1", "Zinc 20 mg, ദിവസം 1"]);
    }
}
