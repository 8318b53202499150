//! Reference documents, which answers are made from.

mod aggregate;
mod event;
mod personal;
#[cfg(test)]
mod spec;

pub use aggregate::{Document, DocumentCommand, DocumentError, VersionState};
pub use event::{DocumentEvent, EmbeddingFailure, Note, Place, Source, StoredFile};
