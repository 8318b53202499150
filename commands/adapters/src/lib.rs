//! Adapters of the [ports], thin layers over maintained crates; and the confinement of processes that work on untrusted
//! input.
//!
//! They know no use case. See `docs/adding/adapter.md`.

pub mod child_reader;
pub mod espeak;
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
pub mod reading_process;
pub mod recaptcha;
pub mod sandbox;
pub mod self_hosted;
mod speech_program;
pub mod web_pages;
pub mod web_service;
