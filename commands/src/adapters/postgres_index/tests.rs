//! The built-in index against a real PostgreSQL.

use sqlx::PgPool;
use uuid::Uuid;

use super::*;
use crate::ports::Passage;

const GOUT: DocumentId = DocumentId::new(Uuid::from_u128(1));
const LUPUS: DocumentId = DocumentId::new(Uuid::from_u128(2));

fn project(id: u128) -> ProjectId {
    ProjectId::new(Uuid::from_u128(id))
}

fn chunks(document: DocumentId, texts: &[&str]) -> Vec<IndexedChunk> {
    let chunk = |text: &&str| IndexedChunk {
        chunk_id: ChunkId::new(Uuid::new_v5(&document.value(), text.as_bytes())),
        document_id: document,
        document_version: 7,
        title: "Title".to_owned(),
        headings: "Joints › Gout".to_owned(),
        page: Some(3),
        text: (*text).to_owned(),
        overlap: 2,
        content_hash: "hash".to_owned(),
        model: "model".to_owned(),
        vector: vec![0.6, -0.8],
    };
    texts.iter().map(chunk).collect()
}

fn question(text: &str) -> Query {
    Query { text: text.to_owned(), model: "none".to_owned(), vector: Vec::new() }
}

async fn texts(index: &PostgresIndex, project: ProjectId, text: &str) -> Vec<String> {
    let found = index.search(project, question(text), 10, Parameters::default()).await.expect("the database is there");
    found.passages.into_iter().map(|passage| passage.text).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_passage_comes_back_as_it_was_indexed(pool: PgPool) -> Result<(), IndexError> {
    let index = PostgresIndex::new(pool);
    let chunk = chunks(GOUT, &["gout"]).remove(0);
    index.replace_document(project(1), GOUT, vec![chunk.clone()]).await?;
    let query = Query { text: String::new(), model: "model".to_owned(), vector: chunk.vector };
    let mut found = index.search(project(1), query, 10, Parameters::default()).await?;
    let passage = found.passages.remove(0);
    let expected = Passage {
        document_id: GOUT,
        document_version: 7,
        chunk_id: chunk.chunk_id,
        content_hash: "hash".to_owned(),
        title: "Title".to_owned(),
        headings: "Joints › Gout".to_owned(),
        page: Some(3),
        text: "gout".to_owned(),
        score: passage.score,
    };
    assert_eq!(passage, expected);
    Ok(())
}

#[sqlx::test(migrations = "../migrations")]
async fn a_replaced_document_is_found_by_its_new_text_only(pool: PgPool) -> Result<(), IndexError> {
    let index = PostgresIndex::new(pool);
    index.replace_document(project(1), GOUT, chunks(GOUT, &["old gout", "older gout"])).await?;
    assert_eq!(texts(&index, project(1), "gout").await.len(), 2);
    index.replace_document(project(1), GOUT, chunks(GOUT, &["new gout"])).await?;
    assert_eq!(texts(&index, project(1), "gout").await, ["new gout"]);
    Ok(())
}

#[sqlx::test(migrations = "../migrations")]
async fn a_removed_document_is_not_found_and_the_others_are(pool: PgPool) -> Result<(), IndexError> {
    let index = PostgresIndex::new(pool);
    index.replace_document(project(1), GOUT, chunks(GOUT, &["joints in gout"])).await?;
    index.replace_document(project(1), LUPUS, chunks(LUPUS, &["joints in lupus"])).await?;
    assert_eq!(texts(&index, project(1), "joints").await.len(), 2);
    index.remove_document(GOUT).await?;
    index.remove_document(GOUT).await?;
    assert_eq!(texts(&index, project(1), "joints").await, ["joints in lupus"]);
    Ok(())
}

#[sqlx::test(migrations = "../migrations")]
async fn a_project_never_sees_the_passages_of_another(pool: PgPool) -> Result<(), IndexError> {
    let index = PostgresIndex::new(pool);
    index.replace_document(project(1), GOUT, chunks(GOUT, &["gout"])).await?;
    assert_eq!(texts(&index, project(2), "gout").await, [""; 0]);
    Ok(())
}

#[sqlx::test(migrations = "../migrations")]
async fn a_process_sees_what_another_process_wrote(pool: PgPool) -> Result<(), IndexError> {
    let (here, there) = (PostgresIndex::new(pool.clone()), PostgresIndex::new(pool));
    here.replace_document(project(1), GOUT, chunks(GOUT, &["gout"])).await?;
    assert_eq!(texts(&there, project(1), "gout").await, ["gout"]);
    here.replace_document(project(1), LUPUS, chunks(LUPUS, &["lupus"])).await?;
    here.remove_document(GOUT).await?;
    assert_eq!(texts(&there, project(1), "gout lupus").await, ["lupus"]);
    Ok(())
}

#[sqlx::test(migrations = "../migrations")]
async fn racing_writers_of_one_document_leave_the_chunks_of_exactly_one(pool: PgPool) -> Result<(), IndexError> {
    let index = PostgresIndex::new(pool);
    let write = |text: &'static str| index.replace_document(project(1), GOUT, chunks(GOUT, &[text]));
    futures::future::try_join_all([write("gout a1"), write("gout a2"), write("gout a3"), write("gout a4")]).await?;
    assert_eq!(texts(&index, project(1), "gout").await.len(), 1);
    Ok(())
}

#[sqlx::test(migrations = "../migrations")]
async fn a_document_without_text_is_indexed_as_nothing(pool: PgPool) -> Result<(), IndexError> {
    let index = PostgresIndex::new(pool);
    index.replace_document(project(1), GOUT, Vec::new()).await?;
    assert_eq!(texts(&index, project(1), "gout").await, [""; 0]);
    Ok(())
}

#[test]
fn vectors_survive_storage_bit_by_bit() {
    let vector = vec![0.1, -1.5e-38, f32::MAX, 0.0];
    assert_eq!(from_bytes(&to_bytes(&vector)), vector);
}
