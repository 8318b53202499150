//! The vectors of passages, as rows: whatever store searches them, it can be filled from here.

use domain::ids::{ChunkId, DocumentId, ProjectId};
use sqlx::{PgPool, PgTransaction};
use uuid::Uuid;

use super::project_cache::raise_change;
use knowledge::retrieval::passages;

/// A vector that shall be kept.
pub(super) type Vector = (ChunkId, Vec<f32>);

pub(crate) fn to_bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|x| x.to_le_bytes()).collect()
}

pub(crate) fn from_bytes(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|x| f32::from_le_bytes(*x)).collect()
}

/// Keeps vectors of passages that there are; those of passages that have gone are dropped.
pub(super) async fn keep(
    tx: &mut PgTransaction<'_>,
    model: &str,
    vectors: &[Vector],
    change: i64,
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = vectors.iter().map(|(id, _)| id.value()).collect();
    let embeddings: Vec<Vec<u8>> = vectors.iter().map(|(_, vector)| to_bytes(vector)).collect();
    // Whoever removes a passage waits until this is committed, and removes its vector too.
    sqlx::query!(
        "INSERT INTO passage_vectors (chunk_id, model, project_id, document_id, embedding, change)
         SELECT chunk_id, $2, project_id, document_id, embedding, $4
         FROM unnest($1::uuid[], $3::bytea[]) AS given (chunk_id, embedding) JOIN chunks USING (chunk_id)
         FOR KEY SHARE OF chunks
         ON CONFLICT (chunk_id, model) DO UPDATE SET embedding = excluded.embedding, change = excluded.change",
        &ids,
        model,
        &embeddings,
        change,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes vectors of the document whose passages have gone, and marks the others as changed: whoever has a copy of them reads
/// them anew.
pub(super) async fn sweep(tx: &mut PgTransaction<'_>, document: DocumentId, change: i64) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM passage_vectors WHERE document_id = $1
           AND NOT EXISTS (SELECT FROM chunks WHERE chunks.chunk_id = passage_vectors.chunk_id)",
        document.value()
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!("UPDATE passage_vectors SET change = $2 WHERE document_id = $1", document.value(), change)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Keeps vectors of a document whose passages there are already.
pub(super) async fn add(pool: &PgPool, project: ProjectId, model: &str, vectors: &[Vector]) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin().await?;
    let change = raise_change(&mut tx, project).await?;
    keep(&mut tx, model, vectors, change).await?;
    tx.commit().await
}

/// All vectors of a document by this model.
pub(super) async fn of_document(pool: &PgPool, document: DocumentId, model: &str) -> Result<Vec<Vector>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT chunk_id, embedding FROM passage_vectors WHERE document_id = $1 AND model = $2",
        document.value(),
        model
    );
    let rows = rows.fetch_all(pool).await?;
    Ok(rows.into_iter().map(|row| (ChunkId::new(row.chunk_id), from_bytes(&row.embedding))).collect())
}

/// Some passages of a document that have no vector by this model, with what an embedder is to read.
pub(super) async fn missing(
    pool: &PgPool,
    document: DocumentId,
    model: &str,
    limit: i64,
) -> Result<Vec<(ChunkId, String)>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT chunk_id, title, headings, body FROM chunks
         WHERE document_id = $1
           AND NOT EXISTS (SELECT FROM passage_vectors AS v WHERE v.chunk_id = chunks.chunk_id AND v.model = $2)
         ORDER BY ordinal LIMIT $3",
        document.value(),
        model,
        limit
    );
    let rows = rows.fetch_all(pool).await?;
    let text = |title: &str, headings: &str, body: &str| passages::to_embed(title, headings, body);
    Ok(rows.iter().map(|row| (ChunkId::new(row.chunk_id), text(&row.title, &row.headings, &row.body))).collect())
}

/// Removes the vectors of models that no version of the index has.
pub(super) async fn sweep_models(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM passage_vectors WHERE model NOT IN (SELECT model FROM index_versions)")
        .execute(pool)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_survive_storage_bit_by_bit() {
        let vector = vec![0.1, -1.5e-38, f32::MAX, 0.0];
        assert_eq!(from_bytes(&to_bytes(&vector)), vector);
    }
}
