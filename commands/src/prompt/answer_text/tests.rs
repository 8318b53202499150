use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const ONE: DocumentId = DocumentId::new(Uuid::from_u128(0xabc1));
const TWO: DocumentId = DocumentId::new(Uuid::from_u128(0xabc2));

fn streamed<'a>(deltas: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut text = AnswerText::default();
    let mut shown: Vec<String> = deltas.into_iter().map(|delta| text.push(delta)).collect();
    shown.push(text.finish(&[ONE, TWO]).0);
    shown
}

fn split(text: &str) -> (String, Vec<DocumentId>) {
    let mut answer = AnswerText::default();
    let mut shown = answer.push(text);
    let (rest, cited) = answer.finish(&[ONE, TWO]);
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
    assert_eq!(split(&text), (text.clone(), vec![]));
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

/// Pieces of the marks, of ids and of text.
fn pieces() -> impl Strategy<Value = Vec<String>> {
    let piece =
        "Ayushma:|References?:|Sources|\\[\\]|[Rr]ef|<think>|</think>|A|\\*\\*|:|- |\n| |é|1\\.|none|[a-z:]{1,4}";
    let piece = prop_oneof![4 => piece.prop_map(|text| text), 1 => Just(ONE.to_string())];
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
    fn a_text_without_marks_is_left_as_it_is(text in "(?s)[^<:\\[]{0,80}") {
        prop_assume!(!text.contains("-0000-"));
        prop_assert_eq!(split(&text), (text.trim().to_owned(), vec![]));
    }

    #[test]
    fn whatever_a_text_says_of_references_its_end_is_shown(parts in pieces()) {
        let (shown, _) = split(&format!("Give. {} Never 5 mg.", parts.concat()));
        prop_assert_eq!(shown, format!("Give. {} Never 5 mg.", parts.concat()));
    }
}
