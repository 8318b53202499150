//! Measures retrieval with the built-in parts: indexes a folder of documents in a real PostgreSQL and asks its questions.
//!
//! `cargo run -p commands --example retrieval_quality -- FOLDER DATABASE_URL`, where the folder holds `documents/*.md`
//! (the first line is the title; `## ` lines are left out, they are the questions) and `questions.jsonl`. The database
//! has to be migrated; what was indexed is removed again.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::{collections::HashMap, error::Error, fs, path::Path, time::Instant};

use commands::{
    adapters::{lexical::LexicalEmbedder, postgres_index::PostgresIndex},
    ports::{Embedder, IndexedChunk, Query, TextKind, VectorIndex},
    retrieval::{passages, ranking::Weights},
};
use domain::ids::{DocumentId, ProjectId};
use sqlx::PgPool;
use uuid::Uuid;

type Failure = Box<dyn Error + Send + Sync>;

/// As many passages as an answer is made from.
const LIMIT: usize = 20;

#[derive(serde::Deserialize)]
struct Question {
    document: String,
    question: String,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, database] = arguments.as_slice() else {
        return Err("usage: FOLDER DATABASE_URL".into());
    };
    let pool = PgPool::connect(database).await?;
    let project = ProjectId::new(Uuid::new_v4());
    let documents = index_all(&PostgresIndex::new(pool.clone()), project, &Path::new(folder).join("documents")).await?;

    let lines = fs::read_to_string(Path::new(folder).join("questions.jsonl"))?;
    let questions = lines.lines().map(serde_json::from_str).collect::<Result<Vec<Question>, _>>()?;
    let full = Weights::default();
    let parts = [
        ("all parts", full),
        ("without vectors", Weights { vector: 0.0, ..full }),
        ("without words", Weights { vector: 1.0, ..full }),
        ("without the weight of the title", Weights { title: 1.0, ..full }),
        ("without titles among the words", Weights { title: 0.0, ..full }),
        ("words of the text only", Weights { title: 0.0, vector: 0.0 }),
    ];
    for (name, weights) in parts {
        let index = PostgresIndex::with_weights(pool.clone(), weights);
        measure(name, &index, project, &documents, &questions).await?;
    }
    let index = PostgresIndex::new(pool);
    for document in documents.values() {
        index.remove_document(*document).await?;
    }
    Ok(())
}

async fn index_all(
    index: &PostgresIndex,
    project: ProjectId,
    folder: &Path,
) -> Result<HashMap<String, DocumentId>, Failure> {
    let started = Instant::now();
    let mut documents = HashMap::new();
    let mut passage_count = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let text = fs::read_to_string(entry.path())?;
        let title = text.lines().next().unwrap_or_default().trim_start_matches("# ");
        let body: Vec<&str> = text.lines().skip(1).filter(|line| !line.starts_with("## ")).collect();
        let document = DocumentId::new(Uuid::new_v4());
        let passages = passages::cut(title, &body.join("\n"));
        let texts: Vec<String> = passages.iter().map(passages::PassageText::to_embed).collect();
        let vectors = LexicalEmbedder.embed(&texts, TextKind::Passage).await?;
        passage_count += passages.len();
        let chunk = |(passage, vector): (passages::PassageText, Vec<f32>)| IndexedChunk {
            chunk_id: passage.chunk_id(document, 1),
            document_id: document,
            document_version: 1,
            title: passage.title,
            text: passage.text,
            content_hash: passage.content_hash,
            model: LexicalEmbedder.model().to_owned(),
            vector,
        };
        index.replace_document(project, document, passages.into_iter().zip(vectors).map(chunk).collect()).await?;
        documents.insert(entry.file_name().to_string_lossy().into_owned(), document);
    }
    let seconds = started.elapsed().as_secs_f64();
    println!("{} documents, {passage_count} passages, indexed in {seconds:.1} s", documents.len());
    Ok(documents)
}

async fn measure(
    name: &str,
    index: &PostgresIndex,
    project: ProjectId,
    documents: &HashMap<String, DocumentId>,
    questions: &[Question],
) -> Result<(), Failure> {
    let texts: Vec<String> = questions.iter().map(|question| question.question.clone()).collect();
    let vectors = LexicalEmbedder.embed(&texts, TextKind::Question).await?;
    let query = |text: &str, vector| Query { text: text.to_owned(), model: LexicalEmbedder.model().to_owned(), vector };
    let started = Instant::now();
    index.search(project, query("", Vec::new()), LIMIT).await?;
    let loading = started.elapsed().as_secs_f64();

    let (mut first, mut first_five, mut reciprocal, mut distinct) = (0.0, 0.0, 0.0, 0.0);
    let started = Instant::now();
    for (question, vector) in questions.iter().zip(vectors) {
        let mut ranked: Vec<DocumentId> = Vec::new();
        for passage in index.search(project, query(&question.question, vector), LIMIT).await? {
            if !ranked.contains(&passage.document_id) {
                ranked.push(passage.document_id);
                distinct += 1.0;
            }
        }
        let right = documents.get(&question.document).ok_or("a question names an unknown document")?;
        for (place, document) in (1_u8..).zip(&ranked) {
            if document == right {
                first += f64::from(u8::from(place == 1));
                first_five += f64::from(u8::from(place <= 5));
                reciprocal += 1.0 / f64::from(place);
            }
        }
    }
    let count = f64::from(u32::try_from(questions.len())?);
    let milliseconds = started.elapsed().as_secs_f64() * 1_000.0 / count;
    println!(
        "{name}: hit@1 {:.4}, hit@5 {:.4}, MRR {:.4}, {:.1} documents a search, {milliseconds:.2} ms a search, loaded in {loading:.1} s",
        first / count,
        first_five / count,
        reciprocal / count,
        distinct / count,
    );
    Ok(())
}
