//! Passages without their vectors, as rows.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::ids::{ChunkId, DocumentId, ProjectId};
use sqlx::{PgPool, PgTransaction};
use uuid::Uuid;

use super::project_cache::Source;
use knowledge::retrieval::{passages::StoredPassage, ranking::Segment};

/// The texts of a project.
pub(super) struct Texts;

#[async_trait]
impl Source for Texts {
    type Rows = Vec<StoredPassage>;
    type Item = Segment;

    async fn documents(
        tx: &mut PgTransaction<'_>,
        project: ProjectId,
        _: &str,
    ) -> Result<HashMap<DocumentId, i64>, sqlx::Error> {
        let rows = sqlx::query!(
            r#"SELECT document_id, max(change) AS "change!" FROM chunks WHERE project_id = $1 GROUP BY document_id"#,
            project.value()
        );
        let rows = rows.fetch_all(&mut **tx).await?;
        Ok(rows.into_iter().map(|row| (DocumentId::new(row.document_id), row.change)).collect())
    }

    async fn rows(
        tx: &mut PgTransaction<'_>,
        documents: &[Uuid],
        _: &str,
    ) -> Result<HashMap<DocumentId, Self::Rows>, sqlx::Error> {
        let rows = sqlx::query_as!(
            PassageRow,
            "SELECT chunk_id, document_id, document_version, title, headings, page, body, overlap, content_hash
             FROM chunks WHERE document_id = ANY($1) ORDER BY document_id, ordinal",
            documents
        );
        let mut passages: HashMap<DocumentId, Self::Rows> = HashMap::new();
        for passage in rows.fetch_all(&mut **tx).await?.into_iter().map(StoredPassage::from) {
            passages.entry(passage.document_id).or_default().push(passage);
        }
        Ok(passages)
    }

    fn item(document: DocumentId, rows: Self::Rows) -> Segment {
        Segment::new(document, rows)
    }
}

/// How many passages these documents have.
///
/// # Errors
/// The database's.
pub async fn count_passages(pool: &PgPool, documents: &[Uuid]) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT count(*) AS "passages!" FROM chunks WHERE document_id = ANY($1)"#, documents)
        .fetch_one(pool)
        .await
}

/// What the passages of a document say, in their order: the hash of each.
///
/// # Errors
/// The database's.
pub async fn content_hashes(pool: &PgPool, document: DocumentId) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!("SELECT content_hash FROM chunks WHERE document_id = $1 ORDER BY ordinal", document.value())
        .fetch_all(pool)
        .await
}

/// A row of the table `chunks`, without what only searches need.
struct PassageRow {
    chunk_id: Uuid,
    document_id: Uuid,
    document_version: i32,
    title: String,
    headings: String,
    page: Option<i32>,
    body: String,
    overlap: i32,
    content_hash: String,
}

impl From<PassageRow> for StoredPassage {
    fn from(row: PassageRow) -> Self {
        Self {
            chunk_id: ChunkId::new(row.chunk_id),
            document_id: DocumentId::new(row.document_id),
            document_version: row.document_version.cast_unsigned(),
            title: row.title,
            headings: row.headings,
            page: row.page.map(i32::cast_unsigned),
            text: row.body,
            overlap: row.overlap.cast_unsigned(),
            content_hash: row.content_hash,
        }
    }
}

/// The stored passages with these ids; those that have gone are left out.
///
/// # Errors
/// The database's.
pub(crate) async fn stored_passages(pool: &PgPool, chunks: &[Uuid]) -> Result<Vec<StoredPassage>, sqlx::Error> {
    let rows = sqlx::query_as!(
        PassageRow,
        "SELECT chunk_id, document_id, document_version, title, headings, page, body, overlap, content_hash
         FROM chunks WHERE chunk_id = ANY($1)",
        chunks
    );
    Ok(rows.fetch_all(pool).await?.into_iter().map(StoredPassage::from).collect())
}

/// The stored passages of a version of a document, in their order; none if another version is stored.
///
/// # Errors
/// The database's.
pub(crate) async fn stored_version(
    pool: &PgPool,
    document: DocumentId,
    version: u32,
) -> Result<Vec<StoredPassage>, sqlx::Error> {
    let rows = sqlx::query_as!(
        PassageRow,
        "SELECT chunk_id, document_id, document_version, title, headings, page, body, overlap, content_hash
         FROM chunks WHERE document_id = $1 AND document_version = $2 ORDER BY ordinal",
        document.value(),
        version.cast_signed()
    );
    Ok(rows.fetch_all(pool).await?.into_iter().map(StoredPassage::from).collect())
}

/// The project's documents that are deleted and not yet removed.
pub(super) async fn hidden(pool: &PgPool, project: ProjectId) -> Result<Vec<Uuid>, sqlx::Error> {
    let hidden = sqlx::query_scalar!("SELECT document_id FROM hidden_documents WHERE project_id = $1", project.value());
    hidden.fetch_all(pool).await
}

pub(super) async fn delete(tx: &mut PgTransaction<'_>, document: DocumentId) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM chunks WHERE document_id = $1", document.value()).execute(&mut **tx).await?;
    Ok(())
}

pub(super) async fn insert(
    tx: &mut PgTransaction<'_>,
    project: ProjectId,
    document: DocumentId,
    change: i64,
    passages: &[StoredPassage],
) -> Result<(), sqlx::Error> {
    let texts = |of: fn(&StoredPassage) -> &String| passages.iter().map(|it| of(it).clone()).collect::<Vec<_>>();
    let numbers = |of: fn(&StoredPassage) -> u32| passages.iter().map(|it| of(it).cast_signed()).collect::<Vec<_>>();
    let ids: Vec<Uuid> = passages.iter().map(|passage| passage.chunk_id.value()).collect();
    let pages: Vec<Option<i32>> = passages.iter().map(|passage| passage.page.map(u32::cast_signed)).collect();
    sqlx::query!(
        "INSERT INTO chunks (chunk_id, project_id, document_id, document_version, ordinal, title, headings, page, body, overlap,
                             content_hash, change)
         SELECT c.id, $1, $2, c.version, (c.ordinality - 1)::integer, c.title, c.headings, c.page, c.body, c.overlap,
                c.hash, $3
         FROM UNNEST($4::uuid[], $5::integer[], $6::text[], $7::text[], $8::integer[], $9::text[], $10::integer[],
                     $11::text[])
              WITH ORDINALITY AS c (id, version, title, headings, page, body, overlap, hash, ordinality)",
        project.value(),
        document.value(),
        change,
        &ids,
        &numbers(|it| it.document_version),
        &texts(|it| &it.title),
        &texts(|it| &it.headings),
        &pages as &[Option<i32>],
        &texts(|it| &it.text),
        &numbers(|it| it.overlap),
        &texts(|it| &it.content_hash),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
