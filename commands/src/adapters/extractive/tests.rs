use domain::ids::ChunkId;
use futures::TryStreamExt;
use uuid::Uuid;

use super::*;

fn id(number: u128) -> DocumentId {
    DocumentId::new(Uuid::from_u128(number))
}

fn passage(document: u128, title: &str, text: &str) -> Passage {
    Passage {
        document_id: id(document),
        document_version: 1,
        chunk_id: ChunkId::new(Uuid::from_u128(document)),
        content_hash: String::new(),
        title: title.to_owned(),
        headings: String::new(),
        page: None,
        text: text.to_owned(),
        score: 1.0,
    }
}

fn gout_and_flu() -> Vec<Passage> {
    vec![
        passage(1, "Gout", "Gout is a form of arthritis. Treatment of gout begins with rest. Weather is not a cause."),
        passage(2, "Influenza", "Influenza is caused by a virus. It spreads in winter among people."),
    ]
}

#[test]
fn the_fitting_sentences_are_quoted_with_their_title_and_nothing_else_is_referenced() {
    let expected = format!(
        "{NOTICE}\n\nFrom \"Gout\":\n\n> Gout is a form of arthritis.\n\n> Treatment of gout begins with rest."
    );
    assert_eq!(answer("How is gout treated?", &gout_and_flu()), (expected, vec![id(1)]));
}

#[test]
fn a_later_passage_that_fits_better_is_the_one_that_is_quoted_and_referenced() {
    let (text, documents) = answer("Which virus causes influenza?", &gout_and_flu());
    assert!(text.ends_with("> Influenza is caused by a virus."), "{text}");
    assert_eq!(documents, [id(2)]);
}

#[test]
fn it_says_when_nothing_fits() {
    assert_eq!(answer("What is the capital of France?", &gout_and_flu()), (NOTHING.to_owned(), vec![]));
}

#[test]
fn what_a_document_says_of_references_cuts_nothing_off() {
    let text = "Treatment of gout begins with rest (see References: WHO). Warning: never give aspirin for gout.";
    let (answer, documents) = answer("Is aspirin given for gout treatment?", &[passage(1, "Gout", text)]);
    assert!(
        answer.contains("(see References: WHO).") && answer.contains("Warning: never give aspirin for gout."),
        "{answer}"
    );
    assert_eq!(documents, [id(1)]);
}

#[test]
fn a_list_is_quoted_with_its_lead_in_and_once() {
    let text =
        "Symptoms of gout often seen in adults are\n- pain of gout in the big toe\n- swelling\n\nGout comes at night.";
    let (answer, _) = answer("What are the symptoms of gout in the big toe?", &[passage(1, "Gout", text)]);
    let list = "> Symptoms of gout often seen in adults are\n>\n> - pain of gout in the big toe\n> - swelling";
    assert!(answer.contains(list), "{answer}");
    assert_eq!(answer.matches("pain of gout").count(), 1, "{answer}");
}

#[test]
fn a_chance_word_in_common_is_not_an_answer() {
    let (text, _) = answer("Will the weather in Paris stay fine for cycling tomorrow?", &gout_and_flu());
    assert!(text.starts_with(NOTHING), "{text}");
}

#[test]
fn words_scattered_over_unrelated_documents_are_not_an_answer() {
    let passages = [
        passage(1, "Gout", "Surgeons may repair the damaged joint."),
        passage(2, "Influenza", "Keep some tissues in the car."),
    ];
    let (text, _) = answer("How do I repair a car engine?", &passages);
    assert!(text.starts_with(NOTHING), "{text}");
}

#[test]
fn of_a_list_in_one_line_only_the_fitting_item_is_quoted() {
    let list = "- Gout is a form of arthritis. - Rest is the first treatment of gout. - Drink much water every day.";
    let (text, _) = answer("What is the first treatment of gout?", &[passage(1, "Joints", list)]);
    assert!(text.ends_with("> Rest is the first treatment of gout."), "{text}");
}

#[test]
fn a_question_without_words_finds_nothing() {
    assert!(answer("?", &gout_and_flu()).0.starts_with(NOTHING));
    assert!(answer("gout", &[]).0.starts_with(NOTHING));
}

#[tokio::test]
async fn the_answer_streams_word_by_word_and_ends_with_the_model() -> Result<(), ProviderError> {
    let request = AnswerRequest {
        model: String::new(),
        system: String::new(),
        history: Vec::new(),
        question: "How is gout treated?".to_owned(),
        passages: gout_and_flu(),
        temperature: 0.1,
        api_key: None,
    };
    let mut chunks: Vec<AnswerChunk> = ExtractiveAnswerer.answer(request.clone()).await?.try_collect().await?;
    let Some(AnswerChunk::Finished(finish)) = chunks.pop() else { panic!("the last chunk is the finish") };
    assert_eq!(finish.model.as_deref(), Some(MODEL));
    assert_eq!(chunks[0], AnswerChunk::Delta("This ".to_owned()));
    let deltas = chunks.iter().map(|chunk| if let AnswerChunk::Delta(text) = chunk { text.as_str() } else { "" });
    let (text, documents) = answer(&request.question, &request.passages);
    assert_eq!((deltas.collect::<String>(), finish.citations), (text, Some(documents)));
    Ok(())
}
