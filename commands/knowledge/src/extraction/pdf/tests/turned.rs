//! Pages whose text does not run from left to right.

use super::*;

const EXPECTED: [&str; 3] = [
    "| Drug | Dose | How often |",
    "| Paracetamol | 15 mg/kg | every 6 h |",
    "| Gentamicin | 7.5 mg/kg | once a day |",
];

/// A table with lines around its cells, drawn after the page was turned by this matrix.
fn drawn_by(matrix: &str) -> Sheet {
    let tops: Vec<u32> = (0..5).map(|row| 290 + row * 14).collect();
    Sheet::default().draw(matrix).rows(&[52, 152, 252], 300, 14, &DOSES).grid(&[50, 150, 250, 350], &tops)
}

#[test]
fn a_wide_table_that_lies_on_an_upright_page_keeps_its_rows() {
    has_rows(&drawn_by("0 1 -1 0 700 100 cm").says(), &EXPECTED);
    has_rows(&drawn_by("0 -1 1 0 -100 700 cm").says(), &EXPECTED);
    // The same table without lines.
    let rows = Sheet::default().draw("0 1 -1 0 700 100 cm").rows(&[52, 152, 252], 300, 14, &DOSES);
    has_rows(&rows.says(), &EXPECTED);
}

#[test]
fn a_page_that_was_scanned_upside_down_is_read_from_its_own_top() {
    has_rows(&drawn_by("-1 0 0 -1 600 800 cm").says(), &EXPECTED);
}

#[test]
fn a_dose_that_is_struck_on_a_lying_page_is_left_out() {
    let sheet = drawn_by("0 1 -1 0 700 100 cm").line((252, 325), (300, 325));
    let text = sheet.says();
    assert!(!text.contains("every 12 h"), "{text}");
    has_rows(&text, &EXPECTED);
}

#[test]
fn headings_that_run_upwards_do_not_turn_the_page() {
    let sheet = Sheet::default().draw("q 0 1 -1 0 870 0 cm").text(10, 600, 700, "Dose for a child").draw("Q").rows(
        &[52, 152, 252],
        250,
        14,
        &DOSES,
    );
    has_rows(&sheet.says(), &EXPECTED[1..]);
}
