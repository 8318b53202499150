//! Vectors that need not be made: those that an attempt before has made, and those of the same content in the same project.

use std::collections::HashMap;

use domain::ids::{DocumentId, ProjectId};
use sha2::{Digest, Sha256};
use sqlx::PgPool;

use crate::passage_store::{from_bytes, to_bytes};
use knowledge::retrieval::passages::PassageText;

/// What a vector is of.
pub(super) fn content_of(passage: &PassageText) -> String {
    hex::encode(Sha256::digest(passage.to_embed()))
}

/// The vectors that are known, by [`content_of`].
pub(super) async fn known(
    pool: &PgPool,
    project: ProjectId,
    document: DocumentId,
    model: &str,
    passages: &[PassageText],
) -> Result<HashMap<String, Vec<f32>>, sqlx::Error> {
    let drafted = sqlx::query!(
        "SELECT content_hash, embedding FROM drafted_vectors WHERE document_id = $1 AND model = $2",
        document.value(),
        model
    )
    .fetch_all(pool)
    .await?;
    let mut known: HashMap<String, Vec<f32>> =
        drafted.into_iter().map(|row| (row.content_hash, from_bytes(&row.embedding))).collect();
    let hashes: Vec<String> = passages.iter().map(|passage| passage.content_hash.clone()).collect();
    let titles: Vec<String> = passages.iter().take(1).map(|passage| passage.title.clone()).collect();
    let of_project = sqlx::query!(
        "SELECT DISTINCT ON (content_hash) content_hash, embedding FROM chunks JOIN passage_vectors AS v USING (chunk_id)
         WHERE chunks.project_id = $1 AND v.model = $2 AND title = ANY($3) AND content_hash = ANY($4)",
        project.value(),
        model,
        &titles,
        &hashes
    )
    .fetch_all(pool)
    .await?;
    let of_project: HashMap<&str, &[u8]> =
        of_project.iter().map(|row| (row.content_hash.as_str(), row.embedding.as_slice())).collect();
    for passage in passages {
        if let Some(embedding) = of_project.get(passage.content_hash.as_str()) {
            known.entry(content_of(passage)).or_insert_with(|| from_bytes(embedding));
        }
    }
    Ok(known)
}

/// Keeps vectors until their document is complete.
pub(super) async fn keep(
    pool: &PgPool,
    document: DocumentId,
    model: &str,
    contents: &[String],
    vectors: &[Vec<f32>],
) -> Result<(), sqlx::Error> {
    let embeddings: Vec<Vec<u8>> = vectors.iter().map(|vector| to_bytes(vector)).collect();
    sqlx::query!(
        "INSERT INTO drafted_vectors (document_id, model, content_hash, embedding)
         SELECT $1, $2, * FROM unnest($3::text[], $4::bytea[]) ON CONFLICT DO NOTHING",
        document.value(),
        model,
        contents,
        &embeddings
    )
    .execute(pool)
    .await?;
    Ok(())
}
