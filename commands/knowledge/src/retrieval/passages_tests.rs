use proptest::prelude::*;

use super::*;

fn part(text: &str) -> Part {
    Part { page: None, text: text.to_owned() }
}

fn cut_text(text: &str) -> Vec<PassageText> {
    cut("Gout", &[part(text)])
}

fn texts(passages: &[PassageText]) -> Vec<&str> {
    passages.iter().map(|passage| passage.text.as_str()).collect()
}

fn long() -> String {
    "One sentence of the section. ".repeat(40)
}

#[test]
fn an_empty_text_has_no_passages() {
    assert_eq!(cut_text(" \n\t "), []);
}

#[test]
fn a_short_text_is_one_passage_with_the_title() {
    let passages = cut_text("First paragraph.\n\nSecond paragraph.");
    assert_eq!(texts(&passages), ["First paragraph.\n\nSecond paragraph."]);
    assert_eq!(passages[0].to_embed(), "Gout\n\nFirst paragraph.\n\nSecond paragraph.");
}

#[test]
fn a_heading_stays_with_the_paragraph_below_it() {
    let passages = cut_text(&format!("{}\n\n## Diet\n\n{}", long(), long()));
    let beginnings: Vec<&str> = texts(&passages).into_iter().map(|text| &text[..12]).collect();
    assert!(beginnings.contains(&"## Diet\n\nOne"), "{beginnings:?}");
    assert!(texts(&passages).iter().all(|text| !text.ends_with("## Diet")));
}

#[test]
fn a_passage_knows_the_headings_above_it() {
    let passages =
        cut_text(&format!("# Joints\n\nIntro.\n\n{}\n\n## Diet\n\n### Meat\n\n{}", long(), long().repeat(2)));
    let last = passages.last().expect("there are some");
    assert_eq!(last.headings, "Joints › Diet › Meat");
    assert!(last.to_embed().starts_with("Gout › Joints › Diet › Meat\n\nOne sentence"));
    let beginning = passages.iter().find(|passage| passage.text.starts_with("## Diet")).expect("it is kept together");
    assert_eq!(beginning.headings, "Joints");
}

#[test]
fn a_passage_knows_its_page_and_never_spans_two() {
    let page = |page, text: &str| Part { page: Some(page), text: text.to_owned() };
    let passages = cut("Gout", &[page(3, "Zinc."), page(4, "Iron.")]);
    let found: Vec<_> = passages.iter().map(|passage| (passage.page, passage.text.as_str())).collect();
    assert_eq!(found, [(Some(3), "Zinc."), (Some(4), "Iron.")]);
}

#[test]
fn a_long_paragraph_is_cut_between_sentences_and_overlaps() {
    let sentences: Vec<_> = (0..200).map(|number| format!("Sentence number {number} of many. ")).collect();
    let passages = cut_text(&sentences.concat());
    assert!(passages.len() > 2);
    for pair in passages.windows(2) {
        let overlap = pair[1].overlap as usize;
        assert!(pair[0].text.ends_with('.') && overlap > 0, "{pair:?}");
        assert!(pair[0].text.ends_with(&pair[1].text[..overlap]), "{pair:?}");
    }
}

#[test]
fn a_question_stays_with_its_answer_where_a_text_is_cut() {
    // Answers that nearly or completely fill a passage.
    for sentences in 20..40 {
        let answer = "Nobody who has a fever gets it. ".repeat(sentences);
        let passages = cut_text(&format!("{}\n\nWho must not be given the vaccine?\n\n{answer}", long()));
        let with_question =
            passages.iter().filter(|passage| passage.text.contains("Who must not be given the vaccine?\n\nNobody"));
        assert_eq!(with_question.count(), 1, "{sentences}");
    }
}

#[test]
fn a_long_table_repeats_what_its_columns_are() {
    let rows: Vec<_> = (0..100).map(|n| format!("\n| drug {n} | {n} mg three times a day |")).collect();
    let passages = cut_text(&format!("| Drug | Dose |\n| --- | --- |{}", rows.concat()));
    assert!(passages.len() > 2);
    for passage in &passages {
        assert!(passage.text.starts_with("| Drug | Dose |\n| --- | --- |\n| drug "), "{}", passage.text);
    }
    let all = texts(&passages).concat();
    assert!((0..100).all(|n| all.matches(&format!("| drug {n} |")).count() == 1));
}

#[test]
fn a_long_table_repeats_for_whom_its_doses_are() {
    let rows: Vec<_> = (0..100).map(|n| format!("\n| drug {n} | {n} mg three times a day |")).collect();
    let table = format!("\n\n| Drug | Dose |\n| --- | --- |{}", rows.concat());
    let passages = cut_text(&format!("Weigh the child.\n\nTable 1: children{table}\n\nTable 2: adults{table}"));
    let of = |caption: &str| {
        let beginning = format!("{caption}\n\n| Drug | Dose |\n| --- | --- |\n| drug ");
        texts(&passages).iter().filter(|text| text.contains(&beginning)).count()
    };
    assert!(of("Table 1: children") > 2);
    let with_rows = texts(&passages).iter().filter(|text| text.contains("| drug ")).count();
    assert_eq!(of("Table 1: children") + of("Table 2: adults"), with_rows);
    // A line that is no caption is not repeated.
    for above in ["Never give all of them.", "- Never give aspirin"] {
        let passages = cut_text(&format!("{above}{table}"));
        assert_eq!(texts(&passages).iter().filter(|text| text.contains(above)).count(), 1);
    }
}

#[test]
fn what_did_not_change_keeps_its_id() {
    let document = DocumentId::new(Uuid::from_u128(1));
    let ids = |text: &str| cut_text(text).iter().map(|passage| passage.chunk_id(document)).collect::<Vec<_>>();
    let before = ids(&format!("# A\n\n{}\n\n# B\n\n{}", long(), long()));
    let after = ids(&format!("# A\n\nNew. {}\n\n# B\n\n{}", long(), long()));
    assert_eq!(before.last(), after.last());
    assert_ne!(before.first(), after.first());
}

#[test]
fn passages_with_the_same_text_have_their_own_ids() {
    let document = DocumentId::new(Uuid::from_u128(1));
    let page = |page| Part { page: Some(page), text: "Wash your hands.".to_owned() };
    let passages = cut("Hygiene", &[page(1), page(2)]);
    assert_ne!(passages[0].chunk_id(document), passages[1].chunk_id(document));
}

#[test]
fn a_text_without_any_boundary_is_cut_all_the_same() {
    let passages = cut_text(&"x".repeat(10_000));
    assert!(passages.iter().all(|passage| Tokens::count(&passage.text) <= MAX_TOKENS));
}

proptest! {
    #[test]
    fn every_visible_character_is_in_a_passage(text in "(\\PC|[#|\n\t -]){0,400}") {
        let visible = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        let passages = cut("Title", &[part(&text)]);
        let all: String = passages.iter().map(|passage| &passage.text[passage.overlap as usize..]).collect();
        prop_assert_eq!(visible(&all), visible(&text));
        prop_assert!(passages.iter().all(|passage| !passage.text.trim().is_empty()));
    }
}
