//! A [`VectorIndex`] in PostgreSQL with the extension pgvector: one table with an HNSW index for each collection.
//!
//! Its statements name tables that are created at run time, so that none of them can be checked at compile time.

use std::{collections::HashSet, fmt::Write as _};

use async_trait::async_trait;
use domain::ids::{ChunkId, DocumentId, ProjectId};
use parking_lot::Mutex;
use sqlx::{Executor as _, PgPool, Row as _};
use uuid::Uuid;

use ports::{Collection, Hit, IndexError, VectorIndex};

/// The value of `VECTOR_INDEX` that selects this store.
pub const NAME: &str = "pgvector";

/// pgvector's limit of dimensions for an HNSW index over `halfvec`.
const MOST_DIMENSIONS: usize = 4_000;
/// pgvector's limit of `hnsw.ef_search`.
const MOST_SEARCHED: usize = 1_000;
const UNDEFINED_TABLE: &str = "42P01";

/// Approximate search by pgvector 0.8 or later; in earlier versions the filter by project could drop all that was
/// found.
pub struct PgvectorIndex {
    pool: PgPool,
    made: Mutex<HashSet<Uuid>>,
}

impl PgvectorIndex {
    /// Uses this database, which may be another one than that of the events. Its user needs the right to create tables
    /// and, if it is missing, the extension.
    pub fn new(pool: PgPool) -> Self {
        Self { pool, made: Mutex::default() }
    }

    async fn make(&self, collection: &Collection, dimensions: usize) -> Result<(), IndexError> {
        let is_made = |made: &mut HashSet<Uuid>| made.contains(&collection.id);
        if is_made(&mut self.made.lock()) {
            return Ok(());
        }
        if dimensions > MOST_DIMENSIONS {
            return Err(IndexError::Dimensions { expected: MOST_DIMENSIONS, got: dimensions });
        }
        let table = table(collection);
        let mut tx = self.pool.begin().await.map_err(IndexError::unavailable)?;
        // One at a time, because concurrent `IF NOT EXISTS` statements can fail.
        tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('ayushma pgvector', 0))")
            .await
            .map_err(IndexError::unavailable)?;
        tx.execute("CREATE EXTENSION IF NOT EXISTS vector").await.map_err(IndexError::unavailable)?;
        let sql = format!(
            "CREATE TABLE IF NOT EXISTS {table}
             (chunk_id uuid PRIMARY KEY, project_id uuid NOT NULL, document_id uuid NOT NULL, embedding halfvec({dimensions}) NOT NULL);
             CREATE INDEX IF NOT EXISTS {table}_nearest ON {table} USING hnsw (embedding halfvec_ip_ops);
             CREATE INDEX IF NOT EXISTS {table}_projects ON {table} (project_id);
             CREATE INDEX IF NOT EXISTS {table}_documents ON {table} (document_id)"
        );
        tx.execute(sql.as_str()).await.map_err(IndexError::unavailable)?;
        tx.commit().await.map_err(IndexError::unavailable)?;
        self.made.lock().insert(collection.id);
        Ok(())
    }
}

fn table(collection: &Collection) -> String {
    format!("ayushma_passages_{}", collection.id.simple())
}

/// The vector in pgvector's text format.
fn literal(vector: &[f32]) -> String {
    let mut text = String::with_capacity(vector.len() * 12);
    for (at, x) in vector.iter().enumerate() {
        let before = if at == 0 { '[' } else { ',' };
        // Writing to a String cannot fail.
        let _ = write!(text, "{before}{x}");
    }
    text.push(']');
    text
}

/// Treats a table that was never created as empty.
fn empty_if_missing<T: Default>(result: Result<T, sqlx::Error>) -> Result<T, IndexError> {
    match result {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(UNDEFINED_TABLE) => Ok(T::default()),
        result => Ok(result.map_err(IndexError::unavailable)?),
    }
}

#[async_trait]
impl VectorIndex for PgvectorIndex {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn put(
        &self,
        collection: &Collection,
        project: ProjectId,
        document: DocumentId,
        vectors: &[(ChunkId, Vec<f32>)],
    ) -> Result<(), IndexError> {
        let Some((_, first)) = vectors.first() else { return Ok(()) };
        if let Some((_, other)) = vectors.iter().find(|(_, vector)| vector.len() != first.len()) {
            return Err(IndexError::Dimensions { expected: first.len(), got: other.len() });
        }
        self.make(collection, first.len()).await?;
        let sql = format!(
            "INSERT INTO {} (chunk_id, project_id, document_id, embedding)
             SELECT chunk_id, $2, $3, embedding::halfvec FROM unnest($1::uuid[], $4::text[]) AS given (chunk_id, embedding)
             ON CONFLICT (chunk_id) DO UPDATE
             SET project_id = excluded.project_id, document_id = excluded.document_id, embedding = excluded.embedding",
            table(collection)
        );
        let ids: Vec<Uuid> = vectors.iter().map(|(id, _)| id.value()).collect();
        let literals: Vec<String> = vectors.iter().map(|(_, vector)| literal(vector)).collect();
        let insert = sqlx::query(&sql).bind(ids).bind(project.value()).bind(document.value()).bind(literals);
        insert.execute(&self.pool).await.map_err(IndexError::unavailable)?;
        Ok(())
    }

    async fn retain(
        &self,
        collection: &Collection,
        document: DocumentId,
        chunks: &[ChunkId],
    ) -> Result<(), IndexError> {
        let sql = format!("DELETE FROM {} WHERE document_id = $1 AND chunk_id <> ALL ($2)", table(collection));
        let ids: Vec<Uuid> = chunks.iter().map(|id| id.value()).collect();
        let delete = sqlx::query(&sql).bind(document.value()).bind(ids);
        empty_if_missing(delete.execute(&self.pool).await.map(drop))
    }

    async fn nearest(
        &self,
        collection: &Collection,
        project: ProjectId,
        vector: &[f32],
        limit: usize,
    ) -> Result<Vec<Hit>, IndexError> {
        // The index returns the nearest vectors of all projects, and continues until enough of them are of this one.
        let mut tx = self.pool.begin().await.map_err(IndexError::unavailable)?;
        tx.execute("SET LOCAL hnsw.iterative_scan = strict_order").await.map_err(IndexError::unavailable)?;
        let searched = limit.clamp(40, MOST_SEARCHED);
        tx.execute(format!("SET LOCAL hnsw.ef_search = {searched}").as_str()).await.map_err(IndexError::unavailable)?;
        let sql = format!(
            "SELECT document_id, chunk_id, -(embedding <#> $1::halfvec) AS score FROM {}
             WHERE project_id = $2 ORDER BY embedding <#> $1::halfvec LIMIT $3",
            table(collection)
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = sqlx::query(&sql).bind(literal(vector)).bind(project.value()).bind(limit);
        let rows = empty_if_missing(rows.fetch_all(&mut *tx).await)?;
        let hit = |row: &sqlx::postgres::PgRow| -> Result<Hit, sqlx::Error> {
            let (document, chunk) = (DocumentId::new(row.try_get(0)?), ChunkId::new(row.try_get(1)?));
            #[expect(clippy::cast_possible_truncation, reason = "the vectors are less precise")]
            let score = row.try_get::<f64, _>(2)? as f32;
            Ok(Hit { document, chunk, score })
        };
        Ok(rows.iter().map(hit).collect::<Result<_, _>>().map_err(IndexError::unavailable)?)
    }

    async fn remove_collection(&self, collection: &Collection) -> Result<(), IndexError> {
        self.made.lock().remove(&collection.id);
        let sql = format!("DROP TABLE IF EXISTS {}", table(collection));
        self.pool.execute(sql.as_str()).await.map_err(IndexError::unavailable)?;
        Ok(())
    }
}
