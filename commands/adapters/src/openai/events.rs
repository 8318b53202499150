//! Sends requests, with further attempts after transient failures, and reads the answer: a stream of events, or JSON.

use std::time::Duration;

use futures::{StreamExt, stream, stream::BoxStream};
use reqwest::{Response, header};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    OpenAiServer, in_time, refusal,
    sse::{Event, EventReader, TooLong},
    unreadable,
};
use crate::web_service::body_up_to;
use ports::ProviderError;

/// Attempts after the first one.
const RETRIES: u32 = 3;
/// The pause before the second attempt, doubled before each further one, unless the server names a pause
/// (`Retry-After`).
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause that a server may name. Somebody waits for the answer, so a server that wants a longer one counts
/// as busy.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Bytes of a refusal that are read for its meaning, and the time that they may take: its status says most.
const MAX_REFUSAL_BYTES: usize = 64 << 10;
const REFUSAL_MAY_TAKE: Duration = Duration::from_secs(3);
/// Bytes of a completion that is sent as a whole.
pub(super) const MAX_COMPLETION_BYTES: usize = 2 << 20;

/// The event that marks the end of a stream.
pub(super) const DONE: &str = "[DONE]";

/// The events of a server, without those that only keep the connection open.
pub(super) type Events = BoxStream<'static, Result<Event, ProviderError>>;

impl OpenAiServer {
    /// Posts this body; returns the events of the answer.
    pub(super) async fn open_stream(
        &self,
        path: &str,
        api_key: Option<&SecretString>,
        body: &Value,
    ) -> Result<Events, ProviderError> {
        in_time(async {
            let response = self.send(path, api_key, body).await?;
            // Some servers do not stream, whatever the request says.
            if is_json(&response) {
                Ok(events_of_json(&body_up_to(MAX_COMPLETION_BYTES, response).await?))
            } else {
                Ok(events(response))
            }
        })
        .await
    }

    /// Posts this body; returns the JSON answer of at most `max` bytes.
    pub(super) async fn request_json<T: DeserializeOwned>(
        &self,
        path: &str,
        api_key: Option<&SecretString>,
        body: &Value,
        max: usize,
    ) -> Result<T, ProviderError> {
        let bytes = in_time(async { body_up_to(max, self.send(path, api_key, body).await?).await }).await?;
        // An unexpected form may report a failure; the parser's own message may quote the answer.
        serde_json::from_slice(&bytes).map_err(|_| unreadable(&bytes))
    }

    /// Posts a request until it is accepted or the attempts are used up.
    async fn send(&self, path: &str, api_key: Option<&SecretString>, body: &Value) -> Result<Response, ProviderError> {
        let mut retries = 0;
        loop {
            let (error, pause) = match self.post(path, api_key)?.json(body).send().await {
                Ok(response) if response.status().is_success() => return Ok(response),
                Ok(response) => {
                    let pause = retry_after(&response);
                    (refused(response).await, pause)
                }
                Err(error) if error.is_connect() => (failed(error), None),
                Err(error) => return Err(failed(error)),
            };
            let pause = pause.unwrap_or(FIRST_PAUSE * 2_u32.pow(retries));
            if retries == RETRIES || !error.is_transient() || pause > LONGEST_PAUSE {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            retries += 1;
        }
    }
}

fn is_json(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("application/json"))
}

/// The events of an answer in JSON: one completion, or the events themselves, which some servers declare to be JSON.
fn events_of_json(bytes: &[u8]) -> Events {
    if bytes.trim_ascii_start().starts_with(b"{") {
        let event = |data: String| Ok(Event { data, ..Event::default() });
        let completion = String::from_utf8_lossy(bytes).into_owned();
        return stream::iter([event(completion), event(DONE.to_owned())]).boxed();
    }
    let mut reader = EventReader::default();
    reader.push(bytes);
    reader.end();
    let events = std::iter::from_fn(move || reader.next()).filter(|event| !event.as_ref().is_ok_and(is_keep_alive));
    stream::iter(events.map(|event| event.map_err(too_long))).boxed()
}

fn events(response: Response) -> Events {
    let next = async |(mut response, mut reader, has_ended): (Response, EventReader, bool)| loop {
        let error = match reader.next() {
            Some(Ok(event)) if is_keep_alive(&event) => continue,
            Some(Ok(event)) => return Some((Ok(event), (response, reader, has_ended))),
            Some(Err(error)) => too_long(error),
            None if has_ended => return None,
            None => match response.chunk().await {
                Ok(Some(bytes)) => {
                    reader.push(&bytes);
                    continue;
                }
                Ok(None) => {
                    reader.end();
                    match reader.next() {
                        Some(Ok(event)) if is_keep_alive(&event) => return None,
                        Some(Ok(event)) => return Some((Ok(event), (response, reader, true))),
                        Some(Err(error)) => too_long(error),
                        None => return None,
                    }
                }
                Err(error) => failed(error),
            },
        };
        return Some((Err(error), (response, reader, has_ended)));
    };
    stream::unfold((response, EventReader::default(), false), next).boxed()
}

/// Whether an event only keeps the connection open, for servers and proxies.
fn is_keep_alive(event: &Event) -> bool {
    let is_error = event.name == "error" || event.error.is_some();
    matches!(event.name.as_str(), "keepalive" | "ping") || (event.data.trim().is_empty() && !is_error)
}

fn too_long(_: TooLong) -> ProviderError {
    ProviderError::unavailable("an event is too long")
}

fn failed(error: reqwest::Error) -> ProviderError {
    ProviderError::unavailable(error.without_url().to_string())
}

fn retry_after(response: &Response) -> Option<Duration> {
    response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

async fn refused(mut response: Response) -> ProviderError {
    let status = response.status();
    let mut body = Vec::new();
    let read = async {
        while let Ok(Some(piece)) = response.chunk().await {
            body.extend_from_slice(&piece);
            if body.len() > MAX_REFUSAL_BYTES {
                break;
            }
        }
    };
    // What has come in time may be enough.
    tokio::time::timeout(REFUSAL_MAY_TAKE, read).await.ok();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let word = |name: &str| body["error"][name].as_str().unwrap_or_default().to_owned();
    refusal(status, &word("code"), &word("type"))
}
