//! Rows with the names of their columns.

use super::*;

fn table(rows: &[&str]) -> String {
    format!("| Drug | Child | Adult |\n| --- | --- | --- |\n{}", rows.join("\n"))
}

const ROWS: [&str; 8] = [
    "| Isoniazid | 10 mg/kg | 5 mg/kg |",
    "| Rifampicin | 15 mg/kg | 10 mg/kg |",
    "| Pyrazinamide | 35 mg/kg | 25 mg/kg |",
    "| Ethambutol | 20 mg/kg | 15 mg/kg |",
    "| Streptomycin | never | 15 mg/kg |",
    "| Levofloxacin | 15 mg/kg | 750 mg |",
    "|  | not below 5 years |  |",
    "| Linezolid | 10 mg/kg | 600 mg |",
];

#[test]
fn a_row_and_a_column_answer_together() {
    let text = table(&ROWS[..4]);
    assert_eq!(
        quoted("What is the dose of rifampicin for a child?", &text),
        format!("> {}", text.replace('\n', "\n> "))
    );
}

#[test]
fn of_a_long_table_the_row_is_shown_with_its_head_and_what_stands_around_it() {
    let text = format!("Doses by weight\n\n{}\n\nNot in jaundice.", table(&ROWS));
    let row = "> Doses by weight\n>\n> | Drug | Child | Adult |\n> | --- | --- | --- |\n> | Rifampicin | 15 mg/kg | 10 mg/kg |\n>\n> (7 more rows)\n>\n> Not in jaundice.";
    assert_eq!(quoted("What is the dose of rifampicin for a child?", &text), row);
    let two = "> | Levofloxacin | 15 mg/kg | 750 mg |\n> |  | not below 5 years |  |\n>\n> (6 more rows)";
    assert!(quoted("levofloxacin for a child", &text).contains(two));
}

#[test]
fn a_number_does_not_choose_a_row() {
    let rows =
        (0..9).map(|n| format!("| {}–{} kg | {} ml |", 4 * n + 3, 4 * n + 6, n + 4)).collect::<Vec<_>>().join("\n");
    let text = format!("Paracetamol syrup\n\n| Weight | Dose |\n| --- | --- |\n{rows}");
    let quote = quoted("Which dose of paracetamol syrup for a weight of 12 kg?", &text);
    assert!(quote.contains("| 11–14 kg | 6 ml |") && quote.contains("| 35–38 kg | 12 ml |"), "{quote}");
}

#[test]
fn a_row_comes_with_the_name_of_its_section() {
    let rows = [
        "| Adults |  |",
        "| Zinc | 40 mg |",
        "| Iron | 60 mg |",
        "| Salt | 5 g |",
        "| Children |  |",
        "| Zinc | 20 mg |",
        "| Iron | 30 mg |",
        "| Salt | 2 g |",
    ];
    let text = format!("| Drug | Dose |\n| --- | --- |\n{}", rows.join("\n"));
    let both = "> | Adults |  |\n> | Zinc | 40 mg |\n> | Children |  |\n> | Zinc | 20 mg |\n>\n> (4 more rows)";
    assert!(quoted("dose of zinc", &text).ends_with(both));
}

#[test]
fn a_bar_in_a_cell_moves_no_column() {
    let text = "| Drug | Dose | Route |\n| --- | --- | --- |\n| Zinc \\| salt | 20 mg | mouth |";
    assert_eq!(quoted("dose of zinc?", text), format!("> {}", text.replace('\n', "\n> ")));
}

#[test]
fn tables_of_markdown_are_tables_whatever_their_form() {
    let expected = "> | Drug | Dose |\n> | --- | --- |\n> | Zinc | 1\\*3 |\n> | Salt | <5 g |";
    for text in [
        "Drug | Dose\n--- | ---\nZinc | 1*3\nSalt | <5 g",
        "| Drug | Dose\n| :--- | ---:\n| Zinc | 1*3\n| Salt | <5 g",
        "  |Drug|Dose|\n  |:-:|-|\n  |Zinc|1*3|\n  |Salt|<5 g|",
    ] {
        assert_eq!(quoted("dose of zinc?", text), expected, "{text}");
    }
}

#[test]
fn a_cell_beyond_the_head_is_shown() {
    let text = "| Drug | Dose |\n| --- | --- |\n| Zinc | 20 mg | not with milk |";
    assert_eq!(
        quoted("dose of zinc?", text),
        "> | Drug | Dose |  |\n> | --- | --- | --- |\n> | Zinc | 20 mg | not with milk |"
    );
}

#[test]
fn a_long_table_that_was_cut_is_one_table_again() {
    let rows: Vec<String> = (0..40).map(|n| format!("| drug{n:02} | {n} mg three times a day for fever |")).collect();
    let text = format!("| Drug | Dose |\n| --- | --- |\n{}", rows.join("\n"));
    let quote = quoted("dose for fever", &text);
    assert_eq!((quote.matches("| Drug | Dose |").count(), quote.matches("drug").count()), (1, 40), "{quote}");
}

#[test]
fn a_scale_is_shown_whole_where_one_row_names_what_it_is_for() {
    let rows =
        ["< 70 | no insulin", "70-149 | 0", "150-199 | 2", "200-249 | 4", "250-299 | 6", "300-349 | 8", "≥ 350 | 10"];
    let rows: Vec<String> = rows.iter().map(|row| format!("| {row} |")).collect();
    for (question, heading, head) in [
        ("How much insulin for a sugar of 220?", "Insulin", "| Sugar | Units |"),
        ("How much insulin for a sugar of 220?", "Scale", "| Sugar | Units of insulin |"),
    ] {
        let quote = quoted(question, &format!("## {heading}\n\n{head}\n| --- | --- |\n{}", rows.join("\n")));
        assert!(quote.ends_with(&format!("> {}", rows.join("\n> "))), "{quote}");
    }
}

#[test]
fn no_other_drugs_rows_are_shown_because_they_are_for_children_or_speak_of_a_dose() {
    let names = ["Zinc", "Hydralazine", "Hydroxyzine", "Diazepam", "Ceftriaxone", "Amoxicillin"];
    let rows: Vec<String> = (1..).zip(names).map(|(n, name)| format!("| {name} | child | {n} mg |")).collect();
    let text = format!(
        "| Drug | Age | Dose |\n| --- | --- | --- |\n{}\n| Phenobarbitone | newborn | 20 mg, loading dose |",
        rows.join("\n")
    );
    for question in ["What is the dose of hydroxyzine in children?", "hydroxyzine dose for a newborn"] {
        let quote = quoted(question, &text);
        assert!(quote.ends_with("--- |\n> | Hydroxyzine | child | 3 mg |\n>\n> (6 more rows)"), "{quote}");
    }
}

#[test]
fn the_doses_for_adults_and_for_children_are_shown_where_the_tables_are_long() {
    let rows = |dose: &str| {
        let row = |n: usize| format!("| Drug number {n} | {n} mg {dose} a day, with food and water | by mouth |\n");
        (0..40).map(row).collect::<String>() + &format!("| Furosemide | 1 mg {dose} | IV |\n")
    };
    let text = ["adults", "children"].map(|who| {
        format!("## Doses for {who}\n\n| Drug | Dose | Route |\n| --- | --- | --- |\n{}", rows(&format!("{who} once")))
    });
    let quote = quoted("furosemide dose", &text.join("\n"));
    assert!(quote.contains("| 1 mg adults once | IV |") && quote.contains("| 1 mg children once | IV |"), "{quote}");
}

#[test]
fn a_caution_across_the_table_is_shown_with_the_row_above_it() {
    let rows = [
        "| For the lungs |  |",
        "| Doxycycline | 100 mg |",
        "| Not below 8 years. |",
        "| Cefixime | 200 mg |",
        "| For the urine |  |",
        "| Ciprofloxacin | 500 mg |",
        "| Avoid in pregnancy |  |",
        "| Nitrofurantoin | 100 mg |",
    ];
    let text = format!("| Drug | Dose |\n| --- | --- |\n{}", rows.join("\n"));
    for (question, shown) in
        [("doxycycline dose", [0, 1, 2].as_slice()), ("cefixime dose", &[0, 3]), ("ciprofloxacin dose", &[4, 5, 6])]
    {
        let all: Vec<String> = shown.iter().map(|at| rows[*at].replace("8 years. |", "8 years. |  |")).collect();
        let quote = quoted(question, &text);
        assert!(quote.contains(&format!("--- |\n> {}\n>\n> (", all.join("\n> "))), "{quote}");
    }
}
