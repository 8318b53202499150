//! Where the vectors of passages are searched.

use std::{error::Error, sync::Arc};

use async_trait::async_trait;
use domain::ids::{ChunkId, DocumentId, ProjectId};
use knowledge::retrieval::Hit;
use uuid::Uuid;

/// The vectors of one model in one store. Its name is unique in the world, so that installations can share a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    pub id: Uuid,
    /// The embedder's [`model`](super::Embedder::model).
    pub model: String,
}

/// Finds the vectors of a project that are nearest to another one. It knows vectors and ids only: the text of passages stays in
/// PostgreSQL, and with it what decides which of them there are.
#[async_trait]
pub trait VectorIndex: Send + Sync {
    /// As the configuration calls it.
    fn name(&self) -> &'static str;

    /// Adds vectors of a document, or replaces those of the same ids. The same vectors are in the table `passage_vectors`, or
    /// will be before anybody searches for them.
    async fn put(
        &self,
        collection: &Collection,
        project: ProjectId,
        document: DocumentId,
        vectors: &[(ChunkId, Vec<f32>)],
    ) -> Result<(), IndexError>;

    /// Removes the vectors of a document but for these. Removing what is not there is fine.
    async fn retain(&self, collection: &Collection, document: DocumentId, chunks: &[ChunkId])
    -> Result<(), IndexError>;

    /// The nearest vectors of the project, at most `limit`, best first.
    async fn nearest(
        &self,
        collection: &Collection,
        project: ProjectId,
        vector: &[f32],
        limit: usize,
    ) -> Result<Vec<Hit>, IndexError>;

    /// Removes the whole collection. Removing what is not there is fine.
    async fn remove_collection(&self, collection: &Collection) -> Result<(), IndexError>;
}

#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    #[error("the vector index cannot be reached or failed")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The store's text is for the log.
    #[error("the vector index refused the request with status {status}: {text}")]
    Refused { status: u16, text: String },
    #[error("vectors of {got} dimensions do not fit where those of {expected} are")]
    Dimensions { expected: usize, got: usize },
}

impl IndexError {
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(source.into())
    }
}

pub type SharedIndex = Arc<dyn VectorIndex>;
