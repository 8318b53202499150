//! Layers that are not shown, and forms, which draw within their box.

use super::*;

fn notes(sheet: &Sheet) -> Vec<(NoteKind, u32)> {
    sheet.read().notes.into_iter().map(|note| (note.kind, note.count)).collect()
}

fn form(content: &str, more: &str) -> String {
    let length = content.len();
    format!("<</Type/XObject/Subtype/Form{more}/Length {length}>>stream\n{content}\nendstream")
}

/// A page with a layer that is off, and a white form.
fn sheet(form: String) -> Sheet {
    Sheet {
        catalog: "/OCProperties<</OCGs[6 0 R]/D<</OFF[6 0 R]>>>>",
        resources: "/Properties<</L1 6 0 R/L2 8 0 R>>/XObject<</X1 7 0 R>>",
        objects: vec!["<</Type/OCG/Name(old)>>".to_owned(), form, "<</Type/OCMD/OCGs[6 0 R]>>".to_owned()],
        ..Sheet::default()
    }
    .lines(50, 300, &LEFT)
    .text(10, 50, 100, "Give 8 mg")
}

#[test]
fn a_box_in_a_layer_that_is_off_hides_nothing() {
    let white = "1 g 40 690 300 30 re f";
    let off = form(white, "/BBox[0 0 600 800]/OC 6 0 R");
    for drawn in [
        format!("/OC /L1 BDC {white} EMC"),
        format!("/OC /L2 BDC {white} EMC"),
        "/X1 Do".to_owned(),
        "/OC /L1 BDC 0.5 w 40 702.5 m 200 702.5 l S EMC".to_owned(),
    ] {
        let sheet = sheet(off.clone()).draw(&format!("q {drawn} Q"));
        assert!(sheet.says().contains("Give 8 mg"), "{drawn}: {}", sheet.says());
        assert_eq!(notes(&sheet), [], "{drawn}");
    }
    let hidden = sheet(off.clone()).draw("/OC /L1 BDC").text(10, 50, 120, "Give 16 mg").draw("EMC");
    assert!(!hidden.says().contains("16 mg"), "{}", hidden.says());
    let on = sheet(off).draw(&format!("/OC /L1 BDC EMC q {white} Q"));
    assert!(!on.says().contains("8 mg"), "{}", on.says());
}

#[test]
fn a_form_hides_nothing_outside_of_its_box() {
    let small = form("1 g 0 0 600 800 re f", "/BBox[80 380 300 420]");
    let sheet = sheet(small).draw("/X1 Do");
    assert!(sheet.says().contains("Give 8 mg"), "{}", sheet.says());
    assert_eq!(notes(&sheet), []);
}
