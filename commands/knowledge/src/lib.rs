//! What documents say, and how it is found: reading files ([`extraction`]), cutting and searching their text ([`retrieval`]),
//! quoting it ([`quoting`]), what a model is asked and what is shown of its answer ([`prompt`]), and what is a sentence or a mark of
//! Markdown in it.
//!
//! Everything here is pure: bytes and text in, text and numbers out. Storage, processes and providers are elsewhere.
//!
//! Its chapters are `docs/documents.md` and `docs/retrieval.md`.

pub mod extraction;
#[cfg(test)]
mod growth_tests;
pub mod markdown;
pub mod prompt;
pub mod quoting;
pub mod retrieval;
pub mod sentences;
pub mod speech;
