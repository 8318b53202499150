//! Requests, which are tried again where that is worth it, and what comes back: a stream of events, or JSON.

use std::time::Duration;

use futures::{StreamExt, stream, stream::BoxStream};
use reqwest::{Response, header};
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
/// Doubled before each further attempt, unless the server names a time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Somebody waits for the answer: a server that wants a longer pause is busy.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A refusal that is longer says nothing that is understood.
const MAX_REFUSAL_BYTES: usize = 64 << 10;
/// A completion that comes as a whole.
pub(super) const MAX_COMPLETION_BYTES: usize = 2 << 20;

/// The event with which a server says that its stream is at its end.
pub(super) const DONE: &str = "[DONE]";

/// A server's events that say something.
pub(super) type Events = BoxStream<'static, Result<Event, ProviderError>>;

impl OpenAiServer {
    /// Posts this body and reads the events that come back.
    pub(super) async fn open_stream(
        &self,
        path: &str,
        api_key: Option<&str>,
        body: &Value,
    ) -> Result<Events, ProviderError> {
        in_time(async {
            let response = self.send(path, api_key, body).await?;
            // Some servers stream nothing, whatever they are asked.
            if is_json(&response) {
                Ok(whole(&body_up_to(MAX_COMPLETION_BYTES, response).await?))
            } else {
                Ok(events(response))
            }
        })
        .await
    }

    /// Posts this body and reads the JSON that comes back, of at most so many bytes.
    pub(super) async fn request_json<T: DeserializeOwned>(
        &self,
        path: &str,
        api_key: Option<&str>,
        body: &Value,
        max: usize,
    ) -> Result<T, ProviderError> {
        let bytes = in_time(async { body_up_to(max, self.send(path, api_key, body).await?).await }).await?;
        // What is not of the expected form may say what has failed; the reader's own message may quote the answer.
        serde_json::from_slice(&bytes).map_err(|_| unreadable(&bytes))
    }

    /// The answer to a request that was taken, perhaps not at once.
    async fn send(&self, path: &str, api_key: Option<&str>, body: &Value) -> Result<Response, ProviderError> {
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

/// What came as JSON, as the events of a stream: a completion, or the events themselves, which some servers call so.
fn whole(bytes: &[u8]) -> Events {
    if bytes.trim_ascii_start().starts_with(b"{") {
        let event = |data: String| Ok(Event { data, ..Event::default() });
        let completion = String::from_utf8_lossy(bytes).into_owned();
        return stream::iter([event(completion), event(DONE.to_owned())]).boxed();
    }
    let mut reader = EventReader::default();
    reader.push(bytes);
    reader.end();
    let events = std::iter::from_fn(move || reader.next()).filter(|event| !event.as_ref().is_ok_and(says_nothing));
    stream::iter(events.map(|event| event.map_err(too_long))).boxed()
}

fn events(response: Response) -> Events {
    let next = async |(mut response, mut reader, has_ended): (Response, EventReader, bool)| loop {
        let error = match reader.next() {
            Some(Ok(event)) if says_nothing(&event) => continue,
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
                        Some(Ok(event)) if says_nothing(&event) => return None,
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

/// Signs of life, with which servers and proxies keep a connection open.
fn says_nothing(event: &Event) -> bool {
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
    while let Ok(Some(piece)) = response.chunk().await {
        body.extend_from_slice(&piece);
        if body.len() > MAX_REFUSAL_BYTES {
            break;
        }
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let word = |name: &str| body["error"][name].as_str().unwrap_or_default().to_owned();
    refusal(status, &word("code"), &word("type"))
}
