//! Adapters of the [ports](crate::ports): thin, on well-kept crates.

pub mod extractive;
pub mod lexical;
pub mod media;
pub mod openai;
pub mod postgres_index;
pub mod web_pages;
