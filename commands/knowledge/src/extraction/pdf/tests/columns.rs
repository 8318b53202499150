//! Tables and prose one below the other.

use super::*;

#[test]
fn a_table_with_other_columns_below_a_table_is_another_one() {
    let weights: [&[&str]; 4] = [
        &["Weight", "Paracetamol", "Ibuprofen syrup"],
        &["3-5 kg", "2 mL", "not given"],
        &["6-9 kg", "5 mL", "2.5 mL"],
        &["10-14 kg", "7.5 mL", "5 mL"],
    ];
    let text = Sheet::default().rows(&[50, 152, 252], 100, 12, &DOSES).rows(&[80, 195, 310], 162, 12, &weights).says();
    has_rows(&text, &DOSE_ROWS);
    let expected = ["| Weight | Paracetamol | Ibuprofen syrup |", "| 6-9 kg | 5 mL | 2.5 mL |"];
    has_rows(&text, &expected);
}

#[test]
fn a_wider_gap_inside_of_a_table_does_not_cut_it() {
    let text = Sheet::default()
        .rows(&[50, 152, 252], 100, 12, &DOSES[..3])
        .rows(&[50, 152, 252], 148, 12, &[DOSES[3], &["Zinc", "10 mg", "for 14 days"]])
        .says();
    has_rows(&text, &DOSE_ROWS);
    assert_eq!(text.matches("\n| ---").count(), 1, "{text}");
}

#[test]
fn narrow_columns_of_a_leaflet_are_no_table() {
    let columns: [&[&str]; 3] = [
        &[
            "Children with severe",
            "malaria are given arte-",
            "sunate, and the dose is",
            "given at once and again",
            "after twelve hours. The",
            "children under 20 kg are",
        ],
        &[
            "given a larger dose than",
            "the others. Quinine is",
            "given over four hours if",
            "there is no other drug in",
            "the ward, and then again",
            "every eight hours. Check",
        ],
        &["the glucose every four", "hours, give more of it if", "it is below the limit, and", "call a doctor."],
    ];
    let sheet =
        (50..).step_by(140).zip(columns).fold(Sheet::default(), |sheet, (left, lines)| sheet.lines(left, 100, lines));
    let text = sheet.says();
    assert!(!text.contains('|'), "{text}");
    assert!(text.contains("given artesunate, and the dose is\ngiven at once"), "{text}");
}

#[test]
fn the_head_of_a_page_names_no_column() {
    for (size, top) in [(10, 60), (8, 86)] {
        let sheet = Sheet::default().text(size, 252, top, "Formulary, page 2").rows(&[50, 152, 252], 100, 14, &DOSES);
        has_rows(&sheet.says(), &DOSE_ROWS);
    }
    // A line as close to the rows as they are to each other.
    let sheet = Sheet::default().text(10, 252, 86, "For children").rows(&[50, 152, 252], 100, 14, &DOSES);
    assert!(!sheet.says().contains(DOSE_ROWS[0]), "{}", sheet.says());
}

#[test]
fn the_edge_of_a_shaded_row_makes_no_row_a_header() {
    // Every other row is shaded; the first below the header is not.
    let shaded = Sheet::default().draw("0.9 g 48 661 300 14 re f 0 g").rows(&[50, 152, 252], 100, 14, &DOSES);
    has_rows(&shaded.says(), &DOSE_ROWS);
    // A line below two rows of names, unlike the edge of a shaded row.
    let rows: [&[&str]; 4] = [
        &["Drug", "Dose by weight", ""],
        &["", "3-5 kg", "6-9 kg"],
        &["Paracetamol", "60 mg", "120 mg"],
        &["Ibuprofen", "40 mg", "80 mg"],
    ];
    let ruled = Sheet::default().rows(&[50, 152, 252], 100, 14, &rows).line((50, 118), (300, 118));
    let text = ruled.says();
    assert!(text.contains("3-5 kg | Dose by weight · 6-9 kg |") || text.contains("Dose by weight · 3-5 kg"), "{text}");
}

#[test]
fn a_warning_beside_a_table_is_in_none_of_its_rows() {
    let beside = [
        "Phenytoin is not given faster",
        "than 1 mg/kg in a minute. Take",
        "the blood pressure, and do",
        "not give it to newborns.",
    ];
    let sheet = Sheet::default().rows(&[50, 150, 230], 100, 14, &DOSES).lines(320, 100, &beside);
    let text = [89, 103, 117, 131].iter().fold(sheet, |sheet, top| sheet.line((48, *top), (300, *top))).says();
    has_rows(&text, &DOSE_ROWS);
    has_rows(&text, &["the blood pressure, and do"]);
}

#[test]
fn columns_that_only_white_space_divides_are_columns_beside_one_with_a_line() {
    let rows: [&[&str]; 5] = [
        &["Drug", "Child", "Adult"],
        &["Morphine", "0.1", "5"],
        &["Ketamine", "1.5", "2"],
        &["Base", "-5", "+5"],
        &["Zinc", "10", "20"],
    ];
    let sheet = Sheet::default().rows(&[50, 132, 182], 100, 12, &rows);
    let text = sheet.line((48, 103), (215, 103)).line((120, 90), (120, 152)).says();
    has_rows(&text, &["| Drug | Child | Adult |", "| Morphine | 0.1 | 5 |", "| Base | -5 | +5 |"]);
}

#[test]
fn a_drug_that_stands_in_the_middle_beside_its_rows_keeps_them_and_no_others() {
    let lefts = [150, 250];
    let rows: [&[&str]; 6] = [
        &["infant", "62 mg"],
        &["child", "125 mg"],
        &["adult", "500 mg"],
        &["infant", "5 mg"],
        &["child", "10 mg"],
        &["adult", "20 mg"],
    ];
    let sheet =
        || Sheet::default().rows(&[50, 150, 250], 80, 16, &[&["Drug", "Age", "Dose"]]).rows(&lefts, 96, 16, &rows);
    let text = sheet().text(10, 50, 112, "Amoxicillin").text(10, 50, 160, "Zinc").says();
    has_rows(
        &text,
        &[
            "| Amoxicillin | infant | 62 mg |",
            "| Amoxicillin | adult | 500 mg |",
            "| Zinc | infant | 5 mg |",
            "| Zinc | adult | 20 mg |",
        ],
    );
    // Two rows and four.
    let text = sheet().text(10, 50, 104, "Amoxicillin").text(10, 50, 152, "Zinc").says();
    has_rows(&text, &["| Amoxicillin | child | 125 mg |", "| Zinc | adult | 500 mg |", "| Zinc | infant | 5 mg |"]);
    // With names at the bottom, the owner of the rows above is unknown.
    let text = sheet().text(10, 50, 128, "Amoxicillin").text(10, 50, 176, "Zinc").says();
    assert!(!text.contains("| Amoxicillin | infant | 5 mg |"), "{text}");
}

#[test]
fn a_table_under_a_header_of_its_own_is_no_part_of_the_one_above() {
    let lefts = [50, 150, 250];
    let doses: [&[&str]; 3] =
        [&["Drug", "Child", "Adult"], &["Amoxicillin", "125 mg", "500 mg"], &["Zinc", "10 mg", "20 mg"]];
    let fluids: [&[&str]; 3] =
        [&["Weight", "First hour", "Second hour"], &["3 kg", "90 ml", "60 ml"], &["10 kg", "300 ml", "200 ml"]];
    let sheet = Sheet::default().rows(&lefts, 80, 16, &doses).text(
        10,
        50,
        140,
        "Fluids: volumes by weight, not for severe malnutrition.",
    );
    let text = sheet.rows(&lefts, 160, 16, &fluids).says();
    let both = [
        "| Drug | Child | Adult |\n| --- | --- | --- |\n| Amox",
        "| Weight | First hour | Second hour |\n| --- | --- | --- |\n| 3 kg",
    ];
    assert!(both.iter().all(|table| text.contains(table)), "{text}");
}

#[test]
fn a_dose_that_fills_its_column_does_not_touch_the_next() {
    let rows: [&[&str]; 5] = [
        &["Drug", "Dose", "Route"],
        &["Paracetamol", "15 mg/kg a day", "by mouth"],
        &["Diazepam", "0.5 mg/kg", "rectal"],
        &["Quinine", "20 mg/kg", "into a vein"],
        &["Zinc", "20 mg", "by mouth"],
    ];
    let sheet = Sheet::default().rows(&[50, 140, 212], 100, 16, &rows);
    has_rows(&sheet.says(), &["| Paracetamol | 15 mg/kg a day | by mouth |", "| Quinine | 20 mg/kg | into a vein |"]);
}

const CLOSE: [&[&str]; 6] = [
    &["Drug", "Dose", "How often"],
    &["Amoxicillin", "40 mg/kg/day", "8-hourly"],
    &["Zinc", "20 mg", "daily"],
    &["Ciprofloxacin", "10 mg/kg", "12-hourly"],
    &["Ceftriaxone", "50 mg/kg/day", "daily"],
    &["Gentamicin", "7.5 mg/kg", "daily"],
];
const APART: [&str; 4] = [
    "| Amoxicillin | 40 mg/kg/day | 8-hourly |",
    "| Ciprofloxacin | 10 mg/kg | 12-hourly |",
    "| Ceftriaxone | 50 mg/kg/day | daily |",
    "| Gentamicin | 7.5 mg/kg | daily |",
];

#[test]
fn a_drug_keeps_its_dose_where_the_next_column_is_only_a_blank_away() {
    // A blank is 2.8 points wide, and the gap beside the longest cells is as wide, or a little more or less.
    for lefts in [[50, 111, 174], [50, 110, 173], [50, 111, 173]] {
        let sheet = Sheet::default().lines(50, 60, &["Doses for the ward are these, and no others are given."]);
        let sheet = sheet.rows(&lefts, 80, 13, &CLOSE).lines(50, 180, &["Wash your hands before each dose."]);
        let text = sheet.says();
        has_rows(&text, &APART);
        assert!(!text.contains("Doses for the ward |") && text.contains("\n\nWash your hands before"), "{text}");
    }
}

#[test]
fn a_caption_with_a_word_where_a_column_begins_is_not_cut() {
    // The word `ward` begins at the second column.
    let sheet = Sheet::default().text(10, 50, 67, "Doses for our").text(
        10,
        113,
        67,
        "wards are these, and no others are given.",
    );
    let text = sheet.rows(&[50, 113, 190], 80, 13, &CLOSE).says();
    assert!(text.starts_with("Doses for our wards are these, and no others are given.\n\n| Drug |"), "{text}");
}

#[test]
fn a_row_that_fills_its_columns_is_none_that_stands_above_the_others() {
    let row: [&[&str]; 1] = [&["Ceftriaxone sodium", "50 mg/kg/day iv", "daily"]];
    let sheet = Sheet::default().rows(&[50, 139, 212], 100, 16, &DOSES[..3]);
    let sheet = sheet.rows(&[50, 139, 212], 148, 16, &row).rows(&[50, 139, 212], 164, 16, &DOSES[3..]);
    has_rows(&sheet.says(), &["| Ceftriaxone sodium | 50 mg/kg/day iv | daily |", DOSE_ROWS[3]]);
}

#[test]
fn a_row_whose_columns_are_not_seen_is_told_before_it_is_taken_for_a_title() {
    let rows: [&[&str]; 6] = [
        &["Drug", "Dose", "How often"],
        &["Amoxicillin", "40 mg/kg", "8-hourly"],
        &["Zinc", "20 mg", "daily"],
        &["Ceftriaxone 50 mg/kg/day daily, for all of the children"],
        &["Iron", "6 mg", "daily"],
        &["Vitamin A", "1 capsule", "once"],
    ];
    let kinds = |rows: &[&[&str]]| -> Vec<NoteKind> {
        let reading = Sheet::default().rows(&[50, 140, 212], 100, 16, rows).read();
        reading.notes.iter().map(|note| note.kind).collect()
    };
    assert_eq!(kinds(&rows), [NoteKind::ColumnsUncertain]);
    let mut titled = rows;
    titled[3] = &["Ceftriaxone and other drugs for all of the children here"];
    assert_eq!(kinds(&titled), []);
}

#[test]
fn names_in_a_coloured_row_without_borders_name_the_columns_of_the_table_below() {
    let tops = [104, 118, 132, 146];
    let table = Sheet::default()
        .draw("0 0.2 0.4 rg 50 696 300 14 re f 1 g")
        .rows(&[52, 152, 252], 100, 14, &DOSES[..1])
        .draw("0 g")
        .rows(&[52, 152, 252], 114, 14, &DOSES[1..])
        .draw("0.5 w");
    let table = table.grid(&[50, 150, 250, 350], &tops);
    has_rows(&table.says(), &DOSE_ROWS);
    // A sentence above a table names nothing.
    let sentence = Sheet::default()
        .text(10, 52, 100, "Give these drugs for as long as the patient needs them to be well")
        .rows(&[52, 152, 252], 114, 14, &DOSES[1..])
        .grid(&[50, 150, 250, 350], &tops);
    has_rows(&sentence.says(), &["|  |  |  |", DOSE_ROWS[1]]);
}
