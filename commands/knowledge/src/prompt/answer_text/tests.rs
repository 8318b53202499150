use crate::markdown::written;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const ONE: DocumentId = DocumentId::new(Uuid::from_u128(0xabc1));
const TWO: DocumentId = DocumentId::new(Uuid::from_u128(0xabc2));

fn new() -> AnswerText {
    AnswerText::new([(ONE, "Zinc".to_owned()), (TWO, "Oral rehydration (ORS)".to_owned())])
}

fn streamed<'a>(deltas: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut text = new();
    let mut shown: Vec<String> = deltas.into_iter().map(|delta| text.push(delta)).collect();
    shown.push(text.finish().0);
    shown
}

fn split(text: &str) -> (String, Vec<DocumentId>) {
    let mut answer = new();
    let mut shown = answer.push(text);
    let (rest, cited) = answer.finish();
    shown.push_str(&rest);
    (shown, cited)
}

#[test]
fn name_and_list_are_taken_away_and_the_ids_returned_in_order() {
    let text = format!(" Ayushma: Rest.\n\nReferences: [{TWO}, {ONE}]");
    assert_eq!(split(&text), ("Rest.".to_owned(), vec![TWO, ONE]));
}

#[test]
fn the_list_is_hidden_in_every_spelling() {
    for list in [
        "References: [{A}, {B}]",
        "**References**: [{A}, {B}]",
        "**References:** [{A}, {B}]",
        "**References**\n- {A}\n- {B}",
        "references: {A}, {B}",
        "REFERENCES: [{A} {B}]",
        "References : [{A}, {B}].",
        "References\u{a0}: \"{A}\" - {{B}}",
        "## References\n\n1. {A}\n2. {B}\n",
        "---\n*Sources*: `{A}`; `{B}`",
        "Reference Document IDs: [id: {A}, id: {B}]",
        "(References: [{A}, {B}])",
        "References: [{A}, {B}, 01234567-89ab-cdef-0123-456789abcdef]",
        "References:\n[\n  \"{A}\",\n  \"{B}\"\n]",
    ] {
        let list = list.replace("{A}", &TWO.to_string().to_uppercase());
        let list = list.replace("{B}", &ONE.value().simple().to_string());
        for before in ["Give **5 mg**.\n\n", "Give **5 mg**.\n"] {
            let (shown, cited) = split(&format!("{before}{list}"));
            assert_eq!((shown.as_str(), cited), ("Give **5 mg**.", vec![TWO, ONE]), "{list}");
        }
    }
    assert_eq!(split(&format!("Give 5 mg. References: [{ONE}]")), ("Give 5 mg.".to_owned(), vec![ONE]));
    for empty in ["References: []", "**References:** []", "References: None", "Sources:", "References: [none]"] {
        assert_eq!(split(&format!("Give 5 mg.\n\n{empty}")), ("Give 5 mg.".to_owned(), vec![]), "{empty}");
    }
    assert_eq!(split("Give 5 mg. References: []").0, "Give 5 mg.");
}

#[test]
fn what_follows_or_only_resembles_a_list_is_not_lost() {
    for text in [
        "Rest (see References: WHO). Warning: never give aspirin for X.",
        "Rest.\n\nReferences: WHO 2019\n\nNever give aspirin.",
        "Rest.\n\n### References:\n- x",
        "Give 5 mg.\nReferences: 10 mg",
        "Give 5 mg.\nReferences: 5",
        "Dose (see references",
        "Dose: see the references:",
        "Ayush: see the Reference",
        "Sources of iron: beans, and liver.",
        "References: a",
        "5 * 3 - 2 *",
    ] {
        assert_eq!(split(text), (text.to_owned(), vec![]));
        let letters = text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()]);
        assert_eq!(streamed(letters).concat(), text);
    }
    let text = format!("Rest.\n\nReferences: [{ONE}]\n\nNever give aspirin.");
    assert_eq!(split(&text), ("Rest.\n\nNever give aspirin.".to_owned(), vec![ONE]));
    let twice = format!("See References: WHO.\n\nReferences: [{ONE}]");
    assert_eq!(split(&twice), ("See References: WHO.".to_owned(), vec![ONE]));
}

#[test]
fn ids_that_were_not_retrieved_or_are_repeated_are_dropped() {
    let text = format!("x\nReferences: [{TWO}, {}, {ONE}, {TWO}]", Uuid::nil());
    assert_eq!(split(&text).1, [TWO, ONE]);
}

#[test]
fn marks_split_across_deltas_never_show() {
    let id = ONE.to_string();
    let (head, tail) = id.split_at(11);
    let shown = streamed(["Ay", "ushma", ": Take", " rest.", "\n\n*", "*Refer", "ences", "**: [", head, tail, "]"]);
    assert_eq!(shown.concat(), "Take rest.");
}

#[test]
fn ordinary_text_is_shown_as_it_comes() {
    let shown = streamed(["Rest", " and", " a Reference", " book", ": two", " sources", " of iron"]);
    assert_eq!(shown, ["Rest", " and", " a", " Reference book", ": two", "", " sources of iron", ""]);
}

#[test]
fn ids_are_cited_and_taken_out_wherever_they_stand() {
    for (text, expected) in [
        ("Take rest [{A}].", "Take rest."),
        ("Take rest ({A}, {B}) and drink.", "Take rest and drink."),
        ("Take **rest** [{A}] **now**.", "Take **rest** **now**."),
        ("Give 5 mg [{A}] - 10 mg.", "Give 5 mg - 10 mg."),
        ("Give 5 mg [{A}], 10 mg [{B}]", "Give 5 mg, 10 mg"),
        ("Take rest (see \"{A}\").", "Take rest (see)."),
        ("Rest.\n\nReferences: [{A}]. Let me know if it helps.", "Rest.\n\nLet me know if it helps."),
        ("References: [{A}, {B}]\n\nTake rest.", "Take rest."),
        ("Rest.\n\nReferences: [{A}]\n\nSources: [{B}]", "Rest."),
        ("Rest.\n- {A}\n- {B}\nDrink.", "Rest.\nDrink."),
        ("[{A}] Take rest.", "Take rest."),
        ("1. [{A}] Take rest.", "1. Take rest."),
        ("Rest.\n\n1. {A}\n2. {B}\n\nDrink 3.", "Rest.\n\nDrink 3."),
        ("Take rest 【{A}】.", "Take rest."),
        ("Take rest 【{A}】【{B}】 and drink.", "Take rest and drink."),
        ("Take rest (urn:uuid:{A}) and drink.", "Take rest and drink."),
        ("Take rest urn:uuid:{A}", "Take rest"),
        ("Urn: take rest [{A}].", "Urn: take rest."),
    ] {
        let text = text.replace("{A}", &ONE.to_string()).replace("{B}", &TWO.to_string());
        let (shown, cited) = split(&text);
        assert_eq!(shown, expected, "{text}");
        assert_eq!(cited.first(), Some(&ONE), "{text}");
        let letters = text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()]);
        assert_eq!(streamed(letters).concat(), expected, "{text}");
    }
}

#[test]
fn ids_with_hyphens_that_do_not_break_are_ids() {
    for hyphen in ["\u{2010}", "\u{2011}"] {
        let id = ONE.to_string().replace('-', hyphen);
        for text in [format!("Rest [{id}]."), format!("Rest.\n\nReferences: [{id}]"), format!("Rest.\n\n{id}")] {
            assert_eq!(split(&text), ("Rest.".to_owned(), vec![ONE]), "{text}");
            let letters = text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()]);
            assert_eq!(streamed(letters).concat(), "Rest.", "{text}");
        }
    }
    assert_eq!(split("A non\u{2011}breaking 5\u{2011}day course.").0, "A non\u{2011}breaking 5\u{2011}day course.");
}

#[test]
fn a_last_block_of_ids_goes_whatever_shape_it_has() {
    for list in [
        "References: [{A} (Zinc), {B}]",
        "References: [{A} (Zinc), {B} (Oral rehydration (ORS))]",
        "- {A}: Zinc\n- {B}: Oral rehydration (ORS)",
        "[\"{A}\": \"Zinc\"]",
        "[1] {A}\n[2] {B}",
        "[{A}]</s>",
        "[{A}]\n<end_of_turn>",
        "<references>[{A}]</references>",
        "Document IDs: [{A}]",
        "Referenced documents: [{A}]",
        "റഫറൻസുകൾ: [{A}]",
        "संदर्भ: [{A}]",
        "[{A}, {B}]",
        "{A}",
        "References: [{A}, 01234567-89ab]",
        "References: [{A}, {B}, 00000000-0000-00",
        "[{A}, 00000000-0000-00",
        "```\nReferences: [{A}]\n```",
        "```json\n[\"{A}\", \"{B}\"]\n```",
        "References: 【{A}】【{B}】",
        "References: [urn:uuid:{A}, urn:uuid:{B}]",
        "[{A}]<｜end▁of▁sentence｜>",
        "[{A}] [/INST]",
    ] {
        let list = list.replace("{A}", &ONE.to_string()).replace("{B}", &TWO.to_string());
        let text = format!("Give 5 mg.\n\n{list}");
        let (shown, cited) = split(&text);
        assert_eq!((shown.as_str(), cited.first()), ("Give 5 mg.", Some(&ONE)), "{list}");
        let letters = text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()]);
        assert_eq!(streamed(letters).concat(), "Give 5 mg.", "{list}");
    }
    let long = format!("Give 5 mg.\n\nReferences: [{}{ONE}]", format!("{TWO}, ").repeat(60));
    assert_eq!(split(&long), ("Give 5 mg.".to_owned(), vec![TWO, ONE]));
    for end in ["References: N/A", "References: [n/a]", "</s>", "<|im_end|>", "<|eom_id|>", "[/INST]"] {
        assert_eq!(split(&format!("Give 5 mg.\n\n{end}")).0, "Give 5 mg.", "{end}");
    }
}

#[test]
fn what_stands_beside_ids_and_says_more_is_not_lost() {
    for (text, expected) in [
        ("Never give to: [{A}]", "Never give to:"),
        ("[{A}] Zinc is given for 14 days.", "Zinc is given for 14 days."),
        ("Zinc [{A}] Zinc, 20 mg.", "Zinc Zinc, 20 mg."),
        ("```\n5 mg\n```\n\nReferences: [{A}]", "```\n5 mg\n```"),
        ("```\n5 mg [{A}]\n```", "```\n5 mg\n```"),
        ("Documents: bring [{A}] with you.", "Documents: bring with you."),
        ("Dose\n5 [{A}]\n- 10", "Dose\n5\n- 10"),
        ("See references of the ward ({A}). Never 5 mg.", "See references of the ward. Never 5 mg."),
    ] {
        let text = text.replace("{A}", &ONE.to_string());
        assert_eq!(split(&text), (expected.to_owned(), vec![ONE]), "{text}");
    }
}

#[test]
fn a_long_answer_of_marks_takes_no_time() {
    let started = std::time::Instant::now();
    for text in ["[ ", "\n- ", "(\"", "references ids ", "1. ", "<"].map(|part| part.repeat(50_000 / part.len())) {
        let shown = split(&text).0;
        assert_eq!(shown.trim_end(), text.trim(), "{}", &text[..4]);
    }
    assert!(started.elapsed() < std::time::Duration::from_secs(10), "{:?}", started.elapsed());
}

/// Words, and ids with and without brackets.
fn words_and_ids() -> impl Strategy<Value = String> {
    let id = ONE.to_string();
    let ids = vec![
        format!(" {id} "),
        format!(" [{id}]"),
        format!("({id}, {id})"),
        format!("\n- {id}\n"),
        format!(" **{id}**"),
    ];
    prop_oneof![2 => " ?[g-z]{1,5}[ ,.:]?|\n|\n- |- |[(]|[)]|\\*\\*| 5 mg|[|]", 1 => prop::sample::select(ids)]
}

/// Fragments of marks, ids and text.
fn pieces() -> impl Strategy<Value = Vec<String>> {
    let piece =
        "Ayushma:|References?:|Sources|\\[\\]|[Rr]ef|<think>|</think>|A|\\*\\*|:|- |\n| |é|1\\.|none|[a-z:]{1,4}";
    let marks =
        "Zinc|</s>|</|```|json|\\[|\\]|\\(|\\)|\"|റഫറൻസുകൾ|and|documents|id|n/a|0{1,9}|, |[.]|\\[THINK\\]|\\[/THINK\\]";
    let piece = prop_oneof![4 => piece, 2 => marks, 1 => Just(ONE.to_string())];
    prop::collection::vec(piece, 0..14)
}

proptest! {
    #[test]
    fn the_cut_into_deltas_changes_nothing(
        parts in pieces(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let text = parts.concat();
        let at = |cut: &prop::sample::Index| {
            (0..=cut.index(text.len() + 1)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
        };
        let mut ends: Vec<usize> = cuts.iter().map(at).collect();
        ends.extend([0, text.len()]);
        ends.sort_unstable();
        let deltas = ends.windows(2).map(|ends| &text[ends[0]..ends[1]]);
        prop_assert_eq!(streamed(deltas).concat(), split(&text).0);
        let letters = text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()]);
        prop_assert_eq!(streamed(letters).concat(), split(&text).0);
    }

    #[test]
    fn a_text_without_marks_is_left_as_it_is(text in "(?s)[^<>~*:\\[]{0,80}") {
        prop_assume!(!text.contains("-0000-"));
        prop_assert_eq!(split(&text), (text.trim().to_owned(), vec![]));
    }

    #[test]
    fn whatever_a_text_says_of_references_its_end_is_shown(parts in pieces()) {
        let (shown, _) = split(&format!("Give. {} Never 5 mg.", parts.concat()));
        prop_assert!(shown.starts_with("Give.") && shown.ends_with("Never 5 mg."), "{}", shown);
        let is_text = |part: &String| *part != ONE.to_string() && !part.to_lowercase().contains("think");
        let without_ids: Vec<String> = parts.into_iter().filter(is_text).collect();
        let (shown, _) = split(&format!("Give. {} Never 5 mg.", without_ids.concat()));
        prop_assert_eq!(written(&shown), format!("Give. {} Never 5 mg.", without_ids.concat()));
    }

    #[test]
    fn no_id_is_shown_and_no_word_is_lost_wherever_ids_stand(words in prop::collection::vec(words_and_ids(), 0..12)) {
        let (shown, cited) = split(&words.concat());
        prop_assert!(!shown.contains(&ONE.to_string()), "{}", shown);
        prop_assert_eq!(cited.contains(&ONE), words.iter().any(|word| word.contains(&ONE.to_string())));
        let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).collect::<String>();
        let expected = letters(&words.concat().replace(&ONE.to_string(), ""));
        prop_assert_eq!(letters(&shown), expected, "{}", shown);
    }
}
