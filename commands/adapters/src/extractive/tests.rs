use domain::ids::{ChunkId, DocumentId};
use futures::TryStreamExt;
use knowledge::retrieval::{Passage, Span};
use uuid::Uuid;

use super::*;

fn passage(document: u128, title: &str, text: &str) -> Passage {
    Passage {
        document_id: DocumentId::new(Uuid::from_u128(document)),
        document_version: 1,
        chunk_id: ChunkId::new(Uuid::from_u128(document)),
        content_hash: String::new(),
        title: title.to_owned(),
        headings: String::new(),
        page: None,
        text: text.to_owned(),
        span: Span::default(),
        score: 1.0,
    }
}

#[tokio::test]
async fn the_answer_streams_word_by_word_and_ends_with_the_model() -> Result<(), ProviderError> {
    let request = AnswerRequest {
        model: String::new(),
        system: String::new(),
        history: Vec::new(),
        question: "How is gout treated?".to_owned(),
        passages: vec![
            passage(1, "Gout", "Treatment of gout begins with rest.\nThen it is colchicine."),
            passage(2, "Influenza", "Influenza is caused by a virus."),
        ],
        temperature: 0.1,
        api_key: None,
    };
    let mut chunks: Vec<AnswerChunk> = ExtractiveAnswerer.answer(request.clone()).await?.try_collect().await?;
    let Some(AnswerChunk::Finished(finish)) = chunks.pop() else { panic!("the last chunk is the finish") };
    assert_eq!(finish.model.as_deref(), Some(BUILT_IN_ANSWERER));
    assert_eq!(chunks[0], AnswerChunk::Delta("This ".to_owned()));
    let deltas = chunks.iter().map(|chunk| if let AnswerChunk::Delta(text) = chunk { text.as_str() } else { "" });
    let Quoted { text, documents } = quote(&request.question, &request.passages);
    assert_eq!((deltas.collect::<String>(), finish.citations), (text, Some(documents)));
    Ok(())
}
