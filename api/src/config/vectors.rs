//! Settings of vectors: the embedding model that makes them, and the index in which they are searched.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use reqwest::Url;
use secrecy::SecretString;

/// Who makes the vectors of passages, and where they are searched.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Vectors (flag, environment variable or .env file)")]
pub struct VectorSettings {
    /// Folder with an embedding model that runs on this machine, as `make models` makes it
    #[arg(long, env, conflicts_with = "openai_embedding_model", global = true)]
    pub embedding_model_dir: Option<PathBuf>,

    /// Where vectors are searched. After a change of this or of the embedding model a new index is built beside the one in use,
    /// which is searched until the new one is complete: leave its settings until then
    #[arg(long, env, value_enum, default_value_t = VectorIndexChoice::Exact, global = true)]
    pub vector_index: VectorIndexChoice,

    /// PostgreSQL with the extension pgvector 0.8 or later [default: the database of the events]
    #[arg(long, env, hide_env_values = true, global = true)]
    pub pgvector_url: Option<SecretString>,

    /// Address of an index at Pinecone, as its console shows it; its metric is cosine or dotproduct
    #[arg(long, env, requires = "pinecone_api_key", global = true)]
    pub pinecone_host: Option<String>,

    /// Key for Pinecone
    #[arg(long, env, hide_env_values = true, global = true)]
    pub pinecone_api_key: Option<SecretString>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum VectorIndexChoice {
    /// In this process: exact, for up to some 100,000 passages a project
    Exact,
    /// By PostgreSQL with pgvector
    Pgvector,
    /// By Pinecone
    Pinecone,
}

impl VectorSettings {
    /// The URL of the index at Pinecone and its API key, if there is one.
    ///
    /// # Errors
    /// If `PINECONE_HOST` is neither a host nor a URL.
    pub fn pinecone(&self) -> anyhow::Result<Option<(Url, SecretString)>> {
        let Some(host) = &self.pinecone_host else { return Ok(None) };
        let address = if host.contains("://") { host.clone() } else { format!("https://{host}") };
        let url: Url = address.parse().context("PINECONE_HOST")?;
        Ok(Some((url, self.pinecone_api_key.clone().unwrap_or_default())))
    }
}
