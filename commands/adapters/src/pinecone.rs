//! A [`VectorIndex`] through Pinecone's HTTP API (version 2025-01): one namespace for each collection, in an index that
//! the operator has created.

use std::time::Duration;

use async_trait::async_trait;
use domain::ids::{ChunkId, DocumentId, ProjectId};
use reqwest::{Client, Method, RequestBuilder, StatusCode, Url, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use ports::{Collection, Hit, IndexError, VectorIndex};

/// The value of `VECTOR_INDEX` that selects this store.
pub const NAME: &str = "pinecone";

const API_VERSION: &str = "2025-01";
const TIMEOUT: Duration = Duration::from_secs(30);
/// Vectors in a request: with 3,072 dimensions they stay below Pinecone's limit of 2 MB.
const UPSERT: usize = 40;
/// Pinecone's limit of ids in a page; its limit for a deletion is far higher.
const PAGE: usize = 100;
/// Pinecone's limit of `topK`.
const MOST_SEARCHED: usize = 10_000;
/// Bytes that are kept of the server's error text, for the log.
const KEPT_TEXT: usize = 500;

/// Approximate search in a Pinecone index with the metric `cosine` or `dotproduct`.
pub struct PineconeIndex {
    http: Client,
    host: Url,
    api_key: SecretString,
}

#[derive(Deserialize)]
struct Matches {
    matches: Vec<Match>,
}

#[derive(Deserialize)]
struct Match {
    id: String,
    score: f32,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    vectors: Vec<Listed>,
    pagination: Option<Pagination>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
}

#[derive(Deserialize)]
struct Pagination {
    next: Option<String>,
}

impl PineconeIndex {
    /// Uses the index at `host`, the address that Pinecone shows for it.
    ///
    /// # Errors
    /// [`IndexError::Unavailable`] if no client can be built.
    pub fn new(host: Url, api_key: &SecretString) -> Result<Self, IndexError> {
        let http = Client::builder().timeout(TIMEOUT).redirect(redirect::Policy::none()).build();
        Ok(Self { http: http.map_err(IndexError::unavailable)?, host, api_key: api_key.expose_secret().trim().into() })
    }

    fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, IndexError> {
        let url = self.host.join(path).map_err(IndexError::unavailable)?;
        let request = self.http.request(method, url).header("Api-Key", self.api_key.expose_secret());
        Ok(request.header("X-Pinecone-API-Version", API_VERSION))
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Vec<u8>, IndexError> {
        send(self.request(Method::POST, path)?.json(body)).await
    }

    /// The ids of a document's vectors; each begins with the document's id, so that they can be listed.
    async fn listed(&self, namespace: &str, document: DocumentId) -> Result<Vec<String>, IndexError> {
        let prefix = format!("{document}#");
        let (mut ids, mut next) = (Vec::new(), None::<String>);
        loop {
            let mut query =
                vec![("namespace", namespace.to_owned()), ("prefix", prefix.clone()), ("limit", PAGE.to_string())];
            query.extend(next.map(|token| ("paginationToken", token)));
            let page: Page = parsed(&send(self.request(Method::GET, "vectors/list")?.query(&query)).await?)?;
            ids.extend(page.vectors.into_iter().map(|listed| listed.id));
            next = page.pagination.and_then(|pagination| pagination.next).filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(ids);
            }
        }
    }
}

async fn send(request: RequestBuilder) -> Result<Vec<u8>, IndexError> {
    // The address is no secret, but of no use in a log line either.
    let response = request.send().await.map_err(|error| IndexError::unavailable(error.without_url()))?;
    let status = response.status();
    let bytes = response.bytes().await.map_err(|error| IndexError::unavailable(error.without_url()))?;
    if status.is_success() {
        return Ok(bytes.to_vec());
    }
    let text: String = String::from_utf8_lossy(&bytes).chars().take(KEPT_TEXT).collect();
    Err(IndexError::Refused { status: status.as_u16(), text })
}

fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, IndexError> {
    serde_json::from_slice(bytes).map_err(IndexError::unavailable)
}

fn namespace(collection: &Collection) -> String {
    collection.id.to_string()
}

fn id_of(document: DocumentId, chunk: ChunkId) -> String {
    format!("{document}#{chunk}")
}

/// The hit for a match; `None` for entries of others in the same namespace, which nobody else should use.
fn hit(found: &Match) -> Option<Hit> {
    let (document, chunk) = found.id.split_once('#')?;
    Some(Hit { document: document.parse().ok()?, chunk: chunk.parse().ok()?, score: found.score })
}

/// Treats a namespace that was never written to as empty.
fn empty_if_missing<T: Default>(result: Result<T, IndexError>) -> Result<T, IndexError> {
    match result {
        Err(IndexError::Refused { status, .. }) if status == StatusCode::NOT_FOUND => Ok(T::default()),
        result => result,
    }
}

#[async_trait]
impl VectorIndex for PineconeIndex {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn put(
        &self,
        collection: &Collection,
        project: ProjectId,
        document: DocumentId,
        vectors: &[(ChunkId, Vec<f32>)],
    ) -> Result<(), IndexError> {
        // Pinecone refuses zero vectors, which are near to nothing.
        let vectors: Vec<_> = vectors.iter().filter(|(_, vector)| vector.iter().any(|x| *x != 0.0)).collect();
        for some in vectors.chunks(UPSERT) {
            let metadata = json!({ "project": project.to_string() });
            let vector = |(chunk, vector): &&(ChunkId, Vec<f32>)| json!({ "id": id_of(document, *chunk), "values": vector, "metadata": metadata });
            let vectors: Vec<Value> = some.iter().map(vector).collect();
            self.post("vectors/upsert", &json!({ "namespace": namespace(collection), "vectors": vectors })).await?;
        }
        Ok(())
    }

    async fn retain(
        &self,
        collection: &Collection,
        document: DocumentId,
        chunks: &[ChunkId],
    ) -> Result<(), IndexError> {
        let namespace = namespace(collection);
        let kept: Vec<String> = chunks.iter().map(|chunk| id_of(document, *chunk)).collect();
        let mut gone = empty_if_missing(self.listed(&namespace, document).await)?;
        gone.retain(|id| !kept.contains(id));
        for ids in gone.chunks(PAGE) {
            self.post("vectors/delete", &json!({ "namespace": namespace, "ids": ids })).await?;
        }
        Ok(())
    }

    async fn nearest(
        &self,
        collection: &Collection,
        project: ProjectId,
        vector: &[f32],
        limit: usize,
    ) -> Result<Vec<Hit>, IndexError> {
        if vector.iter().all(|x| *x == 0.0) {
            return Ok(vec![]);
        }
        let body = json!({
            "namespace": namespace(collection),
            "vector": vector,
            "topK": limit.clamp(1, MOST_SEARCHED),
            "filter": { "project": { "$eq": project.to_string() } },
            "includeValues": false,
            "includeMetadata": false,
        });
        let found: Matches = parsed(&self.post("query", &body).await?)?;
        Ok(found.matches.iter().filter_map(hit).collect())
    }

    async fn remove_collection(&self, collection: &Collection) -> Result<(), IndexError> {
        let body = json!({ "namespace": namespace(collection), "deleteAll": true });
        empty_if_missing(self.post("vectors/delete", &body).await.map(drop))
    }
}
