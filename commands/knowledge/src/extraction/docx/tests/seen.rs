//! Signs, formulas, results of fields, and headers.

use super::*;

#[test]
fn a_cross_typed_as_emoji_does_not_turn_never_into_give() {
    let sign = |c: char| {
        format!(
            "<w:r><mc:AlternateContent xmlns:se='http://schemas.microsoft.com/office/word/2015/wordml/symex'><mc:Choice Requires='se'>\
             <se:symEx se:font='Segoe UI Emoji' se:char='{:X}'/></mc:Choice><mc:Fallback><w:t>{c}</w:t></mc:Fallback>\
             </mc:AlternateContent></w:r>",
            u32::from(c)
        )
    };
    assert_eq!(read(&format!("<w:p>{}{}</w:p>", sign('❌'), r("", " give codeine"))), "❌ give codeine");
}

#[test]
fn a_formula_after_struck_text_is_not_struck() {
    let formula = "<m:oMath><m:r><m:t>x=5</m:t></m:r></m:oMath>";
    for look in ["<w:strike/>", "<w:vanish/>"] {
        assert_eq!(read(&format!("<w:p>{}{formula}</w:p>", r(look, "x=50 "))), "x=5");
    }
    let struck = |look: &str| {
        with_notes(&format!(
            "<w:p><m:oMath><m:r><w:rPr>{look}</w:rPr><m:t>50</m:t></m:r><m:r><m:t>5 mg</m:t></m:r></m:oMath></w:p>"
        ))
    };
    let expected = [(NoteKind::StruckLeftOut, 1), (NoteKind::FormulasAsText, 1)];
    assert_eq!(struck("<w:strike/>"), ("5 mg".to_owned(), expected.to_vec()));
    assert_eq!(struck("<w:strike w:val='0'/>").0, "505 mg");
}

#[test]
fn lines_of_a_formula_are_aligned_by_nothing_that_is_seen() {
    let line = |text: &str| format!("<m:e><m:r><m:t>{text}</m:t></m:r></m:e>");
    let lines = format!("<w:p><m:oMath><m:eqArr>{}{}</m:eqArr></m:oMath></w:p>", line("x&amp;=5"), line("y&amp;=10"));
    assert_eq!(read(&lines), "x=5; y=10");
}

#[test]
fn a_hidden_item_is_not_counted() {
    let lists = "<w:abstractNum w:abstractNumId='1'><w:lvl w:ilvl='0'><w:start w:val='1'/><w:numFmt w:val='decimal'/><w:lvlText w:val='%1.'/>\
        </w:lvl></w:abstractNum><w:num w:numId='1'><w:abstractNumId w:val='1'/></w:num>";
    let styles = "<w:style w:type='paragraph' w:styleId='Old'><w:rPr><w:vanish/></w:rPr></w:style>";
    let item = |style: &str, text: &str| {
        let properties = format!("<w:pStyle w:val='{style}'/><w:numPr><w:numId w:val='1'/></w:numPr>");
        format!("<w:p><w:pPr>{properties}</w:pPr>{}</w:p>", r("", text))
    };
    let body = item("", "Airway") + &item("Old", "Old step") + &item("", "Oxygen");
    let (text, _) = read_all(&file(&body, styles, lists)).expect("it can be read");
    assert_eq!(text, "1. Airway\n2. Oxygen");
}

/// A field with this instruction, and a stored result if one is given.
fn field(instruction: &str, result: Option<&str>) -> String {
    let mark = |kind: &str| format!("<w:r><w:fldChar w:fldCharType='{kind}'/></w:r>");
    let result = result.map(|text| mark("separate") + &r("", text)).unwrap_or_default();
    format!("{}<w:r><w:instrText>{instruction}</w:instrText></w:r>{result}{}", mark("begin"), mark("end"))
}

#[test]
fn a_sum_that_nobody_computed_is_told() {
    let total = |field: &str| with_notes(&format!("<w:p>{}{field}{}</w:p>", r("", "Total "), r("", " mg")));
    let told = vec![(NoteKind::FormulasLeftOut, 1)];
    assert_eq!(total(&field("=SUM(ABOVE)", None)).1, told);
    assert_eq!(total(&field("=SUM(ABOVE)", Some(""))).1, told);
    assert_eq!(total(&field("EQ \\f(1,2)", Some(""))).1, told);
    assert_eq!(total("<w:fldSimple w:instr='=SUM(ABOVE)'/>").1, told);
    assert_eq!(total(&field("=SUM(ABOVE)", Some("10"))), ("Total 10 mg".to_owned(), vec![]));
    let simple = format!("<w:fldSimple w:instr='=5+5'>{}</w:fldSimple>", r("", "10"));
    assert_eq!(total(&simple), ("Total 10 mg".to_owned(), vec![]));
    let symbol = format!("<w:fldSimple w:instr='SYMBOL 179 \\f Symbol'>{}</w:fldSimple>", r("", "3"));
    assert_eq!(total(&symbol).0, "Total ≥ mg");
}

#[test]
fn a_large_first_letter_begins_its_word() {
    let large = format!("<w:p><w:pPr><w:framePr w:dropCap='drop' w:lines='3'/></w:pPr>{}</w:p>", r("", "N"));
    assert_eq!(read(&format!("{large}{}", p("ever give codeine."))), "Never give codeine.");
    let framed = format!("<w:p><w:pPr><w:framePr w:w='2000'/></w:pPr>{}</w:p>", r("", "Boxed."));
    assert_eq!(read(&format!("{framed}{}", p("Text."))), "Boxed.\n\nText.");
}

#[test]
fn a_struck_blank_does_not_glue_what_it_parted() {
    let struck =
        |text: &str| read(&format!("<w:p>{}{}{}</w:p>", r("", "5 mg"), r("<w:strike/>", text), r("", "or 20 mg")));
    assert_eq!(struck(" and 10 mg"), "5 mg or 20 mg");
    assert_eq!(struck("x"), "5 mgor 20 mg");
}

/// A document whose sections have these headers and footers, by their ids.
fn with_margins(body: &str, margins: &[(&str, &str, &str)]) -> Result<(String, Vec<(NoteKind, u32)>), Unreadable> {
    const RELATION: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let body = format!("<w:document {WORD} xmlns:r='{RELATION}'><w:body>{body}</w:body></w:document>");
    let relation = |(id, kind, _): &(&str, &str, &str)| {
        format!("<Relationship Id='{id}' Type='{RELATION}/{kind}' Target='{id}.xml'/>")
    };
    let relations =
        format!("<Relationships>{}</Relationships>", margins.iter().map(relation).collect::<Vec<_>>().concat());
    let mut parts =
        vec![("word/document.xml".to_owned(), body), ("word/_rels/document.xml.rels".to_owned(), relations)];
    parts.extend(
        margins.iter().map(|(id, _, says)| (format!("word/{id}.xml"), format!("<w:hdr {WORD}>{says}</w:hdr>"))),
    );
    let parts: Vec<(&str, &str)> = parts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    read_all(&package(&parts))
}

#[test]
fn a_restriction_in_the_header_and_a_watermark_are_read_before_their_section() {
    let watermark = "<w:p><w:r><w:pict><v:shape><v:textpath string='WITHDRAWN'/></v:shape></w:pict></w:r></w:p>";
    let logo = "<w:p><w:r><w:pict><v:shape><v:imagedata/></v:shape></w:pict></w:r></w:p>";
    let page = format!("<w:p>{}{}{}</w:p>", r("", "Page "), field("PAGE", Some("7")), r("", " of 9"));
    let margins = [
        ("one", "header", format!("{logo}{}", p("Neonates only"))),
        ("two", "header", format!("{watermark}{}", p("Adults only"))),
        ("first", "header", p("Cover")),
        ("foot", "footer", page),
    ];
    let margins = margins.each_ref().map(|(id, kind, says)| (*id, *kind, says.as_str()));
    let of = |id: &str, more: &str| {
        format!(
            "<w:sectPr><w:headerReference w:type='first' r:id='first'/><w:headerReference w:type='default' r:id='{id}'/>\
             <w:footerReference w:type='default' r:id='foot'/>{more}</w:sectPr>"
        )
    };
    let end = |id: &str| format!("<w:p><w:pPr>{}</w:pPr></w:p>", of(id, ""));
    let body = [p("5 mg"), end("one"), p("6 mg"), end("one"), p("500 mg"), of("two", "<w:titlePg/>")].concat();
    let (text, notes) = with_margins(&body, &margins).expect("it can be read");
    let expected = "Header: Neonates only\n\n5 mg\n\n6 mg\n\nHeader: Cover\n\nHeader: WITHDRAWN\nAdults only\n\n500 mg";
    assert_eq!((text.as_str(), notes), (expected, vec![]));
}

#[test]
fn headers_that_sections_repeat_in_turn_do_not_fill_the_memory() {
    let long = p(&"word ".repeat(100_000));
    let margins = [("one", "header", long.as_str()), ("two", "header", &p("short"))];
    let end = |id: &str| {
        let of = format!("<w:sectPr><w:headerReference w:type='default' r:id='{id}'/></w:sectPr>");
        format!("<w:p><w:pPr>{of}</w:pPr></w:p>")
    };
    let sections = (end("one") + &end("two")).repeat(50);
    assert_eq!(with_margins(&sections, &margins), Err(Unreadable::TooComplex));
}
