//! Rows of tables stay whole.

use super::*;

const BEGINS: &str = "<w:vMerge w:val='restart'/>";
const GOES_ON: &str = "<w:vMerge/>";

#[test]
fn a_dose_does_not_move_to_the_drug_above_when_its_row_is_deleted() {
    let table = |properties: &str, name: &str| {
        let rows = [
            row("", &[("", "Drug"), ("", "Age"), ("", "Dose")]),
            row("", &[(BEGINS, "Amoxicillin"), ("", "child"), ("", "125 mg")]),
            row("", &[(GOES_ON, ""), ("", "adult"), ("", "500 mg")]),
            row(properties, &[(BEGINS, name), ("", "child"), ("", "30 mg")]),
            row(properties, &[(GOES_ON, ""), ("", "all"), ("", "40 mg")]),
            row("", &[(GOES_ON, ""), ("", "adult"), ("", "240 mg")]),
            row("", &[(GOES_ON, ""), ("", "old"), ("", "80 mg")]),
        ];
        read(&format!("<w:tbl>{}</w:tbl>", rows.concat()))
    };
    for (properties, name) in [("<w:del/>", "Gentamicin"), ("<w:hidden/>", "Gentamicin"), ("<w:del/>", "")] {
        let text = table(properties, name);
        let end = format!("| Amoxicillin | adult | 500 mg |\n| {name} | adult | 240 mg |\n| {name} | old | 80 mg |");
        assert!(text.ends_with(&end), "{text}");
    }
}

#[test]
fn a_cell_that_goes_on_over_a_deleted_row_names_what_is_below() {
    let rows = [
        row("", &[("", "Drug"), ("", "Age"), ("", "Dose")]),
        row("", &[(BEGINS, "Zinc"), ("", "child"), ("", "10 mg")]),
        row("<w:del/>", &[(GOES_ON, ""), ("", "youth"), ("", "15 mg")]),
        row("", &[(GOES_ON, ""), ("", "adult"), ("", "20 mg")]),
    ];
    let text = read(&format!("<w:tbl>{}</w:tbl>", rows.concat()));
    assert!(text.ends_with("| Zinc | child | 10 mg |\n| Zinc | adult | 20 mg |"), "{text}");
}

#[test]
fn a_deleted_cell_is_left_out_and_its_column_stays() {
    let cells = [("", "Zinc"), ("<w:cellDel/>", "10 mg"), ("", "20 mg")];
    let rows = [row("", &[("", "Drug"), ("", "Child"), ("", "Adult")]), row("", &cells)];
    let (text, notes) = with_notes(&format!("<w:tbl>{}</w:tbl>", rows.concat()));
    let expected = "| Drug | Child | Adult |\n| --- | --- | --- |\n| Zinc |  | 20 mg |";
    assert_eq!((text.as_str(), notes), (expected, vec![(NoteKind::ChangesLeftOut, 1)]));
}

#[test]
fn a_footnote_says_to_which_drug_it_belongs() {
    let mark = |id: usize| format!("<w:r><w:footnoteReference w:id='{id}'/></w:r>");
    let cell = |text: &str, id: usize| {
        format!("<w:tc><w:p>{}{}</w:p></w:tc>", r("", text), if id > 0 { mark(id) } else { String::new() })
    };
    let rows = [
        row("<w:tblHeader/>", &[("", "Drug"), ("", "Dose")]),
        format!("<w:tr>{}{}</w:tr>", cell("Amikacin", 1), cell("15 mg/kg", 2)),
        format!("<w:tr>{}{}</w:tr>", cell("Vancomycin", 0), cell("15 mg/kg", 3)),
    ];
    let sentence = format!("<w:p>{}{}{}{}</w:p>", r("", "Give zinc 20 mg"), mark(4), r("", " or iron 60 mg"), mark(5));
    let body = document(&format!("<w:tbl>{}</w:tbl>{sentence}<w:p>{}{}</w:p>", rows.concat(), r("", "Alone"), mark(6)));
    let footnotes = ["IV only", "max 1.5 g", "slowly", "with food", "not with tea", "WHO"];
    let footnotes =
        footnotes.iter().zip(1..).map(|(text, id)| format!("<w:footnote w:id='{id}'>{}</w:footnote>", p(text)));
    let footnotes = footnotes.collect::<Vec<_>>().concat();
    let relations =
        "<Relationships><Relationship Id='r' Type='http://x/footnotes' Target='footnotes.xml'/></Relationships>";
    let parts = [
        ("word/document.xml", body.as_str()),
        ("word/footnotes.xml", &format!("<w:footnotes {WORD}>{footnotes}</w:footnotes>")),
        ("word/_rels/document.xml.rels", relations),
    ];
    let (text, _) = read_all(&package(&parts)).expect("it can be read");
    let expected = "| Drug | Dose |\n| --- | --- |\n| Amikacin | 15 mg/kg |\n| Vancomycin | 15 mg/kg |\n\n\
        Footnote to “Amikacin”: IV only\n\nFootnote to “Amikacin, 15 mg/kg”: max 1.5 g\n\nFootnote to “Vancomycin, 15 mg/kg”: slowly\n\n\
        Give zinc 20 mg or iron 60 mg\n\nFootnote to “Give zinc 20 mg”: with food\n\n\
        Footnote to “Give zinc 20 mg or iron 60 mg”: not with tea\n\nAlone\n\nFootnote: WHO";
    assert_eq!(text, expected);
}

#[test]
fn a_column_of_numbers_that_nobody_typed_is_read() {
    let lists = "<w:abstractNum w:abstractNumId='1'><w:lvl w:ilvl='0'><w:start w:val='1'/><w:numFmt w:val='decimal'/><w:lvlText w:val='%1.'/>\
        </w:lvl></w:abstractNum><w:num w:numId='1'><w:abstractNumId w:val='1'/></w:num>";
    let number = "<w:p><w:pPr><w:numPr><w:numId w:val='1'/></w:numPr></w:pPr></w:p>";
    let numbered = |drug: &str, dose: &str| row("", &[("", ""), ("", drug), ("", dose)]).replacen(&p(""), number, 1);
    let rows =
        [row("", &[("", "No."), ("", "Drug"), ("", "Dose")]), numbered("Zinc", "10 mg"), numbered("Iron", "60 mg")];
    let body = format!("<w:tbl>{}</w:tbl>{number}", rows.concat());
    let (text, _) = read_all(&file(&body, "", lists)).expect("it can be read");
    assert_eq!(text, "| No. | Drug | Dose |\n| --- | --- | --- |\n| 1. | Zinc | 10 mg |\n| 2. | Iron | 60 mg |");
}
