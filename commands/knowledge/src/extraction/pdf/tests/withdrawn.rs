//! Text that is no longer valid, or not visible on the page.

use super::*;

fn notes(sheet: &Sheet) -> Vec<(NoteKind, u32)> {
    sheet.read().notes.into_iter().map(|note| (note.kind, note.count)).collect()
}

#[test]
fn a_dose_with_a_line_through_it_is_left_out_and_told() {
    let sheet = Sheet::default()
        .text(10, 50, 100, "Give gentamicin 7.5 mg/kg")
        .text(10, 175, 100, "Give gentamicin 5 mg/kg")
        .line((50, 97), (172, 97))
        .text(10, 50, 120, "Underlined 15 mg/kg")
        .line((50, 122), (140, 122));
    assert_eq!(sheet.says(), "Give gentamicin 5 mg/kg\nUnderlined 15 mg/kg");
    assert_eq!(notes(&sheet), [(NoteKind::StruckLeftOut, 1)]);
    // A line drawn as a thin area.
    let sheet = Sheet::default().text(10, 50, 100, "40 mg").text(10, 90, 100, "20 mg").draw("50 702.6 27 0.7 re f");
    assert_eq!(sheet.says(), "20 mg");
}

#[test]
fn highlighted_text_is_not_struck() {
    let sheet =
        Sheet::default().draw("q 11 w 1 1 0 RG 50 703 m 172 703 l S Q").text(10, 50, 100, "Give gentamicin 7 mg/kg");
    assert_eq!((sheet.says().as_str(), notes(&sheet)), ("Give gentamicin 7 mg/kg", vec![]));
}

#[test]
fn a_struck_digit_is_no_digit_of_the_dose() {
    let sheet = Sheet::default().text(10, 50, 100, "1050 mg").line((56, 97), (61, 97));
    assert_eq!(sheet.says(), "1050 mg", "too little is covered to tell");
    assert_eq!(notes(&sheet), [(NoteKind::StruckLeftOut, 1)]);
    let sheet = Sheet::default().text(10, 50, 100, "105 mg").line((55, 97), (67, 97));
    assert_eq!(sheet.says(), "1 mg");
}

#[test]
fn a_struck_row_of_a_table_is_left_out_and_a_border_strikes_nothing() {
    let tops = [90, 104, 118, 132, 146];
    let table = Sheet::default().rows(&[52, 152, 252], 100, 14, &DOSES).grid(&[50, 150, 250, 350], &tops);
    has_rows(&table.says(), &DOSE_ROWS);
    let text = table.line((50, 125), (345, 125)).says();
    has_rows(&text, &[DOSE_ROWS[0], DOSE_ROWS[1], DOSE_ROWS[3]]);
    assert!(!text.contains("Amoxicillin") && !text.contains("40"), "{text}");
}

#[test]
fn a_border_through_a_cell_over_two_rows_strikes_nothing() {
    let sheet = Sheet::default()
        .rows(&[152, 252], 100, 20, &[&["child", "15 mg/kg"], &["adult", "500 mg"]])
        .text(10, 52, 110, "Paracetamol")
        .line((50, 107), (350, 107));
    assert!(sheet.says().contains("Paracetamol"), "{}", sheet.says());
    assert!(!notes(&sheet).iter().any(|(kind, _)| *kind == NoteKind::StruckLeftOut));
}

#[test]
fn text_that_a_reviewer_struck_is_left_out_and_stamps_are_told() {
    let strike = "<</Type/Annot/Subtype/StrikeOut/Rect[50 695 200 712]/QuadPoints[50 710 180 710 50 698 180 698]/F 4>>";
    let stamp = "<</Type/Annot/Subtype/Stamp/Rect[300 300 400 400]/F 4>>";
    let hidden = "<</Type/Annot/Subtype/StrikeOut/Rect[50 675 200 692]/QuadPoints[50 690 180 690 50 678 180 678]/F 2>>";
    let sheet = Sheet { annotations: [strike, stamp, hidden].concat(), ..Sheet::default() }
        .text(10, 50, 100, "Give gentamicin 7.5 mg/kg")
        .text(10, 50, 120, "Give amikacin 15 mg/kg");
    assert_eq!(sheet.says(), "Give amikacin 15 mg/kg");
    assert_eq!(notes(&sheet), [(NoteKind::StruckLeftOut, 1), (NoteKind::ObjectsLeftOut, 1)]);
}

#[test]
fn a_line_that_nobody_sees_on_a_text_strikes_nothing() {
    let line = "0.5 w 48 703 m 125 703 l S";
    let boxes = "1 g 45 695 80 20 re f 0 g";
    for drawn in [
        format!("{line} {boxes}"),
        format!("q 1 G {line} Q"),
        "q 1 1 0 RG 3 w 48 703 m 125 703 l S Q".to_owned(),
        format!("q 0 0 20 20 re W n {line} Q"),
        format!("{line} 0.9 g 44 704 m 47 694 l 130 694 l 133 704 l 130 716 l 47 716 l h f 0 g"),
    ] {
        let sheet = Sheet::default().draw(&drawn).text(10, 50, 100, "Give 7.5 mg/kg");
        assert_eq!((sheet.says().as_str(), notes(&sheet)), ("Give 7.5 mg/kg", vec![]), "{drawn}");
    }
    // A line on a box strikes, also a bent one.
    for drawn in [line.to_owned(), "1 0 0 RG 48 703 m 80 703.2 100 702.8 135 703 c S".to_owned()] {
        let sheet =
            Sheet::default().draw(boxes).text(10, 50, 100, "Give 7.5 mg/kg").draw(&drawn).text(10, 50, 200, "5 mg");
        assert_eq!((sheet.says().as_str(), notes(&sheet)), ("5 mg", vec![(NoteKind::StruckLeftOut, 1)]), "{drawn}");
    }
}

#[test]
fn slanted_lines_across_words_are_told() {
    let sheet = Sheet::default().text(10, 50, 100, "Give gentamicin 7.5 mg/kg once").draw("48 698 m 200 710 l S");
    assert!(sheet.says().contains("7.5 mg/kg"));
    assert_eq!(notes(&sheet), [(NoteKind::VisibilityUncertain, 1)]);
}
