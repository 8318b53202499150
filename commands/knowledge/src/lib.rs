//! The text of documents and how it is found: reading files ([`extraction`]), cutting and searching their text
//! ([`retrieval`]), quoting it ([`quoting`]), the prompt and the clean-up of a model's answer ([`prompt`]), sentences
//! ([`sentences`]), Markdown ([`markdown`]), and text as it is spoken ([`speech`]).
//!
//! Everything here is pure: bytes and text in, text and numbers out. Storage, processes and providers are in other
//! crates.
//!
//! See `docs/documents.md` and `docs/retrieval.md`.

pub mod extraction;
#[cfg(test)]
mod growth_tests;
pub mod markdown;
pub mod prompt;
pub mod quoting;
pub mod retrieval;
pub mod sentences;
pub mod speech;
