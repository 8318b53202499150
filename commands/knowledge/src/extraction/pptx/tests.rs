//! The visible text of slides.

use crate::extraction::{FileHints, Note, NoteKind, Part, Unreadable, extract, ooxml::testing::package};

const NAMES: &str = "xmlns:p='http://schemas.openxmlformats.org/presentationml/2006/main' \
    xmlns:a='http://schemas.openxmlformats.org/drawingml/2006/main' \
    xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/relationships' \
    xmlns:m='http://schemas.openxmlformats.org/officeDocument/2006/math' \
    xmlns:a14='http://schemas.microsoft.com/office/drawing/2010/main' \
    xmlns:mc='http://schemas.openxmlformats.org/markup-compatibility/2006'";
const RELATION: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

fn relations(of: &[(String, &str, String)]) -> String {
    let all = of
        .iter()
        .map(|(id, kind, target)| format!("<Relationship Id='{id}' Type='{RELATION}/{kind}' Target='{target}'/>"))
        .collect::<Vec<_>>()
        .concat();
    format!("<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>{all}</Relationships>")
}

/// Slides with these shapes; each is given with the attributes of the slide and its notes.
fn read(slides: &[(&str, &str, &str)]) -> Result<(Vec<Part>, Vec<Note>), Unreadable> {
    let numbers = 1..=slides.len();
    let ids = numbers.clone().map(|at| format!("<p:sldId id='{at}' r:id='rId{at}'/>")).collect::<Vec<_>>().concat();
    let main = format!("<p:presentation {NAMES}><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>");
    let main_relations: Vec<_> =
        numbers.clone().map(|at| (format!("rId{at}"), "slide", format!("slides/slide{at}.xml"))).collect();
    let mut parts = vec![
        ("ppt/presentation.xml".to_owned(), main),
        ("ppt/_rels/presentation.xml.rels".to_owned(), relations(&main_relations)),
    ];
    for (at, (attributes, shapes, notes)) in numbers.zip(slides) {
        let slide = format!("<p:sld {NAMES} {attributes}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>");
        parts.push((format!("ppt/slides/slide{at}.xml"), slide));
        if !notes.is_empty() {
            // The file names of notes are not numbered as those of the slides.
            let name = format!("notesSlide{}.xml", slides.len() + 1 - at);
            let to_notes = relations(&[("n".to_owned(), "notesSlide", format!("../notesSlides/{name}"))]);
            parts.push((format!("ppt/slides/_rels/slide{at}.xml.rels"), to_notes));
            let body = shape("<p:ph type='body' idx='1'/>", &text(notes));
            let number = shape("<p:ph type='sldNum'/>", &text("77"));
            let notes = format!("<p:notes {NAMES}><p:cSld><p:spTree>{number}{body}</p:spTree></p:cSld></p:notes>");
            parts.push((format!("ppt/notesSlides/{name}"), notes));
        }
    }
    let parts: Vec<(&str, &str)> = parts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let reading = extract(&package(&parts), &FileHints::default()).map_err(|failure| failure.reason)?;
    Ok((reading.parts, reading.notes))
}

fn slide(shapes: &str) -> (String, Vec<Note>) {
    let (parts, notes) = read(&[("", shapes, "")]).expect("it can be read");
    (parts.into_iter().map(|part| part.text).collect(), notes)
}

fn shape(place: &str, paragraphs: &str) -> String {
    format!(
        "<p:sp><p:nvSpPr><p:cNvPr id='1'/><p:nvPr>{place}</p:nvPr></p:nvSpPr><p:txBody>{paragraphs}</p:txBody></p:sp>"
    )
}

fn text(text: &str) -> String {
    format!("<a:p>{}</a:p>", run("", text))
}

fn run(attributes: &str, text: &str) -> String {
    format!("<a:r><a:rPr {attributes}/><a:t>{text}</a:t></a:r>")
}

#[test]
fn slides_have_their_title_first_and_their_own_notes() {
    let first = shape("<p:ph idx='1'/>", &text("Let her rest.")) + &shape("<p:ph type='title'/>", &text("Pressure"));
    let second = shape("<p:ph type='title'/>", &text("Doses")) + &shape("<p:ph type='ftr'/>", &text("footer"));
    let (parts, notes) = read(&[("", &first, ""), ("", &second, "Ask twice.")]).expect("it can be read");
    let expected = [
        (Some(1), "# Pressure\n\n- Let her rest."),
        (Some(2), "# Doses\n\nFooter: footer\n\nSpeaker notes:\n\nAsk twice."),
    ];
    assert_eq!(parts.iter().map(|part| (part.page, part.text.as_str())).collect::<Vec<_>>(), expected);
    assert_eq!(notes, []);
}

#[test]
fn hidden_slides_and_shapes_and_struck_text_are_left_out_and_told() {
    let old = shape("", &text("Old dose 50 mg"));
    let hidden = old.replace("id='1'", "id='1' hidden='1'");
    let struck = shape("", &format!("<a:p>{}{}</a:p>", run("strike='sngStrike'", "50 mg "), run("", "5 mg")));
    let (parts, notes) = read(&[("show='0'", &old, ""), ("", &(hidden + &struck), "")]).expect("it can be read");
    assert_eq!(parts, [Part { page: Some(2), text: "5 mg".to_owned() }]);
    let note = |kind, count, pages: &[u32]| Note { kind, count, pages: pages.to_vec(), names: vec![] };
    assert_eq!(notes, [note(NoteKind::HiddenLeftOut, 2, &[1, 2]), note(NoteKind::StruckLeftOut, 1, &[2])]);
}

#[test]
fn a_slide_without_text_and_what_is_drawn_are_told() {
    let chart = "<p:graphicFrame><a:graphic><a:graphicData uri='http://schemas.openxmlformats.org/drawingml/2006/chart'/></a:graphic>\
        </p:graphicFrame>";
    let (_, notes) = read(&[("", &shape("", &text("x")), ""), ("", chart, "")]).expect("it can be read");
    let note = |kind| Note { kind, count: 1, pages: vec![2], names: vec![] };
    assert_eq!(notes, [note(NoteKind::PagesWithoutText), note(NoteKind::ObjectsLeftOut)]);
    assert_eq!(read(&[("", chart, "")]).map(|_| ()), Err(Unreadable::NoText));
}

#[test]
fn merged_cells_of_slides_say_what_they_cover() {
    let cell = |attributes: &str, says: &str| {
        format!("<a:tc {attributes}><a:txBody>{}</a:txBody><a:tcPr/></a:tc>", text(says))
    };
    let rows = [
        [cell("", "Drug"), cell("gridSpan='2'", "Dose"), cell("hMerge='1'", "")].concat(),
        [cell("rowSpan='2'", "Zinc"), cell("", "child"), cell("", "10 mg")].concat(),
        [cell("vMerge='1'", ""), cell("", "adult"), cell("", "20 mg")].concat(),
    ];
    let rows = rows.map(|row| format!("<a:tr>{row}</a:tr>")).concat();
    let table = format!(
        "<p:graphicFrame><a:graphic><a:graphicData uri='http://schemas.openxmlformats.org/drawingml/2006/table'><a:tbl>{rows}</a:tbl>\
         </a:graphicData></a:graphic></p:graphicFrame>"
    );
    let (text, _) = slide(&table);
    assert!(text.contains("| Zinc | child | 10 mg |\n| Zinc | adult | 20 mg |"), "{text}");
    assert!(text.starts_with("| Drug | Dose | Dose |"), "{text}");
}

#[test]
fn powers_symbols_numbers_and_formulas_are_what_the_slide_shows() {
    let power = format!("<a:p>{}{}</a:p>", run("", "10"), run("baseline='30000'", "9"));
    let symbol = "<a:p><a:r><a:rPr><a:latin typeface='Symbol'/></a:rPr><a:t>m</a:t></a:r></a:p>".to_owned();
    let item = |says: &str| {
        format!("<a:p><a:pPr><a:buAutoNum type='alphaLcPeriod' startAt='2'/></a:pPr>{}</a:p>", run("", says))
    };
    let formula = "<mc:AlternateContent><mc:Choice Requires='a14'><a:p><a14:m><m:oMathPara><m:oMath><m:f><m:num><m:r><m:t>w</m:t></m:r>\
        </m:num><m:den><m:r><m:t>h</m:t></m:r></m:den></m:f></m:oMath></m:oMathPara></a14:m></a:p></mc:Choice><mc:Fallback><a:p><a:r>\
        <a:t>picture</a:t></a:r></a:p></mc:Fallback></mc:AlternateContent>";
    let (text, notes) = slide(&shape("", &[power, symbol, item("one"), item("two"), formula.to_owned()].concat()));
    assert_eq!(text, "10⁹\n\nµ\n\nb. one\nc. two\n\nw/h");
    assert_eq!(notes.iter().map(|note| note.kind).collect::<Vec<_>>(), [NoteKind::FormulasAsText]);
}

#[test]
fn slides_in_a_font_of_before_unicode_are_not_read_as_text() {
    let gibberish = "<a:p><a:r><a:rPr><a:latin typeface='Kruti Dev 010'/></a:rPr><a:t>nLr dk mipkj</a:t></a:r></a:p>";
    assert_eq!(read(&[("", &shape("", gibberish), "")]).map(|_| ()), Err(Unreadable::LegacyFont));
}

mod diagrams;
mod seen;
mod template;
