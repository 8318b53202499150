//! The results of a search.

use domain::ids::{ChunkId, DocumentId};

/// A passage that was retrieved for a question, with its neighbours joined to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    pub document_id: DocumentId,
    /// The version of the document that the passage was cut from.
    pub document_version: u32,
    pub chunk_id: ChunkId,
    /// The SHA-256 of headings and text, in hex.
    pub content_hash: String,
    pub title: String,
    /// The headings above it from the outermost, separated by ` › `.
    pub headings: String,
    /// The page or slide on which it begins, from 1, if the document has any.
    pub page: Option<u32>,
    pub text: String,
    pub span: Span,
    /// The fused score; higher is better, and it is comparable within one search only.
    pub score: f32,
}

/// The position of a passage among the pieces that its document was cut into.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// The ordinal of its first piece, from 0.
    pub first: u32,
    /// The ordinal behind its last piece.
    pub end: u32,
    /// Bytes at its beginning that repeat the end of the piece before it.
    pub overlap: u32,
    /// Whether the section at its end continues behind it.
    pub goes_on: bool,
}

/// A passage whose vector is near that of the question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    pub document: DocumentId,
    pub chunk: ChunkId,
    /// The cosine of the angle, as precisely as the store computes it: -1 to 1.
    pub score: f32,
}
