//! A streamed answer: the request, which is tried again where that is worth it, and the server's events.

use std::time::Duration;

use eventsource_stream::{EventStreamError, Eventsource};
use futures::{StreamExt, future, stream::BoxStream};
use reqwest::{Response, header};
use serde_json::Value;

use super::{OpenAiServer, refusal};
use crate::ports::ProviderError;

/// Attempts after the first one.
const RETRIES: u32 = 3;
/// Doubled before each further attempt, unless the server names a time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// A refusal that is longer says nothing that is understood.
const MAX_REFUSAL_BYTES: usize = 64 << 10;

/// The data of a server's events, each a text.
pub(super) type Events = BoxStream<'static, Result<String, ProviderError>>;

impl OpenAiServer {
    /// Posts this body and reads the events that come back.
    pub(super) async fn open_stream(
        &self,
        path: &str,
        api_key: Option<&str>,
        body: &Value,
    ) -> Result<Events, ProviderError> {
        let mut retries = 0;
        loop {
            let (error, pause) = match self.post(path, api_key)?.json(body).send().await {
                Ok(response) if response.status().is_success() => return Ok(events(response)),
                Ok(response) => {
                    let pause = retry_after(&response);
                    (refused(response).await, pause)
                }
                Err(error) if error.is_connect() => (failed(error), None),
                Err(error) => return Err(failed(error)),
            };
            if retries == RETRIES || !error.is_transient() {
                return Err(error);
            }
            tokio::time::sleep(pause.unwrap_or(FIRST_PAUSE * 2_u32.pow(retries))).await;
            retries += 1;
        }
    }
}

fn events(response: Response) -> Events {
    let events = response.bytes_stream().eventsource().filter_map(|event| {
        future::ready(match event {
            // Some proxies' sign of life.
            Ok(event) if event.event == "keepalive" => None,
            Ok(event) => Some(Ok(event.data)),
            Err(EventStreamError::Transport(error)) => Some(Err(failed(error))),
            // What these say quotes the stream.
            Err(EventStreamError::Utf8(_) | EventStreamError::Parser(_)) => {
                Some(Err(ProviderError::unavailable("the answer is no stream of events")))
            }
        })
    });
    events.boxed()
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
