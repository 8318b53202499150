//! Servers that speak OpenAI's chat completions and embeddings, the latter through `async-openai`.
//!
//! The types are this crate's own and lenient, because compatible servers differ. Completions are read by own code,
//! too: `async-openai` hides whether a stream ended properly, and reads answers of any length. Keys never leave this
//! module, and texts of a provider only as the source of an error. The process's TLS provider has to be installed
//! before.

use std::time::Duration;

use async_openai::{
    Client,
    config::OpenAIConfig,
    error::{ApiError, OpenAIError},
};
use async_trait::async_trait;
use futures::{StreamExt, TryFutureExt, stream};
use reqwest::{StatusCode, header::HeaderValue, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use ports::{AnswerRequest, AnswerStream, Embedder, JsonRequest, LanguageModel, Message, ProviderError, TextKind};

mod audio;
mod chunk;
mod events;
mod sse;
mod surrogates;
mod wire;
pub use audio::{OpenAiSpeech, OpenAiTranscription};
use events::MAX_COMPLETION_BYTES;
use wire::{ChatStream, Embeddings, completed_object};

const COMPLETIONS: &str = "/chat/completions";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest silence of a server before and within an answer.
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);
/// The limit for all attempts together, because a server may ask for any pause between them.
const START_TIMEOUT: Duration = Duration::from_mins(2);
/// OpenAI's limit of inputs in a request.
const MAX_BATCH: usize = 2_048;
/// Bytes of a request, well below the servers' limits of tokens and bytes.
const MAX_BATCH_BYTES: usize = 400_000;

/// The address of a server and its key.
#[derive(Debug, Clone)]
pub struct OpenAiServer {
    base_url: String,
    api_key: SecretString,
    http: reqwest::Client,
}

impl OpenAiServer {
    /// Uses the server at `base_url`, which ends with the version, such as `https://api.openai.com/v1`. The key may be
    /// empty for local servers.
    pub fn new(base_url: &str, api_key: SecretString) -> Result<Self, ProviderError> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(IDLE_TIMEOUT)
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| ProviderError::unavailable(error.to_string()))?;
        Ok(Self { base_url: base_url.trim_end_matches('/').to_owned(), api_key, http })
    }

    fn client(&self) -> Result<Client<OpenAIConfig>, ProviderError> {
        let api_key = self.api_key.expose_secret().trim();
        // The crate panics on a key that cannot be a header.
        HeaderValue::from_str(api_key).map_err(|_| ProviderError::Unauthorized)?;
        // Every default of the crate's configuration comes from the environment; all of them are replaced.
        let config =
            OpenAIConfig::new().with_api_base(&self.base_url).with_api_key(api_key).with_org_id("").with_project_id("");
        Ok(Client::build(self.http.clone(), config))
    }
}

/// The chat models of a server; each request names its model.
#[derive(Debug, Clone)]
pub struct OpenAiChat {
    server: OpenAiServer,
}

impl OpenAiChat {
    pub const fn new(server: OpenAiServer) -> Self {
        Self { server }
    }
}

#[async_trait]
impl LanguageModel for OpenAiChat {
    async fn answer(&self, request: AnswerRequest) -> Result<AnswerStream, ProviderError> {
        let body = chat_body(&request);
        let events = self.server.open_stream(COMPLETIONS, request.api_key.as_ref(), &body).await?;
        Ok(stream::unfold(ChatStream::new(events), ChatStream::next).boxed())
    }

    async fn complete_json(&self, request: JsonRequest) -> Result<String, ProviderError> {
        let mut messages = vec![json!({ "role": "system", "content": request.system })];
        messages.extend(request.messages);
        let body = json!({
            "model": request.model,
            "messages": messages,
            "temperature": 0,
            "max_tokens": request.max_tokens,
            "response_format": { "type": "json_object" },
        });
        let key = request.api_key.as_ref();
        let completion: Value = self.server.request_json(COMPLETIONS, key, &body, MAX_COMPLETION_BYTES).await?;
        completed_object(&completion)
    }

    fn is_built_in(&self) -> bool {
        false
    }
}

fn chat_body(request: &AnswerRequest) -> Value {
    let message = |Message { role, content }: Message| json!({ "role": role, "content": content });
    let messages: Vec<Value> = request.messages().into_iter().map(message).collect();
    json!({
        "model": request.model,
        "messages": messages,
        "temperature": request.temperature,
        "stream": true,
        "stream_options": { "include_usage": true },
    })
}

/// An embedding model of a server.
#[derive(Debug, Clone)]
pub struct OpenAiEmbedder {
    server: OpenAiServer,
    requested: String,
    dimensions: Option<u32>,
    model: String,
}

impl OpenAiEmbedder {
    /// `dimensions` only for models that can shorten their vectors; others refuse the request.
    pub fn new(server: OpenAiServer, model: &str, dimensions: Option<u32>) -> Self {
        let requested = model.to_owned();
        // Vectors of another length are vectors of another model.
        let model = dimensions.map_or_else(|| model.to_owned(), |dimensions| format!("{model}/{dimensions}"));
        Self { server, requested, dimensions, model }
    }

    /// The embedder whose [`model`](Embedder::model) was stored with vectors.
    pub fn named(server: &OpenAiServer, model: &str) -> Self {
        let parts = model.rsplit_once('/').and_then(|(name, number)| Some((name, number.parse().ok()?)));
        parts.map_or_else(
            || Self::new(server.clone(), model, None),
            |(name, dimensions)| Self::new(server.clone(), name, Some(dimensions)),
        )
    }

    async fn embed_batch(&self, client: &Client<OpenAIConfig>, texts: &[&str]) -> Result<Vec<Vec<f32>>, ProviderError> {
        let mut body = json!({ "model": self.requested, "input": texts, "encoding_format": "float" });
        if let Some(dimensions) = self.dimensions {
            body["dimensions"] = dimensions.into();
        }
        let api = client.embeddings();
        let answer: Embeddings = in_time(api.create_byot(body).map_err(provider_error)).await?;
        answer.into_vectors(texts.len())
    }
}

#[async_trait]
impl Embedder for OpenAiEmbedder {
    fn model(&self) -> &str {
        &self.model
    }

    async fn embed(&self, texts: &[String], _kind: TextKind) -> Result<Vec<Vec<f32>>, ProviderError> {
        let client = self.server.client()?;
        // Servers refuse empty inputs; such a text gets the zero vector, which is near to nothing.
        let filled: Vec<(usize, &str)> =
            texts.iter().enumerate().map(|(at, text)| (at, text.trim())).filter(|(_, text)| !text.is_empty()).collect();
        let mut vectors = vec![Vec::new(); texts.len()];
        for batch in batches(&filled) {
            let inputs: Vec<&str> = batch.iter().map(|(_, text)| *text).collect();
            let embedded = self.embed_batch(&client, &inputs).await?;
            for ((at, _), vector) in batch.iter().zip(embedded) {
                vectors[*at] = vector;
            }
        }
        let dimension = vectors.iter().map(Vec::len).max().unwrap_or_default();
        vectors.iter_mut().filter(|vector| vector.is_empty()).for_each(|vector| vector.resize(dimension, 0.0));
        Ok(vectors)
    }
}

/// Groups of consecutive texts that fit into one request. A text that exceeds the limit is sent alone.
fn batches<'a>(mut texts: &'a [(usize, &'a str)]) -> Vec<&'a [(usize, &'a str)]> {
    let mut batches = Vec::new();
    while !texts.is_empty() {
        let mut bytes = 0;
        let fitting = texts.iter().take(MAX_BATCH).take_while(|(_, text)| {
            bytes += text.len();
            bytes <= MAX_BATCH_BYTES
        });
        let (batch, rest) = texts.split_at(fitting.count().max(1));
        batches.push(batch);
        texts = rest;
    }
    batches
}

/// Runs a request with all its attempts within [`START_TIMEOUT`].
async fn in_time<T>(request: impl Future<Output = Result<T, ProviderError>>) -> Result<T, ProviderError> {
    let answer = tokio::time::timeout(START_TIMEOUT, request).await;
    answer.unwrap_or_else(|_| Err(ProviderError::unavailable("no answer in time")))
}

fn provider_error(error: OpenAIError) -> ProviderError {
    match error {
        OpenAIError::ApiError(answer) => {
            let ApiError { code, r#type: kind, .. } = answer.api_error;
            refusal(answer.status_code, &code.unwrap_or_default(), &kind.unwrap_or_default())
        }
        OpenAIError::InvalidArgument(detail) => ProviderError::refused(detail),
        OpenAIError::JSONDeserialize(_, body) => unreadable(body.as_bytes()),
        other => ProviderError::unavailable(other.to_string()),
    }
}

/// The error for an unexpected body, which may be an error in a server's own form.
fn unreadable(body: &[u8]) -> ProviderError {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(body)) if body.contains_key("error") => reported_error(&body["error"]),
        Ok(body) if body.get("code").is_some() => reported_error(&body),
        Ok(_) | Err(_) => ProviderError::unavailable("unreadable answer"),
    }
}

/// The error for an HTTP status, with the server's error code and type.
fn refusal(status: StatusCode, code: &str, kind: &str) -> ProviderError {
    let detail = format!("status {} {} {}", status.as_u16(), machine_word(kind), machine_word(code));
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ProviderError::Unauthorized,
        StatusCode::TOO_MANY_REQUESTS if code == "insufficient_quota" => ProviderError::refused(detail),
        StatusCode::TOO_MANY_REQUESTS => ProviderError::RateLimited,
        StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT => ProviderError::unavailable(detail),
        status if status.is_client_error() => ProviderError::refused(detail),
        _ => ProviderError::unavailable(detail),
    }
}

/// The error that a server describes without an HTTP status.
fn reported_error(error: &Value) -> ProviderError {
    let code = error
        .get("code")
        .or_else(|| error.get("error_code"))
        .map(|code| code.to_string().trim_matches('"').to_owned())
        .unwrap_or_default();
    match code.as_str() {
        "401" | "403" | "invalid_api_key" => ProviderError::Unauthorized,
        "429" | "rate_limit_exceeded" => ProviderError::RateLimited,
        "400" | "404" | "413" | "422" => ProviderError::refused(machine_word(&code)),
        _ => ProviderError::unavailable(machine_word(&code)),
    }
}

/// The server's text if it is a single code word that may be logged: servers repeat the request in their messages, and
/// that is personal text.
fn machine_word(text: &str) -> String {
    if text.chars().count() <= 60 && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)) {
        text.to_owned()
    } else {
        "(not a code)".to_owned()
    }
}

#[cfg(test)]
mod tests;
