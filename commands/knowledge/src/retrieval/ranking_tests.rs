//! The passages that are found, and their order.

use domain::ids::ChunkId;
use uuid::Uuid;

use super::*;
use crate::retrieval::passages::StoredPassage;

fn document(id: u128, title: &str, texts: &[&str]) -> Arc<Segment> {
    let document_id = DocumentId::new(Uuid::from_u128(id));
    let chunk = |(at, text): (u128, &&str)| StoredPassage {
        chunk_id: ChunkId::new(Uuid::from_u128(id * 1_000 + at)),
        document_id,
        document_version: 1,
        title: title.to_owned(),
        headings: String::new(),
        page: None,
        text: (*text).to_owned(),
        overlap: 0,
        content_hash: String::new(),
    };
    Arc::new(Segment::new(document_id, (0..).zip(texts).map(chunk).collect()))
}

/// Passages that match equally well.
const GOUT: [&str; 9] =
    ["gout a1", "gout a2", "gout a3", "gout a4", "gout a5", "gout a6", "gout a7", "gout a8", "gout a9"];

/// A hit for the passage with this number, as an index returns it.
fn near(passage: u128, score: f32) -> Hit {
    let document = DocumentId::new(Uuid::from_u128(passage / 1_000));
    Hit { document, chunk: ChunkId::new(Uuid::from_u128(passage)), score }
}

fn found(segments: &[Arc<Segment>], question: &str, limit: usize) -> Vec<u128> {
    let found = rank(segments, question, &[], limit, &Parameters::default());
    found.passages.iter().map(|passage| passage.chunk_id.value().as_u128()).collect()
}

#[test]
fn the_passage_with_the_rarer_word_is_first() {
    let segments = [document(1, "x", &["the patient and the doctor"]), document(2, "x", &["the patient has gout"])];
    assert_eq!(found(&segments, "Has my patient gout?", 10), [2_000, 1_000]);
}

#[test]
fn a_word_of_the_title_outweighs_one_of_the_text() {
    let segments = [document(1, "Diet", &["gout and more"]), document(2, "Gout", &["diet and more"])];
    assert_eq!(found(&segments, "gout", 10)[0], 2_000);
}

#[test]
fn what_shares_nothing_with_the_question_is_not_found() {
    let segments = [document(1, "Gout", &["joints"])];
    assert_eq!(found(&segments, "capital of France", 10), [0_u128; 0]);
}

#[test]
fn a_vector_finds_what_no_word_finds() {
    let segments = [document(1, "Gout", &["joints"])];
    let found = rank(&segments, "Paris", &[near(1_000, 0.9)], 10, &Parameters::default());
    assert_eq!(found.passages.iter().map(|it| it.chunk_id.value().as_u128()).collect::<Vec<_>>(), [1_000]);
}

#[test]
fn what_an_index_still_has_of_passages_that_have_gone_is_not_found() {
    let segments = [document(1, "Gout", &["joints"]), document(3, "Lupus", &["skin"])];
    let gone = [near(1_001, 0.9), near(2_000, 0.8), near(3_000, -0.1)];
    assert!(rank(&segments, "Paris", &gone, 10, &Parameters::default()).traces.is_empty());
}

#[test]
fn a_long_document_does_not_crowd_out_the_others() {
    let segments = [document(1, "Gout", &GOUT), document(2, "Joints", &["joints and gout in old age"])];
    assert_eq!(found(&segments, "gout", 5), [1_000, 1_001, 1_002, 1_003, 2_000]);
}

#[test]
fn a_single_document_may_fill_the_whole_result() {
    let segments = [document(1, "Gout", &GOUT)];
    assert_eq!(found(&segments, "gout", 7).len(), 7);
}

fn fates(segments: &[Arc<Segment>], question: &str, limit: usize, parameters: &Parameters) -> Vec<(u128, Disposition)> {
    let found = rank(segments, question, &[], limit, parameters);
    found.traces.iter().map(|trace| (trace.chunk_id.value().as_u128(), trace.fate)).collect()
}

#[test]
fn what_both_orders_find_is_before_what_one_finds() {
    let texts = ["gout gout gout", "joints", "gout in joints"];
    let segments: Vec<Arc<Segment>> = (1..).zip(texts).map(|(id, text)| document(id, "x", &[text])).collect();
    let parameters = Parameters { vectors: 1.0, ..Parameters::default() };
    let found = rank(&segments, "gout", &[near(2_000, 1.0), near(3_000, 0.9)], 10, &parameters);
    let ids: Vec<u128> = found.passages.iter().map(|passage| passage.chunk_id.value().as_u128()).collect();
    assert_eq!(ids, [3_000, 1_000, 2_000]);
    let first = &found.traces[0];
    assert_eq!((first.words.map(|it| it.rank), first.vectors.map(|it| it.rank)), (Some(2), Some(2)));
}

#[test]
fn what_is_below_the_threshold_is_seen_and_not_retrieved() {
    let segments = [document(1, "x", &["gout"]), document(2, "x", &["a swollen joint in gout"])];
    let parameters = Parameters { threshold: 0.6, ..Parameters::default() };
    let question = "swollen joint, gout";
    assert_eq!(
        fates(&segments, question, 10, &parameters),
        [(2_000, Disposition::Retrieved), (1_000, Disposition::BelowThreshold)]
    );
}

#[test]
fn what_is_said_twice_is_retrieved_once() {
    let segments = [document(1, "x", &["gout"]), document(2, "x", &["gout"])];
    let expected = [(1_000, Disposition::Retrieved), (2_000, Disposition::Duplicate)];
    assert_eq!(fates(&segments, "gout", 10, &Parameters::default()), expected);
}

#[test]
fn neighbours_are_joined_without_what_they_repeat() {
    let mut chunks: Vec<StoredPassage> = document(1, "x", &["One. Two.", "Two. Gout.", "Gout and ice."]).chunks.clone();
    chunks[1].overlap = 5;
    let segments = [Arc::new(Segment::new(chunks[0].document_id, chunks))];
    let parameters = Parameters { neighbours: 1, ..Parameters::default() };
    let found = rank(&segments, "ice", &[], 10, &parameters);
    assert_eq!(found.passages[0].text, "Two. Gout.\n\nGout and ice.");
    let found = rank(&segments, "gout", &[], 10, &parameters);
    let texts: Vec<&str> = found.passages.iter().map(|passage| passage.text.as_str()).collect();
    assert_eq!(texts, ["One. Two.Gout.\n\nGout and ice."]);
    assert_eq!(found.traces[1].fate, Disposition::Joined);
}

#[test]
fn a_heading_counts_as_a_title_does() {
    let mut chunks = document(1, "x", &["pain and more", "diet and more", "gout and more"]).chunks.clone();
    chunks[1].headings = "Gout".to_owned();
    let segments = [Arc::new(Segment::new(chunks[0].document_id, chunks))];
    assert_eq!(found(&segments, "gout", 10), [1_001, 1_002]);
}
