//! Creates the passage store from the settings, with its embedders and its vector indexes.

use std::sync::Arc;

use adapters::{
    lexical::{self, LexicalEmbedder},
    local_model::{self, LocalModel},
    openai::{OpenAiEmbedder, OpenAiServer},
    pgvector::{self, PgvectorIndex},
    pinecone::{self, PineconeIndex},
};
use anyhow::{Context as _, ensure};
use commands::{
    clock::SharedClock,
    passage_store::{
        Embedders, PassageStore,
        exact_index::{self, ExactIndex},
    },
};
use ports::{SharedEmbedder, SharedIndex};
use secrecy::ExposeSecret as _;
use sqlx::{PgPool, postgres::PgPoolOptions};

use crate::config::{Settings, VectorIndexChoice};

/// The number of connections that a process may open to a separate database with pgvector.
const CONNECTIONS: u32 = 10;

/// The prefixes of the model names of our own embedders.
const OURS: [&str; 2] = ["built-in-", "local-"];

/// The passage store with the embedders and indexes that the settings choose.
pub(crate) fn passage_store(
    settings: &Settings,
    pool: &PgPool,
    clock: &SharedClock,
    server: Option<&OpenAiServer>,
) -> anyhow::Result<PassageStore> {
    let (index, others) = indexes(settings, pool)?;
    Ok(PassageStore::new(pool.clone(), clock.clone(), embedders(settings, server)?, index, others))
}

fn embedders(settings: &Settings, server: Option<&OpenAiServer>) -> anyhow::Result<Embedders> {
    let folder = settings.vectors.embedding_model_dir.clone();
    let local = folder.map(|folder| {
        let model = LocalModel::in_folder(&folder, settings.launcher()?);
        let model = model.context("EMBEDDING_MODEL_DIR has no model: `make models` makes one");
        model.map(|model| Arc::new(model) as SharedEmbedder)
    });
    let local = local.transpose()?;
    let chosen: SharedEmbedder = match (&local, &settings.openai_embedding_model, server) {
        (Some(local), ..) => local.clone(),
        (None, Some(model), Some(server)) => {
            Arc::new(OpenAiEmbedder::new(server.clone(), model, settings.openai_embedding_dimensions))
        }
        (None, Some(_), None) => anyhow::bail!("OPENAI_EMBEDDING_MODEL needs OPENAI_BASE_URL or OPENAI_API_KEY"),
        (None, None, _) => Arc::new(LexicalEmbedder),
    };
    let server = server.cloned();
    let of_model = move |model: &str| -> Option<SharedEmbedder> {
        match model {
            lexical::MODEL => Some(Arc::new(LexicalEmbedder)),
            local_model::MODEL => local.clone(),
            // A model of our own embedders in an older version: the provider does not have it.
            other if OURS.iter().any(|ours| other.starts_with(ours)) => None,
            other => Some(Arc::new(OpenAiEmbedder::named(server.as_ref()?, other))),
        }
    };
    Ok(Embedders { chosen, of_model: Arc::new(of_model) })
}

/// The chosen index, and the others that can be reached.
fn indexes(settings: &Settings, pool: &PgPool) -> anyhow::Result<(SharedIndex, Vec<SharedIndex>)> {
    let choice = settings.vectors.vector_index;
    let exact: SharedIndex = Arc::new(ExactIndex::new(pool.clone()));
    let in_postgres: SharedIndex = Arc::new(PgvectorIndex::new(pgvector_pool(settings, pool)?));
    let at_pinecone = settings.vectors.pinecone()?.map(|(host, key)| PineconeIndex::new(host, &key)).transpose()?;
    let at_pinecone = at_pinecone.map(|index| Arc::new(index) as SharedIndex);
    ensure!(
        choice != VectorIndexChoice::Pinecone || at_pinecone.is_some(),
        "VECTOR_INDEX=pinecone needs PINECONE_HOST"
    );
    let name = match choice {
        VectorIndexChoice::Exact => exact_index::NAME,
        VectorIndexChoice::Pgvector => pgvector::NAME,
        VectorIndexChoice::Pinecone => pinecone::NAME,
    };
    let is_chosen = |index: &SharedIndex| index.name() == name;
    let all = [Some(exact), Some(in_postgres), at_pinecone].into_iter().flatten();
    let (mut chosen, others): (Vec<_>, Vec<_>) = all.partition(is_chosen);
    Ok((chosen.pop().context("each choice has an index")?, others))
}

/// The pool for vectors: that of the events' database, unless `PGVECTOR_URL` names another one.
fn pgvector_pool(settings: &Settings, pool: &PgPool) -> anyhow::Result<PgPool> {
    let Some(url) = &settings.vectors.pgvector_url else { return Ok(pool.clone()) };
    // The parser's error is dropped, because it would show the password.
    let options = url
        .expose_secret()
        .parse()
        .map_err(|_| anyhow::anyhow!("PGVECTOR_URL is no address of a PostgreSQL database"))?;
    Ok(PgPoolOptions::new().max_connections(CONNECTIONS).connect_lazy_with(options))
}
