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
fn a_correction_on_a_white_box_is_read_without_what_is_under_it() {
    let corrections = [
        ("Give aspirin to children with fever.", 0, "Never give aspirin to children."),
        ("Quilomorph: 16 mg every 4 hours", 0, "Quilomorph: 8 mg every 6 hours"),
        ("16 mg", 0, "8 mg"),
        // The new text may begin beside the old.
        ("16 mg", 1, "8 mg"),
        ("Gentamicin 5 mg/kg once daily", 1, "Gentamicin 7.5 mg/kg once daily"),
    ];
    for (old, left_by, new) in corrections {
        let corrected =
            sheet().text(10, 50, 100, old).draw("1 g 45 694 300 14 re f 0 g").text(10, 50 - left_by, 100, new);
        assert_eq!(corrected.says().lines().next(), Some(new));
        assert_eq!(notes(&corrected), [(NoteKind::HiddenLeftOut, 1)], "{new}");
    }
}

#[test]
fn old_and_new_words_that_cannot_be_told_apart_are_left_out_and_told() {
    let corrected = sheet()
        .draw("% A file with an /Encrypt is not changed.")
        .text(10, 50, 100, "Quilomorph: 16 mg every 4 hours")
        .draw("1 g 45 694 300 14 re f 0 g")
        .text(10, 50, 100, "Quilomorph: 8 mg every 6 hours");
    assert!(!corrected.says().contains("Quilomorph") && !corrected.says().contains("hours"), "{}", corrected.says());
    assert_eq!(notes(&corrected), [(NoteKind::HiddenLeftOut, 1)]);
}

#[test]
fn a_correction_of_one_number_within_a_line_is_read() {
    for old in ["(Infuse potassium at 40 mmol per hour.) Tj", "[(Infuse po) 0 (tassium at 40 mm) -1 (ol per hour.)] TJ"]
    {
        let corrected = sheet()
            .draw(&format!("BT /F1 10 Tf 50 700 Td {old} ET 1 g 139 694 11.5 14 re f 0 g"))
            .draw("BT /F1 10 Tf 139.5 700 Td (10) Tj ET");
        assert_eq!(corrected.says().lines().next(), Some("Infuse potassium at 10 mmol per hour."));
        assert_eq!(notes(&corrected), [(NoteKind::HiddenLeftOut, 1)]);
    }
}

#[test]
fn text_that_is_transparent_clipped_off_or_in_the_colour_of_its_ground_is_left_out_and_told() {
    let dose = "BT /F1 10 Tf 50 700 Td (give 97 mg) Tj ET";
    for hidden in [
        format!("q 50 600 60 14 re W n {dose} Q"),
        format!("0 0 1 rg 48 690 200 20 re f {dose} 0 g"),
        format!("q 0 0 1 rg 48 690 200 20 re f 1 g 48 690 200 20 re f {dose} Q"),
        format!("q /Nothing gs {dose} Q"),
    ] {
        let sheet = Sheet { states: "/Nothing<</ca 0>>", ..sheet() }.draw(&hidden);
        assert!(!sheet.says().contains("97"), "{hidden}");
        assert_eq!(notes(&sheet), [(NoteKind::HiddenLeftOut, 1)], "{hidden}");
    }
    for visible in [
        format!("q 40 690 200 30 re W n {dose} Q"),
        format!("0 0 1 rg 48 690 200 20 re f 1 g {dose} 0 g"),
        format!("q /Nothing gs 0 0 600 800 re f Q {dose}"),
        // A white shape with a bent edge in a black frame.
        format!("0 g 40 680 200 40 re f 1 g 42 682 m 238 682 l 238 718 l 42 718 l 41 700 41 690 42 682 c f 0 g {dose}"),
    ] {
        let sheet = Sheet { states: "/Nothing<</ca 0>>", ..sheet() }.draw(&visible);
        assert!(sheet.says().contains("give 97 mg"), "{visible}");
        assert_eq!(notes(&sheet), [], "{visible}");
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
    let picture = "q 600 0 0 800 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q";
    let scanned = Sheet::default().draw(picture).draw("3 Tr").lines(50, 100, &LEFT);
    assert!(scanned.says().contains(LEFT[0]));
    assert_eq!(notes(&scanned), [(NoteKind::TextRecognized, 1)]);
    let hidden = sheet().draw("BT 3 Tr /F1 10 Tf 50 700 Td (give 99 mg) Tj 0 Tr ET");
    assert!(!hidden.says().contains("99"), "{}", hidden.says());
    assert_eq!(notes(&hidden), [(NoteKind::HiddenLeftOut, 1)]);
    // No text was recognized where there is no picture, and no hidden line lets another one through.
    let mixed = hidden.draw("3 Tr").lines(50, 400, &LEFT).draw("1 g").text(10, 50, 120, "give 98 mg");
    assert!(!mixed.says().contains("98"), "{}", mixed.says());
    assert_eq!(notes(&mixed), [(NoteKind::HiddenLeftOut, 9)]);
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
