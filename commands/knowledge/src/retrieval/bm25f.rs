//! The ranking by words: BM25 over two fields, the title (with headings) and the text.
//!
//! Each document has one immutable [`Segment`], so that a change to one document costs the others nothing.

use std::{collections::HashMap, sync::Arc};

use domain::ids::DocumentId;

use super::{passages::StoredPassage, words};

/// BM25's k₁, the saturation of repeated words, at its usual value.
const SATURATION: f32 = 1.2;
/// BM25's b, the discount for long texts, at its usual value.
const LENGTH_DISCOUNT: f32 = 0.75;

/// A passage: the index of its segment, and its index there.
pub(super) type At = (usize, usize);

/// The passages of one document, indexed for search.
#[derive(Debug)]
pub struct Segment {
    pub(super) document_id: DocumentId,
    pub(super) chunks: Vec<StoredPassage>,
    postings: HashMap<u64, Vec<Posting>>,
    text_lengths: Vec<f32>,
    title_lengths: Vec<f32>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Posting {
    chunk: usize,
    in_text: f32,
    in_title: f32,
}

impl Segment {
    /// Indexes the passages of one document, given in its order.
    pub fn new(document_id: DocumentId, chunks: Vec<StoredPassage>) -> Self {
        let mut postings: HashMap<u64, Vec<Posting>> = HashMap::new();
        let (mut text_lengths, mut title_lengths) =
            (Vec::with_capacity(chunks.len()), Vec::with_capacity(chunks.len()));
        let of_document = chunks.first().map_or_else(Vec::new, |chunk| words::terms(&chunk.title));
        for (at, chunk) in chunks.iter().enumerate() {
            let (text, headings) = (words::terms(&chunk.text), words::terms(&chunk.headings));
            let mut counts: HashMap<u64, Posting> = HashMap::new();
            for (word, weight) in &text {
                counts.entry(words::hash(word)).or_default().in_text += weight;
            }
            for (word, weight) in of_document.iter().chain(&headings) {
                counts.entry(words::hash(word)).or_default().in_title += weight;
            }
            for (word, count) in counts {
                postings.entry(word).or_default().push(Posting { chunk: at, ..count });
            }
            let sum = |terms: &[(String, f32)]| terms.iter().map(|(_, weight)| weight).sum::<f32>();
            text_lengths.push(sum(&text));
            title_lengths.push(sum(&of_document) + sum(&headings));
        }
        Self { document_id, chunks, postings, text_lengths, title_lengths }
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

/// BM25F for one question over one project.
pub(super) struct Lexical {
    /// The hashes of the question's words, each with its inverse document frequency times its own weight.
    words: Vec<(u64, f32)>,
    average_text: f32,
    average_title: f32,
    title_weight: f32,
}

impl Lexical {
    pub(super) fn new(segments: &[Arc<Segment>], question: &str, title_weight: f32) -> Self {
        let unique: HashMap<u64, f32> =
            words::terms(question).iter().map(|(word, weight)| (words::hash(word), *weight)).collect();
        let documents = length(segments.len());
        let chunks = length(segments.iter().map(|segment| segment.len()).sum());
        let text: f32 = segments.iter().map(|segment| segment.text_lengths.iter().sum::<f32>()).sum();
        let title: f32 = segments.iter().map(|segment| segment.title_lengths.iter().sum::<f32>()).sum();
        let frequency = |word: &u64| length(segments.iter().filter(|s| s.postings.contains_key(word)).count());
        let mut words: Vec<(u64, f32)> = unique
            .into_iter()
            .map(|(word, weight)| (word, weight, frequency(&word)))
            .map(|(word, weight, n)| (word, weight * (1.0 + (documents - n + 0.5) / (n + 0.5)).ln()))
            .collect();
        // Sums of floats depend on their order.
        words.sort_unstable_by_key(|(word, _)| *word);
        let chunks = chunks.max(1.0);
        Self { words, average_text: text / chunks, average_title: title / chunks, title_weight }
    }

    /// All passages that have a word of the question, with their scores.
    pub(super) fn hits(&self, segments: &[Arc<Segment>]) -> Vec<(At, f32)> {
        let mut hits = Vec::new();
        for (at, segment) in segments.iter().enumerate() {
            let scores = self.scores(segment);
            hits.extend(
                scores
                    .into_iter()
                    .enumerate()
                    .filter(|(_, score)| *score > 0.0)
                    .map(|(chunk, score)| ((at, chunk), score)),
            );
        }
        hits
    }

    /// The score of each passage of the document.
    fn scores(&self, segment: &Segment) -> Vec<f32> {
        let mut scores = Vec::new();
        for (word, rarity) in &self.words {
            let Some(postings) = segment.postings.get(word) else {
                continue;
            };
            if scores.is_empty() {
                scores = vec![0.0; segment.len()];
            }
            for posting in postings {
                let text = posting.in_text / discount(segment.text_lengths[posting.chunk], self.average_text);
                let title = self.title_weight * posting.in_title
                    / discount(segment.title_lengths[posting.chunk], self.average_title);
                scores[posting.chunk] += rarity * saturate(text + title);
            }
        }
        scores
    }

    /// The share of the question's words, by their weight, that the passage has: 0 to 1.
    pub(super) fn coverage(&self, segment: &Segment, chunk: usize) -> f32 {
        let has = |word: &u64| {
            let postings = segment.postings.get(word);
            postings.is_some_and(|postings| postings.binary_search_by_key(&chunk, |posting| posting.chunk).is_ok())
        };
        let all: f32 = self.words.iter().map(|(_, rarity)| rarity).sum();
        let found: f32 = self.words.iter().filter(|(word, _)| has(word)).map(|(_, rarity)| rarity).sum();
        if all > 0.0 { found / all } else { 0.0 }
    }
}

fn discount(length: f32, average: f32) -> f32 {
    1.0 - LENGTH_DISCOUNT + LENGTH_DISCOUNT * length / average.max(1.0)
}

fn saturate(count: f32) -> f32 {
    count * (SATURATION + 1.0) / (count + SATURATION)
}

#[expect(clippy::cast_precision_loss, reason = "counts of words and chunks are far below 2^24")]
pub(super) const fn length(count: usize) -> f32 {
    count as f32
}
