//! The built-in answerer: quotes the sentences of the passages that share most with the question, and says so.
//!
//! No model and no network. It never writes a sentence of its own about the subject.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use domain::ids::DocumentId;
use futures::{StreamExt, stream};
use unicode_segmentation::UnicodeSegmentation;

use crate::{
    ports::{AnswerChunk, AnswerRequest, AnswerStream, Finish, JsonRequest, LanguageModel, Passage, ProviderError},
    retrieval::words,
};

/// The name of this answerer where other answerers name their model.
pub const MODEL: &str = "built-in-extractive";

const NOTICE: &str = "This answer was put together by the built-in extractive answerer: it quotes the reference \
documents word for word. No language model wrote it.";
const NOTHING: &str = "The reference documents hold nothing about this. (This is the built-in extractive answerer, \
which only quotes the reference documents; no language model wrote this.)";

const MAX_QUOTES: usize = 4;
const MAX_REFERENCES: usize = 5;
/// Documents that are not quoted are named too if a passage of theirs scores at least this share of the best one.
const RELATED: f32 = 0.5;
/// Shorter pieces are headings and leftovers of lists.
const MIN_WORDS: usize = 4;
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
        let text = tokio::task::spawn_blocking(move || answer(&request.question, &request.passages))
            .await
            .map_err(|error| ProviderError::unavailable(error.to_string()))?;
        let deltas: Vec<String> = text.split_inclusive(' ').map(str::to_owned).collect();
        let finish = Finish { model: Some(MODEL.to_owned()), reason: Some("stop".to_owned()), ..Finish::default() };
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

fn answer(question: &str, passages: &[Passage]) -> String {
    let quotes = best_quotes(question, passages);
    if quotes.is_empty() {
        return format!("{NOTHING}\n\nReferences: []");
    }
    let mut text = NOTICE.to_owned();
    let documents = unique(quotes.iter().map(|quote| quote.passage.document_id));
    for document in &documents {
        let mut of_document: Vec<&Sentence<'_>> =
            quotes.iter().filter(|quote| quote.passage.document_id == *document).collect();
        of_document.sort_by_key(|quote| quote.place);
        text.extend(["\n\nFrom \"", &of_document[0].passage.title, "\":"]);
        for quote in of_document {
            text.extend(["\n\n> ", quote.text]);
        }
    }
    let best = passages.first().map_or(0.0, |passage| passage.score);
    let related = passages.iter().filter(|passage| passage.score >= best * RELATED).map(|passage| passage.document_id);
    let referenced = unique(documents.into_iter().chain(related));
    let ids: Vec<String> = referenced.iter().take(MAX_REFERENCES).map(DocumentId::to_string).collect();
    text.extend(["\n\nReferences: [", &ids.join(", "), "]"]);
    text
}

/// A sentence of a passage that may be quoted.
struct Sentence<'a> {
    passage: &'a Passage,
    text: &'a str,
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
    sentences.retain(|sentence| sentence.score >= MIN_OF_BEST * best && seen.insert(sentence.text));
    sentences.truncate(MAX_QUOTES);

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

fn sentences(passages: &[Passage]) -> Vec<Sentence<'_>> {
    let of_passage = |(rank, passage)| {
        let passage: &Passage = passage;
        // Documents made from other formats often hold whole lists in one line.
        let pieces = passage.text.lines().flat_map(|line| line.split(" - "));
        let texts = pieces
            .flat_map(UnicodeSegmentation::unicode_sentences)
            .map(|text| text.trim_start_matches(['-', '*', ' ']).trim());
        let long = texts.filter(|text| text.unicode_words().count() >= MIN_WORDS);
        let sentence = move |(at, text)| Sentence {
            passage,
            text,
            place: (rank, at),
            words: words::stems(text).into_iter().collect(),
            score: 0.0,
        };
        long.enumerate().map(sentence).collect::<Vec<_>>()
    };
    passages.iter().enumerate().flat_map(of_passage).collect()
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
mod tests {
    use domain::ids::ChunkId;
    use futures::TryStreamExt;
    use uuid::Uuid;

    use super::*;

    const ZEROS: &str = "00000000-0000-0000-0000-00000000000";

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
            score: 1.0,
        }
    }

    fn gout_and_flu() -> Vec<Passage> {
        vec![
            passage(
                1,
                "Gout",
                "Gout is a form of arthritis. Treatment of gout begins with rest. Weather is not a cause.",
            ),
            passage(2, "Influenza", "Influenza is caused by a virus. It spreads in winter among people."),
        ]
    }

    #[test]
    fn the_fitting_sentences_are_quoted_with_their_title_and_referenced_first() {
        let expected = format!(
            "{NOTICE}\n\nFrom \"Gout\":\n\n> Gout is a form of arthritis.\n\n> Treatment of gout begins with rest.\n\n\
             References: [{ZEROS}1, {ZEROS}2]"
        );
        assert_eq!(answer("How is gout treated?", &gout_and_flu()), expected);
    }

    #[test]
    fn a_later_passage_that_fits_better_is_referenced_first() {
        let text = answer("Which virus causes influenza?", &gout_and_flu());
        assert!(text.ends_with(&format!("References: [{ZEROS}2, {ZEROS}1]")), "{text}");
    }

    #[test]
    fn it_says_when_nothing_fits() {
        assert_eq!(answer("What is the capital of France?", &gout_and_flu()), format!("{NOTHING}\n\nReferences: []"));
    }

    #[test]
    fn a_chance_word_in_common_is_not_an_answer() {
        let text = answer("Will the weather in Paris stay fine for cycling tomorrow?", &gout_and_flu());
        assert!(text.starts_with(NOTHING), "{text}");
    }

    #[test]
    fn words_scattered_over_unrelated_documents_are_not_an_answer() {
        let passages = [
            passage(1, "Gout", "Surgeons may repair the damaged joint."),
            passage(2, "Influenza", "Keep some tissues in the car."),
        ];
        let text = answer("How do I repair a car engine?", &passages);
        assert!(text.starts_with(NOTHING), "{text}");
    }

    #[test]
    fn of_a_list_in_one_line_only_the_fitting_item_is_quoted() {
        let list =
            "- Gout is a form of arthritis. - Rest is the first treatment of gout. - Drink much water every day.";
        let text = answer("What is the first treatment of gout?", &[passage(1, "Joints", list)]);
        assert!(text.contains("> Rest is the first treatment of gout.\n\nReferences"), "{text}");
    }

    #[test]
    fn a_question_without_words_finds_nothing() {
        assert!(answer("?", &gout_and_flu()).starts_with(NOTHING));
        assert!(answer("gout", &[]).starts_with(NOTHING));
    }

    #[test]
    fn a_document_that_scores_far_below_the_best_is_not_referenced() {
        let mut passages = gout_and_flu();
        passages[1].score = 0.4;
        let text = answer("How is gout treated?", &passages);
        assert!(text.ends_with(&format!("References: [{ZEROS}1]")), "{text}");
    }

    #[test]
    fn at_most_five_documents_are_referenced() {
        let passages: Vec<Passage> = (1..9).map(|id| passage(id, "Gout", "Gout is a form of arthritis.")).collect();
        assert_eq!(answer("gout", &passages).matches(ZEROS).count(), 5);
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
        assert_eq!(deltas.collect::<String>(), answer(&request.question, &request.passages));
        Ok(())
    }
}
