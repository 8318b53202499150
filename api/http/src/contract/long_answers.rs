//! The memory budget for long answers that are built at the same time; an answer waits until there is enough.
//!
//! The contract shows chats and runs whole, however long they are. An answer that will be large takes its share of the
//! budget before its texts are read, and gives it back when it has been sent.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::header,
    response::{IntoResponse, Response},
};
use commands::counters::Bound;
use futures::stream;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::ApiError;

/// Answers below this size are not counted, so that short chats never wait behind long ones.
pub const SMALL_BYTES: usize = 262_144;
const UNIT_BYTES: usize = 1_024;
/// The copies of each text in memory: one as it was read, one as it is sent.
const COPIES: usize = 2;
/// The size of the chunks in which an answer is sent. The share is given back after the last chunk was taken; with a
/// single chunk that would be before anything was sent.
const CHUNK_BYTES: usize = 65_536;
const PATIENCE: Duration = Duration::from_secs(10);
const RETRY_AFTER: u64 = 5;

/// The budget that is left.
#[derive(Debug, Clone)]
pub struct AnswerMemory {
    units: Arc<Semaphore>,
    total: usize,
}

/// A part of the budget, given back when it is dropped. The default is the empty share of a short answer.
#[derive(Default)]
#[must_use = "the memory is held while the answer is made and sent"]
pub struct Share(Option<OwnedSemaphorePermit>);

impl AnswerMemory {
    /// Creates a budget of this many bytes for all answers together.
    pub fn new(bytes: usize) -> Self {
        let total = (bytes / UNIT_BYTES).clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        Self { units: Arc::new(Semaphore::new(total)), total }
    }

    /// Takes the share of an answer that is built from texts of this many bytes. An answer that needs more than the
    /// whole budget takes all of it.
    ///
    /// # Errors
    /// A 503 if the share did not become free within ten seconds.
    pub async fn share(&self, bytes: usize) -> Result<Share, ApiError> {
        self.share_within(PATIENCE, bytes).await
    }

    async fn share_within(&self, patience: Duration, bytes: usize) -> Result<Share, ApiError> {
        if bytes < SMALL_BYTES {
            return Ok(Share(None));
        }
        let units = bytes.saturating_mul(COPIES).div_ceil(UNIT_BYTES).min(self.total);
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        match tokio::time::timeout(patience, self.units.clone().acquire_many_owned(units)).await {
            Ok(Ok(permit)) => Ok(Share(Some(permit))),
            Ok(Err(_)) | Err(_) => {
                Bound::ListsAtOnce.met();
                Err(ApiError::unavailable(RETRY_AFTER))
            }
        }
    }
}

impl Share {
    /// Returns a response with this body, which gives the share back when it has been sent.
    pub async fn json<T: Serialize + Send + 'static>(self, body: T) -> Response {
        let Some(permit) = self.0 else { return axum::Json(body).into_response() };
        // Serialising a long text would block a thread that serves other requests.
        let written = tokio::task::spawn_blocking(move || serde_json::to_vec(&body)).await;
        let bytes = match written {
            Ok(Ok(bytes)) => Bytes::from(bytes),
            Ok(Err(error)) => return ApiError::internal(error).into_response(),
            Err(error) => return ApiError::internal(error).into_response(),
        };
        let headers =
            [(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_LENGTH, bytes.len().to_string())];
        let chunks = stream::unfold((bytes, permit), |(mut rest, permit)| async move {
            let chunk = rest.split_to(rest.len().min(CHUNK_BYTES));
            (!chunk.is_empty()).then_some((Ok::<_, Infallible>(chunk), (rest, permit)))
        });
        (headers, Body::from_stream(chunks)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_long_answer_waits_until_another_one_was_sent() {
        let memory = AnswerMemory::new(2_000_000);
        let text = "a".repeat(900_000);
        let first = memory.share(text.len()).await.expect("there is room").json(text.clone()).await;
        let soon = Duration::from_millis(20);
        let refusal = memory.share_within(soon, text.len()).await.err().expect("there is no room").into_response();
        assert_eq!(refusal.status().as_u16(), 503);
        assert!(memory.share_within(soon, 1_000).await.is_ok(), "short ones do not wait");
        assert_eq!(first.headers()["content-length"], (text.len() + 2).to_string());
        let sent = first.into_body().collect().await.expect("whole").to_bytes();
        assert_eq!(sent, serde_json::to_vec(&text).expect("JSON"));
        assert!(memory.share_within(soon, 100_000_000).await.is_ok(), "the longest has all of it");
    }
}
