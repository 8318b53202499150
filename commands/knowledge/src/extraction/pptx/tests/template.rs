//! Text that depends on layouts and masters, and on the positions of shapes.

use super::*;

const SIZE: &str = "<p:sldSz cx='1000' cy='500'/>";

/// A slide with these shapes, on a layout and a master with theirs, and these styles.
fn read_with(slide: &str, layout: &str, master: &str, styles: &str) -> Result<(String, Vec<NoteKind>), Unreadable> {
    let of = |name: &str, shapes: &str, more: &str| {
        format!("<p:{name} {NAMES}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld>{more}</p:{name}>")
    };
    let theme = format!(
        "<a:theme {NAMES}><a:fontScheme><a:majorFont><a:latin typeface='Kruti Dev 010'/></a:majorFont><a:minorFont>\
         <a:latin typeface='Calibri'/></a:minorFont></a:fontScheme></a:theme>"
    );
    let main = format!("<p:presentation {NAMES}><p:sldIdLst><p:sldId r:id='s'/></p:sldIdLst>{SIZE}</p:presentation>");
    let to = |kind: &'static str, target: &str| relations(&[("s".to_owned(), kind, target.to_owned())]);
    let masters = relations(&[("t".to_owned(), "theme", "theme.xml".to_owned())]);
    let parts = [
        ("ppt/presentation.xml", main),
        ("ppt/_rels/presentation.xml.rels", to("slide", "slide.xml")),
        ("ppt/slide.xml", of("sld", slide, "")),
        ("ppt/_rels/slide.xml.rels", to("slideLayout", "layout.xml")),
        ("ppt/layout.xml", of("sldLayout", layout, "")),
        ("ppt/_rels/layout.xml.rels", to("slideMaster", "master.xml")),
        ("ppt/master.xml", of("sldMaster", master, &format!("<p:txStyles>{styles}</p:txStyles>"))),
        ("ppt/_rels/master.xml.rels", masters),
        ("ppt/theme.xml", theme),
    ];
    let parts: Vec<(&str, &str)> = parts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let reading = extract(&package(&parts), &FileHints::default()).map_err(|failure| failure.reason)?;
    let text = reading.parts.into_iter().map(|part| part.text).collect();
    Ok((text, reading.notes.into_iter().map(|note| note.kind).collect()))
}

fn level(inside: &str) -> String {
    format!("<a:lvl1pPr>{inside}</a:lvl1pPr>")
}

fn list_style(inside: &str) -> String {
    format!("<a:lstStyle>{}</a:lstStyle>", level(inside))
}

#[test]
fn a_font_of_before_unicode_is_known_wherever_it_is_set() {
    let font = |name: &str| format!("<a:defRPr><a:latin typeface='{name}'/></a:defRPr>");
    let body = shape("<p:ph idx='1'/>", &text("nLr dk mipkj"));
    let legacy = Err(Unreadable::LegacyFont);
    let styles = format!("<p:bodyStyle>{}</p:bodyStyle>", level(&font("DevLys 010")));
    assert_eq!(read_with(&body, "", "", &styles), legacy);
    let placeholder = |kind: &str| shape(kind, &list_style(&font("DevLys 010")));
    assert_eq!(read_with(&body, &placeholder("<p:ph type='body' idx='1'/>"), "", ""), legacy);
    assert_eq!(read_with(&body, "", &placeholder("<p:ph type='body' idx='7'/>"), ""), legacy);
    // The font of titles in the theme of the master.
    let title = shape("<p:ph type='title'/>", &text("nLr dk mipkj"));
    let styles = format!("<p:titleStyle>{}</p:titleStyle>", level(&font("+mj-lt")));
    assert_eq!(read_with(&title, "", "", &styles), legacy);
    let own = shape("<p:ph idx='1'/>", &(list_style(&font("Calibri")) + &text("diarrhoea")));
    assert_eq!(
        read_with(&own, &placeholder("<p:ph idx='1'/>"), "", "").map(|(text, _)| text),
        Ok("- diarrhoea".to_owned())
    );
}

#[test]
fn numbers_and_struck_text_of_a_layout_are_seen() {
    let steps = shape("<p:ph idx='1'/>", &(text("Airway") + &text("Oxygen")));
    let layout = shape("<p:ph idx='1'/>", &list_style("<a:buAutoNum type='alphaUcPeriod'/>"));
    let (read, _) = read_with(&steps, &layout, "", "").expect("it can be read");
    assert_eq!(read, "A. Airway\nB. Oxygen");
    let struck = shape("", &(list_style("<a:defRPr strike='sngStrike'/>") + &text("50 mg")));
    let (read, notes) = read_with(&(struck + &shape("", &text("5 mg"))), "", "", "").expect("it can be read");
    assert_eq!((read.as_str(), notes), ("5 mg", vec![NoteKind::StruckLeftOut]));
    let plain = shape("<p:ph idx='1'/>", &text("for children"));
    let (read, _) =
        read_with(&plain, &shape("<p:ph idx='1'/>", &list_style("<a:buNone/>")), "", "").expect("it can be read");
    assert_eq!(read, "for children");
}

fn item(says: &str) -> String {
    format!("<a:p><a:pPr><a:buChar char='•'/></a:pPr>{}</a:p>", run("", says))
}

#[test]
fn a_footer_has_no_bullet_because_bodies_have() {
    let shapes = shape("", &text("5 mg")) + &shape("<p:ph type='ftr'/>", &text("Not for neonates"));
    let styles = format!("<p:bodyStyle>{}</p:bodyStyle>", level("<a:buChar char='•'/>"));
    let (read, _) = read_with(&shapes, "", "", &styles).expect("it can be read");
    assert_eq!(read, "5 mg\n\nFooter: Not for neonates");
}

/// A box at a position.
fn boxed(says: &str, x: i64, y: i64) -> String {
    let place =
        format!("<p:spPr><a:xfrm><a:off x='{x}' y='{y}'/><a:ext cx='100' cy='30'/></a:xfrm></p:spPr><p:txBody>");
    shape("", &text(says)).replace("<p:txBody>", &place)
}

#[test]
fn what_is_parked_beside_the_slide_is_not_seen() {
    let shapes = boxed("500 mg", -120, 0) + &boxed("5 mg", 950, 0) + &boxed("50 mg", 0, 500);
    let (read, notes) = read_with(&shapes, "", "", "").expect("it can be read");
    assert_eq!((read.as_str(), notes), ("5 mg", vec![NoteKind::HiddenLeftOut]));
    // A box that grows with its text may be stored without a size.
    let empty = boxed("5 mg", 0, 0).replace("cx='100' cy='30'", "cx='0' cy='0'");
    assert_eq!(read_with(&empty, "", "", ""), Ok(("5 mg".to_owned(), vec![])));
}

#[test]
fn boxes_in_rows_and_columns_are_a_table_unless_arrows_lead_through_them() {
    let column = |x: i64, says: [&str; 2]| boxed(says[0], x, 0) + &boxed(says[1], x, 40);
    // The group shows its own space at half its size.
    let group = "<p:grpSp><p:nvGrpSpPr><p:cNvPr id='9'/></p:nvGrpSpPr><p:grpSpPr><a:xfrm><a:off x='200' y='0'/><a:ext cx='50' cy='40'/>\
        <a:chOff x='0' y='0'/><a:chExt cx='100' cy='80'/></a:xfrm></p:grpSpPr>";
    let dose = boxed("20 mg", 0, 0) + &boxed("60 mg", 0, 80);
    let shapes = column(0, ["Zinc", "Iron"]) + group + &dose + "</p:grpSp>";
    let (read, notes) = read_with(&shapes, "", "", "").expect("it can be read");
    assert_eq!(read, "|  |  |\n| --- | --- |\n| Zinc | 20 mg |\n| Iron | 60 mg |");
    assert_eq!(notes, [NoteKind::ColumnsUncertain]);
    let list = boxed("Give", 900, 0).replace("</a:p>", &("</a:p>".to_owned() + &item("one") + &item("two")));
    let (read, _) = read_with(&(shapes.clone() + &list), "", "", "").expect("it can be read");
    assert!(read.ends_with("Give\n\n- one\n- two"), "{read}");
    let arrow = "<p:cxnSp><p:spPr><a:ln><a:tailEnd type='triangle'/></a:ln></p:spPr></p:cxnSp>";
    let (read, notes) = read_with(&(shapes + arrow), "", "", "").expect("it can be read");
    assert_eq!((read.as_str(), notes), ("Zinc\n\nIron\n\n20 mg\n\n60 mg", vec![]));
}

#[test]
fn draft_on_the_master_is_read_where_it_is_seen() {
    let draft = shape("", &text("DRAFT"))
        + &shape("", &text("‹#›"))
        + &boxed("parked", -200, 0)
        + &shape("<p:ph type='title'/>", &text("Click to edit"));
    let seen = |slide: &str, layout: &str| {
        let shapes = shape("", &text("5 mg"));
        let main = format!(
            "<p:presentation {NAMES}><p:sldIdLst><p:sldId r:id='a'/><p:sldId r:id='b'/></p:sldIdLst>{SIZE}</p:presentation>"
        );
        let to = |id: &str, kind: &'static str, target: &str| (id.to_owned(), kind, target.to_owned());
        let sheet = |name: &str, attributes: &str, shapes: &str| {
            format!("<p:{name} {NAMES} {attributes}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:{name}>")
        };
        let slide = sheet("sld", slide, &shapes);
        let to_layout = relations(&[to("l", "slideLayout", "layout.xml")]);
        let parts = [
            ("ppt/presentation.xml", main),
            ("ppt/_rels/presentation.xml.rels", relations(&[to("a", "slide", "a.xml"), to("b", "slide", "b.xml")])),
            ("ppt/a.xml", slide.clone()),
            ("ppt/_rels/a.xml.rels", to_layout.clone()),
            ("ppt/b.xml", slide),
            ("ppt/_rels/b.xml.rels", to_layout),
            ("ppt/layout.xml", sheet("sldLayout", layout, "")),
            ("ppt/_rels/layout.xml.rels", relations(&[to("m", "slideMaster", "master.xml")])),
            ("ppt/master.xml", sheet("sldMaster", "", &draft)),
        ];
        let parts: Vec<(&str, &str)> = parts.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let reading = extract(&package(&parts), &FileHints::default()).expect("it can be read");
        reading.parts.into_iter().map(|part| part.text).collect::<Vec<_>>()
    };
    assert_eq!(seen("", ""), ["5 mg\n\nMaster: DRAFT", "5 mg"]);
    assert_eq!(seen("showMasterSp='0'", ""), ["5 mg", "5 mg"]);
    assert_eq!(seen("", "showMasterSp='0'"), ["5 mg", "5 mg"]);
}
