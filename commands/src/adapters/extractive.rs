//! The built-in answerer: quotes the sentences of the passages that share most with the question, and says so.
//!
//! No model and no network. It never writes a sentence of its own about the subject.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use domain::ids::DocumentId;
use futures::{StreamExt, stream};

use crate::{
    markdown::escaped,
    ports::{AnswerChunk, AnswerRequest, AnswerStream, Finish, JsonRequest, LanguageModel, Passage, ProviderError},
    retrieval::words,
};

mod dashes;
mod excerpts;
mod lines;
mod quotable;
mod writing;
use excerpts::excerpts;
use quotable::{Piece, pieces};
use writing::Writer;

/// The name of this answerer where other answerers name their model.
pub const MODEL: &str = "built-in-extractive";

const NOTICE: &str = "This answer was put together by the built-in extractive answerer: it quotes the reference \
documents word for word. No language model wrote it.";
const NOTHING: &str = "The reference documents hold nothing about this. (This is the built-in extractive answerer, \
which only quotes the reference documents; no language model wrote this.)";

const MAX_QUOTES: usize = 4;
/// The least share of the question's words that the best quote and its title have to hold. Rarity does not count here:
/// the passages are about the question's subject, so that its most telling words are frequent in them.
const MIN_COVERAGE: f32 = 0.4;
/// A quote that scores less than this share of the best one is left out.
const MIN_OF_BEST: f32 = 0.5;
/// A word that only the document's title holds counts less than one of the sentence.
const TITLE_SHARE: f32 = 0.5;
/// A sentence without any word of the question is quoted only where no other has one.
const TITLE_ONLY_SHARE: f32 = 0.1;
/// How much a later passage loses against an earlier one.
const RANK_DISCOUNT: f32 = 0.05;

/// The built-in [`LanguageModel`].
#[derive(Debug, Default, Clone, Copy)]
pub struct ExtractiveAnswerer;

#[async_trait]
impl LanguageModel for ExtractiveAnswerer {
    async fn answer(&self, request: AnswerRequest) -> Result<AnswerStream, ProviderError> {
        let (text, documents) = tokio::task::spawn_blocking(move || answer(&request.question, &request.passages))
            .await
            .map_err(|error| ProviderError::unavailable(error.to_string()))?;
        let deltas: Vec<String> = text.split_inclusive(' ').map(str::to_owned).collect();
        let finish = Finish {
            model: Some(MODEL.to_owned()),
            reason: Some("stop".to_owned()),
            citations: Some(documents),
            ..Finish::default()
        };
        let chunks = deltas.into_iter().map(AnswerChunk::Delta).chain([AnswerChunk::Finished(finish)]);
        Ok(stream::iter(chunks.map(Ok)).boxed())
    }

    async fn complete_json(&self, _: JsonRequest) -> Result<String, ProviderError> {
        Err(ProviderError::refused("the built-in answerer only quotes documents"))
    }

    fn is_built_in(&self) -> bool {
        true
    }
}

/// The answer, and the documents that it quotes, in the order of their quotes.
fn answer(question: &str, passages: &[Passage]) -> (String, Vec<DocumentId>) {
    let quotes = best_quotes(question, passages);
    if quotes.is_empty() {
        return (NOTHING.to_owned(), Vec::new());
    }
    let mut text = NOTICE.to_owned();
    let documents = unique(quotes.iter().map(|quote| quote.passage.document_id));
    for document in &documents {
        let mut of_document: Vec<&Sentence<'_>> =
            quotes.iter().filter(|quote| quote.passage.document_id == *document).collect();
        of_document.sort_by_key(|quote| quote.place);
        text.extend(["\n\nFrom \"", &escaped(&of_document[0].passage.title), "\":"]);
        let mut writer = Writer::default();
        for quote in of_document {
            writer.write(&quote.piece, &mut text);
        }
    }
    (text, documents)
}

/// A sentence of a passage that may be quoted.
struct Sentence<'a> {
    passage: &'a Passage,
    piece: Piece,
    /// The passage's rank, then the place in the passage.
    place: (usize, usize),
    words: HashSet<String>,
    score: f32,
}

/// Best first; none if the passages share too little with the question.
fn best_quotes<'a>(question: &str, passages: &'a [Passage]) -> Vec<Sentence<'a>> {
    let asked: HashSet<String> = words::stems(question).into_iter().collect();
    let titles: HashMap<DocumentId, HashSet<String>> = passages
        .iter()
        .map(|passage| (passage.document_id, words::stems(&passage.title).into_iter().collect()))
        .collect();
    let mut sentences = sentences(passages);
    let rarity: HashMap<&String, f32> = asked.iter().map(|word| (word, rarity(word, &sentences))).collect();
    let weight = |held: &dyn Fn(&String) -> bool| -> f32 {
        // In the order of the words, because the sum of floats depends on it.
        let mut held: Vec<&String> = asked.iter().filter(|word| held(word)).collect();
        held.sort_unstable();
        held.into_iter().map(|word| rarity[word]).sum()
    };
    for sentence in &mut sentences {
        let title = &titles[&sentence.passage.document_id];
        let own = weight(&|word| sentence.words.contains(word));
        let with_title = weight(&|word| sentence.words.contains(word) || title.contains(word));
        let title_share = if own > 0.0 { TITLE_SHARE } else { TITLE_ONLY_SHARE };
        let rank = 1.0 + RANK_DISCOUNT * small(sentence.place.0);
        sentence.score = (own + title_share * (with_title - own)) / rank;
    }
    sentences.retain(|sentence| sentence.score > 0.0);
    sentences.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.place.cmp(&b.place)));
    let best = sentences.first().map_or(0.0, |sentence| sentence.score);
    let mut seen = HashSet::new();
    sentences.retain(|sentence| sentence.score >= MIN_OF_BEST * best && seen.insert(sentence.piece.text.clone()));
    sentences.truncate(MAX_QUOTES);
    without_items_of_quoted_lists(&mut sentences);

    let is_answered = sentences.first().is_some_and(|quote| {
        let title = &titles[&quote.passage.document_id];
        let holds = |word: &&String| quote.words.contains(*word) || title.contains(*word);
        small(asked.iter().filter(holds).count()) >= MIN_COVERAGE * small(asked.len())
    });
    if !is_answered {
        return Vec::new();
    }
    sentences
}

/// What is quoted below its lead is not quoted once more.
fn without_items_of_quoted_lists(sentences: &mut Vec<Sentence<'_>>) {
    let quoted: HashSet<(DocumentId, String, String)> = sentences
        .iter()
        .flat_map(|sentence| {
            let (document, lead) = (sentence.passage.document_id, &sentence.piece.text);
            sentence.piece.below.iter().map(move |line| (document, lead.clone(), line.text.clone()))
        })
        .collect();
    sentences.retain(|sentence| {
        let (document, piece) = (sentence.passage.document_id, &sentence.piece);
        piece.above.last().is_none_or(|lead| !quoted.contains(&(document, lead.clone(), piece.text.clone())))
    });
}

fn sentences(passages: &[Passage]) -> Vec<Sentence<'_>> {
    let mut sentences = Vec::new();
    for (rank, (passage, (text, is_cut))) in passages.iter().zip(excerpts(passages)).enumerate() {
        for (at, piece) in pieces(&passage.title, &passage.headings, &text, is_cut).into_iter().enumerate() {
            let words = words::stems(&piece.text).into_iter().collect();
            sentences.push(Sentence { passage, piece, place: (rank, at), words, score: 0.0 });
        }
    }
    sentences
}

/// Inverse frequency among the sentences at hand. A word that none of them holds is the rarest.
fn rarity(word: &String, sentences: &[Sentence<'_>]) -> f32 {
    let holding = sentences.iter().filter(|sentence| sentence.words.contains(word)).count();
    (1.0 + (small(sentences.len()) + 1.0) / (small(holding) + 1.0)).ln()
}

fn unique(ids: impl Iterator<Item = DocumentId>) -> Vec<DocumentId> {
    let mut seen = HashSet::new();
    ids.filter(|id| seen.insert(*id)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of sentences are far below 2^24")]
const fn small(count: usize) -> f32 {
    count as f32
}

#[cfg(test)]
mod tests;
