//! Passages go in, are found, and go: by one suite for every vector store, and over the changes from one to another.

mod pinecone_server;
mod stores;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use commands::{
    event_log::Progress,
    jobs::Worker,
    passage_store::{IndexBuilder, KeptReading, PassageStore, PassageStoreError, VectorsByModel, reading_of},
};
use domain::ids::{ChunkId, DocumentId, ProjectId};
use knowledge::{
    extraction::Part,
    retrieval::{passages::StoredPassage, ranking::Parameters},
};
use ports::{Embedder, Passage, ProviderError, TextKind};
use sqlx::PgPool;
use stores::Store;
use uuid::Uuid;

use crate::support::{new_id, number};

const GOUT: DocumentId = DocumentId::new(Uuid::from_u128(1));
const LUPUS: DocumentId = DocumentId::new(Uuid::from_u128(2));

fn project(id: u128) -> ProjectId {
    ProjectId::new(Uuid::from_u128(id))
}

/// Knows two subjects, each in a direction of its own; counts what it is asked, and can be away.
pub(super) struct Directions {
    name: &'static str,
    texts: AtomicUsize,
    is_away: AtomicBool,
}

impl Directions {
    pub(super) fn named(name: &'static str) -> Arc<Self> {
        Arc::new(Self { name, texts: AtomicUsize::new(0), is_away: AtomicBool::new(false) })
    }
}

#[async_trait]
impl Embedder for Directions {
    fn model(&self) -> &str {
        self.name
    }

    async fn embed(&self, texts: &[String], _: TextKind) -> Result<Vec<Vec<f32>>, ProviderError> {
        if self.is_away.load(Ordering::Relaxed) {
            return Err(ProviderError::unavailable("away"));
        }
        self.texts.fetch_add(texts.len(), Ordering::Relaxed);
        let about = |text: &String| if text.contains("joint") { vec![0.8, 0.6, 0.0] } else { vec![0.0, 0.6, 0.8] };
        Ok(texts.iter().map(about).collect())
    }
}

fn passages(document: DocumentId, texts: &[&str]) -> Vec<StoredPassage> {
    let passage = |text: &&str| StoredPassage {
        chunk_id: ChunkId::new(Uuid::new_v5(&document.value(), text.as_bytes())),
        document_id: document,
        document_version: 7,
        title: "Title".to_owned(),
        headings: "Chapter".to_owned(),
        page: Some(3),
        text: (*text).to_owned(),
        overlap: 0,
        content_hash: "hash".to_owned(),
    };
    texts.iter().map(passage).collect()
}

/// As the embedding job does it.
async fn put(
    passage_store: &PassageStore,
    by: &Directions,
    at: (ProjectId, DocumentId),
    texts: &[&str],
) -> Result<(), PassageStoreError> {
    let owned: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    let vectors = VectorsByModel::from([(by.name.to_owned(), by.embed(&owned, TextKind::Passage).await?)]);
    let parts = texts.iter().map(|text| Part { page: None, text: (*text).to_owned() }).collect();
    let reading = KeptReading { version: 7, parts, notes: vec![] };
    passage_store.replace_document(at.0, at.1, passages(at.1, texts), &vectors, &reading).await
}

const BY_VECTORS: f32 = 1.0;

async fn passages_for(
    passage_store: &PassageStore,
    project: ProjectId,
    question: &str,
) -> Result<Vec<Passage>, PassageStoreError> {
    let parameters = Parameters { words: 0.0, vectors: BY_VECTORS, threshold: 0.8, ..Parameters::default() };
    Ok(passage_store.search(project, question, 10, parameters).await?.passages)
}

/// What is found by vectors alone; the question shares no word with it.
async fn found(
    passage_store: &PassageStore,
    project: ProjectId,
    question: &str,
) -> Result<Vec<String>, PassageStoreError> {
    Ok(passages_for(passage_store, project, question).await?.into_iter().map(|passage| passage.text).collect())
}

/// Does the index's jobs until none is due.
pub(super) async fn tend(passage_store: &PassageStore, pool: &PgPool) {
    let tending = Arc::new(IndexBuilder(passage_store.clone()));
    let worker = Worker::new(pool.clone(), new_id(), vec![tending], Progress::default());
    worker.run_due().await.expect("the database is there");
}

/// What people are shown of what was read.
async fn read_of(pool: &PgPool, document: DocumentId) -> Result<Option<Vec<String>>, PassageStoreError> {
    let reading = reading_of(pool, document, None).await?;
    Ok(reading.map(|reading| reading.parts.into_iter().map(|part| part.text).collect()))
}

/// What every store must do.
async fn suite(pool: &PgPool, store: &Store) -> Result<(), PassageStoreError> {
    let model = Directions::named("one");
    let passage_store = store.passage_store(pool, model.clone());
    passage_store.prepare().await?;
    let (here, there) = (project(1), project(2));
    assert_eq!(found(&passage_store, here, "knuckle").await?, [""; 0], "nothing is in it yet");

    // A passage comes back as it went in, to its own project only.
    put(&passage_store, &model, (here, GOUT), &["swollen joint", "red skin"]).await?;
    put(&passage_store, &model, (there, LUPUS), &["other joint"]).await?;
    let passage = passages_for(&passage_store, here, "which joint").await?.remove(0);
    let expected = &passages(GOUT, &["swollen joint"])[0];
    assert_eq!((passage.text.as_str(), passage.chunk_id), ("swollen joint", expected.chunk_id));
    assert_eq!((passage.document_version, passage.page, passage.headings.as_str()), (7, Some(3), "Chapter"));
    assert_eq!(found(&passage_store, here, "which joint").await?, ["swollen joint"]);
    assert_eq!(found(&passage_store, here, "a rash").await?, ["red skin"]);
    assert_eq!(found(&passage_store, there, "which joint").await?, ["other joint"]);

    // New content takes the place of the old, and what stays is found as before; also by a process that knew the old.
    let other_process = store.passage_store(pool, model.clone());
    assert_eq!(found(&other_process, here, "a rash").await?, ["red skin"]);
    put(&passage_store, &model, (here, GOUT), &["stiff joint", "red skin"]).await?;
    assert_eq!(found(&other_process, here, "which joint").await?, ["stiff joint"]);
    assert_eq!(found(&other_process, here, "a rash").await?, ["red skin"]);
    assert_eq!(store.count(pool).await, 3, "nothing of the old is kept");
    assert_eq!(read_of(pool, GOUT).await?, Some(vec!["stiff joint".to_owned(), "red skin".to_owned()]));

    // Of many that write one document at once, one is found.
    let write = |text: &'static str| {
        let (passage_store, model) = (passage_store.clone(), model.clone());
        async move { put(&passage_store, &model, (here, GOUT), &[text]).await }
    };
    futures::future::try_join_all([write("joint a"), write("joint b"), write("joint c"), write("joint d")]).await?;
    assert_eq!(found(&passage_store, here, "which joint").await?.len(), 1);
    assert_eq!(store.count(pool).await, 2);

    // More than fit into one request.
    let many: Vec<String> = (0..230).map(|n| format!("joint {n}")).collect();
    put(&passage_store, &model, (here, GOUT), &many.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    assert_eq!(found(&passage_store, here, "which joint").await?.len(), 10);
    assert_eq!(store.count(pool).await, 231);

    // What is removed is gone; removing it again is fine.
    passage_store.remove_document(GOUT).await?;
    passage_store.remove_document(GOUT).await?;
    assert_eq!(found(&passage_store, here, "which joint").await?, [""; 0]);
    assert_eq!(found(&passage_store, there, "which joint").await?, ["other joint"]);
    assert_eq!(store.count(pool).await, 1);
    assert_eq!(read_of(pool, GOUT).await?, None);
    assert_eq!(read_of(pool, LUPUS).await?, Some(vec!["other joint".to_owned()]));
    assert_eq!(number(pool, "SELECT count(*) FROM read_parts").await, 1);

    // Another model: the old one is searched until the new one has everything, then its vectors go.
    let other = Directions::named("two");
    let successor = store.library_after(pool, other.clone(), model.clone());
    successor.prepare().await?;
    let (asked_of_old, asked_of_new) = (model.texts.load(Ordering::Relaxed), other.texts.load(Ordering::Relaxed));
    assert_eq!(found(&successor, there, "which joint").await?, ["other joint"]);
    assert_eq!(model.texts.load(Ordering::Relaxed), asked_of_old + 1, "the question is embedded by the old model");
    assert_eq!(other.texts.load(Ordering::Relaxed), asked_of_new);
    tend(&successor, pool).await;
    assert_eq!(found(&successor, there, "which joint").await?, ["other joint"]);
    assert_eq!(other.texts.load(Ordering::Relaxed), asked_of_new + 2, "the passage and the question");
    assert_eq!(number(pool, "SELECT count(*) FROM index_versions").await, 1);
    assert_eq!(number(pool, "SELECT count(*) FROM passage_vectors").await, 1);
    assert_eq!(store.count(pool).await, 1);
    successor.remove_document(LUPUS).await?;
    assert_eq!(store.count(pool).await, 0);
    Ok(())
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_exact_index_finds_and_forgets(pool: PgPool) -> Result<(), PassageStoreError> {
    suite(&pool, &Store::exact()).await
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn pgvector_finds_and_forgets(pool: PgPool) -> Result<(), PassageStoreError> {
    suite(&pool, &Store::pgvector().await).await
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn pinecone_finds_and_forgets(pool: PgPool) -> Result<(), PassageStoreError> {
    suite(&pool, &Store::pinecone().await).await
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_index_moves_to_another_store_without_embedding_anything_again(
    pool: PgPool,
) -> Result<(), PassageStoreError> {
    let model = Directions::named("one");
    let (exact, pinecone) = (Store::exact(), Store::pinecone().await);
    let passage_store = exact.passage_store(&pool, model.clone());
    passage_store.prepare().await?;
    put(&passage_store, &model, (project(1), GOUT), &["swollen joint"]).await?;
    let moved = pinecone.library_beside(&pool, model.clone(), &exact);
    moved.prepare().await?;
    let embedded = model.texts.load(Ordering::Relaxed);
    tend(&moved, &pool).await;
    assert_eq!(model.texts.load(Ordering::Relaxed), embedded);
    assert_eq!(pinecone.count(&pool).await, 1);
    assert_eq!(found(&moved, project(1), "which joint").await?, ["swollen joint"]);
    Ok(())
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_is_written_while_an_index_is_built_is_in_both(pool: PgPool) -> Result<(), PassageStoreError> {
    let (old, new) = (Directions::named("one"), Directions::named("two"));
    let store = Store::exact();
    let passage_store = store.passage_store(&pool, old.clone());
    passage_store.prepare().await?;
    put(&passage_store, &old, (project(1), GOUT), &["swollen joint"]).await?;
    let successor = store.library_after(&pool, new.clone(), old.clone());
    successor.prepare().await?;

    // By a process with the old settings, which does not know the new model; then the new model is away.
    put(&passage_store, &old, (project(1), LUPUS), &["other joint"]).await?;
    assert_eq!(found(&successor, project(1), "which joint").await?.len(), 2);
    new.is_away.store(true, Ordering::Relaxed);
    tend(&successor, &pool).await;
    assert_eq!(number(&pool, "SELECT count(*) FROM index_versions WHERE state = 'building'").await, 1);
    assert_eq!(found(&successor, project(1), "which joint").await?.len(), 2, "the old one is still searched");
    new.is_away.store(false, Ordering::Relaxed);
    sqlx::raw_sql("UPDATE jobs SET run_at = now()").execute(&pool).await?;
    tend(&successor, &pool).await;
    assert_eq!(number(&pool, "SELECT count(*) FROM index_versions").await, 1);
    assert_eq!(found(&successor, project(1), "which joint").await?.len(), 2);
    Ok(())
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_upgrade_without_the_old_model_answers_by_words_until_the_new_index_is_there(
    pool: PgPool,
) -> Result<(), PassageStoreError> {
    let (old, new) = (Directions::named("built-in-1"), Directions::named("built-in-2"));
    let store = Store::exact();
    let before = store.passage_store(&pool, old.clone());
    before.prepare().await?;
    put(&before, &old, (project(1), GOUT), &["swollen joint"]).await?;

    let upgraded = store.passage_store(&pool, new.clone());
    upgraded.prepare().await?;
    let by_words = upgraded.search(project(1), "swollen", 10, Parameters::default()).await?;
    assert_eq!(by_words.passages.len(), 1);
    put(&upgraded, &new, (project(1), LUPUS), &["other joint"]).await?;
    tend(&upgraded, &pool).await;
    assert_eq!(found(&upgraded, project(1), "which joint").await?.len(), 2);
    assert_eq!(number(&pool, "SELECT count(*) FROM index_versions").await, 1, "the old one is gone");
    Ok(())
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_store_whose_settings_are_gone_keeps_nobody_from_adding_documents(
    pool: PgPool,
) -> Result<(), PassageStoreError> {
    let model = Directions::named("one");
    let store = Store::pinecone().await;
    let passage_store = store.passage_store(&pool, model.clone());
    passage_store.prepare().await?;
    put(&passage_store, &model, (project(1), GOUT), &["swollen joint"]).await?;
    let elsewhere = Store::exact().passage_store(&pool, model.clone());
    elsewhere.prepare().await?;
    put(&elsewhere, &model, (project(1), LUPUS), &["other joint"]).await?;
    let words = elsewhere.search(project(1), "joint", 10, Parameters::default()).await?;
    assert_eq!(words.passages.len(), 2);
    tend(&elsewhere, &pool).await;
    assert_eq!(found(&elsewhere, project(1), "which joint").await?.len(), 2);
    assert_eq!(
        number(&pool, "SELECT count(*) FROM index_versions WHERE state = 'retired'").await,
        1,
        "it is not forgotten"
    );
    Ok(())
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_store_that_is_down_leaves_words_and_an_open_removal(pool: PgPool) -> Result<(), PassageStoreError> {
    let model = Directions::named("one");
    let store = Store::pinecone().await;
    let passage_store = store.passage_store(&pool, model.clone());
    passage_store.prepare().await?;
    put(&passage_store, &model, (project(1), GOUT), &["swollen joint"]).await?;
    store.go_down(true);
    let found_by_words = passage_store.search(project(1), "swollen", 10, Parameters::default()).await?;
    assert_eq!(found_by_words.passages.len(), 1);
    assert!(passage_store.remove_document(GOUT).await.is_err(), "nothing is confirmed");
    assert_eq!(store.count(&pool).await, 1);
    // Without its settings nobody can say that it is gone either.
    let elsewhere = Store::exact().passage_store(&pool, model.clone());
    assert!(matches!(elsewhere.remove_document(GOUT).await, Err(PassageStoreError::NotConfigured(_))));
    store.go_down(false);
    passage_store.remove_document(GOUT).await?;
    assert_eq!(store.count(&pool).await, 0);
    Ok(())
}
