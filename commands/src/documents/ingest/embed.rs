//! Passages get their vectors, batch by batch. Those that need not be made are taken: those that an attempt before has made, and
//! those of the same content in the same project.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use domain::{document::EmbeddingFailure, ids::DocumentId};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use sha2::{Digest, Sha256};
use sqlx::PgPool;

use super::{
    Failed, Ingestion, Version,
    attempt::{Attempt, Stage},
};
use crate::{
    jobs::JobError,
    passage_store::{VectorsByModel, from_bytes, to_bytes},
};
use knowledge::retrieval::passages::PassageText;
use ports::{Embedder, ProviderError, TextKind};

/// Passages that are embedded in one request.
const BATCH: usize = 64;
/// Requests for one document at the same time.
const REQUESTS: usize = 2;
/// How long one document is embedded while others wait: less than a job may run at all.
const TURN: Duration = Duration::from_mins(5);

/// The rest is embedded when others have had their turn.
#[derive(Debug, thiserror::Error)]
#[error("the document is long, and others wait")]
struct HadItsTurn;

impl Ingestion {
    /// The vectors of the chosen model, and those of the one whose index is searched until the new one is complete: without these,
    /// the document is found by its words only for so long.
    pub(super) async fn embed(
        &self,
        attempt: &Attempt<'_>,
        passages: &[PassageText],
    ) -> Result<VectorsByModel, Failed> {
        let mut vectors = VectorsByModel::new();
        for embedder in self.passage_store.wanted_embedders().await.map_err(Failed::for_now)? {
            let model = embedder.model().to_owned();
            match self.vectors_of(attempt, passages, embedder.as_ref()).await {
                Ok(of_model) => drop(vectors.insert(model, of_model)),
                Err(Failed::Unwanted) => return Err(Failed::Unwanted),
                Err(failed) if vectors.is_empty() => return Err(failed),
                Err(Failed::ForGood(..)) => tracing::warn!(model, "a document gets no vectors of the model of before"),
                Err(Failed::ForNow(error)) => {
                    let error = crate::error_chain(&error);
                    tracing::warn!(model, error, "a document gets no vectors of the model of before");
                }
            }
        }
        Ok(vectors)
    }

    /// One vector for each passage. What was embedded before is not embedded again.
    async fn vectors_of(
        &self,
        attempt: &Attempt<'_>,
        passages: &[PassageText],
        embedder: &dyn Embedder,
    ) -> Result<Vec<Vec<f32>>, Failed> {
        let (version, model) = (&attempt.version, embedder.model());
        let mut known = known_vectors(&self.pool, version, model, passages).await.map_err(Failed::for_now)?;
        let contents: Vec<String> = passages.iter().map(content_of).collect();
        let missing: Vec<usize> = (0..passages.len()).filter(|at| !known.contains_key(&contents[*at])).collect();
        let total = passages.len();
        let (known_before, started) = (total - missing.len(), Instant::now());
        let mut done = known_before;
        attempt.report(Stage::Embedding, done, Some(total)).await;
        let requests: Vec<_> = missing.chunks(BATCH).map(|batch| embed_batch(embedder, batch, passages)).collect();
        let mut batches = stream::iter(requests).buffered(REQUESTS);
        loop {
            let next = batches.try_next().await.map_err(|failed| match failed {
                // A long document at a slow or limiting embedder is no hopeless one.
                Failed::ForNow(error) if total > BATCH && done > known_before => Failed::ForNow(error.after_progress()),
                failed => failed,
            });
            let Some((batch, vectors)) = next? else { break };
            let of_batch: Vec<String> = batch.iter().map(|at| contents[*at].clone()).collect();
            done += batch.len();
            // A document of one batch has nothing to go on from.
            if total > BATCH {
                attempt.require_awaited().await?;
                keep_drafts(&self.pool, version.document, model, &of_batch, &vectors).await.map_err(Failed::for_now)?;
                attempt.report(Stage::Embedding, done, Some(total)).await;
                if started.elapsed() > TURN && done < total {
                    return Err(Failed::ForNow(JobError::to_be_continued(HadItsTurn)));
                }
            }
            known.extend(of_batch.into_iter().zip(vectors));
        }
        let vector_of = |content| known.get(content).cloned();
        let vectors: Option<Vec<Vec<f32>>> = contents.iter().map(vector_of).collect();
        vectors.ok_or_else(|| Failed::for_now(ProviderError::unavailable("there are fewer vectors than texts")))
    }
}

async fn embed_batch<'a>(
    embedder: &dyn Embedder,
    batch: &'a [usize],
    passages: &[PassageText],
) -> Result<(&'a [usize], Vec<Vec<f32>>), Failed> {
    let texts: Vec<String> = batch.iter().map(|at| passages[*at].to_embed()).collect();
    Ok((batch, embedder.embed(&texts, TextKind::Passage).await.map_err(failed_provider)?))
}

fn failed_provider(error: ProviderError) -> Failed {
    match error {
        ProviderError::RateLimited | ProviderError::Unavailable(_) => Failed::ForNow(JobError::from_source(error)),
        ProviderError::Unauthorized | ProviderError::Refused(_) => {
            tracing::warn!(error = %crate::error_chain(&error), "a document cannot be embedded");
            Failed::for_good(EmbeddingFailure::Provider)
        }
    }
}

/// What a vector is of.
fn content_of(passage: &PassageText) -> String {
    hex::encode(Sha256::digest(passage.to_embed()))
}

/// The vectors that are known, by [`content_of`].
async fn known_vectors(
    pool: &PgPool,
    version: &Version,
    model: &str,
    passages: &[PassageText],
) -> Result<HashMap<String, Vec<f32>>, sqlx::Error> {
    let drafted = sqlx::query!(
        "SELECT content_hash, embedding FROM drafted_vectors WHERE document_id = $1 AND model = $2",
        version.document.value(),
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
        version.project.value(),
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
async fn keep_drafts(
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
