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
fn a_dose_in_the_colour_of_its_ground_or_tiny_is_left_out_and_told() {
    let left_out = |body: &str| assert_eq!(with_notes(body), ("Give Vitamin K 1 mg.".to_owned(), vec![HIDDEN]));
    left_out(&line("", "<w:color w:val='FEFEFE'/>"));
    left_out(&line("", "<w:sz w:val='2'/>"));
    left_out(&line("", "<w:color w:val='000000'/><w:highlight w:val='black'/>"));
    left_out(&line("", "<w:color w:val='FFFF00'/><w:shd w:val='clear' w:fill='FFFF00'/>"));
    left_out(&line("<w:shd w:val='clear' w:fill='003366'/>", "<w:color w:val='003366'/>"));
    let cell = |look: &str| {
        let fill = "<w:tcPr><w:shd w:val='clear' w:fill='003366'/></w:tcPr>";
        format!("<w:tc>{fill}<w:p>{}{}</w:p></w:tc>", r(look, "99 mg"), r("<w:color w:val='FFFFFF'/>", "5 mg"))
    };
    let (text, notes) = with_notes(&format!("<w:tbl><w:tr>{0}{0}</w:tr></w:tbl>", cell("<w:color w:val='003366'/>")));
    assert_eq!((text.contains("99"), notes), (false, vec![(NoteKind::HiddenLeftOut, 2)]));
}

#[test]
fn a_dose_of_doubtful_colour_is_read_and_told() {
    let told = |look: &str| {
        let (text, notes) = with_notes(&line("", look));
        assert!(text.contains("10 mg"), "{text}");
        assert_eq!(notes, [UNCERTAIN], "{look}");
    };
    told("<w:color w:val='F2F2F2'/>");
    told("<w:color w:val='000000' w:themeColor='background1'/>");
    told("<w:sz w:val='6'/>");
    told("<w:highlight w:val='black'/>");
    let w14 = "xmlns:w14='http://schemas.microsoft.com/office/word/2010/wordml'";
    for effect in ["<w:outline/>", "<w:emboss/>", "<w:shadow/>"] {
        told(&format!("{WHITE}{effect}"));
    }
    for effect in ["textOutline", "glow", "shadow"] {
        told(&format!("{WHITE}<w14:{effect} {w14}/>"));
    }
    told(&format!("<w14:textFill {w14}><w14:noFill/></w14:textFill>"));
}

#[test]
fn a_shape_that_may_cover_a_dose_is_told() {
    let anchor = |behind: u32, wrap: &str, fill: &str| {
        format!(
            "<w:p>{}<w:r><w:drawing><wp:anchor xmlns:wp='http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing' \
             xmlns:a='http://schemas.openxmlformats.org/drawingml/2006/main' \
             xmlns:wps='http://schemas.microsoft.com/office/word/2010/wordprocessingShape' behindDoc='{behind}'><wp:{wrap}/>\
             <a:graphic><a:graphicData uri='http://schemas.microsoft.com/office/word/2010/wordprocessingShape'><wps:wsp>\
             <wps:spPr><a:{fill}/><a:ln><a:solidFill/></a:ln></wps:spPr></wps:wsp></a:graphicData></a:graphic></wp:anchor></w:drawing></w:r></w:p>",
            r("", "99 mg")
        )
    };
    assert_eq!(with_notes(&anchor(0, "wrapNone", "solidFill")), ("99 mg".to_owned(), vec![UNCERTAIN]));
    for (behind, wrap, fill) in
        [(1, "wrapNone", "solidFill"), (0, "wrapSquare", "solidFill"), (0, "wrapNone", "noFill")]
    {
        assert_eq!(with_notes(&anchor(behind, wrap, fill)).1, []);
    }
    let rect = |style: &str| format!("<w:p><w:r><w:pict><v:rect style='{style}'/></w:pict></w:r></w:p>{}", p("99 mg"));
    assert_eq!(with_notes(&rect("position:absolute;z-index:5")).1, [UNCERTAIN]);
    assert_eq!(with_notes(&rect("width:5pt")).1, []);
}

#[test]
fn white_names_of_columns_are_read_on_what_their_table_paints() {
    let dark = "<w:shd w:val='clear' w:fill='003366'/>";
    let style = format!(
        "<w:style w:type='table' w:styleId='T'><w:tblStylePr w:type='firstRow'><w:tcPr>{dark}</w:tcPr></w:tblStylePr></w:style>"
    );
    let cells =
        |look: &str, texts: [&str; 2]| texts.map(|text| format!("<w:tc><w:p>{}</w:p></w:tc>", r(look, text))).concat();
    let table = |properties: &str, row: &str| {
        format!(
            "<w:tbl><w:tblPr>{properties}</w:tblPr><w:tr>{row}{}</w:tr><w:tr>{}</w:tr></w:tbl>",
            cells(WHITE, ["Drug", "Dose"]),
            cells("", ["Zinc", "20 mg"])
        )
    };
    let named = "| Drug | Dose |\n| --- | --- |\n| Zinc | 20 mg |";
    let exception = table("", &format!("<w:tblPrEx>{dark}</w:tblPrEx>"));
    assert_eq!(with_notes(&exception), (named.to_owned(), vec![]));
    let automatic = "<w:tblStyle w:val='T'/><w:shd w:val='clear' w:fill='auto'/><w:tblLook w:firstRow='1'/>";
    assert_eq!(read_all(&file(&table(automatic, ""), &style, "")), Ok((named.to_owned(), vec![])));
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
