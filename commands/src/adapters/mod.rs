//! Adapters of the [ports](crate::ports): thin, on well-kept crates.

pub mod child_reader;
pub mod espeak;
pub mod exact_index;
pub mod extractive;
pub mod google;
pub mod launcher;
pub mod lexical;
pub mod local_model;
pub mod mail;
pub mod media;
pub mod model_translator;
pub mod mp3;
pub mod openai;
pub mod pgvector;
pub mod pinecone;
pub mod recaptcha;
pub mod self_hosted;
mod speech_program;
pub mod web_pages;
pub mod web_service;
