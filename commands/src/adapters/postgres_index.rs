//! The built-in [`VectorIndex`]: chunks are rows of PostgreSQL, a search scans all of a project's in memory, exactly.
//!
//! What is in memory is a copy: before each search one counter tells whether it is stale, and only documents that
//! changed are read again. Any number of processes may write.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::ids::{ChunkId, DocumentId, ProjectId};
use sqlx::{Connection as _, PgConnection, PgPool, Postgres, Transaction};
use tokio::{sync::Mutex, task::spawn_blocking, time::timeout};
use uuid::Uuid;

use crate::{
    ports::{IndexError, IndexedChunk, Query, VectorIndex},
    retrieval::ranking::{Found, Parameters, Segment, rank},
};

/// A refresh that takes longer has lost its connection: everybody who searches the project waits for it.
const REFRESH_PATIENCE: Duration = Duration::from_secs(10);

/// Exact search over the table `chunks`.
pub struct PostgresIndex {
    pool: PgPool,
    projects: std::sync::Mutex<HashMap<ProjectId, Arc<Mutex<Snapshot>>>>,
}

/// A project's chunks in memory, as they were at the change with this number.
#[derive(Default, Clone)]
struct Snapshot {
    change: i64,
    documents: HashMap<DocumentId, (i64, Arc<Segment>)>,
    segments: Arc<[Arc<Segment>]>,
}

impl PostgresIndex {
    pub fn new(pool: PgPool) -> Self {
        Self { pool, projects: std::sync::Mutex::default() }
    }

    /// How many passages these documents have in the index.
    ///
    /// # Errors
    /// The database's.
    pub async fn count_passages(pool: &PgPool, documents: &[Uuid]) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar!(r#"SELECT count(*) AS "passages!" FROM chunks WHERE document_id = ANY($1)"#, documents)
            .fetch_one(pool)
            .await
    }

    /// The project's chunks as they are now. Searches that meet a stale copy wait for the first of them to refresh it.
    async fn current(&self, project: ProjectId) -> Result<Arc<[Arc<Segment>]>, IndexError> {
        let slot = {
            let mut projects = self.projects.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            Arc::clone(projects.entry(project).or_default())
        };
        let change = latest_change(&self.pool, project).await?;
        let mut held = slot.lock().await;
        if held.change < change {
            *held = self.refreshed(project, &held).await?;
        }
        Ok(Arc::clone(&held.segments))
    }

    /// What has not answered in time is not used again: the connection goes.
    async fn refreshed(&self, project: ProjectId, old: &Snapshot) -> Result<Snapshot, IndexError> {
        let mut connection = self.pool.acquire().await?;
        let refreshed = timeout(REFRESH_PATIENCE, Self::refreshed_over(&mut connection, project, old)).await;
        refreshed.unwrap_or_else(|_| {
            drop(connection.detach());
            Err(IndexError::Unavailable(sqlx::Error::PoolTimedOut))
        })
    }

    async fn refreshed_over(
        connection: &mut PgConnection,
        project: ProjectId,
        old: &Snapshot,
    ) -> Result<Snapshot, IndexError> {
        // One snapshot for all three reads, so that the number belongs to what was read.
        let mut tx = connection.begin().await?;
        sqlx::query!("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").execute(&mut *tx).await?;
        let change = latest_change(&mut *tx, project).await?;
        let current = documents(&mut tx, project).await?;
        let is_known = |document: &DocumentId, change: i64| matches!(old.documents.get(document), Some((known, _)) if *known == change);
        let stale: Vec<Uuid> =
            current.iter().filter(|(id, change)| !is_known(id, **change)).map(|(id, _)| id.value()).collect();
        let chunks = chunks_of(&mut tx, &stale).await?;
        tx.commit().await?;

        let mut documents = old.documents.clone();
        documents.retain(|id, _| current.contains_key(id));
        let segments =
            spawn_blocking(move || chunks.into_iter().map(|(id, chunks)| Segment::new(id, chunks)).collect::<Vec<_>>());
        for segment in segments.await.map_err(|_| IndexError::Unavailable(sqlx::Error::WorkerCrashed))? {
            let id = segment.document_id();
            documents.insert(id, (current[&id], Arc::new(segment)));
        }
        let segments = documents.values().map(|(_, segment)| Arc::clone(segment)).collect();
        Ok(Snapshot { change, documents, segments })
    }
}

#[async_trait]
impl VectorIndex for PostgresIndex {
    async fn replace_document(
        &self,
        project: ProjectId,
        document: DocumentId,
        chunks: Vec<IndexedChunk>,
    ) -> Result<(), IndexError> {
        let mut tx = self.pool.begin().await?;
        let change = raise_change(&mut tx, project).await?;
        delete(&mut tx, document).await?;
        insert(&mut tx, project, document, change, chunks).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn remove_document(&self, document: DocumentId) -> Result<(), IndexError> {
        let mut tx = self.pool.begin().await?;
        let project =
            sqlx::query_scalar!("SELECT project_id FROM chunks WHERE document_id = $1 LIMIT 1", document.value())
                .fetch_optional(&mut *tx)
                .await?;
        if let Some(project) = project {
            raise_change(&mut tx, ProjectId::new(project)).await?;
            delete(&mut tx, document).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn search(
        &self,
        project: ProjectId,
        query: Query,
        limit: usize,
        parameters: Parameters,
    ) -> Result<Found, IndexError> {
        let segments = self.current(project).await?;
        let hidden = hidden(&self.pool, project).await?;
        let segments: Arc<[Arc<Segment>]> = if hidden.is_empty() {
            segments
        } else {
            segments.iter().filter(|segment| !hidden.contains(&segment.document_id().value())).cloned().collect()
        };
        spawn_blocking(move || rank(&segments, &query, limit, &parameters))
            .await
            .map_err(|_| IndexError::Unavailable(sqlx::Error::WorkerCrashed))
    }
}

impl From<sqlx::Error> for IndexError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(error)
    }
}

/// The number of the project's latest change; 0 before the first.
async fn latest_change(db: impl sqlx::PgExecutor<'_>, project: ProjectId) -> Result<i64, sqlx::Error> {
    let change = sqlx::query_scalar!("SELECT change FROM chunk_changes WHERE project_id = $1", project.value());
    Ok(change.fetch_optional(db).await?.unwrap_or(0))
}

/// The project's documents that are deleted and not yet removed.
async fn hidden(pool: &PgPool, project: ProjectId) -> Result<Vec<Uuid>, sqlx::Error> {
    let hidden = sqlx::query_scalar!("SELECT document_id FROM hidden_documents WHERE project_id = $1", project.value());
    hidden.fetch_all(pool).await
}

/// Numbers a change and holds the project's other writers until it is committed.
async fn raise_change(tx: &mut Transaction<'_, Postgres>, project: ProjectId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        "INSERT INTO chunk_changes (project_id, change) VALUES ($1, 1)
         ON CONFLICT (project_id) DO UPDATE SET change = chunk_changes.change + 1
         RETURNING change",
        project.value()
    )
    .fetch_one(&mut **tx)
    .await
}

/// The project's documents with their latest change.
async fn documents(
    tx: &mut Transaction<'_, Postgres>,
    project: ProjectId,
) -> Result<HashMap<DocumentId, i64>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT document_id, max(change) AS "change!" FROM chunks WHERE project_id = $1 GROUP BY document_id"#,
        project.value()
    );
    let rows = rows.fetch_all(&mut **tx).await?;
    Ok(rows.into_iter().map(|row| (DocumentId::new(row.document_id), row.change)).collect())
}

async fn chunks_of(
    tx: &mut Transaction<'_, Postgres>,
    documents: &[Uuid],
) -> Result<HashMap<DocumentId, Vec<IndexedChunk>>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT chunk_id, document_id, document_version, title, headings, page, body, overlap, content_hash, model, embedding
         FROM chunks WHERE document_id = ANY($1) ORDER BY document_id, ordinal",
        documents
    );
    let mut chunks: HashMap<DocumentId, Vec<IndexedChunk>> = HashMap::new();
    for row in rows.fetch_all(&mut **tx).await? {
        let document_id = DocumentId::new(row.document_id);
        chunks.entry(document_id).or_default().push(IndexedChunk {
            chunk_id: ChunkId::new(row.chunk_id),
            document_id,
            document_version: row.document_version.cast_unsigned(),
            title: row.title,
            headings: row.headings,
            page: row.page.map(i32::cast_unsigned),
            text: row.body,
            overlap: row.overlap.cast_unsigned(),
            content_hash: row.content_hash,
            model: row.model,
            vector: from_bytes(&row.embedding),
        });
    }
    Ok(chunks)
}

async fn delete(tx: &mut Transaction<'_, Postgres>, document: DocumentId) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM chunks WHERE document_id = $1", document.value()).execute(&mut **tx).await?;
    Ok(())
}

async fn insert(
    tx: &mut Transaction<'_, Postgres>,
    project: ProjectId,
    document: DocumentId,
    change: i64,
    chunks: Vec<IndexedChunk>,
) -> Result<(), sqlx::Error> {
    let mut columns = Columns::default();
    for chunk in chunks {
        columns.ids.push(chunk.chunk_id.value());
        columns.versions.push(chunk.document_version.cast_signed());
        columns.titles.push(chunk.title);
        columns.headings.push(chunk.headings);
        columns.pages.push(chunk.page.map(u32::cast_signed));
        columns.overlaps.push(chunk.overlap.cast_signed());
        columns.bodies.push(chunk.text);
        columns.hashes.push(chunk.content_hash);
        columns.models.push(chunk.model);
        columns.embeddings.push(to_bytes(&chunk.vector));
    }
    sqlx::query!(
        "INSERT INTO chunks (chunk_id, project_id, document_id, document_version, ordinal, title, headings, page, body, overlap,
                             content_hash, model, embedding, change)
         SELECT c.id, $1, $2, c.version, (c.ordinality - 1)::integer, c.title, c.headings, c.page, c.body, c.overlap,
                c.hash, c.model, c.embedding, $3
         FROM UNNEST($4::uuid[], $5::integer[], $6::text[], $7::text[], $8::integer[], $9::text[], $10::integer[],
                     $11::text[], $12::text[], $13::bytea[])
              WITH ORDINALITY AS c (id, version, title, headings, page, body, overlap, hash, model, embedding, ordinality)",
        project.value(),
        document.value(),
        change,
        &columns.ids,
        &columns.versions,
        &columns.titles,
        &columns.headings,
        &columns.pages as &[Option<i32>],
        &columns.bodies,
        &columns.overlaps,
        &columns.hashes,
        &columns.models,
        &columns.embeddings,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Chunks as PostgreSQL's arrays: one statement writes them all.
#[derive(Default)]
struct Columns {
    ids: Vec<Uuid>,
    versions: Vec<i32>,
    titles: Vec<String>,
    headings: Vec<String>,
    pages: Vec<Option<i32>>,
    overlaps: Vec<i32>,
    bodies: Vec<String>,
    hashes: Vec<String>,
    models: Vec<String>,
    embeddings: Vec<Vec<u8>>,
}

pub(crate) fn to_bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|x| x.to_le_bytes()).collect()
}

pub(crate) fn from_bytes(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|x| f32::from_le_bytes(*x)).collect()
}

#[cfg(test)]
mod tests;
