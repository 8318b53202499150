//! The common parts of adapters for plain HTTP services: time limits, bounded answers, and statuses as errors.
//!
//! A service's own words are never kept: they may repeat the request, which is personal text, or a key.

use std::time::Duration;

use futures::StreamExt;
use reqwest::{RequestBuilder, Response, StatusCode, header::HeaderValue, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;

use ports::ProviderError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The limit for a whole request: a minute of speech takes a busy server several seconds.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);
/// Bytes of a transcript or a translation.
const MAX_JSON_BYTES: usize = 2 << 20;
/// Bytes of spoken answers: half an hour of MP3, or a little less in base64.
pub(super) const MAX_AUDIO_BYTES: usize = 32 << 20;

/// The address of a service and its key.
#[derive(Debug, Clone)]
pub struct WebService {
    url: String,
    api_key: Option<SecretString>,
    http: reqwest::Client,
}

impl WebService {
    /// Uses the service at `url`, to which the service's own paths are appended.
    ///
    /// # Errors
    /// [`ProviderError::Unavailable`] if no client can be built.
    pub fn new(url: &str, api_key: Option<&SecretString>) -> Result<Self, ProviderError> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| ProviderError::unavailable(error.to_string()))?;
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            api_key: api_key
                .map(|key| key.expose_secret().trim())
                .filter(|key| !key.is_empty())
                .map(SecretString::from),
            http,
        })
    }

    /// A POST to a path of the service, with the key in the given header.
    pub(super) fn post(&self, path: &str, key_header: &'static str) -> Result<RequestBuilder, ProviderError> {
        let request = self.http.post(format!("{}{path}", self.url));
        let Some(key) = &self.api_key else { return Ok(request) };
        Ok(request.header(key_header, secret(key.expose_secret())?))
    }
}

/// A header value that debug output does not show.
pub(super) fn secret(text: &str) -> Result<HeaderValue, ProviderError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| ProviderError::Unauthorized)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Sends the request and parses a JSON answer of at most `max` bytes.
pub(super) async fn json<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, ProviderError> {
    json_up_to(MAX_JSON_BYTES, request).await
}

pub(super) async fn json_up_to<T: DeserializeOwned>(max: usize, request: RequestBuilder) -> Result<T, ProviderError> {
    let bytes = bytes_up_to(max, request).await?;
    // The parser's message may quote the answer.
    serde_json::from_slice(&bytes).map_err(|_| ProviderError::unavailable("the answer has not the expected form"))
}

/// Sends the request and reads an answer of at most `max` bytes, within the time limit of the whole request.
pub(super) async fn bytes_up_to(max: usize, request: RequestBuilder) -> Result<Vec<u8>, ProviderError> {
    let sent = request.timeout(REQUEST_TIMEOUT).send();
    let response = sent.await.map_err(|error| ProviderError::unavailable(error.without_url().to_string()))?;
    require_success(&response)?;
    body_up_to(max, response).await
}

/// Reads the body of an answer, of at most `max` bytes.
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
