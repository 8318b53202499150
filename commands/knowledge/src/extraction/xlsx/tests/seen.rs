//! Text that is struck or not seen, and the rows and columns around it.

use super::*;

const TABLE: &str = "| Drug | Dose | How |\n| --- | --- | --- |\n";

#[test]
fn a_row_that_is_left_out_does_not_make_the_next_one_name_the_columns() {
    for (style, kind) in [(6, NoteKind::StruckLeftOut), (11, NoteKind::HiddenLeftOut), (15, NoteKind::StruckLeftOut)] {
        let old = format!("{style}:Morphine | {style}:5 mg | {style}:twice");
        let sheet = rows(&format!("Drug | Dose | How\n{old}\nKetamine | 1 | once\nAtropine | half | daily"));
        let (text, notes) = read(&sheet);
        assert_eq!(text, format!("{TABLE}| Ketamine | 1 | once |\n| Atropine | half | daily |"));
        assert_eq!(kinds(&notes), [kind]);
        let sheet =
            rows(&format!("5:Drug | 5:Dose | 5:How\nZinc | low | once\n{old}\n{old}\nAtropine | see text | daily"));
        assert_eq!(read(&sheet).0, format!("{TABLE}| Zinc | low | once |\n| Atropine | see text | daily |"));
    }
}

#[test]
fn a_row_that_is_left_out_does_not_join_tables() {
    let second = "| Vaccine | Age |\n| --- | --- |\n| BCG | birth |";
    // The next table has a header of its own, or the text stands alone between them.
    for between in ["6:Old | 6:5 mg", "11:x"] {
        let head = if between.starts_with('6') { "5:Vaccine | 5:Age" } else { "Vaccine | Age" };
        let (text, _) = read(&rows(&format!("5:Drug | 5:Dose\nZinc | low\n{between}\n{head}\nBCG | birth")));
        assert!(text.ends_with(&format!("| Zinc | low |\n\n{second}")), "{text}");
    }
}

#[test]
fn a_struck_column_does_not_part_a_dose_from_its_drug() {
    let line = |cells: &str| cells.to_owned();
    let sheet = [
        "Drug | Form | 6:Old | Route | Dose",
        "Zinc | tablet | 6:9 | oral | 20 mg",
        "Iron | syrup | 6:8 | nasal | 60 mg",
        "Salt | powder | 6:7 | gastric | 5 g",
    ]
    .map(line)
    .join("\n");
    let (text, _) = read(&rows(&sheet));
    assert!(text.contains("| Zinc | tablet | oral | 20 mg |"), "{text}");
}

#[test]
fn a_dose_that_is_nearly_in_the_colour_of_its_cell_or_tiny_is_left_out_and_told() {
    for dose in ["17:99 mg", "18:99 mg", "19:99"] {
        let (text, notes) = read(&rows(&format!("Zinc | {dose} | 20 mg")));
        assert!(!text.contains("99") && text.contains("20 mg"), "{text}");
        assert_eq!(kinds(&notes), [NoteKind::HiddenLeftOut]);
    }
}

#[test]
fn a_dose_in_the_colour_of_its_cell_is_left_out_and_told() {
    let (text, notes) = read(&rows("5:Drug | 5:Old | 5:New\nZinc | 11:99 mg | 20 mg\nSalt | 13:5 g | 5 g"));
    assert_eq!(text, "| Drug | Old | New |\n| --- | --- | --- |\n| Zinc |  | 20 mg |\n| Salt | 5 g | 5 g |");
    assert_eq!(kinds(&notes), [NoteKind::HiddenLeftOut]);
    let run = |colour: &str, text: &str| format!("<r><rPr><color {colour}/></rPr><t>{text}</t></r>");
    let runs = run("rgb=\"FFFFFFFF\"", "50 mg") + &run("rgb=\"FFFF0000\"", "5 mg");
    let (text, notes) = read(&format!("<sheetData><row><c t=\"inlineStr\"><is>{runs}</is></c></row></sheetData>"));
    assert_eq!((text.trim(), kinds(&notes)), ("5 mg", vec![NoteKind::HiddenLeftOut]));
}

#[test]
fn a_dose_that_may_be_in_the_colour_of_its_cell_is_read_and_told() {
    let uncertain = |sheet: &str, dose: &str| {
        let (text, notes) = read(sheet);
        assert!(text.contains(dose), "{text}");
        assert_eq!(kinds(&notes), [NoteKind::VisibilityUncertain]);
    };
    uncertain(&rows("Zinc | 12:99 mg"), "99 mg");
    // Automatic text on black, which some programs write white.
    uncertain(&rows("Zinc | 14:99 mg"), "99 mg");
    let condition = "<conditionalFormatting sqref=\"B1\"><cfRule dxfId=\"1\"/></conditionalFormatting>";
    uncertain(&(rows("Zinc | 11:99 mg") + condition), "99 mg");
}
