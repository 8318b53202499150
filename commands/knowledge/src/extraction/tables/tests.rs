//! The written form of tables.

use super::{Cell, Grid};

/// A grid from lines with bars between cells: `Dose>2` covers two columns, `Zinc^3` three rows.
fn grid(lines: &str) -> Grid {
    let span = |text: &str, mark: char| {
        text.rsplit_once(mark)
            .map_or((text.to_owned(), 1), |(text, span)| (text.to_owned(), span.parse().expect("a number")))
    };
    let cell = |text: &str| {
        let (text, down) = span(text.trim(), '^');
        let (text, across) = span(&text, '>');
        Cell { text, across, down }
    };
    let rows = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    Grid { rows: rows.map(|row| row.split('|').map(cell).collect()).collect(), header_rows: None }
}

fn written(grid: &Grid) -> String {
    let mut text = String::new();
    grid.write(&mut text);
    text.trim_end().to_owned()
}

fn read(lines: &str) -> String {
    written(&grid(lines))
}

#[test]
fn what_a_cell_says_stands_in_each_place_that_it_covers() {
    let table = "Drug | Age | Dose\nAmoxicillin^2 | child | 125 mg\nadult | 500 mg\nSaline | see chart>2";
    let expected = "| Drug | Age | Dose |\n| --- | --- | --- |\n| Amoxicillin | child | 125 mg |\n\
        | Amoxicillin | adult | 500 mg |\n| Saline | see chart | see chart |";
    assert_eq!(read(table), expected);
}

#[test]
fn a_header_of_two_levels_is_one_line() {
    let expected = "| Drug | Dose (mg) · Child | Dose (mg) · Adult |\n| --- | --- | --- |\n| Zinc | 10 mg | 20 mg |\n\
        | Iron | 30 mg | 60 mg |";
    for head in [
        "Drug^2 | Dose (mg)>2\nChild | Adult",
        "Drug | Dose (mg)>2\n | Child | Adult",
        " | Dose (mg)>2\nDrug | Child | Adult",
        "Drug | Dose (mg) | \n | Child | Adult",
        " | Dose (mg) | \nDrug | Child | Adult",
    ] {
        assert_eq!(read(&format!("{head}\nZinc | 10 mg | 20 mg\nIron | 30 mg | 60 mg")), expected, "{head}");
    }
    let three = "Drug^3 | Dose>4\nChild>2 | Adult>2\noral | IV | oral | IV\nZinc | 1 | 2 | 3 | 4";
    let head = "| Drug | Dose · Child · oral | Dose · Child · IV | Dose · Adult · oral | Dose · Adult · IV |\n";
    assert!(read(three).starts_with(head), "{}", read(three));
}

#[test]
fn rows_of_values_never_become_part_of_the_header() {
    let table = "Drug | Dose>2\nZinc | 10 mg | oral\nIron | 60 mg | oral";
    let expected = "| Drug | Dose | Dose |\n| --- | --- | --- |\n| Zinc | 10 mg | oral |\n| Iron | 60 mg | oral |";
    assert_eq!(read(table), expected);
    let named = "Antibiotics^3 | Drug | Dose\nAmoxicillin | 40 mg\nGentamicin | 7.5 mg\nZinc | none | 20 mg";
    assert!(read(named).contains("\n| Antibiotics | Amoxicillin | 40 mg |\n| Antibiotics | Gentamicin | 7.5 mg |\n"));
}

#[test]
fn a_title_above_the_header_is_text_above_the_table() {
    let expected = "Doses 2026\n| Drug | Dose |\n| --- | --- |\n| Zinc | 20 mg |";
    for title in ["Doses 2026>2", "Doses 2026 | ", "Doses 2026", " | Doses 2026", "Doses 2026>99"] {
        assert_eq!(read(&format!("{title}\nDrug | Dose\nZinc | 20 mg")), expected, "{title}");
    }
}

#[test]
fn the_name_of_a_section_is_part_of_the_names_of_its_rows() {
    let expected = "| Drug | Route | Dose |\n| --- | --- | --- |\n| Adults · Iron | oral | 60 mg |\n\
        | Neonates · Iron | oral | 2 mg |\n| Neonates · Zinc | oral | 5 mg |\n* by weight";
    let rows = |adults: &str, neonates: &str| {
        format!(
            "Drug | Route | Dose\n{adults}\nIron | oral | 60 mg\n{neonates}\nIron | oral | 2 mg\nZinc | oral | 5 mg"
        )
    };
    assert_eq!(read(&(rows("Adults>3", "Neonates>3") + "\n* by weight>3")), expected);
    assert_eq!(read(&rows("Adults |  | ", "Neonates")), expected.trim_end_matches("\n* by weight"));
}

#[test]
fn a_section_below_another_one_has_both_names() {
    let table =
        "Drug | Dose\nAdults>2\nAntibiotics>2\nA | 1 mg\nChildren>2\nAntibiotics>2\nA | 2 mg\nOthers>2\nB | 3 mg";
    let expected = "| Drug | Dose |\n| --- | --- |\n| Adults · Antibiotics · A | 1 mg |\n\
        | Children · Antibiotics · A | 2 mg |\n| Others · B | 3 mg |";
    assert_eq!(read(table), expected);
}

#[test]
fn a_caution_across_the_table_stays_below_its_drug_and_names_no_other() {
    let table = "Drug | Dose\nFor the lungs>2\nDoxycycline | 100 mg\nNot in pregnancy.>2\nCefixime | 200 mg\nThey are given.>2\n\
        For the urine>2\nCefixime | 400 mg";
    let expected = "| Drug | Dose |\n| --- | --- |\n| For the lungs · Doxycycline | 100 mg |\n| Not in pregnancy. |\n\
        | For the lungs · Cefixime | 200 mg |\n| They are given. |\n| For the urine · Cefixime | 400 mg |";
    assert_eq!(read(table), expected);
}

#[test]
fn a_row_with_empty_cells_is_not_the_section_of_the_rows_below() {
    let table = "Drug | Child | Adult\nZinc | | \nIron | 30 mg | 60 mg\nSalt | |";
    let expected = "| Drug | Child | Adult |\n| --- | --- | --- |\n| Zinc |\n| Iron | 30 mg | 60 mg |\n| Salt |";
    assert_eq!(read(table), expected);
}

#[test]
fn a_row_of_values_is_not_made_a_header() {
    for (table, first) in [
        ("Zinc | 20 mg\nIron | 60 mg", "| Zinc | 20 mg |"),
        ("Name: | Zinc\nRoute: | oral", "| Name: | Zinc |"),
        ("Zinc | oral | 20 mg\nIron | oral | 60 mg", "| Zinc | oral | 20 mg |"),
        ("1 | Zinc | daily\n2 | Iron | weekly", "| 1 | Zinc | daily |"),
    ] {
        let read = read(table);
        let (head, rows) = read.split_once("- |\n").expect("there is a rule");
        assert!(head.lines().next().is_some_and(|line| line.trim_matches(['|', ' ']).is_empty()), "{read}");
        assert!(rows.starts_with(first), "{read}");
    }
    for table in [
        "Drug | Dose\nZinc | 20 mg",
        "Drug | <1 y | 1–5 y\nZinc | 10 mg | 20 mg",
        "Weight | 5 | 10\nZinc | 75 | 150",
        "Drug | Dose | Route\nZinc | 20 mg | oral\nIron | 60 mg | oral",
    ] {
        let first = table.lines().next().expect("there is one");
        assert!(read(table).starts_with(&format!("| {first} |\n| ---")), "{}", read(table));
    }
    let mut known = grid("Drug | Dose\nZinc | daily");
    known.header_rows = Some(0);
    assert_eq!(written(&known), "|  |  |\n| --- | --- |\n| Drug | Dose |\n| Zinc | daily |");
}

#[test]
fn the_units_below_the_names_of_columns_are_named_with_each_dose() {
    for (table, header) in [
        ("Drug | Dose | Weight\n | mg | kg\nZinc | 20 | 10", "| Drug | Dose · mg | Weight · kg |"),
        (" | | Dose | Dose\n | | child | adult\nZinc | oral | 10 | 20", "|  |  | Dose · child | Dose · adult |"),
        ("Drug | Dose | Route\n(name) | (mg/kg) |\nZinc | 20 | oral", "| Drug · (name) | Dose · (mg/kg) | Route |"),
    ] {
        let read = read(table);
        assert!(read.starts_with(header) && read.lines().count() == 3, "{read}");
    }
    for table in ["Drug | Dose\n | daily\nZinc | weekly", "Drug | Dose\n | see the chart below\nZinc | 20 mg"] {
        assert!(!read(table).lines().next().is_some_and(|head| head.contains('·')), "{}", read(table));
    }
}

#[test]
fn a_header_that_is_repeated_is_written_once() {
    let table = "Drug | Dose\nZinc | daily\nDrug | Dose\nIron | weekly";
    assert_eq!(read(table), "| Drug | Dose |\n| --- | --- |\n| Zinc | daily |\n| Iron | weekly |");
}

#[test]
fn bars_and_line_ends_in_a_cell_do_not_end_it() {
    let mut table = grid("Drug | Ratio\nZinc | x");
    table.rows[1][1].text = "1 | 2\nparts".to_owned();
    table.rows[1].push(Cell::of("125\n250 mg"));
    assert_eq!(written(&table), "| Drug | Ratio |  |\n| --- | --- | --- |\n| Zinc | 1 \\| 2 parts | 125; 250 mg |");
}

#[test]
fn a_table_that_lays_out_a_page_is_written_as_it_reads() {
    assert_eq!(read("Zinc helps.\nIron, too."), "Zinc helps.\n\nIron, too.");
}

#[test]
fn a_small_table_does_not_become_a_large_text() {
    let long = "x".repeat(10_000);
    let cell = |text: &str| Cell { text: text.to_owned(), across: 60_000, down: 60_000 };
    let mut rows = vec![(0..50).map(|_| cell(&long)).collect::<Vec<_>>()];
    rows.extend((0..500).map(|n| vec![Cell::of(format!("row {n}"))]));
    let text = written(&Grid { rows, header_rows: None });
    assert!(text.len() < 20_000_000, "{}", text.len());
    assert_eq!(text.matches("row ").count(), 500);
}

#[test]
fn a_remark_is_not_lost_below_a_header_without_rows() {
    let expected = "| Drug | Dose |\n| --- | --- |\nNone is given to newborns";
    let table = Grid { header_rows: Some(1), ..grid("Drug | Dose\nNone is given to newborns>2") };
    assert_eq!(written(&table), expected);
}
