//! Text under shapes, lines and pictures that were drawn later.

use super::*;

const OLD: &str = "Quilomorph: 16 mg every 4 hours";
const NEW: &str = "Quilomorph: 8 mg every 6 hours";
const PICTURE: &str = "BI /W 1 /H 1 /BPC 8 /CS /G ID x EI";

fn notes(sheet: &Sheet) -> Vec<(NoteKind, u32)> {
    sheet.read().notes.into_iter().map(|note| (note.kind, note.count)).collect()
}

/// A page with some visible lines.
fn sheet() -> Sheet {
    Sheet::default().lines(50, 300, &LEFT)
}

fn corrected(cover: &str) -> Sheet {
    sheet().text(10, 50, 100, OLD).draw(&format!("q 1 g 1 G {cover} Q")).text(10, 50, 100, NEW)
}

#[test]
fn a_correction_on_any_opaque_shape_is_read_without_what_is_under_it() {
    let rounded = "50 694 m 340 694 l 343 694 345 696 345 699 c 345 704 l 345 706 343 708 340 708 c \
        50 708 l 47 708 45 706 45 704 c 45 699 l 45 696 47 694 50 694 c h f";
    let covers = [
        rounded,
        "14 w 45 701 m 345 701 l S",
        "45 694 150 14 re 195 694 150 14 re f",
        "0.9998 0.0175 -0.0175 0.9998 45 692 cm 0 0 300 18 re f",
        "/Faint gs 45 694 300 14 re f",
        "0.99 0.01 -0.01 0.99 40 685 cm 0 0 400 30 re W n 5 5 320 20 re f",
    ];
    for cover in covers {
        let corrected = Sheet { states: "/Faint<</ca 0.93>>", ..corrected(cover) };
        assert_eq!(corrected.says().lines().next(), Some(NEW), "{cover}");
        assert_eq!(notes(&corrected), [(NoteKind::HiddenLeftOut, 1)], "{cover}");
    }
    // Beside the rounded corner, in the hole of a frame, and outside of the clipping area nothing is covered.
    for beside in [
        "40 690 m 340 690 l 340 710 l h f",
        "40 690 300 30 re 45 692 290 26 re f*",
        "q 0 0 m 20 0 l 30 20 l 0 20 l h W n 0 0 600 800 re f Q",
        "/Half gs 45 694 300 14 re f",
    ] {
        let seen = Sheet { states: "/Half<</ca 0.5>>", ..sheet() }
            .text(10, 50, 100, "Give 16 mg")
            .draw(&format!("q 1 g {beside} Q"));
        assert!(seen.says().contains("Give 16 mg"), "{beside}: {}", seen.says());
        assert_eq!(notes(&seen), [], "{beside}");
    }
}

#[test]
fn of_two_texts_on_one_spot_the_later_is_read_and_told() {
    let picture = format!("300 0 0 14 45 694 cm {PICTURE}");
    for between in [picture.as_str(), "/Half gs 45 694 300 14 re f", "0 0 1 1 re f"] {
        let corrected = Sheet { states: "/Half<</ca 0.5>>", ..corrected(between) };
        assert_eq!(corrected.says().lines().next(), Some(NEW), "{between}");
        assert!(notes(&corrected).contains(&(NoteKind::VisibilityUncertain, 1)), "{between}");
    }
    // A line to write on, a shadow and a watermark are no correction.
    for other in [
        "BT /F1 10 Tf 50 699 Td (___________________________) Tj ET",
        "BT /F1 10 Tf 51 699 Td (Give digoxin 0.25 mg) Tj ET",
    ] {
        let sheet = sheet().draw(other).text(10, 50, 100, "Give digoxin 0.25 mg");
        assert!(sheet.says().contains("0.25 mg"), "{}", sheet.says());
        assert_eq!(notes(&sheet), []);
    }
}

#[test]
fn a_correction_in_a_font_that_a_file_does_not_describe_is_read_or_told() {
    let corrected = corrected("45 694 300 14 re f");
    let simple = Sheet { font: Some("Quilosans"), ..corrected };
    assert_eq!(simple.says().lines().next(), Some(NEW));
    assert_eq!(notes(&simple), [(NoteKind::HiddenLeftOut, 1)]);
    let symbols = Sheet { font: Some("Symbol"), ..simple };
    assert!(notes(&symbols).iter().any(|(kind, _)| *kind == NoteKind::VisibilityUncertain), "{:?}", notes(&symbols));
}

#[test]
fn an_annotation_hides_the_text_under_it_and_is_read() {
    let rect = "/Rect[45 694 345 708]/F 4";
    let form = |content: &str| {
        let font = "/Resources<</Font<</F1 3 0 R>>>>";
        let length = content.len();
        format!("<</Type/XObject/Subtype/Form/BBox[0 0 300 14]{font}/Length {length}>>stream\n{content}\nendstream")
    };
    let text = format!("<</Type/Annot/Subtype/FreeText{rect}/AP<</N 6 0 R>>>>");
    let square = format!("<</Type/Annot/Subtype/Square{rect}/AP<</N 6 0 R>>>>");
    let plain = format!("<</Type/Annot/Subtype/Square{rect}/IC[0 0 0]>>");
    let filled = "1 g 0 0 300 14 re f 0 g";
    let annotated = |annotations: &str, content: &str| Sheet {
        annotations: annotations.to_owned(),
        objects: vec![form(content)],
        ..sheet().text(10, 50, 100, OLD)
    };
    let corrected = annotated(&text, &format!("{filled} BT /F1 10 Tf 5 6 Td ({NEW}) Tj ET"));
    assert!(corrected.says().lines().any(|line| line == NEW), "{}", corrected.says());
    assert!(!corrected.says().contains("16"), "{}", corrected.says());
    assert_eq!(notes(&corrected), [(NoteKind::HiddenLeftOut, 1)]);
    for covered in [annotated(&square, filled), annotated(&plain, filled)] {
        assert!(!covered.says().contains("16 mg"), "{}", covered.says());
        assert_eq!(notes(&covered), [(NoteKind::HiddenLeftOut, 1)]);
    }
    let highlight = format!("<</Type/Annot/Subtype/Highlight{rect}/AP<</N 6 0 R>>>>");
    assert!(annotated(&highlight, filled).says().contains(OLD));
}

#[test]
fn text_on_a_gradient_a_broad_line_or_of_a_gradient_is_read() {
    let resources = "/Shading<</S1<</ShadingType 2/ColorSpace/DeviceRGB/Coords[50 0 500 0]/Extend[true true]\
        /Function<</FunctionType 2/Domain[0 1]/C0[0 0.2 0.4]/C1[0 0 0.3]/N 1>>>>>>";
    for ground in ["q 50 690 400 30 re W n /S1 sh Q", "q 0 0.2 0.4 RG 30 w 50 705 m 450 705 l S Q"] {
        let sheet = Sheet { resources, ..Sheet::default() }
            .draw("1 g 0 0 600 800 re f 0 g")
            .lines(50, 300, &LEFT)
            .draw(ground)
            .draw("1 g")
            .text(10, 60, 100, "Give 8 mg");
        assert!(sheet.says().contains("Give 8 mg"), "{ground}: {}", sheet.says());
        assert_eq!(notes(&sheet), []);
    }
    let drawn = "q BT 7 Tr /F1 24 Tf 60 700 Td (Give 8 mg) Tj ET /S1 sh Q";
    let sheet = Sheet { resources, ..sheet() }.draw(drawn);
    assert!(sheet.says().contains("Give 8 mg"), "{}", sheet.says());
    // A box in the shape of letters covers nothing beside them.
    let drawn = "q BT 7 Tr /F1 10 Tf 160 700 Td (slowly) Tj ET 0 0.2 0.4 rg 40 690 400 40 re f Q";
    let sheet = self::sheet().text(10, 60, 100, "Give 8 mg").draw(drawn);
    assert!(sheet.says().contains("Give 8 mg") && sheet.says().contains("slowly"), "{}", sheet.says());
    assert_eq!(notes(&sheet), []);
}

#[test]
fn text_under_a_pattern_is_read_and_colours_are_those_of_their_space() {
    let resources = "/Pattern<</P1 6 0 R>>/ColorSpace<</L[/Lab<</WhitePoint[0.95 1 1.08]>>]\
        /S[/Separation/Navy/DeviceCMYK<</FunctionType 2/Domain[0 1]/C0[0 0 0 0]/C1[1 0.5 0 0.5]/N 1>>]>>";
    let pattern = "<</PatternType 1/PaintType 1/TilingType 1/BBox[0 0 8 8]/XStep 8/YStep 8/Resources<<>>/Length 21>>\
        stream\n0.8 g 0 0 0.5 8 re f \nendstream";
    let sheet = || Sheet { resources, objects: vec![pattern.to_owned()], ..sheet() };
    let hatched = sheet().text(10, 50, 100, "Give 8 mg").draw("/Pattern cs /P1 scn 40 690 300 30 re f 0 g");
    assert!(hatched.says().contains("Give 8 mg"), "{}", hatched.says());
    let dark = sheet().draw("/L cs 1 1 1 scn").text(10, 50, 100, "Give 8 mg");
    assert!(dark.says().contains("Give 8 mg"), "{}", dark.says());
    let without_ink =
        sheet().draw("/S cs 0 scn").text(10, 50, 100, "Give 8 mg").draw("/S cs 1 scn").text(10, 50, 120, "9 mg");
    assert!(!without_ink.says().contains("8 mg") && without_ink.says().contains("9 mg"), "{}", without_ink.says());
}

#[test]
fn text_that_nobody_can_see_is_left_out_and_told() {
    for drawn in ["BT /F1 0.5 Tf 50 700 Td (Give 16 mg) Tj ET", "0.97 g BT /F1 10 Tf 50 700 Td (Give 16 mg) Tj ET"] {
        let sheet = sheet().draw(drawn);
        assert!(!sheet.says().contains("16 mg"), "{}", sheet.says());
        assert_eq!(notes(&sheet), [(NoteKind::HiddenLeftOut, 1)]);
    }
}
