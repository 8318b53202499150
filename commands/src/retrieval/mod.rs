//! From a document to passages, and from a question to the passages that answer it.
//!
//! Everything here is pure: text in, numbers out. Storage and providers are [adapters](crate::adapters).

mod bm25f;
pub mod nearest;
pub mod passages;
pub mod ranking;
mod sections;
pub mod tokens;
pub mod words;
