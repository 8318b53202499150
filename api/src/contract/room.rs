//! Memory for large bodies that are read at the same time: there is so much of it, and who comes late waits.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::ApiError;

/// Bodies below this are not counted: questions never wait behind uploads.
const SMALL_BYTES: usize = 65_536;
const UNIT_BYTES: usize = 1_024;
const PATIENCE: Duration = Duration::from_secs(10);
const RETRY_AFTER: u64 = 10;

/// What is left of the memory. Add it to the requests as an extension; without one there is no end of it.
#[derive(Debug, Clone)]
pub struct Room(Arc<Semaphore>);

/// A part of the memory, until it is dropped.
pub(super) type Place = OwnedSemaphorePermit;

impl Room {
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new((bytes / UNIT_BYTES).min(Semaphore::MAX_PERMITS))))
    }

    /// The place for a body of this size, taken before its first byte: no two halves of bodies ever wait for each other.
    pub(super) async fn place(&self, bytes: usize) -> Result<Option<Place>, ApiError> {
        self.place_within(PATIENCE, bytes).await
    }

    async fn place_within(&self, patience: Duration, bytes: usize) -> Result<Option<Place>, ApiError> {
        if bytes < SMALL_BYTES {
            return Ok(None);
        }
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX);
        match tokio::time::timeout(patience, self.0.clone().acquire_many_owned(units)).await {
            Ok(Ok(place)) => Ok(Some(place)),
            Ok(Err(_)) | Err(_) => Err(ApiError::unavailable(RETRY_AFTER)),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    #[tokio::test]
    async fn who_finds_no_room_waits_and_is_then_asked_to_come_again() {
        let room = Room::new(1_000_000);
        let first = room.place(600_000).await.expect("there is room");
        let refusal = room.place_within(Duration::from_millis(50), 600_000).await;
        let refusal = refusal.expect_err("there is no room").into_response();
        assert_eq!((refusal.status().as_u16(), &refusal.headers()["retry-after"]), (503, &"10".parse().expect("text")));
        assert!(room.place(1_000).await.expect("small bodies need no room").is_none());
        drop(first);
        assert!(room.place(600_000).await.expect("there is room again").is_some());
    }
}
