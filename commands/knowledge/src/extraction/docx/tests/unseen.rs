//! Text that is not seen for its colour, or by the style of its table.

use super::*;

const WHITE: &str = "<w:color w:val='FFFFFF'/>";
const HIDDEN: (NoteKind, u32) = (NoteKind::HiddenLeftOut, 1);
const UNCERTAIN: (NoteKind, u32) = (NoteKind::VisibilityUncertain, 1);

/// A line with a dose of this look, in a paragraph with these properties.
fn line(paragraph: &str, look: &str) -> String {
    let (before, after) = (r("", "Give "), r("", " Vitamin K 1 mg."));
    format!("<w:p><w:pPr>{paragraph}</w:pPr>{before}{}{after}</w:p>", r(look, "Vitamin K 10 mg"))
}

#[test]
fn a_white_dose_on_a_white_page_is_left_out_and_told() {
    let left_out = |body: &str| assert_eq!(with_notes(body), ("Give Vitamin K 1 mg.".to_owned(), vec![HIDDEN]));
    left_out(&line("", WHITE));
    left_out(&line("", &format!("{WHITE}<w:shd w:val='clear' w:fill='FFFFFF'/>")));
    left_out(&line("<w:shd w:val='clear' w:fill='auto'/>", WHITE));
    let style = format!("<w:style w:type='character' w:styleId='S'><w:rPr>{WHITE}</w:rPr></w:style>");
    assert!(!styled(&style, &line("", "<w:rStyle w:val='S'/>")).contains("10 mg"));
}

#[test]
fn a_white_dose_on_a_dark_ground_is_read() {
    let dark = "<w:shd w:val='clear' w:fill='1F3864'/>";
    let read = |body: &str| {
        let (text, notes) = with_notes(body);
        assert!(text.contains("10 mg") && notes.is_empty(), "{text} {notes:?}");
    };
    read(&line("", &format!("{WHITE}{dark}")));
    read(&line("", &format!("{WHITE}<w:highlight w:val='red'/>")));
    read(&line(dark, WHITE));
    read(&line("", "<w:color w:val='auto'/>"));
    let cell = |properties: &str| format!("<w:tc><w:tcPr>{properties}</w:tcPr>{}</w:tc>", line("", WHITE));
    read(&format!("<w:tbl><w:tr>{}{}</w:tr></w:tbl>", cell(dark), cell(dark)));
    let style = format!(
        "<w:style w:type='table' w:styleId='T'><w:tblStylePr w:type='firstRow'><w:tcPr>{dark}</w:tcPr></w:tblStylePr></w:style>"
    );
    let table = format!(
        "<w:tbl><w:tblPr><w:tblStyle w:val='T'/><w:tblLook w:firstRow='1'/></w:tblPr><w:tr>{}{}</w:tr></w:tbl>",
        cell(""),
        cell("")
    );
    assert!(styled(&style, &table).contains("10 mg"));
}

#[test]
fn a_dose_that_may_be_white_on_white_is_read_and_told() {
    let told = |body: &str| {
        let (text, notes) = with_notes(body);
        assert!(text.contains("10 mg"), "{text}");
        assert_eq!(notes, [UNCERTAIN]);
    };
    told(&line("", "<w:color w:val='FFFFFF' w:themeColor='background1'/>"));
    told(&format!(
        "<w:p><w:r><w:pict><v:shape style='position:absolute; z-index: -5'/></w:pict></w:r></w:p>{}",
        line("", WHITE)
    ));
    let boxed = format!(
        "<w:r><w:pict><v:shape><v:textbox><w:txbxContent>{}</w:txbxContent></v:textbox></v:shape></w:pict></w:r>",
        line("", WHITE)
    );
    told(&format!("<w:p>{boxed}</w:p>"));
}

/// A table of three rows with this style, and its notes.
fn table(style: &str, look: &str, last: &str) -> (String, Vec<(NoteKind, u32)>) {
    let style = format!("<w:style w:type='table' w:styleId='T'>{style}</w:style>");
    let cell = |properties: &str, text: &str| format!("<w:tc><w:p>{}</w:p></w:tc>", r(properties, text));
    let rows = [("", "Drug", "Dose"), ("", "Phenytoin", "20 mg"), (last, "Diazepam", "99 mg")];
    let rows = rows.map(|(look, one, two)| format!("<w:tr>{}{}</w:tr>", cell(look, one), cell(look, two))).concat();
    let body = format!("<w:tbl><w:tblPr><w:tblStyle w:val='T'/>{look}</w:tblPr>{rows}</w:tbl>{}", p("End."));
    read_all(&file(&body, &style, "")).expect("it can be read")
}

#[test]
fn a_row_or_column_that_the_style_of_its_table_strikes_or_hides_is_left_out_and_told() {
    let part = |part: &str, look: &str| format!("<w:tblStylePr w:type='{part}'><w:rPr>{look}</w:rPr></w:tblStylePr>");
    let on = "<w:tblLook w:val='0040' w:lastRow='1'/>";
    let (text, notes) = table(&part("lastRow", "<w:strike/>"), on, "");
    assert!(text.contains("| Phenytoin | 20 mg |") && !text.contains("Diazepam") && !text.contains("99"), "{text}");
    assert_eq!(notes, [(NoteKind::StruckLeftOut, 2)]);
    let (text, notes) = table(&part("lastCol", "<w:vanish/>"), "<w:tblLook w:val='0100'/>", "");
    assert!(text.contains("Phenytoin") && !text.contains("mg"), "{text}");
    assert_eq!(notes, [(NoteKind::HiddenLeftOut, 3)]);
    let (text, notes) = table("<w:rPr><w:vanish/></w:rPr>", "", "");
    assert_eq!((text.contains("mg"), notes), (false, vec![(NoteKind::HiddenLeftOut, 6)]));
    // It is switched off, and then it is not certain whether it is.
    assert_eq!(table(&part("lastRow", "<w:strike/>"), "<w:tblLook w:val='0020'/>", "").1, []);
    let (text, notes) = table(&part("lastRow", "<w:strike/>"), "", "");
    assert_eq!((text.contains("99 mg"), notes), (true, vec![UNCERTAIN]));
    // The text says that it is not struck.
    let (text, notes) = table(&part("lastRow", "<w:strike/>"), on, "<w:strike w:val='0'/>");
    assert_eq!((text.contains("99 mg"), notes), (true, vec![(NoteKind::VisibilityUncertain, 2)]));
}

#[test]
fn a_formula_that_is_crossed_out_is_told() {
    let formula = |strike: &str| {
        let run = "<m:e><m:r><m:t>99 mg</m:t></m:r></m:e>";
        with_notes(&format!(
            "<w:p><m:oMath><m:borderBox><m:borderBoxPr>{strike}</m:borderBoxPr>{run}</m:borderBox></m:oMath></w:p>"
        ))
    };
    let as_text = (NoteKind::FormulasAsText, 1);
    assert_eq!(formula("<m:strikeH m:val='1'/>"), ("99 mg".to_owned(), vec![as_text, UNCERTAIN]));
    assert_eq!(formula("<m:strikeH m:val='0'/>"), ("99 mg".to_owned(), vec![as_text]));
}
