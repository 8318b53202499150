//! Adapters of the [ports](crate::ports): thin, on well-kept crates.

pub mod extractive;
pub mod lexical;
pub mod mail;
pub mod media;
pub mod openai;
pub mod postgres_index;
pub mod recaptcha;
pub mod web_pages;
