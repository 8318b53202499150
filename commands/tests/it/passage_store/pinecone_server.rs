//! Stands for an index at Pinecone: takes what version 2025-01 of its data plane takes, and refuses everything else.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::{Mutex, MutexGuard};
use reqwest::Url;
use serde_json::{Map, Value, json};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

const DIMENSIONS: usize = 3;

struct Vector {
    values: Vec<f64>,
    metadata: Value,
}

type Namespaces = BTreeMap<String, BTreeMap<String, Vector>>;

/// The server, and what it holds.
pub(super) struct PineconeServer {
    server: MockServer,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    namespaces: Mutex<Namespaces>,
    is_down: AtomicBool,
}

impl PineconeServer {
    pub(super) const KEY: &str = "pcsk_tests";

    pub(super) async fn start() -> Self {
        let (server, state) = (MockServer::builder().start().await, Arc::new(State::default()));
        Mock::given(any()).respond_with(Answers(state.clone())).mount(&server).await;
        Self { server, state }
    }

    pub(super) fn url(&self) -> Url {
        self.server.uri().parse().expect("it is a URL")
    }

    pub(super) fn count(&self) -> i64 {
        let all: usize = self.state.namespaces().values().map(BTreeMap::len).sum();
        i64::try_from(all).expect("they are few")
    }

    pub(super) fn go_down(&self, is_down: bool) {
        self.state.is_down.store(is_down, Ordering::Relaxed);
    }
}

impl State {
    fn namespaces(&self) -> MutexGuard<'_, Namespaces> {
        self.namespaces.lock()
    }
}

struct Answers(Arc<State>);

type Refusal = (u16, String);

fn bad(what: impl Into<String>) -> Refusal {
    (400, what.into())
}

impl Respond for Answers {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        if self.0.is_down.load(Ordering::Relaxed) {
            return ResponseTemplate::new(503);
        }
        match answer(&self.0, request) {
            Ok(body) => ResponseTemplate::new(200).set_body_json(body),
            Err((status, message)) => {
                ResponseTemplate::new(status).set_body_json(json!({ "code": 3, "message": message, "details": [] }))
            }
        }
    }
}

fn answer(state: &State, request: &Request) -> Result<Value, Refusal> {
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
    if header("api-key") != Some(PineconeServer::KEY) {
        return Err((401, "Invalid API Key".to_owned()));
    }
    if header("x-pinecone-api-version") != Some("2025-01") {
        return Err(bad("which version?"));
    }
    let mut namespaces = state.namespaces();
    match (request.method.as_str(), request.url.path()) {
        ("POST", "/vectors/upsert") => upsert(&mut namespaces, &body(request, &["namespace", "vectors"])?),
        ("POST", "/vectors/delete") => {
            delete(&mut namespaces, &body(request, &["namespace", "ids", "deleteAll", "filter"])?)
        }
        ("POST", "/query") => {
            let known = ["namespace", "vector", "topK", "filter", "includeValues", "includeMetadata"];
            query(&namespaces, &body(request, &known)?)
        }
        ("GET", "/vectors/list") => list(&namespaces, &request.url.query_pairs().into_owned().collect()),
        (method, path) => Err((404, format!("no {method} {path}"))),
    }
}

fn body(request: &Request, known: &[&str]) -> Result<Map<String, Value>, Refusal> {
    if request.body.len() > 2 * 1024 * 1024 {
        return Err((413, "over 2 MB".to_owned()));
    }
    let body: Map<String, Value> = serde_json::from_slice(&request.body).map_err(|error| bad(error.to_string()))?;
    match body.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(bad(format!("Cannot find field: {key}"))),
        None => Ok(body),
    }
}

fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Result<&'a str, Refusal> {
    object.get(key).and_then(Value::as_str).ok_or_else(|| bad(format!("{key} is no text")))
}

fn vector(value: Option<&Value>) -> Result<Vec<f64>, Refusal> {
    let numbers = value.and_then(Value::as_array).ok_or_else(|| bad("no vector"))?;
    let numbers: Option<Vec<f64>> = numbers.iter().map(Value::as_f64).collect();
    let numbers = numbers.ok_or_else(|| bad("no numbers"))?;
    if numbers.len() != DIMENSIONS {
        return Err(bad(format!("Vector dimension {} does not match the dimension of the index 3", numbers.len())));
    }
    if numbers.iter().all(|x| *x == 0.0) {
        return Err(bad("Dense vectors must contain at least one non-zero value."));
    }
    Ok(numbers)
}

fn upsert(namespaces: &mut Namespaces, body: &Map<String, Value>) -> Result<Value, Refusal> {
    let vectors = body.get("vectors").and_then(Value::as_array).filter(|vectors| (1..=1000).contains(&vectors.len()));
    let vectors = vectors.ok_or_else(|| bad("1 to 1000 vectors"))?;
    let mut read = Vec::new();
    for item in vectors {
        let item = item.as_object().ok_or_else(|| bad("no vector"))?;
        let id = text(item, "id")?;
        if id.is_empty() || id.len() > 512 || !id.is_ascii() {
            return Err(bad("a bad id"));
        }
        let metadata = item.get("metadata").cloned().unwrap_or_else(|| json!({}));
        let is_flat = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
        if !metadata.as_object().is_some_and(|fields| fields.values().all(is_flat)) {
            return Err(bad("metadata is flat"));
        }
        read.push((id.to_owned(), Vector { values: vector(item.get("values"))?, metadata }));
    }
    let count = read.len();
    namespaces.entry(text(body, "namespace")?.to_owned()).or_default().extend(read);
    Ok(json!({ "upsertedCount": count }))
}

fn delete(namespaces: &mut Namespaces, body: &Map<String, Value>) -> Result<Value, Refusal> {
    let name = text(body, "namespace")?;
    let not_there = || (404, "Namespace not found".to_owned());
    match (body.get("deleteAll"), body.get("ids"), body.get("filter")) {
        (Some(Value::Bool(true)), None, None) => drop(namespaces.remove(name).ok_or_else(not_there)?),
        (None, Some(Value::Array(ids)), None) if (1..=1000).contains(&ids.len()) => {
            let namespace = namespaces.get_mut(name).ok_or_else(not_there)?;
            for id in ids {
                namespace.remove(id.as_str().ok_or_else(|| bad("an id is text"))?);
            }
        }
        // Indexes of the kind serverless do not delete by metadata.
        _ => return Err(bad("either ids or deleteAll")),
    }
    Ok(json!({}))
}

fn query(namespaces: &Namespaces, body: &Map<String, Value>) -> Result<Value, Refusal> {
    let (name, asked) = (text(body, "namespace")?, vector(body.get("vector"))?);
    let top = body.get("topK").and_then(Value::as_u64).filter(|top| (1..=10_000).contains(top));
    let top = usize::try_from(top.ok_or_else(|| bad("topK"))?).expect("it is small");
    let filter = body.get("filter").and_then(Value::as_object).cloned().unwrap_or_default();
    let fits = |vector: &Vector| {
        filter.iter().all(|(field, condition)| {
            Some(&vector.metadata[field]) == condition.as_object().and_then(|it| it.get("$eq"))
        })
    };
    let dot = |vector: &Vector| vector.values.iter().zip(&asked).map(|(a, b)| a * b).sum::<f64>();
    let in_namespace = namespaces.get(name).into_iter().flatten();
    let mut found: Vec<(f64, &String)> =
        in_namespace.filter(|(_, vector)| fits(vector)).map(|(id, vector)| (dot(vector), id)).collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let matches: Vec<Value> =
        found.iter().take(top).map(|(score, id)| json!({ "id": id, "score": score, "values": [] })).collect();
    Ok(json!({ "matches": matches, "namespace": name, "usage": { "readUnits": 1 } }))
}

/// Pages of 100; the token is the last id.
fn list(namespaces: &Namespaces, query: &BTreeMap<String, String>) -> Result<Value, Refusal> {
    let known: HashSet<&str> = HashSet::from(["namespace", "prefix", "limit", "paginationToken"]);
    if let Some(key) = query.keys().find(|key| !known.contains(key.as_str())) {
        return Err(bad(format!("Cannot find field: {key}")));
    }
    let limit: usize = query.get("limit").map_or(Ok(100), |limit| limit.parse()).map_err(|_| bad("limit"))?;
    if !(1..=100).contains(&limit) {
        return Err(bad("limit is 1 to 100"));
    }
    let name = query.get("namespace").ok_or_else(|| bad("namespace"))?;
    let empty = BTreeMap::new();
    let namespace = namespaces.get(name).unwrap_or(&empty);
    let prefix = query.get("prefix").map_or("", String::as_str);
    let after = query.get("paginationToken");
    let ids: Vec<&String> =
        namespace.keys().filter(|id| id.starts_with(prefix) && after.is_none_or(|after| *id > after)).collect();
    let page: Vec<Value> = ids.iter().take(limit).map(|id| json!({ "id": id })).collect();
    let mut answer = json!({ "vectors": page, "namespace": name, "usage": { "readUnits": 1 } });
    if ids.len() > limit {
        answer["pagination"] = json!({ "next": ids[limit - 1] });
    }
    Ok(answer)
}
