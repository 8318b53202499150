//! Fonts that show signs for letters.

use std::io::Write as _;

use flate2::{Compression, write::ZlibEncoder};

use super::*;

/// The beginning of a map as LibreOffice writes it.
const HEAD: &str = "/CIDInit/ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo<<\n/Registry (Adobe)\n\
    /Ordering (UCS)\n/Supplement 0\n>> def\n/CMapName/Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n\
    <00> <FF>\nendcodespacerange\n";
const TAIL: &str = "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n";
const LETTERS: &str = "3 beginbfchar\n<01> <006D>\n<02> <00A3>\n<03> <00D7>\nendbfchar\n2 beginbfrange\n<04> <05> <0062>\n\
    <06> <07> [<00B3> <00AE>]\nendbfrange\n";

/// A page with a dose, parts of which are in this font with this map.
fn sheet(font: &'static str, map: &str, filter: &'static str) -> Sheet {
    let drawn = "BT /F1 10 Tf 50 700 Td (digoxin 125 ) Tj /F2 10 Tf <01> Tj /F1 10 Tf (g if age ) Tj /F2 10 Tf <02> Tj \
        /F1 10 Tf ( 5, 2 ) Tj /F2 10 Tf <03> Tj /F1 10 Tf ( 1, ) Tj /F2 10 Tf <04> Tj /F1 10 Tf ( ) Tj /F2 10 Tf <06> Tj \
        /F1 10 Tf ( 8 ) Tj /F2 10 Tf <07> Tj /F1 10 Tf ( stop) Tj ET";
    Sheet {
        signs: Some((font, format!("<<{filter}/Length {}>>stream\n{map}\nendstream", map.len()))),
        ..Sheet::default()
    }
    .draw(drawn)
}

fn read(bytes: &[u8]) -> (String, Vec<Note>) {
    let read = extract(bytes, &FileHints::default()).expect("it is a PDF with text");
    (read.parts[0].text.clone(), read.notes)
}

const SEEN: &str = "digoxin 125 µg if age ≤ 5, 2 × 1, β ≥ 8 → stop";

#[test]
fn micrograms_and_comparisons_set_in_a_symbol_font_are_what_is_seen() {
    for font in ["Symbol", "CAAAAA+OpenSymbol", "ABCDEF+SymbolMT,Bold"] {
        let bytes = sheet(font, &format!("{HEAD}{LETTERS}{TAIL}"), "").bytes();
        assert_eq!(read(&bytes), (SEEN.to_owned(), vec![]), "{font}");
    }
    let plain = sheet("Verdana", &format!("{HEAD}{LETTERS}{TAIL}"), "").says();
    assert_eq!(plain, "digoxin 125 mg if age £ 5, 2 × 1, b ³ 8 ® stop");
}

#[test]
fn a_packed_map_of_a_symbol_font_says_what_is_seen() {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(format!("{HEAD}{LETTERS}{TAIL}").as_bytes()).expect("it is in memory");
    let packed = encoder.finish().expect("it is in memory");
    let place = "Z".repeat(packed.len());
    let mut bytes = sheet("BAAAAA+OpenSymbol", &place, "/Filter/FlateDecode").bytes();
    let at = bytes.windows(place.len()).position(|window| window == place.as_bytes()).expect("it is there");
    bytes[at..at + packed.len()].copy_from_slice(&packed);
    assert_eq!(read(&bytes), (SEEN.to_owned(), vec![]));
}

#[test]
fn letters_of_a_symbol_font_whose_map_cannot_be_mended_are_told_with_their_page() {
    // The map has no parts that can be left out, and the signs need more bytes than it has.
    let map = "2 beginbfchar<01><6D><02><A3>endbfchar";
    let (_, notes) = read(&sheet("Symbol", map, "").bytes());
    let told: Vec<_> = notes.iter().map(|note| (note.kind, &*note.pages, &*note.names)).collect();
    assert_eq!(told, [(NoteKind::UnknownSymbols, &[1][..], &["Symbol".to_owned()][..])]);
}

#[test]
fn a_sign_that_the_page_itself_calls_a_letter_is_told() {
    let map = "1 beginbfchar <01> <F06D> endbfchar";
    let drawn = |said: &str| {
        let drawn = "BDC /F2 10 Tf 50 600 Td <01> Tj EMC /F1 10 Tf (g) Tj ET";
        sheet("OpenSymbol", map, "").draw(&format!("BT /Span<</ActualText<FEFF{said}>>> {drawn}")).read().notes
    };
    let told: Vec<_> = drawn("006D").into_iter().map(|note| (note.kind, note.pages, note.names)).collect();
    assert_eq!(told, [(NoteKind::UnknownSymbols, vec![1], vec!["OpenSymbol".to_owned()])]);
    assert_eq!(drawn("F06D"), []);
}

#[test]
fn bullets_and_named_signs_of_symbol_fonts_are_not_told() {
    let map = "6 beginbfchar <01> <F06D> <02> <2264> <03> <00D7> <04> <03B2> <06> <2265> <07> <2192> endbfchar";
    assert_eq!(read(&sheet("OpenSymbol", map, "").bytes()), (SEEN.to_owned(), vec![]));
    let map = "6 beginbfchar <01> <00B5> <02> <2022> <03> <2022> <04> <F0B7> <06> <2265> <07> <2192> endbfchar";
    let said = "digoxin 125 µg if age • 5, 2 • 1, • ≥ 8 → stop";
    assert_eq!(read(&sheet("SymbolMT", map, "").bytes()), (said.to_owned(), vec![]));
}

#[test]
fn a_tick_and_a_cross_of_wingdings_are_no_letters() {
    let map = format!("{HEAD}2 beginbfchar <01> <00FC> <02> <00FB> endbfchar{TAIL}");
    let said = sheet("ABCDEF+Wingdings-Regular", &map, "").says();
    assert!(said.starts_with("digoxin 125 ✓g if age ✗ 5"), "{said}");
}

#[test]
fn hindi_words_are_whole_and_apart_by_the_blanks_that_the_page_has() {
    let map = "6 beginbfchar <20> <0020> <61> <0926> <62> <0930094D0926> <63> <09150940> <64> <09150941> <65> <0937094D0920> \
        endbfchar";
    // The gap after the r above its letter is wider than a blank, the one after the vowel below its letter as wide as
    // one; neither is a blank.
    let blanks = [("", ""), ("/F1 10 Tf", "/F2 10 Tf")];
    for (before, after) in blanks {
        let blank = format!("{before} ( ) Tj {after} 2.78 0 Td");
        let name = format!("(c) Tj 5.56 0 Td {blank} ");
        let drawn = format!(
            "BT /F2 10 Tf 1 0 0 1 50 700 Tm {} (ab) Tj 12.1 0 Td {blank} {name} (d) Tj 8.34 0 Td (e) Tj 5.56 0 Td {blank} \
             (c) Tj ET",
            name.repeat(5)
        );
        let text = Sheet {
            signs: Some(("Helvetica", format!("<</Length {}>>stream\n{map}\nendstream", map.len()))),
            ..Sheet::default()
        }
        .draw(&drawn)
        .says();
        assert_eq!(text, "की की की की की दर्द की कुष्ठ की");
    }
}

#[test]
fn cells_of_a_hindi_table_are_not_one_word_where_no_blank_is_between_them() {
    let map = "3 beginbfchar <20> <0020> <63> <09150940> <64> <09150941> endbfchar";
    let cell = |left: u32, text: &str| format!("BT /F2 10 Tf 1 0 0 1 {left} 700 Tm {text} ET ");
    let words = "(c) Tj 5.56 0 Td ( ) Tj 2.78 0 Td ".repeat(4);
    let drawn = cell(50, &format!("{words} (d) Tj")) + &cell(91, "(c) Tj");
    let text = Sheet {
        signs: Some(("Helvetica", format!("<</Length {}>>stream\n{map}\nendstream", map.len()))),
        ..Sheet::default()
    }
    .draw(&drawn)
    .says();
    assert_eq!(text, "की की की की कु की");
}
