//! Invisible text of a page, and text that lies across it.

use super::*;

fn notes(sheet: &Sheet) -> Vec<(NoteKind, u32)> {
    sheet.read().notes.into_iter().map(|note| (note.kind, note.count)).collect()
}

/// A page with some visible lines.
fn sheet() -> Sheet {
    Sheet::default().lines(50, 300, &LEFT)
}

#[test]
fn an_old_dose_under_a_white_box_is_left_out_and_told() {
    let box_over = "1 g 48 694 200 16 re f 0 g";
    let covered = sheet().text(10, 50, 100, "digoxin 0.25 mg").draw(box_over).text(10, 50, 120, "digoxin 0.125 mg");
    assert!(!covered.says().contains("0.25 mg") && covered.says().contains("0.125 mg"), "{}", covered.says());
    assert_eq!(notes(&covered), [(NoteKind::HiddenLeftOut, 1)]);
    // A box behind the text hides nothing; neither does a frame, nor a box that is clipped before the text.
    for behind in [
        sheet().draw(box_over).text(10, 50, 100, "digoxin 0.25 mg"),
        sheet().text(10, 50, 100, "digoxin 0.25 mg").draw("40 690 300 30 re 45 692 290 26 re f*"),
        sheet().text(10, 50, 100, "digoxin 0.25 mg").draw("q 0 0 20 20 re W n 0 0 600 800 re f Q"),
    ] {
        assert!(behind.says().contains("digoxin 0.25 mg"), "{}", behind.says());
        assert_eq!(notes(&behind), []);
    }
}

#[test]
fn white_text_is_read_on_a_dark_ground_only() {
    let white = sheet().draw("1 1 1 rg").text(10, 50, 100, "give 150 mg/kg").draw("0 g");
    assert!(!white.says().contains("150"), "{}", white.says());
    assert_eq!(notes(&white), [(NoteKind::HiddenLeftOut, 1)]);
    let header = sheet().draw("0.2 g 40 690 300 24 re f 1 g").text(10, 50, 100, "give 150 mg/kg").draw("0 g");
    assert!(header.says().contains("give 150 mg/kg"));
    assert_eq!(notes(&header), []);
}

#[test]
fn text_that_a_scanner_has_read_is_told_and_a_hidden_line_is_left_out() {
    let scanned = Sheet::default().draw("3 Tr").lines(50, 100, &LEFT);
    assert!(scanned.says().contains(LEFT[0]));
    assert_eq!(notes(&scanned), [(NoteKind::TextRecognized, 1)]);
    let hidden = sheet().draw("BT 3 Tr /F1 10 Tf 50 700 Td (give 99 mg) Tj 0 Tr ET");
    assert!(!hidden.says().contains("99"), "{}", hidden.says());
    assert_eq!(notes(&hidden), [(NoteKind::HiddenLeftOut, 1)]);
}

#[test]
fn a_word_that_lies_across_a_page_is_whole_and_in_no_row() {
    let stamp = "q 0.7 0.7 -0.7 0.7 120 540 cm BT 0.9 g /F1 40 Tf 0 0 Td (WITHDRAWN) Tj ET Q 0 g";
    let rows: Vec<[String; 3]> =
        (1..20).map(|at| [format!("Drug {at}"), format!("{at} mg/kg"), format!("{at} g")]).collect();
    let rows: Vec<Vec<&str>> = rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    let text = Sheet::default().draw(stamp).rows(&[52, 152, 252], 60, 14, &rows).says();
    has_rows(&text, &["WITHDRAWN", "| Drug 9 | 9 mg/kg | 9 g |", "| Drug 17 | 17 mg/kg | 17 g |"]);
}

#[test]
fn what_was_cropped_off_a_page_is_left_out() {
    let sheet = Sheet { crop: Some("0 300 600 800"), ..Sheet::default() }.lines(50, 100, &LEFT).text(
        10,
        50,
        600,
        "Another article: give 99 mg",
    );
    let text = sheet.says();
    assert!(text.contains(LEFT[6]) && !text.contains("99"), "{text}");
    assert_eq!(notes(&sheet), [(NoteKind::HiddenLeftOut, 1)]);
}
