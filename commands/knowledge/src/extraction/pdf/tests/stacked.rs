//! Stacked signs.

use super::*;

/// A fraction with a line of this length, as TeX sets it: small numbers above and below the middle of the line.
fn fraction(sheet: Sheet, left: u32, top: u32, (above, below): (&str, &str)) -> Sheet {
    let bar = 800 - top + 2;
    sheet
        .text(7, left + 2 * u32::try_from(below.len() - above.len()).expect("it is short"), top - 4, above)
        .draw(&format!(
            "0.4 w {left} {bar}.5 m {} {bar}.5 l S",
            left + 4 * u32::try_from(below.len()).expect("it is short")
        ))
        .text(7, left, top + 4, below)
}

#[test]
fn half_a_tablet_is_not_twelve_tablets() {
    let sheet = Sheet::default().text(10, 50, 100, "Give");
    let sheet = fraction(sheet, 75, 100, ("1", "2")).text(10, 82, 100, "tablet of zinc, or");
    let sheet = fraction(sheet, 156, 100, ("3", "10")).text(10, 167, 100, "of the dose. Never 12 tablets.");
    assert_eq!(sheet.says(), "Give ½ tablet of zinc, or ³⁄₁₀ of the dose. Never 12 tablets.");
    assert_eq!(sheet.read().notes, []);
}

#[test]
fn a_fraction_belongs_to_the_row_in_which_it_stands() {
    let rows: [&[&str]; 3] = [&["Drug", "Dose"], &["Zinc", "   tablet"], &["Iron", "12 tablets"]];
    let sheet = fraction(Sheet::default().rows(&[50, 150], 100, 16, &rows), 150, 116, ("1", "2"));
    has_rows(&sheet.says(), &["| Zinc | ½ tablet |", "| Iron | 12 tablets |"]);
}

#[test]
fn a_total_below_a_line_is_no_fraction() {
    let sheet = Sheet::default().rows(&[50], 100, 12, &[&["5"], &["10"], &["15"]]).line((50, 114), (62, 114)).text(
        10,
        50,
        150,
        "mL in all",
    );
    assert_eq!(sheet.says(), "5\n10\n15\nmL in all");
}

#[test]
fn the_charge_of_an_ion_stays_with_it() {
    let sheet = Sheet::default()
        .text(10, 50, 100, "Give HCO")
        .text(6, 96, 102, "3")
        .text(6, 96, 96, "-")
        .text(10, 102, 100, "and Ca")
        .text(6, 135, 96, "2+")
        .text(10, 145, 100, "at once.");
    let text = sheet.says();
    assert!(text.contains("HCO₃⁻") && text.contains("Ca²⁺"), "{text}");
}

#[test]
fn a_formula_for_a_dose_keeps_its_division() {
    let sheet = Sheet::default()
        .text(10, 50, 100, "Volume \\(mL\\) =")
        .text(10, 120, 93, "dose \\(mg\\) x 5")
        .line((118, 97), (188, 97))
        .text(10, 145, 107, "250");
    assert_eq!(sheet.says(), "Volume (mL) = (dose (mg) x 5) / 250");
    let notes = sheet.read().notes;
    assert_eq!(notes.iter().map(|note| note.kind).collect::<Vec<_>>(), [NoteKind::FormulasAsText]);
}
