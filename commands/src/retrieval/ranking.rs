//! Scores the passages of a project against a question: words by BM25F (title and text), vectors by an exact scan.
//!
//! One [`Segment`] a document, never changed once made, so that a change to one document costs the others nothing.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use domain::ids::DocumentId;

use super::words;
use crate::ports::{IndexedChunk, Passage, Query};

/// How much each part counts. `examples/retrieval_quality.rs` measures each part. The built-in vectors know no more than
/// the words and cost a little where questions name their subject; the default keeps a share for vectors of a real model.
#[derive(Debug, Clone, Copy)]
pub struct Weights {
    /// A word of the title counts as this many words of the text.
    pub title: f32,
    /// Words against vectors: 0 is words only, 1 vectors only.
    pub vector: f32,
}

impl Default for Weights {
    fn default() -> Self {
        Self { title: 3.0, vector: 0.3 }
    }
}

/// BM25's usual saturation of repeated words.
const SATURATION: f32 = 1.2;
/// BM25's usual discount of long texts.
const LENGTH_DISCOUNT: f32 = 0.75;
/// A search takes no more passages of one document while others have any.
const PASSAGES_PER_DOCUMENT: usize = 4;

/// The chunks of one document, ready to be searched.
#[derive(Debug)]
pub struct Segment {
    document_id: DocumentId,
    chunks: Vec<IndexedChunk>,
    postings: HashMap<u64, Vec<Posting>>,
    text_lengths: Vec<f32>,
    title_length: f32,
}

#[derive(Debug, Default, Clone, Copy)]
struct Posting {
    chunk: usize,
    in_text: f32,
    in_title: f32,
}

impl Segment {
    /// `chunks` are those of one document.
    pub fn new(document_id: DocumentId, chunks: Vec<IndexedChunk>) -> Self {
        let mut postings: HashMap<u64, Vec<Posting>> = HashMap::new();
        let mut text_lengths = Vec::with_capacity(chunks.len());
        let title = chunks.first().map_or_else(Vec::new, |chunk| words::stems(&chunk.title));
        for (at, chunk) in chunks.iter().enumerate() {
            let text = words::stems(&chunk.text);
            let mut counts: HashMap<u64, Posting> = HashMap::new();
            for word in &text {
                counts.entry(words::hash(word)).or_default().in_text += 1.0;
            }
            for word in &title {
                counts.entry(words::hash(word)).or_default().in_title += 1.0;
            }
            for (word, count) in counts {
                postings.entry(word).or_default().push(Posting { chunk: at, ..count });
            }
            text_lengths.push(length(text.len()));
        }
        Self { document_id, chunks, postings, text_lengths, title_length: length(title.len()) }
    }

    pub const fn document_id(&self) -> DocumentId {
        self.document_id
    }

    pub const fn len(&self) -> usize {
        self.chunks.len()
    }

    pub const fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }
}

/// The best passages of the project, best first, at most `limit`.
pub fn rank(segments: &[Arc<Segment>], query: &Query, limit: usize, weights: Weights) -> Vec<Passage> {
    let lexical = Lexical::new(segments, &query.text, weights);
    let mut found: Vec<Candidate<'_>> = Vec::new();
    for segment in segments {
        let words = lexical.scores(segment);
        for ((at, chunk), words) in segment.chunks.iter().enumerate().zip(words) {
            let vector = if chunk.model == query.model { dot(&chunk.vector, &query.vector) } else { 0.0 };
            found.push(Candidate { segment, at, words, vector: vector.max(0.0), score: 0.0 });
        }
    }
    let best = |part: fn(&Candidate<'_>) -> f32| found.iter().map(part).fold(f32::MIN_POSITIVE, f32::max);
    let (best_words, best_vector) = (best(|found| found.words), best(|found| found.vector));
    for one in &mut found {
        one.score = (1.0 - weights.vector) * one.words / best_words + weights.vector * one.vector / best_vector;
    }
    found.retain(|found| found.score > 0.0);
    found.sort_by(Candidate::better);
    select(found, limit).iter().map(Candidate::to_passage).collect()
}

/// Takes few passages of each document first, so that one long document does not crowd out all others.
fn select(sorted: Vec<Candidate<'_>>, limit: usize) -> Vec<Candidate<'_>> {
    let mut taken: HashMap<DocumentId, usize> = HashMap::new();
    let (mut first, rest): (Vec<_>, Vec<_>) = sorted.into_iter().partition(|candidate| {
        let taken = taken.entry(candidate.segment.document_id).or_default();
        *taken += 1;
        *taken <= PASSAGES_PER_DOCUMENT
    });
    first.truncate(limit);
    let missing = limit - first.len();
    first.extend(rest.into_iter().take(missing));
    first.sort_by(Candidate::better);
    first
}

struct Candidate<'a> {
    segment: &'a Segment,
    at: usize,
    words: f32,
    vector: f32,
    score: f32,
}

impl Candidate<'_> {
    /// Equal scores are ordered by id, so that the same search gives the same answer everywhere.
    fn better(&self, other: &Self) -> std::cmp::Ordering {
        let by_id = || self.segment.document_id.cmp(&other.segment.document_id).then(self.at.cmp(&other.at));
        other.score.total_cmp(&self.score).then_with(by_id)
    }

    fn to_passage(&self) -> Passage {
        let chunk = &self.segment.chunks[self.at];
        Passage {
            document_id: chunk.document_id,
            document_version: chunk.document_version,
            chunk_id: chunk.chunk_id,
            content_hash: chunk.content_hash.clone(),
            title: chunk.title.clone(),
            text: chunk.text.clone(),
            score: self.score,
        }
    }
}

/// BM25F for one question over one project.
struct Lexical {
    /// The question's words with their inverse document frequency.
    words: Vec<(u64, f32)>,
    average_text: f32,
    average_title: f32,
    weights: Weights,
}

impl Lexical {
    fn new(segments: &[Arc<Segment>], question: &str, weights: Weights) -> Self {
        let unique: HashSet<u64> = words::stems(question).iter().map(|word| words::hash(word)).collect();
        let documents = length(segments.len());
        let chunks = length(segments.iter().map(|segment| segment.len()).sum());
        let text: f32 = segments.iter().map(|segment| segment.text_lengths.iter().sum::<f32>()).sum();
        let title: f32 = segments.iter().map(|segment| segment.title_length).sum();
        let frequency = |word: &u64| length(segments.iter().filter(|s| s.postings.contains_key(word)).count());
        let mut words: Vec<(u64, f32)> = unique
            .into_iter()
            .map(|word| (word, frequency(&word)))
            .map(|(word, n)| (word, (1.0 + (documents - n + 0.5) / (n + 0.5)).ln()))
            .collect();
        // Sums of floats depend on their order.
        words.sort_unstable_by_key(|(word, _)| *word);
        Self { words, average_text: text / chunks.max(1.0), average_title: title / documents.max(1.0), weights }
    }

    /// One score for each chunk of the document.
    fn scores(&self, segment: &Segment) -> Vec<f32> {
        let mut scores = vec![0.0; segment.len()];
        let title = |count: f32| self.weights.title * count / discount(segment.title_length, self.average_title);
        for (word, rarity) in &self.words {
            let Some(postings) = segment.postings.get(word) else {
                continue;
            };
            for posting in postings {
                let text = posting.in_text / discount(segment.text_lengths[posting.chunk], self.average_text);
                scores[posting.chunk] += rarity * saturate(text + title(posting.in_title));
            }
        }
        scores
    }
}

fn discount(length: f32, average: f32) -> f32 {
    1.0 - LENGTH_DISCOUNT + LENGTH_DISCOUNT * length / average.max(1.0)
}

fn saturate(count: f32) -> f32 {
    count * (SATURATION + 1.0) / (count + SATURATION)
}

/// Sums side by side: the processor need not wait for one addition to begin the next.
const LANES: usize = 8;

/// Zero if the lengths differ: such vectors have nothing in common.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    if a.len() != b.len() {
        return 0.0;
    }
    let mut sums = [0.0_f32; LANES];
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

#[expect(clippy::cast_precision_loss, reason = "counts of words and chunks are far below 2^24")]
const fn length(count: usize) -> f32 {
    count as f32
}

#[cfg(test)]
mod tests {
    use domain::ids::ChunkId;
    use uuid::Uuid;

    use super::*;

    fn document(id: u128, title: &str, texts: &[&str]) -> Arc<Segment> {
        let document_id = DocumentId::new(Uuid::from_u128(id));
        let chunk = |(at, text): (u128, &&str)| IndexedChunk {
            chunk_id: ChunkId::new(Uuid::from_u128(id * 1_000 + at)),
            document_id,
            document_version: 1,
            title: title.to_owned(),
            text: (*text).to_owned(),
            content_hash: String::new(),
            model: "model".to_owned(),
            vector: vec![0.0, 1.0],
        };
        Arc::new(Segment::new(document_id, (0..).zip(texts).map(chunk).collect()))
    }

    fn question(text: &str) -> Query {
        Query { text: text.to_owned(), model: "other".to_owned(), vector: vec![1.0, 0.0] }
    }

    fn found(segments: &[Arc<Segment>], query: &Query, limit: usize) -> Vec<u128> {
        let passages = rank(segments, query, limit, Weights::default());
        passages.iter().map(|passage| passage.chunk_id.value().as_u128()).collect()
    }

    #[test]
    fn the_passage_with_the_rarer_word_is_first() {
        let segments = [document(1, "x", &["the patient and the doctor"]), document(2, "x", &["the patient has gout"])];
        assert_eq!(found(&segments, &question("Has my patient gout?"), 10), [2_000, 1_000]);
    }

    #[test]
    fn a_word_of_the_title_outweighs_one_of_the_text() {
        let segments = [document(1, "Diet", &["gout and more"]), document(2, "Gout", &["diet and more"])];
        assert_eq!(found(&segments, &question("gout"), 10)[0], 2_000);
    }

    #[test]
    fn what_shares_nothing_with_the_question_is_not_found() {
        let segments = [document(1, "Gout", &["joints"])];
        assert_eq!(found(&segments, &question("capital of France"), 10), [0_u128; 0]);
    }

    #[test]
    fn a_vector_finds_what_no_word_finds() {
        let segments = [document(1, "Gout", &["joints"])];
        let query = Query { text: "Paris".to_owned(), model: "model".to_owned(), vector: vec![0.0, 1.0] };
        assert_eq!(found(&segments, &query, 10), [1_000]);
    }

    #[test]
    fn vectors_of_another_model_or_dimension_count_nothing() {
        let segments = [document(1, "Gout", &["joints"])];
        let shorter = Query { text: "Paris".to_owned(), model: "model".to_owned(), vector: vec![1.0] };
        let other = Query { vector: vec![0.0, 1.0], ..question("Paris") };
        assert_eq!(found(&segments, &shorter, 10), [0_u128; 0]);
        assert_eq!(found(&segments, &other, 10), [0_u128; 0]);
    }

    #[test]
    fn a_long_document_does_not_crowd_out_the_others() {
        let segments = [document(1, "Gout", &["gout"; 9]), document(2, "Joints", &["joints and gout in old age"])];
        assert_eq!(found(&segments, &question("gout"), 5), [1_000, 1_001, 1_002, 1_003, 2_000]);
    }

    #[test]
    fn a_single_document_may_fill_the_whole_result() {
        let segments = [document(1, "Gout", &["gout"; 9])];
        assert_eq!(found(&segments, &question("gout"), 7).len(), 7);
    }

    #[test]
    fn the_dot_product_takes_every_dimension() {
        let ones = vec![1.0; 19];
        assert!((dot(&ones, &ones) - 19.0).abs() < f32::EPSILON);
    }
}
