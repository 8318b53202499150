//! Text under other shapes, crossed out by lines, or in the colour of its background.

use super::*;

const WHITE: &str = "<a:solidFill><a:srgbClr val='FFFFFF'/></a:solidFill>";
const DARK: &str = "<a:solidFill><a:srgbClr val='1F3864'/></a:solidFill>";

/// A shape in this place, in tenths of an inch, with these properties and paragraphs.
fn at([x, y, width, height]: [i64; 4], properties: &str, paragraphs: &str) -> String {
    let [x, y, width, height] = [x, y, width, height].map(|it| it * 91_440);
    format!(
        "<p:sp><p:nvSpPr><p:cNvPr id='1'/></p:nvSpPr><p:spPr><a:xfrm><a:off x='{x}' y='{y}'/><a:ext cx='{width}' cy='{height}'/>\
         </a:xfrm>{properties}</p:spPr><p:txBody>{paragraphs}</p:txBody></p:sp>"
    )
}

fn rect(fill: &str) -> String {
    format!("<a:prstGeom prst='rect'/>{fill}<a:ln><a:noFill/></a:ln>")
}

fn coloured(fill: &str, says: &str) -> String {
    format!("<a:p><a:r><a:rPr>{fill}</a:rPr><a:t>{says}</a:t></a:r></a:p>")
}

fn kinds(shapes: &str) -> (String, Vec<NoteKind>) {
    let (text, notes) = slide(shapes);
    (text, notes.into_iter().map(|note| note.kind).collect())
}

#[test]
fn a_dose_under_a_filled_box_is_left_out_and_told() {
    let old = at([10, 10, 30, 4], "", &text("7.5 mg"));
    let over = |fill: &str| at([9, 9, 32, 6], &rect(fill), &text("5 mg"));
    assert_eq!(kinds(&(old.clone() + &over(WHITE))), ("5 mg".to_owned(), vec![NoteKind::HiddenLeftOut]));
    // Behind the text, or with nothing in it, the box covers nothing.
    assert_eq!(kinds(&(over(WHITE) + &old)), ("5 mg\n\n7.5 mg".to_owned(), vec![]));
    assert_eq!(kinds(&(old.clone() + &over("<a:noFill/>"))).1, []);
    assert_eq!(kinds(&(old + &at([50, 9, 32, 6], &rect(WHITE), &text("5 mg")))).1, []);
}

#[test]
fn a_dose_that_may_lie_under_a_shape_is_read_and_told() {
    let old = at([10, 10, 30, 4], "", &text("7.5 mg"));
    let told = |shapes: String| {
        let (text, kinds) = kinds(&shapes);
        assert!(text.contains("7.5 mg"), "{text}");
        assert_eq!(kinds, [NoteKind::VisibilityUncertain]);
    };
    // It covers a part, is round, or is translucent.
    told(old.clone() + &at([10, 10, 15, 4], &rect(WHITE), ""));
    told(old.clone() + &at([5, 5, 40, 15], &rect(WHITE).replace("rect", "ellipse"), ""));
    told(old.clone() + &at([5, 5, 40, 15], &rect(&WHITE.replace("'/>", "'><a:alpha val='50000'/></a:srgbClr>")), ""));
    // The box is too small for its text.
    let small = at([10, 10, 3, 1], "", &text("7.5 mg for all children below the age of five years"));
    told(small + &at([9, 9, 5, 3], &rect(WHITE), ""));
    // It vanishes while the slide is shown.
    let hidden_later = "<p:timing><p:spTgt spid='4'/></p:timing>";
    told(old + &at([9, 9, 32, 6], &rect(WHITE), "") + hidden_later);
}

/// A table of two columns of 30 and rows of 4 tenths of an inch, from 10 and 10 on.
fn table(properties: &str, rows: &[[&str; 2]]) -> String {
    let cell = |says: &&str| format!("<a:tc><a:txBody>{says}</a:txBody><a:tcPr>{properties}</a:tcPr></a:tc>");
    let row = |row: &[&str; 2]| format!("<a:tr h='365760'>{}</a:tr>", row.iter().map(cell).collect::<String>());
    let height = 365_760 * rows.len();
    format!(
        "<p:graphicFrame><p:xfrm><a:off x='914400' y='914400'/><a:ext cx='5486400' cy='{height}'/></p:xfrm><a:graphic><a:graphicData \
         uri='http://schemas.openxmlformats.org/drawingml/2006/table'><a:tbl><a:tblGrid><a:gridCol w='2743200'/><a:gridCol w='2743200'/>\
         </a:tblGrid>{}</a:tbl></a:graphicData></a:graphic></p:graphicFrame>",
        rows.iter().map(row).collect::<String>()
    )
}

#[test]
fn a_cell_under_a_filled_box_is_left_out_and_told() {
    let [drug, dose, gentamicin, old, amikacin, other] =
        ["Drug", "Dose", "Gentamicin", "7.5 mg/kg", "Amikacin", "15 mg/kg"].map(text);
    let table = table("", &[[&drug, &dose], [&gentamicin, &old], [&amikacin, &other]]);
    let (text, kinds) = kinds(&(table + &at([40, 14, 30, 4], &rect(WHITE), &text("5 mg/kg"))));
    assert!(!text.contains("7.5") && text.contains("| Gentamicin |\n| Amikacin | 15 mg/kg |"), "{text}");
    assert_eq!(kinds, [NoteKind::HiddenLeftOut]);
}

#[test]
fn a_dose_with_a_line_drawn_through_it_is_told() {
    let line = |[x, y, width, height]: [i64; 4], more: &str| {
        at([x, y, width, height], &format!("<a:prstGeom prst='line'/>{more}"), "")
    };
    let dose = at([10, 10, 30, 4], "", &text("20 mg"));
    let kinds = |line: String| kinds(&(dose.clone() + &line));
    let told = ("20 mg".to_owned(), vec![NoteKind::VisibilityUncertain]);
    assert_eq!(kinds(line([10, 12, 30, 0], "")), told);
    assert_eq!(kinds(line([10, 10, 30, 4], "")), told);
    // Below or beside the text, upright or invisible.
    assert_eq!(kinds(line([10, 14, 30, 0], "")).1, []);
    assert_eq!(kinds(line([40, 12, 30, 0], "")).1, []);
    assert_eq!(kinds(line([20, 5, 0, 20], "")).1, []);
    assert_eq!(kinds(line([10, 12, 30, 0], "<a:ln><a:noFill/></a:ln>")).1, []);
}

#[test]
fn a_white_dose_on_a_white_slide_is_left_out_and_told() {
    let dose = |fill: &str| at([10, 10, 30, 4], &rect(fill), &(coloured(WHITE, "98 mg") + &text("Zinc")));
    assert_eq!(kinds(&dose("")), ("Zinc".to_owned(), vec![NoteKind::HiddenLeftOut]));
    assert_eq!(kinds(&dose(WHITE)), ("Zinc".to_owned(), vec![NoteKind::HiddenLeftOut]));
    let seen = |shapes: String| {
        let (text, kinds) = kinds(&shapes);
        assert!(text.contains("98 mg") && kinds.is_empty(), "{text} {kinds:?}");
    };
    seen(dose(DARK));
    seen(at([9, 9, 40, 10], &rect(DARK), "") + &dose("<a:noFill/>"));
    seen(format!("<p:bg><p:bgPr>{DARK}</p:bgPr></p:bg>{}", dose("")));
    // A dark band is behind a part of it.
    let band = at([9, 9, 10, 10], &rect(DARK), "") + &dose("");
    assert!(kinds(&band).0.contains("98 mg"));
    assert_eq!(kinds(&band).1, [NoteKind::VisibilityUncertain]);
}

#[test]
fn a_white_cell_on_a_white_slide_is_left_out_and_told() {
    let [zinc, old] = [text("Zinc"), coloured(WHITE, "98 mg")];
    let (text, told) = kinds(&table("", &[[&zinc, &old], [&zinc, &zinc]]));
    assert_eq!((text.contains("98"), told), (false, vec![NoteKind::HiddenLeftOut]));
    let (text, told) = kinds(&table(DARK, &[[&old, &old], [&old, &old]]));
    assert_eq!((text.contains("98"), told), (true, vec![]));
}

/// A run with this look in a box, after these shapes.
fn look(before: &str, look: &str) -> (String, Vec<NoteKind>) {
    let dose = format!("<a:p><a:r>{look}<a:t>98 mg</a:t></a:r></a:p>");
    kinds(&(before.to_owned() + &at([10, 10, 30, 4], "", &(dose + &text("Zinc")))))
}

#[test]
fn a_dose_in_the_colour_of_its_ground_transparent_or_tiny_is_left_out_and_told() {
    let fill = |colour: &str| format!("<a:rPr><a:solidFill><a:srgbClr val='{colour}'/></a:solidFill></a:rPr>");
    let left_out = (String::from("Zinc"), vec![NoteKind::HiddenLeftOut]);
    assert_eq!(look("", &fill("FEFEFE")), left_out);
    assert_eq!(look("", "<a:rPr><a:noFill/></a:rPr>"), left_out);
    assert_eq!(look("", "<a:rPr sz='100'/>"), left_out);
    let clear = "<a:rPr><a:solidFill><a:srgbClr val='000000'><a:alpha val='0'/></a:srgbClr></a:solidFill></a:rPr>";
    assert_eq!(look("", clear), left_out);
    assert_eq!(look(&format!("<p:bg><p:bgPr>{DARK}</p:bgPr></p:bg>"), &fill("1F3864")), left_out);
    assert_eq!(look(&at([9, 9, 40, 10], &rect(DARK), ""), &fill("1F3864")), left_out);
    assert_eq!(look("", &fill("1F3864")).1, []);
}

#[test]
fn white_letters_with_an_outline_or_a_shadow_are_read_and_told() {
    let black = "<a:solidFill><a:srgbClr val='000000'/></a:solidFill>";
    let shadow = "<a:effectLst><a:outerShdw/></a:effectLst>";
    for run in [format!("<a:ln>{black}</a:ln>{WHITE}"), format!("{WHITE}{shadow}")] {
        let (text, told) = look("", &format!("<a:rPr>{run}</a:rPr>"));
        assert_eq!((text.contains("98 mg"), told), (true, vec![NoteKind::VisibilityUncertain]));
    }
    let marked = "<a:highlight><a:srgbClr val='000000'/></a:highlight>";
    assert_eq!(look("", &format!("<a:rPr>{WHITE}{marked}</a:rPr>")).1, []);
}

#[test]
fn white_text_on_a_thick_line_is_read() {
    let line =
        |width: u32| at([5, 12, 60, 0], &format!("<a:prstGeom prst='line'/><a:ln w='{width}'>{DARK}</a:ln>"), "");
    let run = format!("<a:rPr>{WHITE}</a:rPr>");
    assert_eq!(look(&line(508_000), &run).1, []);
    assert_eq!(look(&line(12_700), &run).1, [NoteKind::HiddenLeftOut]);
}

#[test]
fn lines_that_overflow_a_covered_box_are_read_and_told() {
    let lines = ["Zinc 10 mg", "Iron 20 mg", "Salt 5 g", "Copper 1 mg"].map(text).concat();
    let old = at([10, 10, 30, 4], "", &lines);
    let (read, told) = kinds(&(old.clone() + &at([9, 9, 32, 6], &rect(WHITE), "")));
    assert_eq!((read.contains("Salt 5 g"), told), (true, vec![NoteKind::VisibilityUncertain]));
    let (read, told) = kinds(&(old + &at([5, 0, 50, 60], &rect(WHITE), &text("New"))));
    assert_eq!((read.as_str(), told), ("New", vec![NoteKind::HiddenLeftOut]));
}
