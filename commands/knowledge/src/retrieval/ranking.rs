//! Finds the passages of a project that answer a question: by words (BM25F over title, headings and text) and by vectors, joined by reciprocal rank fusion.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use domain::{
    ids::{ChunkId, DocumentId},
    project::RetrievalSettings,
};

pub use super::bm25f::Segment;
use super::bm25f::{At, Lexical, length};
use super::{Hit, Passage, Span, heading_of, passages::StoredPassage};

/// How passages are chosen. `make bench-retrieval` measures what comes of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameters {
    /// A word of the title or of a heading counts as this many words of the text.
    pub title: f32,
    /// What the order by words counts.
    pub words: f32,
    /// What the order by vectors counts.
    pub vectors: f32,
    /// How many passages each order has.
    pub depth: usize,
    /// Passages whose relevance is less are not retrieved. 0 to 1; what is a good one depends on the model of the vectors.
    pub threshold: f32,
    /// No more passages of one document are taken while others have any.
    pub per_document: usize,
    /// How many passages before and behind a hit are joined to it.
    pub neighbours: usize,
}

impl From<RetrievalSettings> for Parameters {
    fn from(settings: RetrievalSettings) -> Self {
        let share = |percent: u16| f32::from(percent) / 100.0;
        Self {
            title: share(settings.title_percent),
            words: share(settings.words_percent),
            vectors: share(settings.vectors_percent),
            depth: settings.depth.into(),
            threshold: share(settings.threshold_percent),
            per_document: settings.per_document.into(),
            neighbours: settings.neighbours.into(),
        }
    }
}

impl Default for Parameters {
    fn default() -> Self {
        RetrievalSettings::default().into()
    }
}

/// The usual constant of reciprocal rank fusion: how little the first place is better than the second.
const FUSION: f32 = 60.0;

/// A place in one of the two orders.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// From 1.
    pub rank: usize,
    pub score: f32,
}

/// Why a passage was retrieved or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Disposition {
    Retrieved,
    /// It is less relevant than the threshold.
    BelowThreshold,
    /// A better one says the same.
    Duplicate,
    /// It is part of a better one, as its neighbour.
    Joined,
    /// There were enough better ones.
    BeyondLimit,
}

/// What each stage found of one passage.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    pub chunk_id: ChunkId,
    pub document_id: DocumentId,
    /// In the order by words.
    pub words: Option<Place>,
    /// In the order by vectors; the score is the cosine of the angle.
    pub vectors: Option<Place>,
    /// What the places make together.
    pub fused: f32,
    /// How much of the question's words it has, by their rarity, or how near its vector is, whichever is more: 0 to 1.
    pub relevance: f32,
    pub fate: Disposition,
}

/// What a search has found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// Best first.
    pub passages: Vec<Passage>,
    /// All passages that any stage has seen, best first.
    pub traces: Vec<Trace>,
}

impl Found {
    /// Takes the first passages only; the others were not retrieved.
    pub fn keep(&mut self, limit: usize) {
        let dropped: HashSet<ChunkId> = self.passages.iter().skip(limit).map(|passage| passage.chunk_id).collect();
        self.passages.truncate(limit);
        for trace in self.traces.iter_mut().filter(|trace| dropped.contains(&trace.chunk_id)) {
            trace.fate = Disposition::BeyondLimit;
        }
    }
}

/// The best passages of the project, at most `limit`. The segments are ordered by their documents' ids; `near` are the passages
/// with the nearest vectors.
pub fn rank(segments: &[Arc<Segment>], question: &str, near: &[Hit], limit: usize, parameters: &Parameters) -> Found {
    let lexical = Lexical::new(segments, question, parameters.title);
    let by_words = best(lexical.hits(segments), parameters.depth);
    let by_vectors = best(near.iter().filter_map(|hit| found(segments, hit)).collect(), parameters.depth);
    let mut candidates = fuse(segments, &by_words, &by_vectors, parameters);
    for candidate in &mut candidates {
        let covered = lexical.coverage(&segments[candidate.at.0], candidate.at.1);
        let near = candidate.vectors.map_or(0.0, |place| place.score);
        candidate.relevance = covered.max(near).min(1.0);
    }
    choose(segments, &candidates, limit, parameters)
}

/// The best of an order, best first. Equal ones are ordered by id, so that the same search gives the same answer everywhere.
fn best(mut hits: Vec<(At, f32)>, depth: usize) -> Vec<(At, f32)> {
    let order = |(a, one): &(At, f32), (b, other): &(At, f32)| other.total_cmp(one).then(a.cmp(b));
    hits.retain(|(_, score)| *score > 0.0);
    if depth < hits.len() {
        hits.select_nth_unstable_by(depth, order);
        hits.truncate(depth);
    }
    hits.sort_unstable_by(order);
    hits
}

/// Where the passage is; nowhere if it has gone since.
fn found(segments: &[Arc<Segment>], hit: &Hit) -> Option<(At, f32)> {
    let segment = segments.binary_search_by_key(&hit.document, |segment| segment.document_id).ok()?;
    let chunk = segments[segment].chunks.iter().position(|chunk| chunk.chunk_id == hit.chunk)?;
    Some(((segment, chunk), hit.score))
}

struct Candidate {
    at: At,
    words: Option<Place>,
    vectors: Option<Place>,
    fused: f32,
    relevance: f32,
}

fn fuse(
    segments: &[Arc<Segment>],
    by_words: &[(At, f32)],
    by_vectors: &[(At, f32)],
    parameters: &Parameters,
) -> Vec<Candidate> {
    let mut candidates: HashMap<At, Candidate> = HashMap::new();
    let empty = |at| Candidate { at, words: None, vectors: None, fused: 0.0, relevance: 0.0 };
    for (rank, (at, score)) in (1..).zip(by_words) {
        let candidate = candidates.entry(*at).or_insert_with(|| empty(*at));
        candidate.fused += parameters.words / (FUSION + length(rank));
        candidate.words = Some(Place { rank, score: *score });
    }
    for (rank, (at, score)) in (1..).zip(by_vectors) {
        let candidate = candidates.entry(*at).or_insert_with(|| empty(*at));
        candidate.fused += parameters.vectors / (FUSION + length(rank));
        candidate.vectors = Some(Place { rank, score: *score });
    }
    let mut sorted: Vec<Candidate> = candidates.into_values().filter(|candidate| candidate.fused > 0.0).collect();
    let id = |candidate: &Candidate| (segments[candidate.at.0].document_id, candidate.at.1);
    sorted.sort_by(|a, b| b.fused.total_cmp(&a.fused).then_with(|| id(a).cmp(&id(b))));
    sorted
}

/// Takes few passages of each document first, so that one long document does not crowd out all others.
fn choose(segments: &[Arc<Segment>], sorted: &[Candidate], limit: usize, parameters: &Parameters) -> Found {
    let chunk_of = |at: At| &segments[at.0].chunks[at.1];
    let mut fates: Vec<Option<Disposition>> = Vec::with_capacity(sorted.len());
    let mut said: HashSet<&str> = HashSet::new();
    for candidate in sorted {
        let is_new = said.insert(&chunk_of(candidate.at).text);
        fates.push(match (candidate.relevance >= parameters.threshold, is_new) {
            (false, _) => Some(Disposition::BelowThreshold),
            (true, false) => Some(Disposition::Duplicate),
            (true, true) => None,
        });
    }
    let mut taken: HashMap<DocumentId, usize> = HashMap::new();
    let (mut count, mut joined) = (0, HashSet::new());
    for is_generous in [false, true] {
        for (candidate, fate) in sorted.iter().zip(&mut fates).filter(|(_, fate)| fate.is_none()) {
            let of_document = taken.entry(segments[candidate.at.0].document_id).or_default();
            if count == limit || (!is_generous && *of_document == parameters.per_document) {
                continue;
            }
            if joined.contains(&candidate.at) {
                *fate = Some(Disposition::Joined);
                continue;
            }
            *of_document += 1;
            count += 1;
            *fate = Some(Disposition::Retrieved);
            joined.extend(around(segments, candidate.at, parameters.neighbours).map(|at| (candidate.at.0, at)));
        }
    }
    let (mut passages, mut traces) = (Vec::new(), Vec::with_capacity(sorted.len()));
    for (candidate, fate) in sorted.iter().zip(fates) {
        let fate = fate.unwrap_or(Disposition::BeyondLimit);
        if fate == Disposition::Retrieved {
            passages.push(passage(segments, candidate, parameters.neighbours));
        }
        let chunk = chunk_of(candidate.at);
        let Candidate { words, vectors, fused, relevance, .. } = *candidate;
        let (chunk_id, document_id) = (chunk.chunk_id, chunk.document_id);
        traces.push(Trace { chunk_id, document_id, words, vectors, fused, relevance, fate });
    }
    Found { passages, traces }
}

/// The places of a hit and its neighbours in their document.
fn around(segments: &[Arc<Segment>], (segment, at): At, neighbours: usize) -> std::ops::Range<usize> {
    at.saturating_sub(neighbours)..(at + neighbours + 1).min(segments[segment].len())
}

fn passage(segments: &[Arc<Segment>], candidate: &Candidate, neighbours: usize) -> Passage {
    let chunks = &segments[candidate.at.0].chunks;
    let hit = &chunks[candidate.at.1];
    let places = around(segments, candidate.at, neighbours);
    let first = &chunks[places.start];
    let begins_section = |chunk: &StoredPassage| chunk.text.lines().next().and_then(heading_of).is_some();
    let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let span = Span {
        first: place(places.start),
        end: place(places.end),
        overlap: first.overlap,
        goes_on: chunks.get(places.end).is_some_and(|next| !begins_section(next)),
    };
    let mut text = String::new();
    for at in places {
        let chunk = &chunks[at];
        // What a passage repeats of the one before it stands there already.
        let overlap = if text.is_empty() { 0 } else { chunk.overlap as usize };
        if !text.is_empty() && overlap == 0 {
            text.push_str("\n\n");
        }
        text.push_str(chunk.text.get(overlap..).unwrap_or(&chunk.text));
    }
    Passage {
        document_id: hit.document_id,
        document_version: hit.document_version,
        chunk_id: hit.chunk_id,
        content_hash: hit.content_hash.clone(),
        title: hit.title.clone(),
        // Where neighbours are joined, those of the first are above the text.
        headings: first.headings.clone(),
        page: hit.page,
        text,
        span,
        score: candidate.fused,
    }
}

#[cfg(test)]
#[path = "ranking_tests.rs"]
mod tests;
