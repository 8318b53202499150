use std::sync::Arc;

use domain::ids::DocumentId;
use uuid::Uuid;

use super::{writing::UNKNOWN_LEAD, *};
use crate::{
    extraction::{FileHints, Part, extract},
    retrieval::{
        Span,
        passages::cut,
        ranking::{Parameters, Segment, rank},
    },
};

mod attacks;
mod cuts;
mod designators;
mod shown;
mod tables;

pub(super) fn id(number: u128) -> DocumentId {
    DocumentId::new(Uuid::from_u128(number))
}

/// The passages that a search in these documents finds.
pub(super) fn found(question: &str, documents: &[(&str, Vec<Part>)]) -> Vec<Passage> {
    let segment = |(number, (title, parts)): (u128, &(&str, Vec<Part>))| {
        let chunks = cut(title, parts).into_iter().map(|chunk| chunk.titled(title).stored(id(number), 1)).collect();
        Arc::new(Segment::new(id(number), chunks))
    };
    let segments: Vec<_> = (1..).zip(documents).map(segment).collect();
    rank(&segments, question, &[], 8, &Parameters::default()).passages
}

pub(super) fn read(text: &str) -> Vec<Part> {
    extract(text.as_bytes(), &FileHints::default()).expect("it is text").parts
}

/// The answer from documents of plain text.
pub(super) fn answer(question: &str, documents: &[(&str, &str)]) -> String {
    let documents: Vec<_> = documents.iter().map(|(title, text)| (*title, read(text))).collect();
    quote(question, &found(question, &documents)).text
}

/// The quote from one document, without the headings above it.
pub(super) fn quoted(question: &str, text: &str) -> String {
    let answer = answer(question, &[("Guide", text)]);
    answer.strip_prefix(&format!("{NOTICE}\n\nFrom \"Guide\":\n\n")).unwrap_or(&answer).to_owned()
}

const GOUT: (&str, &str) =
    ("Gout", "Gout is a form of arthritis. Treatment of gout begins with rest. Weather is not a cause.");
const FLU: (&str, &str) = ("Influenza", "Influenza is caused by a virus. It spreads in winter among people.");

#[test]
fn the_paragraph_that_fits_is_quoted_whole_with_its_title_and_nothing_else_is_referenced() {
    let documents = [("Gout", read(GOUT.1)), ("Influenza", read(FLU.1))];
    let question = "How is gout treated?";
    let expected = format!("{NOTICE}\n\nFrom \"Gout\":\n\n> {}", GOUT.1);
    assert_eq!(quote(question, &found(question, &documents)), Quoted { text: expected, documents: vec![id(1)] });
}

#[test]
fn a_later_passage_that_fits_better_is_the_one_that_is_quoted_and_referenced() {
    let question = "Which virus causes influenza?";
    let mut passages = found(question, &[("Gout", read(GOUT.1)), ("Influenza", read(FLU.1))]);
    let gout = found("gout", &[("Gout", read(GOUT.1))]);
    passages.splice(0..0, gout);
    let Quoted { text, documents } = quote(question, &passages);
    assert!(text.ends_with(&format!("> {}", FLU.1)) && !text.contains("arthritis"), "{text}");
    assert_eq!(documents.len(), 1);
}

#[test]
fn it_says_when_nothing_fits() {
    let documents = [("Gout", read(GOUT.1)), ("Influenza", read(FLU.1))];
    let all = found("gout influenza", &documents);
    let nothing = Quoted { text: NOTHING.to_owned(), documents: vec![] };
    for question in [
        "What is the capital of France?",
        "Will the weather in Paris stay fine for cycling tomorrow?",
        "Which people won the elections in winter?",
        "What is a virus of computers?",
        "?",
        "",
    ] {
        assert_eq!(quote(question, &all), nothing, "{question}");
    }
    assert_eq!(quote("gout", &[]), nothing);
}

#[test]
fn words_scattered_over_unrelated_documents_are_not_an_answer() {
    let documents =
        [("Gout", "Surgeons may repair the damaged joint."), ("Influenza", "Keep some tissues in the car.")];
    assert_eq!(answer("How do I repair a car engine?", &documents), NOTHING);
    for (question, own) in [
        ("कार का इंजन कैसे ठीक करें?", "संदर्भ दस्तावेज़ों में इस बारे में कुछ नहीं है।"),
        ("കാറിന്റെ എഞ്ചിൻ എങ്ങനെ നന്നാക്കാം?", "റഫറൻസ് രേഖകളിൽ ഇതിനെക്കുറിച്ച് ഒന്നും ഇല്ല."),
    ] {
        assert_eq!(answer(question, &documents), format!("{own}\n\n{NOTHING}"), "{question}");
    }
}

#[test]
fn a_question_that_names_no_subject_is_not_answered_with_any_passage() {
    let documents = [("Zinc", "The dose of zinc is 20 mg for children and 40 mg for adults. Start it in pregnancy.")];
    for question in
        ["And for children?", "What about adults?", "dose?", "how many tablets a day", "खुराक?", "കുട്ടികൾക്ക് എത്ര ഡോസ്?"]
    {
        assert!(answer(question, &documents).ends_with(NO_SUBJECT), "{question}");
    }
    for question in ["zinc for children", "What about pregnancy?"] {
        assert!(answer(question, &documents).starts_with(NOTICE), "{question}");
    }
}

#[test]
fn the_dose_of_a_drug_is_not_that_of_another_which_is_for_the_same_people() {
    let guide = "## Tetanus\n\nTwo doses early in pregnancy, one dose later.\n\n## Iron\n\nAll pregnant women: 60 mg daily.\n\n\
        ## Albendazole\n\n400 mg once. Never in the first trimester.\n\n## Storage of insulin\n\nAt 2-8 °C.";
    for (question, drug) in [
        ("iron dose in pregnancy", "Iron"),
        ("albendazole in pregnancy", "Albendazole"),
        ("how to store insulin", "Storage of insulin"),
        ("Tab. Albendazole 400 mg dose", "Albendazole"),
        ("inj iron dose", "Iron"),
    ] {
        let quote = quoted(question, guide);
        assert!(quote.starts_with(&format!("> **{drug}**")) && quote.matches("**").count() == 2, "{quote}");
    }
}

#[test]
fn a_dose_is_shown_where_the_word_for_it_is_not() {
    let guide = "## Anaphylaxis\n\nDose of adrenaline 1:1000: 0.5 ml IM.\n\n## Cardiac arrest\n\nAdrenaline 1:10000: 10 ml IV.\n\n\
        ## Fits\n\nDose of lorazepam: 4 mg.\n\n## Fever\n\nDose of paracetamol: 500 mg.";
    let quote = quoted("inj adrenaline dose", guide);
    assert!(quote.contains("0.5 ml IM.") && quote.contains("10 ml IV.") && !quote.contains("lorazepam"), "{quote}");
}

#[test]
fn a_drug_alone_answers_for_its_dose_in_every_language() {
    let text = "## न्यूमोनिया\n\nअमोक्सिसिलिन दिन में दो बार।\n\n## ന്യൂമോണിയ\n\nഅമോക്സിസിലിൻ ദിവസത്തിൽ രണ്ടു തവണ.";
    assert!(quoted("അമോക്സിസിലിൻ ഡോസ് എത്ര?", text).contains("രണ്ടു തവണ"));
    assert!(quoted("अमोक्सिसिलिन की खुराक क्या है?", text).contains("दो बार"));
}

#[test]
fn the_dose_of_a_drug_that_no_document_names_is_not_that_of_another() {
    let text = "| Drug | Dose |\n| --- | --- |\n| Amoxicillin | 40 mg/kg/day |\n| Zinc | 20 mg |";
    assert_eq!(answer("What is the dose of gentamicin?", &[("Guide", text)]), NOTHING);
}

#[test]
fn what_a_document_says_of_references_cuts_nothing_off() {
    let text = "Treatment of gout begins with rest (see References: WHO). Warning: never give aspirin for gout.";
    assert_eq!(quoted("Is aspirin given for gout treatment?", text), format!("> {text}"));
}

#[test]
fn the_same_text_is_quoted_once() {
    let text = "Gout is treated with rest.";
    let (one, other) = (read(text), read(text));
    let mut passages = found("gout treatment", &[("Gout", one)]);
    passages.extend(found("gout treatment", &[("Iron", vec![]), ("Gout", other)]));
    assert_eq!(quote("gout treatment", &passages).text.matches(text).count(), 1);
}

#[test]
fn what_is_quoted_is_heard_without_its_marks() {
    let text = "## Dose\n\nGive:\n1. zinc 20 mg\n2. salt <5 g\n\n| Drug | Most |\n| --- | --- |\n| Zinc | 1*3 |";
    let spoken = crate::markdown::spoken(&answer("dose of zinc?", &[("Guide", text)]), "en");
    let heard = "From \"Guide\":\nDose.\nGive:\n1. zinc 20 milligrams.\n2. salt less than 5 grams.\nDrug, Most.\nZinc, 1 times 3";
    assert!(spoken.ends_with(heard), "{spoken}");
}
