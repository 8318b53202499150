//! `make bench-retrieval`: how well and how fast passages are found, beside plain BM25 in the same run.
//!
//! 199 documents without the headings that ask their questions, 1,961 questions; see `evaluation/medquad/README.md`. A question
//! is a hit at 1 if the first passage is of the document that answers it, at 5 if one of the first five documents is.
#![expect(clippy::print_stdout, reason = "its results are for people")]

mod bm25;
mod languages;
mod own_language;

use std::{collections::HashMap, fs, path::Path, sync::Arc, time::Instant};

use adapters::lexical::LexicalEmbedder;
use domain::ids::DocumentId;
use knowledge::extraction::{FileHints, extract};
use knowledge::retrieval::{
    nearest::{Vectors, nearest},
    passages,
    ranking::{Parameters, SearchResults, Segment, rank},
};
use ports::{Embedder, Hit, TextKind};
use serde::Deserialize;
use uuid::Uuid;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../evaluation/medquad");
/// As many as an answer is made from.
const PASSAGES: usize = 20;
/// The index whose scan is timed: so many chunks with so many dimensions.
const LARGE: (usize, usize) = (100_000, 384);

#[derive(Deserialize)]
struct Question {
    question: String,
    document: String,
}

struct Document {
    name: String,
    title: String,
    text: String,
}

fn documents() -> Vec<Document> {
    let entries = fs::read_dir(Path::new(FOLDER).join("documents")).expect("the documents are in the repository");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let text = fs::read_to_string(path).expect("a document is text");
        let title = text.lines().next().unwrap_or_default().trim_start_matches("# ").to_owned();
        let text = text.lines().filter(|line| !line.starts_with("## ")).collect::<Vec<_>>().join("\n");
        Document { name: path.file_name().expect("a file").to_string_lossy().into_owned(), title, text }
    };
    paths.iter().map(read).collect()
}

fn questions() -> Vec<Question> {
    let text = fs::read_to_string(Path::new(FOLDER).join("questions.jsonl")).expect("the questions are there");
    text.lines().map(|line| serde_json::from_str(line).expect("a question a line")).collect()
}

/// What was found of all questions, and how fast.
#[derive(Default)]
pub struct Tally {
    at_one: usize,
    at_five: usize,
    reciprocal: f64,
    asked: usize,
}

impl Tally {
    /// `found` are the documents in the order of their first passages.
    pub fn count<'a>(&mut self, found: impl IntoIterator<Item = &'a str>, is_expected: impl Fn(&str) -> bool) {
        let mut distinct: Vec<&str> = Vec::new();
        for name in found {
            if !distinct.contains(&name) {
                distinct.push(name);
            }
        }
        self.asked += 1;
        if let Some(at) = distinct.iter().position(|name| is_expected(name)) {
            self.at_one += usize::from(at == 0);
            self.at_five += usize::from(at < 5);
            self.reciprocal += 1.0 / precise(at + 1);
        }
    }

    pub fn report(&self, name: &str, started: Instant) {
        let all = precise(self.asked);
        println!(
            "{name:<34} {:>6.3} {:>6.3} {:>6.3} {:>9.0}",
            precise(self.at_one) / all,
            precise(self.at_five) / all,
            self.reciprocal / all,
            all / started.elapsed().as_secs_f64(),
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
const fn precise(count: usize) -> f64 {
    count as f64
}

/// The documents, ready to be searched.
pub struct Library {
    pub segments: Vec<Arc<Segment>>,
    vectors: Vec<Arc<Vectors>>,
    names: HashMap<DocumentId, String>,
    pub count: usize,
}

impl Library {
    pub async fn embedded_by(embedder: &dyn Embedder) -> Self {
        Self::of(documents(), embedder).await
    }

    async fn of(documents: Vec<Document>, embedder: &dyn Embedder) -> Self {
        let mut library = Self { segments: vec![], vectors: vec![], names: HashMap::new(), count: 0 };
        for (number, document) in (1..).zip(documents) {
            let id = DocumentId::new(Uuid::from_u128(number));
            let hints = FileHints { name: Some(document.name.clone()), content_type: None };
            let reading = extract(document.text.as_bytes(), &hints).expect("the documents can be read");
            let passages = passages::cut(&document.title, &reading.parts);
            let texts: Vec<String> = passages.iter().map(passages::PassageText::to_embed).collect();
            let vectors = embedder.embed(&texts, TextKind::Passage).await.expect("the embedder is here");
            let ids = passages.iter().map(|passage| passage.chunk_id(id));
            library.vectors.push(Arc::new(Vectors::new(id, ids.zip(vectors))));
            let stored = passages.iter().map(|passage| passage.stored(id, 1));
            library.segments.push(Arc::new(Segment::new(id, stored.collect())));
            library.names.insert(id, document.name);
            library.count += passages.len();
        }
        library
    }

    pub fn near(&self, vector: &[f32], parameters: &Parameters) -> Vec<Hit> {
        nearest(&self.vectors, vector, parameters.depth)
    }

    pub fn names_of<'a>(&'a self, found: &'a SearchResults) -> impl Iterator<Item = &'a str> {
        found.passages.iter().map(|passage| self.names[&passage.document_id].as_str())
    }
}

/// What a project is set to at first, with the embedder's weight.
fn weighted(embedder: &dyn Embedder) -> Parameters {
    let set = Parameters::default();
    Parameters { vectors: set.vectors * embedder.weight(), ..set }
}

fn report_heading(machine: &str) {
    println!("{machine:<34} {:>6} {:>6} {:>6} {:>9}", "hit@1", "hit@5", "MRR", "a second");
}

/// What is found by words, by the embedder's vectors, and by both.
async fn measure(library: &Library, embedder: &dyn Embedder, questions: &[Question]) {
    let asked: Vec<String> = questions.iter().map(|question| question.question.clone()).collect();
    let vectors = embedder.embed(&asked, TextKind::Question).await.expect("the embedder is here");
    let fused = weighted(embedder);
    let variants = [
        ("words", Parameters { vectors: 0.0, ..fused }),
        ("vectors", Parameters { words: 0.0, vectors: 1.0, ..fused }),
        ("words and vectors, alike", Parameters { words: 1.0, vectors: 1.0, ..fused }),
        ("words and vectors, the default", fused),
    ];
    for (name, parameters) in variants {
        let (started, mut tally) = (Instant::now(), Tally::default());
        for (Question { question, document }, vector) in questions.iter().zip(&vectors) {
            let near = library.near(vector, &parameters);
            let found = rank(&library.segments, question, &near, PASSAGES, &parameters);
            tally.count(library.names_of(&found), |name| name == document);
        }
        tally.report(name, started);
    }
}

/// With a folder of a model: how well that model knows other languages. With `--languages`: what is found without one.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--model").skip(1);
    if let Some(folder) = arguments.next() {
        return languages::measure(folder.into()).await;
    }
    if std::env::args().any(|argument| argument == "--languages") {
        return own_language::measure().await;
    }
    let questions = questions();
    let started = Instant::now();
    let library = Library::embedded_by(&LexicalEmbedder).await;
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{} documents, {} passages, {:.0} passages a second on one core\n",
        library.segments.len(),
        library.count,
        precise(library.count) / seconds
    );

    report_heading("one core");
    bm25::measure(&documents(), &questions);
    measure(&library, &LexicalEmbedder, &questions).await;
    scan();
}

/// How long an exact search over a large index takes.
fn scan() {
    let (chunks, dimensions) = LARGE;
    let mut state = 1_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from((state >> 16) as u16) / 65_536.0 - 0.5
    };
    let mut vector = || -> Vec<f32> {
        let vector: Vec<f32> = (0..dimensions).map(|_| random()).collect();
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector.iter().map(|x| x / length).collect()
    };
    let documents: Vec<Arc<Vectors>> = (0..chunks / 100)
        .map(|at| {
            let id = |number: usize| domain::ids::ChunkId::new(Uuid::from_u128(number as u128));
            let vectors = (0..100).map(|n| (id(at * 100 + n), vector()));
            Arc::new(Vectors::new(DocumentId::new(Uuid::from_u128(at as u128)), vectors))
        })
        .collect();
    let question = vector();
    let mut times: Vec<f64> = (0..15)
        .map(|_| {
            let started = Instant::now();
            std::hint::black_box(nearest(&documents, &question, Parameters::default().depth));
            started.elapsed().as_secs_f64() * 1_000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!(
        "\nexact search over {chunks} chunks of {dimensions} dimensions, one core: {:.1} ms ({:.1} to {:.1})",
        times[7], times[0], times[14]
    );
}
