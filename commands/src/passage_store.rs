//! The passages of all documents: their text in PostgreSQL, their vectors in a [`VectorIndex`](ports::VectorIndex), and how both are searched.
//!
//! The index has versions, each of one model in one store. The current one is searched. A new model or store makes a new one,
//! which is filled beside it ([`IndexBuilder`]) and takes its place when it has every document.
//!
//! What there is to find is decided by the rows of the table `chunks`: what a store still has or has already does not matter.

mod archive;
pub mod exact_index;
mod index_builder;
mod project_cache;
mod readings;
mod texts;
mod versions;

use std::{collections::HashMap, sync::Arc};

use domain::ids::{ChunkId, DocumentId, ProjectId};
use sqlx::{Connection as _, PgConnection, PgPool};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use self::{archive::Vector, project_cache::raise_change, texts::Texts, versions::Version};
use crate::{
    clock::SharedClock,
    event_log::{NewJob, advisory_locks, supersede},
};
pub(crate) use archive::{from_bytes, to_bytes};
pub use index_builder::IndexBuilder;
use knowledge::retrieval::{
    passages::StoredPassage,
    ranking::{Parameters, SearchResults, rank},
};
use ports::{Hit, IndexError, ProviderError, SharedEmbedder, SharedIndex, TextKind};
pub(crate) use project_cache::{ProjectCache, Source};
pub use readings::{KeptReading, reading_of, weight_of_reading};
pub use texts::{content_hashes, count_passages};
pub(crate) use texts::{stored_passages, stored_version};

/// How many hits are asked for beyond those that are needed: some may be of passages that have gone.
const SPARE: usize = 32;
/// How long one waits for the others who write the same document.
const TURN_PATIENCE: &str = "20s";
/// How often a write is made again because the versions of the index changed meanwhile.
const ATTEMPTS: u32 = 5;

/// The embedder with this [`model`](ports::Embedder::model), if it can be asked.
pub type EmbedderOf = Arc<dyn Fn(&str) -> Option<SharedEmbedder> + Send + Sync>;

/// Which embedders there are.
#[derive(Clone)]
pub struct Embedders {
    /// The one that new vectors are made by.
    pub chosen: SharedEmbedder,
    /// Others: while an index is built, questions are embedded by the model before.
    pub of_model: EmbedderOf,
}

impl Embedders {
    fn of(&self, model: &str) -> Option<SharedEmbedder> {
        if self.chosen.model() == model { Some(self.chosen.clone()) } else { (self.of_model)(model) }
    }
}

/// Why passages cannot be searched, or changed.
#[derive(Debug, thiserror::Error)]
pub enum PassageStoreError {
    #[error("the question cannot be embedded")]
    Embedder(#[from] ProviderError),
    #[error("a vector store failed")]
    Index(#[from] IndexError),
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// Something is still kept there.
    #[error("the vector store {0} is in use, but its settings are missing")]
    NotConfigured(String),
    #[error("the versions of the index keep changing")]
    Unsettled,
}

/// The vectors of a document's passages by their models, in the order of the passages.
pub type VectorsByModel = HashMap<String, Vec<Vec<f32>>>;

/// All passages of all projects.
#[derive(Clone)]
pub struct PassageStore(Arc<Inner>);

struct Inner {
    pool: PgPool,
    clock: SharedClock,
    embedders: Embedders,
    /// The one in which new vectors are searched, and others that can be reached.
    index: SharedIndex,
    others: Vec<SharedIndex>,
    texts: ProjectCache<Texts>,
}

impl PassageStore {
    /// `others` are indexes that may hold vectors from before, when the settings were others.
    pub fn new(
        pool: PgPool,
        clock: SharedClock,
        embedders: Embedders,
        index: SharedIndex,
        others: Vec<SharedIndex>,
    ) -> Self {
        let texts = ProjectCache::new(pool.clone());
        Self(Arc::new(Inner { pool, clock, embedders, index, others, texts }))
    }

    /// Sees to it that the index becomes one of the chosen model and store. Call it before documents are embedded.
    ///
    /// # Errors
    /// The database's.
    pub async fn prepare(&self) -> Result<(), sqlx::Error> {
        let mut tx = self.0.pool.begin().await?;
        let (model, store) = (self.chosen().model(), self.0.index.name());
        versions::want(&mut tx, model, store, self.0.clock.new_id()).await?;
        let job_id = self.0.clock.new_id();
        // Whoever is at it does not know of the new version.
        supersede(&NewJob::new(job_id, Uuid::nil(), &index_builder::Tend {}), &mut tx).await?;
        tx.commit().await
    }

    pub(crate) fn chosen(&self) -> &SharedEmbedder {
        &self.0.embedders.chosen
    }

    /// The embedders whose vectors the index wants of a new document. The first one is the one that the document needs to have.
    pub(crate) async fn wanted_embedders(&self) -> Result<Vec<SharedEmbedder>, sqlx::Error> {
        let mut embedders = vec![self.chosen().clone()];
        for version in versions::live(&self.0.pool).await? {
            let model = version.collection.model;
            if embedders.iter().all(|known| known.model() != model) {
                embedders.extend(self.0.embedders.of(&model));
            }
        }
        Ok(embedders)
    }

    fn index_of(&self, version: &Version) -> Result<&SharedIndex, PassageStoreError> {
        let mut all = std::iter::once(&self.0.index).chain(&self.0.others);
        let index = all.find(|index| index.name() == version.store);
        index.ok_or_else(|| PassageStoreError::NotConfigured(version.store.clone()))
    }

    /// The best passages of the project for the question, at most `limit`, and how they were chosen.
    ///
    /// A vector store that cannot be asked is no reason to find nothing: words are searched then.
    ///
    /// # Errors
    /// [`PassageStoreError`], if the question cannot be embedded or the database fails.
    pub async fn search(
        &self,
        project: ProjectId,
        question: &str,
        limit: usize,
        mut parameters: Parameters,
    ) -> Result<SearchResults, PassageStoreError> {
        let mut near = vec![];
        if parameters.vectors > 0.0 {
            let weight;
            (near, weight) = self.near(project, question, parameters.depth).await?;
            parameters.vectors *= weight;
        }
        let segments = self.0.texts.current(project, "").await?;
        let hidden = texts::hidden(&self.0.pool, project).await?;
        let segments = if hidden.is_empty() {
            segments
        } else {
            segments.iter().filter(|segment| !hidden.contains(&segment.document_id().value())).cloned().collect()
        };
        let question = question.to_owned();
        let found = spawn_blocking(move || rank(&segments, &question, &near, limit, &parameters)).await;
        found.map_err(|_| sqlx::Error::WorkerCrashed.into())
    }

    /// The passages with the nearest vectors, and the weight of the model that made these.
    async fn near(
        &self,
        project: ProjectId,
        question: &str,
        depth: usize,
    ) -> Result<(Vec<Hit>, f32), PassageStoreError> {
        let versions = versions::live(&self.0.pool).await?;
        let Some(version) = versions.iter().find(|version| version.state == versions::State::Current) else {
            return Ok((vec![], 0.0));
        };
        let Some(embedder) = self.0.embedders.of(&version.collection.model) else {
            tracing::warn!(
                model = version.collection.model,
                "the model of the index is not at hand: words are searched only"
            );
            return Ok((vec![], 0.0));
        };
        let question = question.to_owned();
        let vector =
            embedder.embed(std::slice::from_ref(&question), TextKind::Question).await?.pop().unwrap_or_default();
        let near = match self.index_of(version) {
            Ok(index) => index.nearest(&version.collection, project, &vector, depth + SPARE).await.map_err(Into::into),
            Err(error) => Err(error),
        };
        let near = near.unwrap_or_else(|error: PassageStoreError| {
            tracing::warn!(error = crate::error_chain(&error), "vectors cannot be searched: words are searched only");
            vec![]
        });
        Ok((near, embedder.weight()))
    }

    /// Replaces all passages of a document by these, and what was read of it, in one step: a search sees the old ones or the new
    /// ones, never both or a part.
    ///
    /// # Errors
    /// [`PassageStoreError`]: then the old ones are still there, or the new ones.
    pub async fn replace_document(
        &self,
        project: ProjectId,
        document: DocumentId,
        passages: Vec<StoredPassage>,
        vectors: &VectorsByModel,
        reading: &KeptReading,
    ) -> Result<(), PassageStoreError> {
        let ids: Vec<ChunkId> = passages.iter().map(|passage| passage.chunk_id).collect();
        let of_model = |model: &str| -> Option<Vec<Vector>> {
            vectors.get(model).map(|vectors| ids.iter().copied().zip(vectors.iter().cloned()).collect())
        };
        let mut connection = self.turn(document).await?;
        for _ in 0..ATTEMPTS {
            let versions = versions::live(&mut connection).await?;
            // A store whose settings are gone is not searched either, and gives way to the one that is being filled.
            let reachable: Vec<(&Version, &SharedIndex)> =
                versions.iter().filter_map(|version| Some((version, self.index_of(version).ok()?))).collect();
            for (version, index) in &reachable {
                if let Some(vectors) = of_model(&version.collection.model) {
                    index.put(&version.collection, project, document, &vectors).await?;
                }
            }
            let mut tx = connection.begin().await?;
            if versions::live_held(&mut tx).await? != versions {
                tx.rollback().await?;
                self.take_back(document, &versions).await?;
                continue;
            }
            let change = raise_change(&mut tx, project).await?;
            texts::delete(&mut tx, document).await?;
            texts::insert(&mut tx, project, document, change, &passages).await?;
            readings::replace(&mut tx, document, reading).await?;
            for model in vectors.keys().filter(|model| versions.iter().any(|it| it.collection.model == **model)) {
                archive::keep(&mut tx, model, &of_model(model).unwrap_or_default(), change).await?;
            }
            archive::sweep(&mut tx, document, change).await?;
            let collections = reachable.iter().map(|(version, _)| &version.collection);
            let put = collections.filter(|collection| vectors.contains_key(&collection.model));
            versions::mark(&mut tx, document, &put.map(|collection| collection.id).collect::<Vec<_>>()).await?;
            tx.commit().await?;
            for (version, index) in &reachable {
                index.retain(&version.collection, document, &ids).await?;
            }
            return Ok(());
        }
        Err(PassageStoreError::Unsettled)
    }

    /// What was put into versions that have gone since must not stay there: nobody would look for it.
    async fn take_back(&self, document: DocumentId, versions: &[Version]) -> Result<(), PassageStoreError> {
        let known = versions::all(&self.0.pool).await?;
        let gone = |version: &&Version| known.iter().all(|other| other.collection != version.collection);
        for version in versions.iter().filter(gone) {
            // Nothing was put where it cannot be reached.
            if let Ok(index) = self.index_of(version) {
                index.retain(&version.collection, document, &[]).await?;
            }
        }
        Ok(())
    }

    /// Removes all passages of a document, from every version of the index, and what was read of it. Removing what is not there is
    /// fine.
    ///
    /// # Errors
    /// [`PassageStoreError`], also if a store that may have some cannot be asked: then try again.
    pub async fn remove_document(&self, document: DocumentId) -> Result<(), PassageStoreError> {
        let mut connection = self.turn(document).await?;
        for version in versions::all(&mut connection).await? {
            self.index_of(&version)?.retain(&version.collection, document, &[]).await?;
        }
        let mut tx = connection.begin().await?;
        let project =
            sqlx::query_scalar!("SELECT project_id FROM chunks WHERE document_id = $1 LIMIT 1", document.value())
                .fetch_optional(&mut *tx)
                .await?;
        if let Some(project) = project {
            let change = raise_change(&mut tx, ProjectId::new(project)).await?;
            texts::delete(&mut tx, document).await?;
            archive::sweep(&mut tx, document, change).await?;
        }
        readings::delete(&mut tx, document).await?;
        versions::mark(&mut tx, document, &[]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Waits until nobody else changes the document's passages: what is put into a store and what is removed there would mix. The
    /// turn ends with the connection, on every way out.
    async fn turn(&self, document: DocumentId) -> Result<PgConnection, sqlx::Error> {
        let mut connection = self.0.pool.acquire().await?.detach();
        sqlx::query!("SELECT set_config('lock_timeout', $1, false)", TURN_PATIENCE).fetch_one(&mut connection).await?;
        sqlx::query!("SELECT pg_advisory_lock(hashtextextended($1, 0))", advisory_locks::passages(document))
            .fetch_one(&mut connection)
            .await?;
        Ok(connection)
    }
}
