//! What adapters of plain HTTP services share: time limits, bounded answers, and statuses as errors.
//!
//! What a service says in its own words is never kept: it may repeat the request, which is personal text, or a key.

use std::time::Duration;

use futures::StreamExt;
use reqwest::{RequestBuilder, Response, StatusCode, header::HeaderValue, redirect};
use serde::de::DeserializeOwned;

use ports::ProviderError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// For a whole request: a minute of speech takes a busy server several seconds.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);
/// A transcript or a translation.
const MAX_JSON_BYTES: usize = 2 << 20;
/// Spoken answers: half an hour of MP3, or in base64 a little less.
pub(super) const MAX_AUDIO_BYTES: usize = 32 << 20;

/// Where a service is, and the key that it wants. Shows no key.
#[derive(Clone)]
pub struct WebService {
    url: String,
    api_key: Option<String>,
    http: reqwest::Client,
}

impl WebService {
    /// `url` up to where the service's own paths begin.
    ///
    /// # Errors
    /// If no client can be built.
    pub fn new(url: &str, api_key: Option<&str>) -> Result<Self, ProviderError> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| ProviderError::unavailable(error.to_string()))?;
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            api_key: api_key.map(str::trim).filter(|key| !key.is_empty()).map(str::to_owned),
            http,
        })
    }

    /// A POST to a path of the service, with the key in this header.
    pub(super) fn post(&self, path: &str, key_header: &'static str) -> Result<RequestBuilder, ProviderError> {
        let request = self.http.post(format!("{}{path}", self.url));
        let Some(key) = &self.api_key else { return Ok(request) };
        Ok(request.header(key_header, secret(key)?))
    }
}

impl std::fmt::Debug for WebService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebService").field("url", &self.url).finish_non_exhaustive()
    }
}

/// A header that is not shown by debug output.
pub(super) fn secret(text: &str) -> Result<HeaderValue, ProviderError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| ProviderError::Unauthorized)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Sends and reads a JSON answer of at most this many bytes.
pub(super) async fn json<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, ProviderError> {
    json_up_to(MAX_JSON_BYTES, request).await
}

pub(super) async fn json_up_to<T: DeserializeOwned>(max: usize, request: RequestBuilder) -> Result<T, ProviderError> {
    let bytes = bytes_up_to(max, request).await?;
    // The reader's message may quote the answer.
    serde_json::from_slice(&bytes).map_err(|_| ProviderError::unavailable("the answer has not the expected form"))
}

/// Sends and reads an answer of at most this many bytes, under the time limit of the whole request.
pub(super) async fn bytes_up_to(max: usize, request: RequestBuilder) -> Result<Vec<u8>, ProviderError> {
    let sent = request.timeout(REQUEST_TIMEOUT).send();
    let response = sent.await.map_err(|error| ProviderError::unavailable(error.without_url().to_string()))?;
    require_success(&response)?;
    body_up_to(max, response).await
}

/// Reads the body of an answer, which may have at most this many bytes.
pub(super) async fn body_up_to(max: usize, response: Response) -> Result<Vec<u8>, ProviderError> {
    let mut bytes = Vec::new();
    let mut stream = response.bytes_stream();
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|error| ProviderError::unavailable(error.without_url().to_string()))?;
        if bytes.len() + piece.len() > max {
            return Err(ProviderError::unavailable(format!("the answer is larger than {max} bytes")));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

fn require_success(response: &Response) -> Result<(), ProviderError> {
    let status = response.status();
    let detail = || format!("status {}", status.as_u16());
    match status {
        status if status.is_success() => Ok(()),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(ProviderError::Unauthorized),
        StatusCode::TOO_MANY_REQUESTS => Err(ProviderError::RateLimited),
        StatusCode::REQUEST_TIMEOUT => Err(ProviderError::unavailable(detail())),
        status if status.is_client_error() => Err(ProviderError::refused(detail())),
        _ => Err(ProviderError::unavailable(detail())),
    }
}
