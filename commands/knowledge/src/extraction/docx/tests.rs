//! The visible text of word processor documents, and the text that is left out.

use crate::extraction::{FileHints, NoteKind, Unreadable, extract, ooxml::testing::package};

const WORD: &str = "xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main' \
    xmlns:m='http://schemas.openxmlformats.org/officeDocument/2006/math' \
    xmlns:mc='http://schemas.openxmlformats.org/markup-compatibility/2006' \
    xmlns:v='urn:schemas-microsoft-com:vml' xmlns:o='urn:schemas-microsoft-com:office:office'";

fn document(body: &str) -> String {
    format!("<w:document {WORD}><w:body>{body}</w:body></w:document>")
}

/// A document with this body, these styles and lists.
fn file(body: &str, styles: &str, lists: &str) -> Vec<u8> {
    let styles = format!("<w:styles {WORD}>{styles}</w:styles>");
    let lists = format!("<w:numbering {WORD}>{lists}</w:numbering>");
    package(&[("word/document.xml", &document(body)), ("word/styles.xml", &styles), ("word/numbering.xml", &lists)])
}

fn read_all(bytes: &[u8]) -> Result<(String, Vec<(NoteKind, u32)>), Unreadable> {
    let reading = extract(bytes, &FileHints::default()).map_err(|failure| failure.reason)?;
    let text = reading.parts.into_iter().map(|part| part.text).collect::<Vec<_>>().join("\n\n");
    Ok((text, reading.notes.into_iter().map(|note| (note.kind, note.count)).collect()))
}

fn read(body: &str) -> String {
    read_all(&file(body, "", "")).map(|(text, _)| text).expect("it can be read")
}

fn with_notes(body: &str) -> (String, Vec<(NoteKind, u32)>) {
    read_all(&file(body, "", "")).expect("it can be read")
}

fn styled(styles: &str, body: &str) -> String {
    read_all(&file(body, styles, "")).map(|(text, _)| text).expect("it can be read")
}

/// A paragraph of this text, and a run with these properties.
fn p(text: &str) -> String {
    format!("<w:p>{}</w:p>", r("", text))
}

fn r(properties: &str, text: &str) -> String {
    format!("<w:r><w:rPr>{properties}</w:rPr><w:t xml:space='preserve'>{text}</w:t></w:r>")
}

#[test]
fn symbol_fonts_keep_units_and_comparisons() {
    let body = format!(
        "<w:p>{}<w:r><w:sym w:font='Symbol' w:char='006D'/></w:r>{}<w:r><w:sym w:font='Symbol' w:char='F0B3'/></w:r>{}</w:p>",
        r("", "5 "),
        r("", "g if age "),
        r("", " 5")
    );
    assert_eq!(read(&body), "5 µg if age ≥ 5");
    let font = |name: &str| format!("<w:rFonts w:ascii='{name}' w:hAnsi='{name}'/>");
    let body = format!("<w:p>{}{}{}</w:p>", r("", "5 "), r(&font("Symbol"), "m"), r("", "g"));
    assert_eq!(read(&body), "5 µg");
    let body = format!("<w:p>{}{}</w:p>", r(&font("Wingdings"), "&#xF0FE;"), r("", " done"));
    assert_eq!(read(&body), "☑ done");
    let style = format!("<w:style w:type='character' w:styleId='S'><w:rPr>{}</w:rPr></w:style>", font("Symbol"));
    let body = format!("<w:p>{}{}</w:p>", r("<w:rStyle w:val='S'/>", "&#xA3;"), r("", " 4 g"));
    assert_eq!(styled(&style, &body), "≤ 4 g");
}

#[test]
fn a_symbol_that_is_not_known_is_never_nothing() {
    let (text, notes) =
        with_notes("<w:p><w:r><w:t>a</w:t><w:sym w:font='Unknown' w:char='F041'/><w:t>b</w:t></w:r></w:p>");
    assert_eq!((text.as_str(), notes), ("a\u{fffd}b", vec![(NoteKind::UnknownSymbols, 1)]));
}

#[test]
fn a_symbol_that_is_a_field_is_shown() {
    let body = "<w:p><w:r><w:t xml:space='preserve'>age </w:t></w:r><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText> \
        SYMBOL 179 \\f \"Symbol\" </w:instrText></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r><w:r><w:t> 5</w:t></w:r></w:p>";
    assert_eq!(read(body), "age ≥ 5");
}

#[test]
fn powers_and_indices_are_not_read_as_digits() {
    let up = "<w:vertAlign w:val='superscript'/>";
    let down = "<w:vertAlign w:val='subscript'/>";
    assert_eq!(read(&format!("<w:p>{}{}{}</w:p>", r("", "150 × 10"), r(up, "9"), r("", "/L"))), "150 × 10⁹/L");
    assert_eq!(read(&format!("<w:p>{}{}{}</w:p>", r("", "SpO"), r(down, "2"), r("", " &lt; 94 %"))), "SpO₂ < 94 %");
    let raised = r("<w:position w:val='6'/>", "-6");
    assert_eq!(read(&format!("<w:p>{}{raised}</w:p>", r("", "10"))), "10⁻⁶");
    let style = format!("<w:style w:type='character' w:styleId='U'><w:rPr>{up}</w:rPr></w:style>");
    assert_eq!(styled(&style, &format!("<w:p>{}{}</w:p>", r("", "10"), r("<w:rStyle w:val='U'/>", "3"))), "10³");
}

#[test]
fn a_footnote_does_not_glue_to_a_number() {
    let notes = format!(
        "<w:footnotes {WORD}><w:footnote w:id='0' w:type='separator'>{}</w:footnote><w:footnote w:id='1'>{}</w:footnote></w:footnotes>",
        p("---"),
        p("Not in renal failure.")
    );
    let relations = "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'><Relationship Id='r' \
        Type='http://purl.oclc.org/ooxml/officeDocument/relationships/footnotes' Target='footnotes.xml'/></Relationships>";
    let mark = "<w:r><w:rPr><w:vertAlign w:val='superscript'/></w:rPr><w:footnoteReference w:id='1'/></w:r>";
    let body = document(&format!("<w:p>{}{mark}{}</w:p>{}", r("", "Give 5"), r("", " mg."), p("Next.")));
    let parts = [
        ("word/document.xml", body.as_str()),
        ("word/footnotes.xml", &notes),
        ("word/_rels/document.xml.rels", relations),
    ];
    let (text, _) = read_all(&package(&parts)).expect("it can be read");
    assert_eq!(text, "Give 5 mg.\n\nFootnote: Not in renal failure.\n\nNext.");
}

#[test]
fn struck_and_hidden_text_is_left_out_and_told() {
    let body = format!("<w:p>{}{}{}</w:p>", r("", "Give "), r("<w:strike/>", "50 mg "), r("", "5 mg"));
    let (text, notes) = with_notes(&body);
    assert_eq!((text.as_str(), notes), ("Give 5 mg", vec![(NoteKind::StruckLeftOut, 1)]));
    let body = format!("<w:p>{}{}</w:p>", r("<w:strike w:val='false'/>", "Give "), r("<w:vanish/>", "50 mg"));
    let (text, notes) = with_notes(&body);
    assert_eq!((text.as_str(), notes), ("Give", vec![(NoteKind::HiddenLeftOut, 1)]));
    let styles = "<w:style w:type='paragraph' w:styleId='Base'><w:rPr><w:dstrike/></w:rPr></w:style>\
        <w:style w:type='paragraph' w:styleId='Old'><w:basedOn w:val='Base'/></w:style>";
    let old = format!("<w:p><w:pPr><w:pStyle w:val='Old'/></w:pPr>{}</w:p>{}", r("", "50 mg"), p("5 mg"));
    assert_eq!(styled(styles, &old), "5 mg");
    // Only the paragraph's mark is hidden, not its text.
    assert_eq!(read(&format!("<w:p><w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr>{}</w:p>", r("", "seen"))), "seen");
}

#[test]
fn withdrawn_text_of_tracked_changes_is_not_text() {
    let body = format!(
        "<w:p>{}<w:del><w:r><w:delText>50 mg</w:delText></w:r></w:del><w:ins><w:r><w:t>5 mg</w:t></w:r></w:ins></w:p>\
         <w:p><w:moveFrom>{}</w:moveFrom></w:p><w:p>{}<w:moveTo>{}</w:moveTo></w:p>",
        r("", "Give "),
        r("", "Moved."),
        r("", "Later: "),
        r("", "Moved.")
    );
    let (text, notes) = with_notes(&body);
    assert_eq!((text.as_str(), notes), ("Give 5 mg\n\nLater: Moved.", vec![(NoteKind::ChangesLeftOut, 2)]));
    let end = "<w:pPr><w:rPr><w:del/></w:rPr></w:pPr>";
    assert_eq!(read(&format!("<w:p>{end}{}</w:p>{}", r("", "Give 5 "), p("mg"))), "Give 5 mg");
    let old = "<w:rPrChange><w:rPr><w:strike/></w:rPr></w:rPrChange>";
    assert_eq!(read(&format!("<w:p>{}</w:p>", r(old, "5 mg"))), "5 mg");
}

fn row(properties: &str, cells: &[(&str, &str)]) -> String {
    let cells = cells.iter().map(|(it, text)| format!("<w:tc><w:tcPr>{it}</w:tcPr>{}</w:tc>", p(text)));
    format!("<w:tr><w:trPr>{properties}</w:trPr>{}</w:tr>", cells.collect::<Vec<_>>().concat())
}

#[test]
fn merged_cells_say_in_each_row_what_they_cover() {
    let (begins, goes_on) = ("<w:vMerge w:val='restart'/>", "<w:vMerge/>");
    let rows = [
        row("<w:tblHeader/>", &[("", "Drug"), ("", "Age"), ("", "Dose")]),
        row("", &[(begins, "Amoxicillin"), ("", "child"), ("", "125 mg")]),
        row("", &[(goes_on, ""), ("", "adult"), ("", "500 mg")]),
        row("", &[("", "Saline"), ("<w:gridSpan w:val='2'/>", "see chart 7")]),
        row("<w:gridBefore w:val='1'/>", &[("", "all"), ("", "1 g")]),
        row("", &[("<w:hMerge w:val='restart'/>", "Zinc"), ("<w:hMerge/>", ""), ("", "20 mg")]),
        row("<w:del/>", &[("", "Codeine"), ("", "child"), ("", "30 mg")]),
    ];
    let (text, notes) = with_notes(&format!("<w:tbl><w:tblPr/>{}</w:tbl>", rows.concat()));
    let expected = "| Drug | Age | Dose |\n| --- | --- | --- |\n| Amoxicillin | child | 125 mg |\n| Amoxicillin | adult | 500 mg |\n\
        | Saline | see chart 7 | see chart 7 |\n|  | all | 1 g |\n| Zinc | Zinc | 20 mg |";
    assert_eq!((text.as_str(), notes), (expected, vec![(NoteKind::ChangesLeftOut, 1)]));
}

#[test]
fn tables_that_a_table_puts_beside_each_other_keep_their_rows() {
    let inner = |drug: &str, dose: &str| {
        let rows = [row("", &[("", "Drug"), ("", "Dose")]), row("", &[("", drug), ("", dose)])];
        format!("<w:tc><w:tbl>{}</w:tbl><w:p/></w:tc>", rows.concat())
    };
    let outer = format!("<w:tbl><w:tr>{}{}</w:tr></w:tbl>", inner("Zinc", "20 mg"), inner("Iron", "60 mg"));
    let (text, _) = with_notes(&outer);
    let expected = ["Zinc | 20 mg", "Iron | 60 mg"].map(|row| format!("| Drug | Dose |\n| --- | --- |\n| {row} |"));
    assert_eq!(text, expected.join("\n\n"));
}

#[test]
fn items_in_a_cell_are_no_range_and_a_frame_is_no_table() {
    let item = |text: &str| format!("<w:p><w:pPr><w:numPr><w:numId w:val='1'/></w:numPr></w:pPr>{}</w:p>", r("", text));
    let lists = "<w:abstractNum w:abstractNumId='1'><w:lvl w:ilvl='0'><w:numFmt w:val='bullet'/><w:lvlText w:val='•'/></w:lvl>\
        </w:abstractNum><w:num w:numId='1'><w:abstractNumId w:val='1'/></w:num>";
    let cell = format!("<w:tc>{}{}</w:tc>", item("5 mg"), item("10 mg"));
    let inner = format!("<w:tbl>{}</w:tbl>", row("", &[("", "Zinc"), ("", "20 mg")]));
    let table = format!("<w:tbl><w:tr><w:tc>{}{inner}<w:p/></w:tc>{cell}</w:tr></w:tbl>", p("Outer"));
    let (text, _) = read_all(&file(&table, "", lists)).expect("it can be read");
    assert_eq!(text, "| Outer Zinc, 20 mg | • 5 mg • 10 mg |\n| --- | --- |");
    let frame = format!("<w:tbl><w:tr><w:tc>{}{}</w:tc></w:tr></w:tbl>", item("5 mg"), item("10 mg"));
    let (text, _) = read_all(&file(&frame, "", lists)).expect("it can be read");
    assert_eq!(text, "- 5 mg\n- 10 mg");
}

#[test]
fn numbers_of_lists_are_counted_as_the_page_shows_them() {
    let level = |at: usize, rest: &str| format!("<w:lvl w:ilvl='{at}'>{rest}</w:lvl>");
    let of = |start: usize, format: &str, text: &str| {
        format!("<w:start w:val='{start}'/><w:numFmt w:val='{format}'/><w:lvlText w:val='{text}'/>")
    };
    let lists = format!(
        "<w:abstractNum w:abstractNumId='7'>{}{}{}</w:abstractNum><w:num w:numId='1'><w:abstractNumId w:val='7'/></w:num>\
         <w:num w:numId='2'><w:abstractNumId w:val='7'/><w:lvlOverride w:ilvl='0'><w:startOverride w:val='9'/></w:lvlOverride></w:num>\
         <w:abstractNum w:abstractNumId='8'>{}</w:abstractNum><w:num w:numId='3'><w:abstractNumId w:val='8'/></w:num>",
        level(0, &of(3, "decimal", "%1.")),
        level(1, &of(1, "lowerLetter", "(%2)")),
        level(2, &format!("{}<w:isLgl/>", of(4, "lowerRoman", "%1.%2.%3"))),
        level(0, &format!("{}<w:pStyle w:val='Head'/>", of(1, "decimal", "%1"))),
    );
    let styles = "<w:style w:type='paragraph' w:styleId='Step'><w:pPr><w:numPr><w:numId w:val='1'/></w:numPr></w:pPr></w:style>\
        <w:style w:type='paragraph' w:styleId='Head'><w:name w:val='heading 1'/><w:pPr><w:numPr><w:numId w:val='3'/></w:numPr>\
        <w:outlineLvl w:val='0'/></w:pPr></w:style>";
    let by_style =
        |style: &str, text: &str| format!("<w:p><w:pPr><w:pStyle w:val='{style}'/></w:pPr>{}</w:p>", r("", text));
    let direct = |list: usize, level: usize, text: &str| {
        let place = format!("<w:numPr><w:ilvl w:val='{level}'/><w:numId w:val='{list}'/></w:numPr>");
        format!("<w:p><w:pPr><w:pStyle w:val='Step'/>{place}</w:pPr>{}</w:p>", r("", text))
    };
    let body = [
        by_style("Head", "Doses"),
        by_style("Step", "three"),
        direct(1, 1, "a"),
        direct(1, 1, "b"),
        direct(1, 2, "deep"),
        by_style("Step", "four"),
        direct(1, 1, "again"),
        direct(0, 0, "none"),
        direct(2, 0, "nine"),
    ];
    let (text, _) = read_all(&file(&body.concat(), styles, &lists)).expect("it can be read");
    let expected = "# 1 Doses\n\n3. three\n  a. a\n  b. b\n    3.2.4. deep\n4. four\n  a. again\n\nnone\n\n9. nine";
    assert_eq!(text, expected);
}

#[test]
fn a_formula_is_a_line_of_text() {
    let run = |text: &str| format!("<m:r><m:t>{text}</m:t></m:r>");
    let square = format!("<m:sSup><m:e>{}</m:e><m:sup>{}</m:sup></m:sSup>", run("ℎ"), run("2"));
    let bmi = format!("<m:f><m:num>{}</m:num><m:den>{square}</m:den></m:f>", run("𝑤"));
    let (text, notes) =
        with_notes(&format!("<w:p>{}<m:oMath>{}{bmi}</m:oMath></w:p>", r("", "Formula: "), run("BMI=")));
    assert_eq!((text.as_str(), notes), ("Formula: BMI=w/h²", vec![(NoteKind::FormulasAsText, 1)]));
    let formula = |inside: &str| read(&format!("<w:p><m:oMath>{inside}</m:oMath></w:p>"));
    let fraction = |a: &str, b: &str| format!("<m:f><m:num>{a}</m:num><m:den>{b}</m:den></m:f>");
    assert_eq!(formula(&fraction(&run("a+b"), &run("2c"))), "(a+b)/2c");
    assert_eq!(formula(&format!("{}{}", run("2"), fraction(&run("1"), &run("2")))), "2 1/2");
    assert_eq!(formula(&format!("{}{}", fraction(&run("1"), &run("2")), run("x"))), "(1/2)x");
    assert_eq!(
        formula(&format!("<m:rad><m:radPr><m:degHide/></m:radPr><m:deg/><m:e>{}</m:e></m:rad>", run("x+1"))),
        "√(x+1)"
    );
    let power =
        format!("<m:sSup><m:e><m:d><m:e>{}</m:e></m:d></m:e><m:sup>{}</m:sup></m:sSup>", run("a+b"), run("k+ω"));
    assert_eq!(formula(&power), "(a+b)^(k+ω)");
    let sum = "<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr><m:sub><m:r><m:t>i=1</m:t></m:r></m:sub><m:sup><m:r><m:t>n</m:t></m:r>\
        </m:sup><m:e><m:r><m:t>x</m:t></m:r></m:e></m:nary>";
    assert_eq!(formula(sum), "∑ᵢ₌₁ⁿ x");
}

#[test]
fn what_stands_twice_in_the_file_is_read_once() {
    let inside = |text: &str| format!("<w:txbxContent>{}</w:txbxContent>", p(text));
    let body = format!(
        "<w:p><w:r><w:t>Before.</w:t></w:r><w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing>{}</w:drawing></mc:Choice>\
         <mc:Fallback><w:pict>{}</w:pict></mc:Fallback></mc:AlternateContent></w:r><w:r><w:t> More.</w:t></w:r></w:p>",
        inside("Boxed."),
        inside("Boxed.")
    );
    assert_eq!(read(&body), "Before. More.\n\nBoxed.");
}

#[test]
fn fields_hyphens_and_controls_are_what_the_page_shows() {
    let body = "<w:p><w:r><w:t>5</w:t><w:noBreakHyphen/><w:t>10 m</w:t><w:softHyphen/><w:t>g</w:t></w:r>\
        <w:sdt><w:sdtPr><w:alias w:val='no'/></w:sdtPr><w:sdtContent><w:r><w:t> daily</w:t></w:r></w:sdtContent></w:sdt>\
        <w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>PAGEREF x</w:instrText></w:r>\
        <w:r><w:fldChar w:fldCharType='separate'/></w:r><w:r><w:t>, page 7</w:t></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r></w:p>\
        <w:p><w:r><w:fldChar w:fldCharType='begin'><w:ffData><w:checkBox><w:default w:val='0'/><w:checked/></w:checkBox></w:ffData>\
        </w:fldChar></w:r><w:r><w:instrText>FORMCHECKBOX</w:instrText></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r>\
        <w:r><w:t xml:space='preserve'> fasting</w:t></w:r></w:p>";
    assert_eq!(read(body), "5-10 mg daily, page 7\n\n☒ fasting");
}

#[test]
fn a_font_of_before_unicode_is_named_and_its_gibberish_is_no_text() {
    let font = "<w:rFonts w:ascii='ML-TTKarthika' w:hAnsi='ML-TTKarthika'/>";
    let reading = extract(
        &file(&format!("<w:p>{}{}</w:p>", r(font, "tcmK"), r("", "is the word for disease")), "", ""),
        &FileHints::default(),
    );
    let notes = reading.expect("most of it is text").notes;
    assert_eq!(notes[0].kind, NoteKind::LegacyFontUnknown);
    assert_eq!(notes[0].names, ["ML-TTKarthika"]);
    let all = file(&format!("<w:p>{}</w:p>", r(font, "tcmK ImcWw")), "", "");
    let failure = extract(&all, &FileHints::default()).expect_err("all of it is gibberish");
    assert_eq!((failure.reason, failure.notes[0].kind), (Unreadable::LegacyFont, NoteKind::LegacyFontUnknown));
    assert_eq!(failure.notes[0].names, ["ML-TTKarthika"]);
    let defaults = format!("<w:docDefaults><w:rPrDefault><w:rPr>{font}</w:rPr></w:rPrDefault></w:docDefaults>");
    assert_eq!(read_all(&file(&p("tcmK"), &defaults, "")), Err(Unreadable::LegacyFont));
    // The font of Latin letters does not apply to Malayalam text.
    assert_eq!(styled(&defaults, &p("രോഗം")), "രോഗം");
}

#[test]
fn text_in_a_wrong_place_is_not_lost() {
    assert_eq!(
        read(&format!("{}<w:p>{}{}{}</w:p>", r("", "Outside."), r("", "Give "), p("inside"), r("", "5 mg"))),
        "Outside.\n\nGive\n\ninside\n\n5 mg"
    );
}

#[test]
fn a_picture_and_an_embedded_formula_are_told() {
    let body = format!(
        "{}<w:p><w:r><w:object><v:shape><v:imagedata/></v:shape><o:OLEObject ProgID='Equation.3'/></w:object></w:r></w:p>\
         <w:p><w:r><w:pict><v:shape><v:imagedata/></v:shape></w:pict></w:r></w:p>",
        p("Text.")
    );
    let (text, notes) = with_notes(&body);
    assert_eq!((text.as_str(), notes), ("Text.", vec![(NoteKind::FormulasLeftOut, 1), (NoteKind::ObjectsLeftOut, 1)]));
}

#[test]
fn what_unpacks_to_too_much_is_too_complex_and_not_damaged() {
    let deep = format!("{}{}{}", "<w:sdt><w:sdtContent>".repeat(400), p("deep"), "</w:sdtContent></w:sdt>".repeat(400));
    assert_eq!(read_all(&file(&deep, "", "")), Err(Unreadable::TooComplex));
    let wide = row("", &[("<w:gridSpan w:val='100'/>", &"word ".repeat(100_000)), ("", "b")]);
    assert_eq!(read_all(&file(&format!("<w:tbl>{wide}</w:tbl>"), "", "")), Err(Unreadable::TooComplex));
    assert_eq!(read_all(&package(&[("word/document.xml", "<!DOCTYPE x><x/>")])), Err(Unreadable::Damaged));
}

mod seen;
mod tables;
mod unseen;
