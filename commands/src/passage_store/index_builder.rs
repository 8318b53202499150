//! Fills the version of the index that is wanted with what it lacks, lets it take its place, and removes what is not needed any more.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::ids::{ChunkId, DocumentId, ProjectId};
use serde::{Deserialize, Serialize};

use super::{
    PassageStore, PassageStoreError, archive,
    versions::{self, State, Version},
};
use crate::{
    event_log::JobPayload,
    jobs::{Job, JobError, JobHandler},
};
use ports::{ProviderError, TextKind};

/// Tends the index.
#[derive(Serialize, Deserialize)]
pub(super) struct Tend {}

impl JobPayload for Tend {
    const KIND: &'static str = "tend_indexes";
}

/// Passages that are embedded in one request, and kept before the next one.
const BATCH: i64 = 64;
/// Vectors that a store is given at once.
const PUT: usize = 500;
/// Others wait for the same worker.
const TURN: Duration = Duration::from_mins(1);

/// Tends the index, in a job that goes on where it was when it is cut off.
pub struct IndexBuilder(pub PassageStore);

/// There is more to do.
#[derive(Debug, thiserror::Error)]
#[error("the index is not complete yet")]
struct Incomplete;

impl IndexBuilder {
    /// The kinds of its jobs.
    pub const KINDS: &'static [&'static str] = &[Tend::KIND];
}

#[async_trait]
impl JobHandler for IndexBuilder {
    fn kinds(&self) -> &'static [&'static str] {
        Self::KINDS
    }

    async fn run(&self, _: &Job) -> Result<(), JobError> {
        let deadline = Instant::now() + TURN;
        while self.0.complete_a_document().await.map_err(JobError::from_source)? {
            if Instant::now() > deadline {
                return Err(JobError::to_be_continued(Incomplete));
            }
        }
        self.0.switch().await.map_err(JobError::from_source)?;
        self.0.remove_retired().await.map_err(JobError::from_source)
    }

    async fn give_up(&self, job: &Job) -> Result<(), JobError> {
        tracing::error!("the vector index cannot be completed");
        self.run(job).await
    }
}

impl PassageStore {
    /// The live versions that can be completed from here: those of the chosen model.
    async fn tended(&self) -> Result<Vec<Version>, PassageStoreError> {
        let live = versions::live(&self.0.pool).await?;
        let is_ours =
            |version: &Version| version.collection.model == self.chosen().model() && self.index_of(version).is_ok();
        Ok(live.into_iter().filter(is_ours).collect())
    }

    /// Completes the vectors of some document that lacks any. Says whether there was one.
    async fn complete_a_document(&self) -> Result<bool, PassageStoreError> {
        for version in self.tended().await? {
            if let Some((project, document)) = versions::lacking(&self.0.pool, version.collection.id).await? {
                self.embed_missing(project, document).await?;
                self.put_all(&version, project, document).await?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Outside the document's turn: it may take long.
    async fn embed_missing(&self, project: ProjectId, document: DocumentId) -> Result<(), PassageStoreError> {
        let embedder = self.chosen();
        loop {
            let passages = archive::missing(&self.0.pool, document, embedder.model(), BATCH).await?;
            if passages.is_empty() {
                return Ok(());
            }
            let (ids, texts): (Vec<ChunkId>, Vec<String>) = passages.into_iter().unzip();
            let vectors = embedder.embed(&texts, TextKind::Passage).await?;
            if vectors.len() != ids.len() {
                return Err(ProviderError::unavailable("there are fewer vectors than texts").into());
            }
            let vectors: Vec<_> = ids.into_iter().zip(vectors).collect();
            archive::add(&self.0.pool, project, embedder.model(), &vectors).await?;
        }
    }

    async fn put_all(
        &self,
        version: &Version,
        project: ProjectId,
        document: DocumentId,
    ) -> Result<(), PassageStoreError> {
        let (index, model) = (self.index_of(version)?, &version.collection.model);
        let turn = self.turn(document).await?;
        // A new version of the document was quicker: it is looked at anew.
        if !archive::missing(&self.0.pool, document, model, 1).await?.is_empty() {
            return Ok(());
        }
        let vectors = archive::of_document(&self.0.pool, document, model).await?;
        for some in vectors.chunks(PUT) {
            index.put(&version.collection, project, document, some).await?;
        }
        let ids: Vec<ChunkId> = vectors.iter().map(|(id, _)| *id).collect();
        index.retain(&version.collection, document, &ids).await?;
        versions::add_mark(&self.0.pool, document, version.collection.id).await?;
        drop(turn);
        Ok(())
    }

    async fn switch(&self) -> Result<(), PassageStoreError> {
        for version in self.tended().await?.iter().filter(|version| version.state == State::Building) {
            if versions::switch(&self.0.pool, version.collection.id).await? {
                let (model, store) = (&version.collection.model, &version.store);
                tracing::info!(model, store, "a new version of the vector index is complete, and searched from now on");
            }
        }
        Ok(())
    }

    async fn remove_retired(&self) -> Result<(), PassageStoreError> {
        for version in versions::all(&self.0.pool).await?.iter().filter(|version| version.state == State::Retired) {
            match self.index_of(version) {
                Ok(index) => index.remove_collection(&version.collection).await?,
                Err(error) => {
                    tracing::warn!(%error, "vectors that nobody needs stay there until its settings are back");
                    continue;
                }
            }
            versions::forget(&self.0.pool, version.collection.id).await?;
        }
        archive::sweep_models(&self.0.pool).await?;
        Ok(())
    }
}
