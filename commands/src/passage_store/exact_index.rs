//! The built-in [`VectorIndex`]: reads the vectors of a project from the table `passage_vectors` into memory and compares all of them.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::ids::{ChunkId, DocumentId, ProjectId};
use sqlx::{PgPool, PgTransaction};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::{ProjectCache, Source, archive::from_bytes};
use knowledge::retrieval::nearest::{Vectors, nearest};
use ports::{Collection, Hit, IndexError, VectorIndex};

/// How the configuration calls it.
pub const NAME: &str = "exact";

/// Exact search in this process.
pub struct ExactIndex(ProjectCache<Kept>);

impl ExactIndex {
    pub fn new(pool: PgPool) -> Self {
        Self(ProjectCache::new(pool))
    }
}

#[async_trait]
impl VectorIndex for ExactIndex {
    fn name(&self) -> &'static str {
        NAME
    }

    /// They are in the table, or will be.
    async fn put(
        &self,
        _: &Collection,
        _: ProjectId,
        _: DocumentId,
        _: &[(ChunkId, Vec<f32>)],
    ) -> Result<(), IndexError> {
        Ok(())
    }

    /// They go from the table with their passages.
    async fn retain(&self, _: &Collection, _: DocumentId, _: &[ChunkId]) -> Result<(), IndexError> {
        Ok(())
    }

    async fn nearest(
        &self,
        collection: &Collection,
        project: ProjectId,
        vector: &[f32],
        limit: usize,
    ) -> Result<Vec<Hit>, IndexError> {
        let documents = self.0.current(project, &collection.model).await.map_err(IndexError::unavailable)?;
        let vector = vector.to_vec();
        spawn_blocking(move || nearest(&documents, &vector, limit)).await.map_err(IndexError::unavailable)
    }

    /// It is no more than the table.
    async fn remove_collection(&self, _: &Collection) -> Result<(), IndexError> {
        Ok(())
    }
}

/// The vectors of one model.
struct Kept;

#[async_trait]
impl Source for Kept {
    type Rows = Vec<(ChunkId, Vec<f32>)>;
    type Item = Vectors;

    async fn documents(
        tx: &mut PgTransaction<'_>,
        project: ProjectId,
        of: &str,
    ) -> Result<HashMap<DocumentId, i64>, sqlx::Error> {
        let rows = sqlx::query!(
            r#"SELECT document_id, max(change) AS "change!" FROM passage_vectors
               WHERE project_id = $1 AND model = $2 GROUP BY document_id"#,
            project.value(),
            of
        );
        let rows = rows.fetch_all(&mut **tx).await?;
        Ok(rows.into_iter().map(|row| (DocumentId::new(row.document_id), row.change)).collect())
    }

    async fn rows(
        tx: &mut PgTransaction<'_>,
        documents: &[Uuid],
        of: &str,
    ) -> Result<HashMap<DocumentId, Self::Rows>, sqlx::Error> {
        let rows = sqlx::query!(
            "SELECT document_id, chunk_id, embedding FROM passage_vectors
             WHERE document_id = ANY($1) AND model = $2 ORDER BY document_id, chunk_id",
            documents,
            of
        );
        let mut vectors: HashMap<DocumentId, Self::Rows> = HashMap::new();
        for row in rows.fetch_all(&mut **tx).await? {
            let of_document = vectors.entry(DocumentId::new(row.document_id)).or_default();
            of_document.push((ChunkId::new(row.chunk_id), from_bytes(&row.embedding)));
        }
        Ok(vectors)
    }

    fn item(document: DocumentId, rows: Self::Rows) -> Vectors {
        Vectors::new(document, rows)
    }
}
