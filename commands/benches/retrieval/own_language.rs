//! `make bench-languages`: how well questions in Malayalam and Hindi are answered from documents in their own language by words, the
//! built-in embedder and the built-in answerer; see `evaluation/languages/README.md`. No model, no translator.

use std::{collections::HashMap, fs, path::Path};

use adapters::{extractive::ExtractiveAnswerer, lexical::LexicalEmbedder};
use domain::ids::DocumentId;
use futures::TryStreamExt as _;
use knowledge::retrieval::ranking::rank;
use ports::{AnswerChunk, AnswerRequest, Embedder as _, LanguageModel as _, TextKind};
use serde::Deserialize;

use super::{Document, FOLDER, Library, PASSAGES, precise};

const LANGUAGES: [(&str, &str); 2] = [("ml", "Malayalam"), ("hi", "Hindi")];

#[derive(Deserialize)]
struct Asked {
    question: String,
    /// None answers it, and none shall be quoted.
    document: Option<String>,
}

#[derive(Default, Clone, Copy)]
struct Counts {
    answerable: usize,
    at_one: usize,
    at_five: usize,
    answered: usize,
    /// From the document that answers it.
    rightly: usize,
    unanswerable: usize,
    declined: usize,
}

pub(crate) async fn measure() {
    println!("{:<24} {:>6} {:>6} {:>9} {:>10} {:>9}", "", "hit@1", "hit@5", "answered", "from right", "declined");
    for (code, language) in LANGUAGES {
        let folder = Path::new(FOLDER).join("../languages");
        let library = Library::of(documents(&folder.join(code)), &LexicalEmbedder).await;
        let questions = fs::read_to_string(folder.join(format!("{code}.jsonl"))).expect("the questions are there");
        let mut halves = [Counts::default(); 2];
        for (at, line) in questions.lines().enumerate() {
            let asked: Asked = serde_json::from_str(line).expect("a question a line");
            ask(&library, &asked, &mut halves[at % 2]).await;
        }
        for (half, counts) in ["developed with", "held out"].iter().zip(halves) {
            report(&format!("{language}, {half}"), counts);
        }
    }
}

fn documents(folder: &Path) -> Vec<Document> {
    let entries = fs::read_dir(folder).expect("the documents are in the repository");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let text = fs::read_to_string(path).expect("a document is text");
        let title = text.lines().next().unwrap_or_default().trim_start_matches("# ").to_owned();
        Document { name: path.file_name().expect("a file").to_string_lossy().into_owned(), title, text }
    };
    paths.iter().map(read).collect()
}

async fn ask(library: &Library, asked: &Asked, counts: &mut Counts) {
    let parameters = super::weighted(&LexicalEmbedder);
    let vector = LexicalEmbedder.embed(std::slice::from_ref(&asked.question), TextKind::Question).await;
    let near = library.near(&vector.expect("the embedder is here")[0], &parameters);
    let found = rank(&library.segments, &asked.question, &near, PASSAGES, &parameters);
    let mut names: Vec<&str> = Vec::new();
    for name in library.names_of(&found) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let request = AnswerRequest {
        model: String::new(),
        system: String::new(),
        history: Vec::new(),
        question: asked.question.clone(),
        passages: found.passages.clone(),
        temperature: 0.0,
        api_key: None,
    };
    let quoted = quoted(request, &library.names).await;
    let Some(document) = &asked.document else {
        counts.unanswerable += 1;
        counts.declined += usize::from(quoted.is_empty());
        return;
    };
    let place = names.iter().position(|name| name == document);
    counts.answerable += 1;
    counts.at_one += usize::from(place == Some(0));
    counts.at_five += usize::from(place.is_some_and(|place| place < 5));
    counts.answered += usize::from(!quoted.is_empty());
    counts.rightly += usize::from(quoted.contains(document));
}

/// The documents that the answer quotes; none, if the answerer declines.
async fn quoted(request: AnswerRequest, names: &HashMap<DocumentId, String>) -> Vec<String> {
    let stream = ExtractiveAnswerer.answer(request).await.expect("it needs nothing");
    let chunks: Vec<AnswerChunk> = stream.try_collect().await.expect("it needs nothing");
    let citations = chunks.into_iter().find_map(|chunk| match chunk {
        AnswerChunk::Finished(finish) => finish.citations,
        AnswerChunk::Delta(_) => None,
    });
    citations.unwrap_or_default().iter().map(|id| names[id].clone()).collect()
}

fn report(name: &str, counts: Counts) {
    let (asked, others) = (precise(counts.answerable), precise(counts.unanswerable));
    println!(
        "{name:<24} {:>6.3} {:>6.3} {:>9.3} {:>10.3} {:>9.3}",
        precise(counts.at_one) / asked,
        precise(counts.at_five) / asked,
        precise(counts.answered) / asked,
        precise(counts.rightly) / asked,
        precise(counts.declined) / others,
    );
}
