//! The search for vectors of passages.

use std::{error::Error, sync::Arc};

use async_trait::async_trait;
use domain::ids::{ChunkId, DocumentId, ProjectId};
use knowledge::retrieval::Hit;
use uuid::Uuid;

/// The vectors of one model in one store. The name is globally unique, so that installations can share a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    pub id: Uuid,
    /// The [`model`](super::Embedder::model) of the embedder.
    pub model: String,
}

/// Finds the vectors of a project that are nearest to another one. It holds only vectors and ids; the text of passages
/// stays in PostgreSQL, which decides which passages exist.
#[async_trait]
pub trait VectorIndex: Send + Sync {
    /// The value of `VECTOR_INDEX` that selects this store.
    fn name(&self) -> &'static str;

    /// Adds vectors of a document, or replaces those with the same ids. The table `passage_vectors` has the same
    /// vectors, or will have them before anybody searches for them.
    async fn put(
        &self,
        collection: &Collection,
        project: ProjectId,
        document: DocumentId,
        vectors: &[(ChunkId, Vec<f32>)],
    ) -> Result<(), IndexError>;

    /// Removes the vectors of a document except these. Missing ones are no error.
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

    /// Removes the whole collection. A missing one is no error.
    async fn remove_collection(&self, collection: &Collection) -> Result<(), IndexError>;
}

#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    #[error("the vector index cannot be reached or failed")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The store's own text, for the log only.
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
