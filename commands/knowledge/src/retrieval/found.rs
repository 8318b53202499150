//! What a search finds.

use domain::ids::{ChunkId, DocumentId};

/// A piece of a document that was retrieved for a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    pub document_id: DocumentId,
    /// The version of the document that the passage was cut from.
    pub document_version: u32,
    pub chunk_id: ChunkId,
    /// SHA-256 of headings and text, in hex.
    pub content_hash: String,
    pub title: String,
    /// The headings above it, ` › ` between them.
    pub headings: String,
    /// The page or slide on which it begins, from 1, if the document has any.
    pub page: Option<u32>,
    pub text: String,
    pub span: Span,
    /// Higher is better; comparable within one search only.
    pub score: f32,
}

/// Where a passage stands in its document, which was cut into pieces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// Its first piece, from 0.
    pub first: u32,
    /// The piece behind its last one.
    pub end: u32,
    /// Bytes at its beginning that the piece before it ends with.
    pub overlap: u32,
    /// Whether the section in which it ends goes on behind it.
    pub goes_on: bool,
}

/// A passage that is near.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    pub document: DocumentId,
    pub chunk: ChunkId,
    /// The cosine of the angle, as far as the store knows it.
    pub score: f32,
}
