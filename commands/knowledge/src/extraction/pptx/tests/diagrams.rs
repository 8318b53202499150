//! Diagrams on slides and in documents.

use super::*;

const DIAGRAM: &str = "http://schemas.openxmlformats.org/drawingml/2006/diagram";

/// A tree of doses whose points are not stored in the order in which they are drawn.
fn data() -> String {
    let point = |id: &str, kind: &str, says: &str| {
        format!("<d:pt modelId='{id}' type='{kind}'><d:prSet/><d:t><a:bodyPr/><a:lstStyle/>{says}</d:t></d:pt>")
    };
    let struck = format!("<a:p>{}{}</a:p>", run("strike='sngStrike'", "50 mg "), run("", "5 mg"));
    let points = [
        point("c", "node", &struck),
        point("root", "doc", ""),
        point("b", "node", &text("Adults")),
        point("a", "node", &text("Children")),
        point("d", "node", &text("500 mg")),
        point("p", "pres", &text("no text")),
    ];
    let below = |above: &str, order: usize, id: &str| {
        format!("<d:cxn modelId='{above}{id}' srcId='{above}' destId='{id}' srcOrd='{order}' destOrd='0'/>")
    };
    let connections = [
        below("root", 1, "b"),
        below("root", 0, "a"),
        below("a", 0, "c"),
        below("b", 0, "d"),
        below("d", 0, "b"),
        "<d:cxn modelId='x' type='presOf' srcId='a' destId='p' srcOrd='0' destOrd='0'/>".to_owned(),
    ];
    format!(
        "<d:dataModel xmlns:d='{DIAGRAM}' {NAMES}><d:ptLst>{}</d:ptLst><d:cxnLst>{}</d:cxnLst></d:dataModel>",
        points.concat(),
        connections.concat()
    )
}

const TEXT: &str = "- Children\n  - 5 mg\n- Adults\n  - 500 mg";

fn graphic() -> String {
    format!(
        "<a:graphic {NAMES}><a:graphicData uri='{DIAGRAM}'><d:relIds xmlns:d='{DIAGRAM}' r:dm='d1'/></a:graphicData></a:graphic>"
    )
}

fn read_parts(parts: &[(&str, &str)]) -> (String, Vec<NoteKind>) {
    let reading = extract(&package(parts), &FileHints::default()).expect("it can be read");
    let text = reading.parts.into_iter().map(|part| part.text).collect();
    (text, reading.notes.into_iter().map(|note| note.kind).collect())
}

#[test]
fn doses_in_a_diagram_of_a_slide_are_read_below_whom_they_are_for() {
    let frame = format!(
        "<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id='4'/></p:nvGraphicFramePr>{}</p:graphicFrame>",
        graphic()
    );
    let slide = format!("<p:sld {NAMES}><p:cSld><p:spTree>{frame}</p:spTree></p:cSld></p:sld>");
    let main = format!("<p:presentation {NAMES}><p:sldIdLst><p:sldId r:id='s'/></p:sldIdLst></p:presentation>");
    let to = |id: &str, kind: &'static str, target: &str| relations(&[(id.to_owned(), kind, target.to_owned())]);
    let parts = [
        ("ppt/presentation.xml", main.as_str()),
        ("ppt/_rels/presentation.xml.rels", &to("s", "slide", "slide.xml")),
        ("ppt/slide.xml", &slide),
        ("ppt/_rels/slide.xml.rels", &to("d1", "diagramData", "data.xml")),
        ("ppt/data.xml", &data()),
    ];
    assert_eq!(read_parts(&parts), (TEXT.to_owned(), vec![NoteKind::StruckLeftOut]));
}

#[test]
fn a_diagram_of_a_document_follows_its_paragraph() {
    const WORD: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
    let paragraph = |inside: &str| format!("<w:p><w:r>{inside}</w:r></w:p>");
    let body =
        paragraph(&format!("<w:t>Doses:</w:t><w:drawing>{}</w:drawing>", graphic())) + &paragraph("<w:t>End.</w:t>");
    let document = format!("<w:document xmlns:w='{WORD}'><w:body>{body}</w:body></w:document>");
    let relations = relations(&[("d1".to_owned(), "diagramData", "data.xml".to_owned())]);
    let parts = [
        ("word/document.xml", document.as_str()),
        ("word/_rels/document.xml.rels", &relations),
        ("word/data.xml", &data()),
    ];
    assert_eq!(read_parts(&parts), (format!("Doses:\n\n{TEXT}\n\nEnd."), vec![NoteKind::StruckLeftOut]));
    // A diagram without its data is noted.
    assert_eq!(read_parts(&parts[..1]), ("Doses:\n\nEnd.".to_owned(), vec![NoteKind::ObjectsLeftOut]));
}
