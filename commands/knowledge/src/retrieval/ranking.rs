//! Ranks the passages of a project for a question: by words (BM25F over title, headings and text) and by vectors,
//! joined by reciprocal rank fusion.

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

/// The weights and limits of retrieval. `make bench-retrieval` measures their effect; `RetrievalSettings` has the
/// defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameters {
    /// The weight of a word of the title or of a heading; a word of the text has 1.
    pub title: f32,
    /// The weight of the ranking by words in the fusion.
    pub words: f32,
    /// The weight of the ranking by vectors in the fusion.
    pub vectors: f32,
    /// Passages that are taken from each ranking.
    pub depth: usize,
    /// The relevance, 0 to 1, below which a passage is not retrieved. A suitable value depends on the model of the
    /// vectors.
    pub threshold: f32,
    /// Passages of one document that are taken before those of other documents; more follow only if the others do not
    /// suffice.
    pub per_document: usize,
    /// Passages before and behind a hit that are joined to it.
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

/// The usual constant k of reciprocal rank fusion (1 / (k + rank)): the larger it is, the less the first ranks stand
/// out.
const FUSION: f32 = 60.0;

/// A place in one of the two rankings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// The rank, from 1.
    pub rank: usize,
    pub score: f32,
}

/// The outcome for a passage, with the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Disposition {
    Retrieved,
    /// Its relevance is below the threshold.
    BelowThreshold,
    /// A better passage has the same text.
    Duplicate,
    /// It was joined to a better passage as its neighbour.
    Joined,
    /// There were enough better passages.
    BeyondLimit,
}

/// The results of all stages for one passage.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    pub chunk_id: ChunkId,
    pub document_id: DocumentId,
    /// Its place in the ranking by words.
    pub words: Option<Place>,
    /// Its place in the ranking by vectors; the score is the cosine of the angle.
    pub vectors: Option<Place>,
    /// The fused score of both places.
    pub fused: f32,
    /// The larger of the share of the question's words that it has, by their rarity, and of the nearness of its vector:
    /// 0 to 1.
    pub relevance: f32,
    pub fate: Disposition,
}

/// The result of a search.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SearchResults {
    /// The retrieved passages, best first.
    pub passages: Vec<Passage>,
    /// All passages that any stage has seen, best first.
    pub traces: Vec<Trace>,
}

impl SearchResults {
    /// Keeps the first passages only; the traces of the others become [`Disposition::BeyondLimit`].
    pub fn keep(&mut self, limit: usize) {
        let dropped: HashSet<ChunkId> = self.passages.iter().skip(limit).map(|passage| passage.chunk_id).collect();
        self.passages.truncate(limit);
        for trace in self.traces.iter_mut().filter(|trace| dropped.contains(&trace.chunk_id)) {
            trace.fate = Disposition::BeyondLimit;
        }
    }
}

/// The best passages of the project, at most `limit`. The segments are sorted by the ids of their documents; `near` are
/// the passages with the nearest vectors.
pub fn rank(
    segments: &[Arc<Segment>],
    question: &str,
    near: &[Hit],
    limit: usize,
    parameters: &Parameters,
) -> SearchResults {
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

/// The best passages of a ranking, best first; equal ones by id, so that the same search has the same result
/// everywhere.
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

/// The position of a hit's passage; `None` if it was removed in the meantime.
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
fn choose(segments: &[Arc<Segment>], sorted: &[Candidate], limit: usize, parameters: &Parameters) -> SearchResults {
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
    SearchResults { passages, traces }
}

/// The indices of a hit and its neighbours in their document.
fn around(segments: &[Arc<Segment>], (segment, at): At, neighbours: usize) -> std::ops::Range<usize> {
    places_around(at, neighbours, segments[segment].len())
}

/// The indices of a hit and its neighbours among the passages of a document, which has `count` of them.
pub fn places_around(at: usize, neighbours: usize, count: usize) -> std::ops::Range<usize> {
    at.saturating_sub(neighbours)..(at + neighbours + 1).min(count)
}

/// The text of adjacent passages of a document, as a prompt has it.
pub fn joined(passages: &[StoredPassage]) -> String {
    let mut text = String::new();
    for passage in passages {
        // The text that a passage repeats of the one before it is already there.
        let overlap = if text.is_empty() { 0 } else { passage.overlap as usize };
        if !text.is_empty() && overlap == 0 {
            text.push_str("\n\n");
        }
        text.push_str(passage.text.get(overlap..).unwrap_or(&passage.text));
    }
    text
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
    let text = joined(&chunks[places]);
    Passage {
        document_id: hit.document_id,
        document_version: hit.document_version,
        chunk_id: hit.chunk_id,
        content_hash: hit.content_hash.clone(),
        title: hit.title.clone(),
        // The headings above joined passages are those of the first.
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
