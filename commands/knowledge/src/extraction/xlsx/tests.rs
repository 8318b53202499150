//! The visible text of sheets.

use std::io::{Cursor, Write as _};

use zip::{ZipWriter, write::SimpleFileOptions};

mod seen;

use super::*;
use crate::extraction::Note;

const STYLES: &str = r#"<styleSheet xmlns="x"><numFmts><numFmt numFmtId="164" formatCode="0000"/><numFmt numFmtId="165" formatCode="0.0%"/>
<numFmt numFmtId="166" formatCode="[h]:mm&quot; h&quot;"/><numFmt numFmtId="167" formatCode=";;;"/><numFmt numFmtId="168" formatCode="[White]0.0"/></numFmts>
<fonts><font><name val="Calibri"/></font><font><b/></font><font><strike/></font><font><name val="ML-TTKarthika"/></font><font><name val="Symbol"/></font>
<font><color rgb="FFFFFFFF"/></font><font><color theme="0"/></font><font><color rgb="FFFEFEFE"/></font><font><sz val="1"/></font></fonts>
<fills><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="solid"><fgColor rgb="FF000000"/></patternFill></fill></fills>
<borders><border/><border diagonalUp="1" diagonalDown="1"><diagonal style="thin"/></border><border diagonalUp="1"><diagonal style="thin"/></border></borders>
<cellXfs><xf numFmtId="0" fontId="0"/><xf numFmtId="164" fontId="0"/><xf numFmtId="165" fontId="0"/><xf numFmtId="166" fontId="0"/>
<xf numFmtId="20" fontId="0"/><xf numFmtId="0" fontId="1"/><xf numFmtId="0" fontId="2"/><xf numFmtId="0" fontId="3"/>
<xf numFmtId="167" fontId="0"/><xf numFmtId="14" fontId="0"/><xf numFmtId="0" fontId="4"/>
<xf fontId="5"/><xf fontId="6"/><xf fontId="5" fillId="1"/><xf fontId="0" fillId="1"/><xf borderId="1"/><xf borderId="2"/>
<xf fontId="7"/><xf fontId="8"/><xf numFmtId="168"/></cellXfs>
<dxfs><dxf><font><strike/></font></dxf><dxf><fill><patternFill><bgColor rgb="FFFF0000"/></patternFill></fill></dxf>
<dxf><font><color rgb="FFFFFFFF"/></font></dxf></dxfs></styleSheet>"#;
const STRINGS: &str = r#"<sst><si><t>Drug</t></si><si><r><rPr><strike/></rPr><t>50 mg</t></r><r><t xml:space="preserve"> 5 mg</t></r></si>
<si><r><t>150 × 10</t></r><r><rPr><vertAlign val="superscript"/></rPr><t>9</t></r><r><t>/L</t></r><rPh><t>SPOKEN</t></rPh></si>
<si><t>a_x000D_
b &amp; c</t></si><si><r><t xml:space="preserve">1 </t></r><r><rPr><rFont val="Symbol"/></rPr><t>m</t></r><r><rPr/><t>g</t></r></si>
<si><r><t>m</t></r><r><rPr><rFont val="Arial"/></rPr><t>mol</t></r></si></sst>"#;

/// A workbook whose sheets have this XML, given by name and state.
fn workbook(sheets: &[(&str, &str, &str)], properties: &str) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut part = |name: &str, text: &str| {
        zip.start_file(name, SimpleFileOptions::default()).expect("it begins");
        zip.write_all(text.as_bytes()).expect("it is written");
    };
    let relation = |id: &str, kind: &str, target: &str| {
        format!("<Relationship Id=\"{id}\" Type=\"http://x/{kind}\" Target=\"{target}\"/>")
    };
    part(
        "_rels/.rels",
        &format!("<Relationships>{}</Relationships>", relation("a", "officeDocument", "xl/workbook.xml")),
    );
    let mut listed = String::new();
    let mut relations = relation("s", "sharedStrings", "/xl/strings.xml") + &relation("t", "styles", "styles.xml");
    for (at, (name, state, xml)) in sheets.iter().enumerate() {
        listed.extend([format!("<sheet name=\"{name}\" state=\"{state}\" r:id=\"r{at}\"/>")]);
        relations += &relation(&format!("r{at}"), "worksheet", &format!("sheets/{at}.xml"));
        part(&format!("xl/sheets/{at}.xml"), &format!("<worksheet>{xml}</worksheet>"));
    }
    part(
        "xl/workbook.xml",
        &format!("<?xml version=\"1.0\"?><workbook>{properties}<sheets>{listed}</sheets></workbook>"),
    );
    part("xl/_rels/workbook.xml.rels", &format!("<Relationships>{relations}</Relationships>"));
    part("xl/styles.xml", STYLES);
    part("xl/strings.xml", STRINGS);
    zip.finish().expect("it ends").into_inner()
}

fn read_file(file: &[u8]) -> (String, Vec<Note>) {
    assert!(is_workbook(file));
    let mut notes = Notes::default();
    let parts = sheets(file, &mut notes).expect("it is read");
    (parts.into_iter().map(|part| part.text.trim_end().to_owned()).collect::<Vec<_>>().join("\n"), notes.finished())
}

/// A sheet from lines with bars between cells; a cell may begin with its style: `2:0.125`.
fn rows(lines: &str) -> String {
    let cell = |row: usize, column: usize, text: &str| {
        let at = format!("{}{row}", char::from(b'A' + u8::try_from(column).expect("few")));
        let (style, value) = match text.split_once(':') {
            Some((style, value)) if style.parse::<u32>().is_ok() => (style, value),
            _ => ("0", text),
        };
        match value.parse::<f64>() {
            _ if value.is_empty() => String::new(),
            Ok(_) => format!("<c r=\"{at}\" s=\"{style}\"><v>{value}</v></c>"),
            Err(_) => format!("<c r=\"{at}\" s=\"{style}\" t=\"inlineStr\"><is><t>{value}</t></is></c>"),
        }
    };
    let row = |(at, line): (usize, &str)| {
        let cells = line.trim().split('|').enumerate().map(|(column, text)| cell(at + 1, column, text.trim()));
        format!("<row r=\"{}\">{}</row>", at + 1, cells.collect::<String>())
    };
    format!("<sheetData>{}</sheetData>", lines.lines().enumerate().map(row).collect::<String>())
}

fn read(sheet: &str) -> (String, Vec<Note>) {
    let (text, notes) = read_file(&workbook(&[("Doses", "visible", sheet)], ""));
    (text.strip_prefix("# Doses\n\n").unwrap_or(&text).to_owned(), notes)
}

fn kinds(notes: &[Note]) -> Vec<NoteKind> {
    notes.iter().map(|note| note.kind).collect()
}

#[test]
fn values_are_written_as_the_sheet_shows_them() {
    let sheet =
        rows("5:Code | 5:Share | 5:For | 5:At | 5:Day\n1:7 | 2:0.125 | 3:1.25 | 4:0.6041666666666666 | 9:46086");
    let expected = "| Code | Share | For | At | Day |\n| --- | --- | --- | --- | --- |\n| 0007 | 12.5% | 30:00 h | 14:30 | 2026-03-05 |";
    assert_eq!(read(&sheet), (expected.to_owned(), vec![]));
    let since_1904 = workbook(&[("Doses", "visible", &rows("a | 9:44624"))], "<workbookPr date1904=\"1\"/>");
    assert!(read_file(&since_1904).0.contains("| a | 2026-03-05 |"));
}

#[test]
fn texts_and_truth_values_and_errors_are_read() {
    let sheet = "<sheetData><row><c t=\"s\"><v>0</v></c><c t=\"s\"><v>1</v></c><c t=\"s\"><v>2</v></c></row>\
        <row><c t=\"s\"><v>3</v></c><c t=\"b\"><v>1</v></c><c t=\"e\"><f>1/0</f><v>#DIV/0!</v></c>\
        <c t=\"str\"><f>A1</f><v>x &lt; y</v></c></row><row><c><f>1+1</f><v></v></c></row></sheetData>";
    let (text, notes) = read(sheet);
    assert_eq!(
        text,
        "| Drug | 5 mg | 150 × 10⁹/L |  |\n| --- | --- | --- | --- |\n| a b &amp; c | TRUE | #DIV/0! | x < y |"
            .replace("&amp;", "&")
    );
    assert_eq!(kinds(&notes), [NoteKind::StruckLeftOut, NoteKind::FormulasLeftOut, NoteKind::CellErrors]);
    assert_eq!(notes[2].names, ["Doses!C2"]);
}

#[test]
fn micrograms_typed_in_a_symbol_font_do_not_become_milligrams() {
    let string = |style: u32, at: u32| format!("<c s=\"{style}\" t=\"s\"><v>{at}</v></c>");
    let cells = string(0, 4) + &string(10, 5) + "<c s=\"10\" t=\"inlineStr\"><is><t>\u{b3}\u{f0f0}</t></is></c>";
    let (text, notes) = read(&format!("<sheetData><row>{cells}</row></sheetData>"));
    assert!(text.starts_with("| 1 µg | µmol | ≥\u{fffd} |"), "{text}");
    assert_eq!(kinds(&notes), [NoteKind::UnknownSymbols]);
}

#[test]
fn a_formula_that_nobody_has_computed_shows_no_zero() {
    let sheet =
        "<sheetData><row><c><f>B1*C1</f><v>0</v></c><c><v>0</v></c><c><f>B1*C1</f><v>75</v></c></row></sheetData>";
    let sheets = [("Doses", "visible", sheet)];
    let (text, notes) = read_file(&workbook(&sheets, "<calcPr calcId=\"1\" fullCalcOnLoad=\"1\"/>"));
    assert!(text.contains("| 0 | 75 |"), "{text}");
    assert_eq!(kinds(&notes), [NoteKind::FormulasLeftOut, NoteKind::ValuesUncertain]);
    assert_eq!([&notes[0].names, &notes[1].names], [&["Doses!A1"], &["Doses!C1"]]);
    let common = "<sheetData><row><c t=\"str\"><f>B1</f></c><c><v>5</v></c><c><f ref=\"C1:D1\">B1*B1</f><v>0</v></c><c><v>0</v></c></row></sheetData>";
    let (text, notes) = read_file(&workbook(&[("Doses", "visible", common)], "<calcPr fullCalcOnLoad=\"1\"/>"));
    assert_eq!(
        (text.as_str(), &notes[0].names[..]),
        ("# Doses\n\n5", &["Doses!A1".into(), "Doses!C1".into(), "Doses!D1".into()][..])
    );
    assert!(read(sheet).0.contains("| 0 | 0 | 75 |"));
    assert_eq!(read(sheet).1, []);
}

#[test]
fn what_a_condition_may_strike_is_told() {
    let rule = |style: u32| {
        format!(
            "{}<conditionalFormatting sqref=\"A2:B9\"><cfRule dxfId=\"{style}\"/></conditionalFormatting>",
            rows("a | b")
        )
    };
    let notes = read(&rule(0)).1;
    assert_eq!((kinds(&notes), &notes[0].names[0]), (vec![NoteKind::ValuesUncertain], &"Doses!A2:B9".to_owned()));
    assert_eq!(read(&rule(1)).1, []);
    // White text without a fill, and a bar in place of a value.
    assert_eq!(kinds(&read(&rule(2)).1), [NoteKind::ValuesUncertain]);
    let bar = rule(1).replace("<cfRule dxfId=\"1\"/>", "<cfRule><dataBar showValue=\"0\"/></cfRule>");
    assert_eq!(kinds(&read(&bar).1), [NoteKind::ValuesUncertain]);
}

/// A sheet with another part that belongs to it.
fn read_beside(sheet: &str, kind: &str, part: &str) -> (String, Vec<Note>) {
    let file = workbook(&[("Doses", "visible", sheet)], "");
    let mut archive = ZipWriter::new_append(Cursor::new(file)).expect("it is one");
    let relation = format!("<Relationship Id=\"c\" Type=\"http://x/{kind}\" Target=\"../beside.xml\"/>");
    let relations = format!("<Relationships>{relation}</Relationships>");
    for (name, text) in [("xl/sheets/_rels/0.xml.rels", relations.as_str()), ("xl/beside.xml", part)] {
        archive.start_file(name, SimpleFileOptions::default()).expect("it begins");
        archive.write_all(text.as_bytes()).expect("it is written");
    }
    read_file(&archive.finish().expect("it ends").into_inner())
}

#[test]
fn a_table_without_a_header_row_does_not_name_columns_by_its_first_drug() {
    let sheet = rows("Zinc | oral | daily\nIron | IV | weekly");
    let (text, _) = read_beside(&sheet, "table", "<table ref=\"A1:C2\" headerRowCount=\"0\"/>");
    assert!(
        text.ends_with("|  |  |  |\n| --- | --- | --- |\n| Zinc | oral | daily |\n| Iron | IV | weekly |"),
        "{text}"
    );
    let sheet = rows("1 | 2\n5 | 6\n3 | 4");
    let (text, _) = read_beside(&sheet, "table", "<table ref=\"A1:B3\"/>");
    assert!(text.ends_with("| 1 | 2 |\n| --- | --- |\n| 5 | 6 |\n| 3 | 4 |"), "{text}");
}

#[test]
fn what_is_written_on_a_cell_is_read_with_what_it_is_about() {
    let (text, notes) = read_beside(
        &rows("5:Drug | 5:Dose\nZinc | 20 mg"),
        "comments",
        "<comments><commentList><comment ref=\"B2\"><text><r><rPr><b/></rPr><t>Ward:\n</t></r><r><t>10 mg below 6 months</t></r>\
        </text></comment><comment ref=\"D9\"><text><t>Draft</t></text></comment></commentList></comments>",
    );
    assert!(text.ends_with("| Zinc | 20 mg |\n\nZinc, 20 mg [B2]: Ward: 10 mg below 6 months\n[D9]: Draft"), "{text}");
    assert_eq!(notes, []);
}

#[test]
fn a_warning_in_a_text_box_is_read() {
    let sheet = rows("5:Drug | 5:Dose\nZinc | 20 mg") + "<drawing r:id=\"c\"/>";
    let shape = |properties: &str, text: &str| {
        format!("<sp><nvSpPr><cNvPr id=\"1\"{properties}/></nvSpPr><txBody><p>{text}</p></txBody></sp>")
    };
    let run = |font: &str, text: &str| format!("<r><rPr {font}</rPr><t>{text}</t></r>");
    let text = run("strike=\"sngStrike\">", "5 mg")
        + &run(">", "Not for neonates &lt; 10")
        + &run("baseline=\"30000\">", "9")
        + &run("><latin typeface=\"Symbol\"/>", "m")
        + "</p><p>"
        + &run(">", "Never IV");
    let drawing = format!(
        "<wsDr>{}{}<Fallback>{}</Fallback></wsDr>",
        shape("", &text),
        shape(" hidden=\"1\"", &run(">", "OLD")),
        shape("", &run(">", "X"))
    );
    let (text, notes) = read_beside(&sheet, "drawing", &drawing);
    assert!(text.ends_with("| Zinc | 20 mg |\n\nNot for neonates < 10⁹µ Never IV"), "{text}");
    assert_eq!(kinds(&notes), [NoteKind::HiddenLeftOut, NoteKind::StruckLeftOut]);
    assert_eq!(kinds(&read_beside(&sheet, "drawing", "<wsDr><pic/></wsDr>").1), [NoteKind::ObjectsLeftOut]);
}

#[test]
fn a_text_that_its_format_hides_is_told() {
    let (text, notes) = read(&rows("Zinc | 8:OLD 50 mg | 20 mg"));
    assert!(!text.contains("OLD"), "{text}");
    assert_eq!(kinds(&notes), [NoteKind::HiddenLeftOut]);
}

#[test]
fn what_is_not_shown_is_left_out_and_told() {
    let sheet = "<cols><col min=\"2\" max=\"2\" hidden=\"1\"/></cols><sheetData>\
        <row r=\"1\"><c r=\"A1\" s=\"5\" t=\"inlineStr\"><is><t>Drug</t></is></c><c r=\"B1\"><v>1</v></c><c r=\"C1\" s=\"5\"><v>2</v></c></row>\
        <row r=\"2\" hidden=\"1\"><c r=\"A2\"><v>3</v></c></row>\
        <row r=\"3\"><c r=\"A3\"><v>4</v></c><c r=\"C3\"><v>5</v></c><c r=\"D3\" s=\"6\"><v>6</v></c><c r=\"E3\" s=\"8\"><v>7</v></c></row></sheetData>";
    let sheets = [("Doses", "visible", sheet), ("Old", "hidden", sheet), ("Older", "veryHidden", sheet)];
    let (text, notes) = read_file(&workbook(&sheets, ""));
    assert_eq!(text, "# Doses\n\n| Drug | 2 |\n| --- | --- |\n| 4 | 5 |");
    let hidden = notes.iter().find(|note| note.kind == NoteKind::HiddenLeftOut).expect("it is told");
    assert_eq!(hidden.names, ["Doses", "Old", "Older"]);
    assert_eq!(kinds(&notes), [NoteKind::HiddenLeftOut, NoteKind::StruckLeftOut]);
}

#[test]
fn a_cell_that_both_diagonals_cross_out_is_left_out_and_told() {
    let (text, notes) = read(&rows("Zinc | 15:99 mg | 16:20 mg"));
    assert!(!text.contains("99") && text.contains("20 mg"), "{text}");
    assert_eq!(kinds(&notes), [NoteKind::StruckLeftOut]);
}

#[test]
fn merged_cells_stand_in_each_row_that_they_cover() {
    let merged = |ranges: &[&str]| {
        ranges.iter().map(|range| format!("<mergeCell ref=\"{range}\"/>")).collect::<Vec<_>>().concat()
    };
    let sheet = rows("Doses 2026\nDrug | Dose (mg)\n | Child | Adult\nZinc | 10 | 20\nIron | 30 | 60\n | 40 | 80");
    let expected = "Doses 2026\n| Drug | Dose (mg) · Child | Dose (mg) · Adult |\n| --- | --- | --- |\n| Zinc | 10 | 20 |\n\
        | Iron | 30 | 60 |\n| Iron | 40 | 80 |";
    assert_eq!(read(&(sheet.clone() + &merged(&["A1:C1", "A2:A3", "B2:C2", "A5:A6"]))).0, expected);
    let hidden = sheet.replace("<row r=\"5\">", "<row r=\"5\" hidden=\"1\">");
    assert!(
        read(&(hidden + &merged(&["A1:C1", "A2:A3", "B2:C2", "A5:A6"])))
            .0
            .ends_with("| Zinc | 10 | 20 |\n| Iron | 40 | 80 |")
    );
}

#[test]
fn tables_of_a_sheet_are_kept_apart() {
    let head = "| Drug | Dose |\n| --- | --- |\n";
    let beside = rows("Drug | Dose | | Drug | Dose\nZinc | 10 mg | | Salt | 5 g\nIron | 60 mg");
    assert_eq!(read(&beside).0, format!("{head}| Zinc | 10 mg |\n| Iron | 60 mg |\n\n{head}| Salt | 5 g |"));
    let below = rows("Drug | Dose\nZinc | 10 mg\n\nVaccine | Age\nBCG | birth");
    assert_eq!(read(&below).0, format!("{head}| Zinc | 10 mg |\n\n| Vaccine | Age |\n| --- | --- |\n| BCG | birth |"));
}

#[test]
fn a_blank_row_or_column_does_not_part_a_dose_from_its_drug() {
    let gap = rows("Drug | | Child | Adult\nZinc | | 10 mg | 20 mg\nIron | | 30 mg");
    assert!(read(&gap).0.contains("\n| Zinc | 10 mg | 20 mg |\n| Iron | 30 mg |"), "{}", read(&gap).0);
    let head = rows(" | | 5:Dose\n | | 5:child | 5:adult\n\n5:Zinc | 5:oral | 10 | 20") + "<mergeCell ref=\"C1:D1\"/>";
    assert_eq!(
        read(&head).0,
        "|  |  | Dose · child | Dose · adult |\n| --- | --- | --- | --- |\n| Zinc | oral | 10 | 20 |"
    );
    let rows = rows("Drug | Dose\nZinc | 10 mg\n\nIron | 60 mg");
    assert_eq!(read(&rows).0, "| Drug | Dose |\n| --- | --- |\n| Zinc | 10 mg |\n| Iron | 60 mg |");
}

#[test]
fn a_bold_row_of_one_cell_names_the_rows_below_it() {
    let sheet = rows("5:Drug | 5:Dose\n5:Adults\nZinc | 20 mg\n5:Neonates\nZinc | 5 mg");
    assert_eq!(read(&sheet).0, "| Drug | Dose |\n| --- | --- |\n| Adults · Zinc | 20 mg |\n| Neonates · Zinc | 5 mg |");
    assert_eq!(kinds(&read(&rows("7:tUmkv | 5")).1), [NoteKind::LegacyFontUnknown]);
}

#[test]
fn a_small_file_does_not_become_a_large_text() {
    let far = "<sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"1048576\"><c r=\"XFD1048576\"><v>2</v></c></row></sheetData>";
    assert_eq!(read(far).0, "1\n\n2");
    // The content of a covered cell is not visible.
    let covered = format!("{far}<mergeCells><mergeCell ref=\"A1:XFD1048576\"/></mergeCells>");
    assert_eq!((read(&covered).0.as_str(), kinds(&read(&covered).1)), ("1", vec![NoteKind::HiddenLeftOut]));
    let cell = |n: u32| {
        format!(
            "<row r=\"{n}\"><c r=\"{}{n}\"><v>{n}</v></c></row>",
            char::from(b'A' + u8::try_from(n % 26).expect("small"))
        )
    };
    let many: String = (1..3_000).map(cell).collect();
    assert!(read(&format!("<sheetData>{many}</sheetData>")).0.len() < 400_000);
    let text = "x".repeat(30_000);
    let cells = "<c t=\"inlineStr\"><is><t>".to_owned() + &text + "</t></is></c>";
    let mut notes = Notes::default();
    let file = workbook(&[("a", "visible", &format!("<sheetData><row>{}</row></sheetData>", cells.repeat(1_000)))], "");
    assert_eq!(sheets(&file, &mut notes), Err(Unreadable::TooComplex));
}
