//! The vector stores of the tests: PostgreSQL, PostgreSQL with pgvector, and a server that stands for Pinecone.

use std::{env, sync::Arc};

use adapters::{pgvector::PgvectorIndex, pinecone::PineconeIndex};
use commands::{
    clock::SystemClock,
    passage_store::{Embedders, PassageStore, exact_index::ExactIndex},
};
use ports::{SharedEmbedder, SharedIndex};
use sqlx::{PgPool, postgres::PgPoolOptions};

use super::{Directions, pinecone_server::PineconeServer};
use crate::support::new_id;

pub(super) enum Store {
    Exact,
    Pgvector(PgPool),
    Pinecone(PineconeServer),
}

impl Store {
    pub(super) const fn exact() -> Self {
        Self::Exact
    }

    /// A database of its own on the server of the tests that has the extension.
    pub(super) async fn pgvector() -> Self {
        #[expect(clippy::disallowed_methods, reason = "tests are told by `make test` where the servers are")]
        let url = env::var("TEST_PGVECTOR_URL").expect("TEST_PGVECTOR_URL is set by scripts/with-test-services.sh");
        let server = PgPoolOptions::new().max_connections(1).connect(&url).await.expect("the server is there");
        let name = format!("vectors_{}", new_id().simple());
        sqlx::raw_sql(&format!("CREATE DATABASE {name}")).execute(&server).await.expect("we may");
        let options = (*server.connect_options()).clone().database(&name);
        Self::Pgvector(PgPoolOptions::new().connect_lazy_with(options))
    }

    pub(super) async fn pinecone() -> Self {
        // Another test of this process may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self::Pinecone(PineconeServer::start().await)
    }

    fn index(&self, pool: &PgPool) -> SharedIndex {
        match self {
            Self::Exact => Arc::new(ExactIndex::new(pool.clone())),
            Self::Pgvector(vectors) => Arc::new(PgvectorIndex::new(vectors.clone())),
            Self::Pinecone(server) => {
                Arc::new(PineconeIndex::new(server.url(), &PineconeServer::KEY.into()).expect("a client can be made"))
            }
        }
    }

    pub(super) fn passage_store(&self, pool: &PgPool, model: Arc<Directions>) -> PassageStore {
        passage_store(pool, model, None, self.index(pool), vec![])
    }

    /// After the model was changed; the one before can still be asked.
    pub(super) fn library_after(&self, pool: &PgPool, model: Arc<Directions>, before: Arc<Directions>) -> PassageStore {
        passage_store(pool, model, Some(before), self.index(pool), vec![])
    }

    /// After the store was changed; the one before can still be reached.
    pub(super) fn library_beside(&self, pool: &PgPool, model: Arc<Directions>, before: &Self) -> PassageStore {
        passage_store(pool, model, None, self.index(pool), vec![before.index(pool)])
    }

    /// How many vectors there are, whatever for.
    pub(super) async fn count(&self, pool: &PgPool) -> i64 {
        let count = async |sql: &str, pool: &PgPool| -> i64 {
            sqlx::query_scalar(sql).fetch_one(pool).await.expect("the query is valid")
        };
        match self {
            Self::Exact => count("SELECT count(*) FROM passage_vectors", pool).await,
            Self::Pinecone(server) => server.count(),
            Self::Pgvector(vectors) => {
                let tables = "SELECT relname::text FROM pg_class WHERE relname ~ '^ayushma_passages_[0-9a-f]+$'";
                let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(vectors).await.expect("it is valid");
                let mut sum = 0;
                for table in tables {
                    sum += count(&format!("SELECT count(*) FROM {table}"), vectors).await;
                }
                sum
            }
        }
    }

    pub(super) fn go_down(&self, is_down: bool) {
        let Self::Pinecone(server) = self else { panic!("only the stand-in can go down") };
        server.go_down(is_down);
    }
}

fn passage_store(
    pool: &PgPool,
    model: Arc<Directions>,
    before: Option<Arc<Directions>>,
    index: SharedIndex,
    others: Vec<SharedIndex>,
) -> PassageStore {
    let of_model = move |name: &str| -> Option<SharedEmbedder> {
        before.clone().filter(|before| before.name == name).map(|before| before as SharedEmbedder)
    };
    let embedders = Embedders { chosen: model, of_model: Arc::new(of_model) };
    PassageStore::new(pool.clone(), Arc::new(SystemClock), embedders, index, others)
}
