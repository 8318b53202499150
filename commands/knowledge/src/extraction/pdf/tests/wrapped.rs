//! Tables without lines whose cells continue in the next line.

use super::*;

const LEFTS: [u32; 3] = [50, 140, 240];
/// Points between the lines of a cell.
const LEADING: u32 = 12;

/// The vertical alignment of the text in its cell.
#[derive(Clone, Copy, Debug)]
enum Place {
    Top,
    Middle,
    Bottom,
}

const PLACES: [Place; 3] = [Place::Top, Place::Middle, Place::Bottom];

/// Rows of cells, each given by its lines, with this white space between them in points.
fn laid_out(rows: &[[&[&str]; 3]], place: Place, between: u32) -> Sheet {
    let lines = |count: usize| u32::try_from(count).expect("it is small") * LEADING;
    let mut top = 100;
    rows.iter().fold(Sheet::default(), |sheet, row| {
        let high = lines(row.iter().map(|cell| cell.len()).max().unwrap_or(1));
        let sheet = LEFTS.iter().zip(row).fold(sheet, |sheet, (left, cell)| {
            let free = high - lines(cell.len());
            let above = match place {
                Place::Top => 0,
                Place::Middle => free / 2,
                Place::Bottom => free,
            };
            sheet.lines(*left, top + above, cell)
        });
        top += high + between;
        sheet
    })
}

#[track_caller]
fn has_rows_everywhere(rows: &[[&[&str]; 3]], expected: &[&str]) {
    for place in PLACES {
        for between in [2, 6, 16] {
            let reading = laid_out(rows, place, between).read();
            let text = &reading.parts[0].text;
            let found: Vec<&str> = text.lines().filter(|line| !line.starts_with("| ---")).collect();
            assert_eq!(found, expected, "{place:?}, {between} points between rows\n{text}");
            assert!(reading.notes.is_empty(), "{place:?}, {between}: {:?}", reading.notes);
        }
    }
}

#[test]
fn a_drug_whose_name_goes_on_in_the_next_line_keeps_its_dose() {
    let rows: [[&[&str]; 3]; 5] = [
        [&["Drug"], &["Dose"], &["How often"]],
        [&["Amoxicillin with", "clavulanic acid"], &["25 mg/kg"], &["twice a day"]],
        [&["Ceftriaxone"], &["50 mg/kg"], &["once a day"]],
        [&["Artemether with", "lumefantrine", "in tablets"], &["20 mg"], &["every 12 hours"]],
        [&["Zinc"], &["10 mg"], &["once a day"]],
    ];
    let expected = [
        "| Drug | Dose | How often |",
        "| Amoxicillin with clavulanic acid | 25 mg/kg | twice a day |",
        "| Ceftriaxone | 50 mg/kg | once a day |",
        "| Artemether with lumefantrine in tablets | 20 mg | every 12 hours |",
        "| Zinc | 10 mg | once a day |",
    ];
    has_rows_everywhere(&rows, &expected);
}

#[test]
fn a_dose_whose_next_line_begins_with_a_number_is_not_two_rows() {
    let rows: [[&[&str]; 3]; 5] = [
        [&["Weight"], &["First dose"], &["Then"]],
        [&["3-5 kg"], &["5-10 mg/kg over", "30 min"], &["2.5-5 mg every", "8 h"]],
        [&["6-9 kg"], &["10-15 mg/kg over", "20-30 min"], &["5-7.5 mg every", "6-8 h"]],
        [&["10-14 kg"], &["15 mg/kg"], &["7.5 mg"]],
        [&["15-19 kg"], &["20-25 mg/kg over", "30-60 min, then", "wait"], &["10-12.5 mg"]],
    ];
    let expected = [
        "| Weight | First dose | Then |",
        "| 3-5 kg | 5-10 mg/kg over 30 min | 2.5-5 mg every 8 h |",
        "| 6-9 kg | 10-15 mg/kg over 20-30 min | 5-7.5 mg every 6-8 h |",
        "| 10-14 kg | 15 mg/kg | 7.5 mg |",
        "| 15-19 kg | 20-25 mg/kg over 30-60 min, then wait | 10-12.5 mg |",
    ];
    for between in [2, 6, 16] {
        for place in PLACES {
            has_rows(&laid_out(&rows, place, between).says(), &expected[3..]);
        }
    }
}

#[test]
fn names_of_columns_go_on_in_the_next_line_and_the_first_row_is_none_of_it() {
    let rows: [[&[&str]; 3]; 5] = [
        [&["Name of the", "medicine"], &["Dose"], &["How often and", "how long"]],
        [&["Paracetamol"], &["15 mg/kg, at most", "60 mg/kg in a day"], &["every 6 hours"]],
        [&["Diazepam"], &["0.5 mg/kg"], &["once"]],
        [&["Quinine"], &["10 mg/kg"], &["every 8 hours", "for a week"]],
        [&["Ketamine"], &["2 mg/kg"], &["once"]],
    ];
    let expected = [
        "| Name of the medicine | Dose | How often and how long |",
        "| Paracetamol | 15 mg/kg, at most 60 mg/kg in a day | every 6 hours |",
        "| Diazepam | 0.5 mg/kg | once |",
        "| Quinine | 10 mg/kg | every 8 hours for a week |",
        "| Ketamine | 2 mg/kg | once |",
    ];
    has_rows_everywhere(&rows, &expected);
}

#[test]
fn a_cell_without_text_stays_empty_beside_cells_of_several_lines() {
    let rows: [[&[&str]; 3]; 5] = [
        [&["Drug"], &["Child"], &["Adult"]],
        [&["Codeine"], &[], &["30 mg every 6 h,", "not for long"]],
        [&["Prednisolone"], &["1 mg/kg for", "three days"], &[]],
        [&["Salbutamol by", "spacer"], &["2 puffs"], &["4 puffs"]],
        [&["Aspirin"], &[], &["300 mg"]],
    ];
    let expected = [
        "| Drug | Child | Adult |",
        "| Codeine |  | 30 mg every 6 h, not for long |",
        "| Prednisolone | 1 mg/kg for three days |",
        "| Salbutamol by spacer | 2 puffs | 4 puffs |",
        "| Aspirin |  | 300 mg |",
    ];
    has_rows_everywhere(&rows, &expected);
}

#[test]
fn rows_that_stand_close_in_groups_stay_rows() {
    for names in [["Zinc", "Iron", "Quinine", "Aspirin"], ["zinc", "iron", "quinine", "aspirin"]] {
        let doses = ["20 mg", "60 mg", "600 mg", "300 mg"];
        let rows: Vec<[&str; 3]> = names.iter().zip(doses).map(|(name, dose)| [*name, dose, "oral"]).collect();
        let cells: Vec<&[&str]> = rows.iter().map(<[&str; 3]>::as_slice).collect();
        let sheet = Sheet::default()
            .rows(&LEFTS, 100, 12, &[&["Drug", "Dose", "Route"]])
            .rows(&LEFTS, 116, 12, &cells[..2])
            .rows(&LEFTS, 146, 12, &cells[2..]);
        let expected: Vec<String> = rows.iter().map(|row| format!("| {} |", row.join(" | "))).collect();
        has_rows(&sheet.says(), &expected.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

#[test]
fn a_drug_beside_shaded_rows_is_the_name_of_all_of_them() {
    let ages = [("infant", "62 mg"), ("child", "125 mg"), ("adult", "500 mg"), ("child", "10 mg"), ("adult", "20 mg")];
    // Every other row is shaded; each is 16 points high.
    let shaded = || {
        let sheet = [676, 644, 612]
            .iter()
            .fold(Sheet::default(), |sheet, low| sheet.draw(&format!("0.9 g 48 {low} 300 16 re f 0 g")));
        let sheet = sheet.rows(&LEFTS, 104, 16, &[&["Drug", "Age", "Dose"]]);
        (120..)
            .step_by(16)
            .zip(ages)
            .fold(sheet, |sheet, (top, (age, dose))| sheet.text(10, LEFTS[1], top, age).text(10, LEFTS[2], top, dose))
    };
    let expected = [
        "| Amoxicillin | infant | 62 mg |",
        "| Amoxicillin | child | 125 mg |",
        "| Amoxicillin | adult | 500 mg |",
        "| Zinc | child | 10 mg |",
        "| Zinc | adult | 20 mg |",
    ];
    for (amoxicillin, zinc) in [(120, 168), (136, 176)] {
        let text = shaded().text(10, 50, amoxicillin, "Amoxicillin").text(10, 50, zinc, "Zinc").says();
        has_rows(&text, &expected);
    }
    // With names at the bottom, it is not certain that they are not centred beside other rows.
    let reading = shaded().text(10, 50, 152, "Amoxicillin").text(10, 50, 184, "Zinc").read();
    assert!(!reading.parts[0].text.contains("| Amoxicillin | child | 10 mg |"), "{}", reading.parts[0].text);
    assert_eq!(reading.notes.iter().map(|note| note.kind).collect::<Vec<_>>(), [NoteKind::ColumnsUncertain]);
}

#[test]
fn a_row_that_begins_in_the_middle_of_a_name_is_told() {
    // The lines of a cell are as far apart as the rows.
    let rows: [&[&str]; 6] = [
        &["Drug", "Dose", "How often"],
        &["Benzathine", "1.2 million units in", "once, deep into the"],
        &["benzylpenicillin", "one injection", "muscle of the thigh"],
        &["Zinc", "20 mg", "once a day"],
        &["Ceftriaxone", "50 mg/kg", "once a day"],
        &["Gentamicin", "7.5 mg/kg", "once a day"],
    ];
    let notes = Sheet::default().rows(&LEFTS, 100, 12, &rows).read().notes;
    assert_eq!(notes.iter().map(|note| note.kind).collect::<Vec<_>>(), [NoteKind::ColumnsUncertain]);
}

#[test]
fn a_long_name_at_the_bottom_or_in_the_middle_does_not_end_the_table() {
    let rows: [[&[&str]; 3]; 5] = [
        [&["Drug"], &["Dose"], &["How often"]],
        [
            &["Artemether with", "lumefantrine in", "dispersible tablets", "for children"],
            &["20 mg"],
            &["every 12 hours"],
        ],
        [&["Zinc"], &["10 mg"], &["once a day"]],
        [&["Ceftriaxone"], &["50 mg/kg"], &["once a day"]],
        [&["Isoniazid and", "rifampicin for the", "prevention of", "tuberculosis"], &["20 mg"], &["once a day"]],
    ];
    let expected = [
        "| Drug | Dose | How often |",
        "| Artemether with lumefantrine in dispersible tablets for children | 20 mg | every 12 hours |",
        "| Zinc | 10 mg | once a day |",
        "| Ceftriaxone | 50 mg/kg | once a day |",
        "| Isoniazid and rifampicin for the prevention of tuberculosis | 20 mg | once a day |",
    ];
    has_rows_everywhere(&rows, &expected);
}

#[test]
fn drugs_in_the_middle_beside_long_doses_are_no_column_of_prose() {
    let doses: [&[&str]; 4] = [
        &["10 IU into a muscle at once,", "then 20 IU in a drip"],
        &["4 g into a vein over twenty", "minutes, and then watch"],
        &["800 micrograms under the", "tongue, if bleeding goes on"],
        &["1 g into a vein over ten min,", "again after half an hour if", "bleeding goes on"],
    ];
    let drugs = ["Oxytocin", "Magnesium sulfate", "Misoprostol", "Tranexamic acid"];
    let mut top = 120;
    let sheet = Sheet::default().rows(&[50, 150], 100, 12, &[&["Drug", "Dose"]]);
    let sheet = drugs.iter().zip(doses).fold(sheet, |sheet, (drug, dose)| {
        let high = LEADING * u32::try_from(dose.len()).expect("it is small");
        let sheet = sheet.text(10, 50, top + (high - LEADING) / 2, drug).lines(150, top, dose);
        top += high + 6;
        sheet
    });
    let expected: Vec<String> =
        drugs.iter().zip(doses).map(|(drug, dose)| format!("| {drug} | {} |", dose.join(" "))).collect();
    has_rows(&sheet.says(), &expected.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn rows_that_are_closer_than_the_lines_of_their_cells_keep_their_drug() {
    let rows: [(&str, &[&str]); 6] = [
        ("Drug", &["Dose"]),
        (
            "Amoxicillin",
            &["40 mg/kg a day in two doses, with food, and again", "afterwards if the child vomits it within an hour"],
        ),
        ("Gentamicin", &["7.5 mg/kg once daily for seven days, by very slow", "injection"]),
        ("Zinc", &["20 mg once daily"]),
        ("Benzylpenicillin", &["50 000 U/kg every 6 hours for at least two days,", "afterwards amoxicillin"]),
        ("Paracetamol", &["15 mg/kg"]),
    ];
    let mut top = 100;
    let sheet = rows.iter().fold(Sheet::default(), |sheet, (name, dose)| {
        let sheet = sheet.text(10, 50, top, name);
        let lines: Vec<u32> = (top..).step_by(15).take(dose.len()).collect();
        top = lines[lines.len() - 1] + 11;
        lines.iter().zip(*dose).fold(sheet, |sheet, (line, text)| sheet.text(10, 140, *line, text))
    });
    let expected = "| Drug | Dose |\n| --- | --- |\n\
        | Amoxicillin | 40 mg/kg a day in two doses, with food, and again afterwards if the child vomits it within an hour |\n\
        | Gentamicin | 7.5 mg/kg once daily for seven days, by very slow injection |\n\
        | Zinc | 20 mg once daily |\n\
        | Benzylpenicillin | 50 000 U/kg every 6 hours for at least two days, afterwards amoxicillin |\n\
        | Paracetamol | 15 mg/kg |";
    assert_eq!(sheet.says(), expected);
}

#[test]
fn drugs_that_are_read_as_a_column_beside_prose_are_told() {
    let long =
        ["40 mg/kg a day in two doses for five days, with food", "and again if the child vomits it within one hour"];
    let short = ["20 mg/kg once a day for ten days, without any food"];
    let names = ["Amoxicillin", "Gentamicin", "Zinc", "Morphine", "Ibuprofen", "Artesunate"];
    let mut top = 100;
    let sheet = names.iter().zip([&long[..], &short].iter().cycle()).fold(Sheet::default(), |sheet, (name, dose)| {
        let high = u32::try_from(dose.len()).expect("it is small") * LEADING;
        let sheet = sheet.text(10, 50, top + (high - LEADING) / 2, name).lines(140, top, dose);
        top += high;
        sheet
    });
    let reading = sheet.read();
    assert!(!reading.parts[0].text.contains("| Zinc |"), "{}", reading.parts[0].text);
    assert!(reading.notes.iter().any(|note| note.kind == NoteKind::ColumnsUncertain), "{}", reading.parts[0].text);
}
