//! The bytes of a request body as they arrive, with limits on their number, their rate and their memory.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::body::{Body, BodyDataStream, Bytes};
use commands::counters::Bound;
use futures::{Stream, StreamExt, stream};
use tokio::time::{Instant, timeout_at};

use super::{body_memory::BodyMemoryPermit, problem::ApiError};
use crate::config::LeastRate;

/// The time limit for a whole body: 25 MB over a bad telephone line take as long. Waiting for memory does not count.
const READ_TIME: Duration = Duration::from_mins(5);
const RETRY_AFTER: u64 = 10;

/// The reason why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("the body is too large")]
    TooLarge,
    #[error("the body comes too slowly")]
    TooSlow,
    #[error("there is no room for the body")]
    NoRoom,
    #[error("the body ended too early")]
    Broken,
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::TooLarge => Self::payload_too_large(),
            Fault::TooSlow => Self::too_slow(),
            Fault::NoRoom => Self::unavailable(RETRY_AFTER),
            Fault::Broken => Self::parse("The request body ended too early."),
        }
    }
}

/// The limits of a body.
pub(super) struct Bounds {
    pub(super) bytes: usize,
    pub(super) least_rate: LeastRate,
    /// Bytes of memory that each byte of the body takes.
    pub(super) weight: usize,
}

/// Wraps a body with its limits. The first fault is also stored in the returned cell, because libraries that read the
/// body turn it into errors of their own.
pub(super) fn bounded(
    body: Body,
    bounds: Bounds,
    place: Option<Arc<BodyMemoryPermit>>,
) -> (Body, Arc<OnceLock<Fault>>) {
    let fault = Arc::new(OnceLock::new());
    let noted = fault.clone();
    let chunks = chunks(body, bounds, place).inspect(move |chunk| {
        if let Err(fault) = chunk {
            noted.get_or_init(|| *fault);
        }
    });
    (Body::from_stream(chunks), fault)
}

fn chunks(
    body: Body,
    bounds: Bounds,
    place: Option<Arc<BodyMemoryPermit>>,
) -> impl Stream<Item = Result<Bytes, Fault>> + Send + 'static {
    let now = Instant::now();
    let window = Window { ends: now + bounds.least_rate.period, came: 0 };
    let reading = Reading { body: body.into_data_stream(), bounds, place, came: 0, window, ends: now + READ_TIME };
    stream::try_unfold(reading, |mut reading| async move { Ok(reading.next().await?.map(|chunk| (chunk, reading))) })
}

struct Reading {
    body: BodyDataStream,
    bounds: Bounds,
    place: Option<Arc<BodyMemoryPermit>>,
    came: usize,
    window: Window,
    ends: Instant,
}

/// The current period over which the rate is measured.
struct Window {
    ends: Instant,
    came: usize,
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            let chunk = timeout_at(self.window.ends.min(self.ends), self.body.next()).await;
            let bytes = match chunk {
                Ok(None) => return Ok(None),
                Ok(Some(Err(_))) => return Err(Fault::Broken),
                Ok(Some(Ok(bytes))) => Some(bytes),
                Err(_) => None,
            };
            let count = bytes.as_ref().map_or(0, Bytes::len);
            self.came += count;
            self.window.came += count;
            self.check_rate()?;
            if self.came > self.bounds.bytes {
                return Err(Fault::TooLarge);
            }
            if let Some(bytes) = bytes {
                self.cover().await?;
                return Ok(Some(bytes));
            }
        }
    }

    fn check_rate(&mut self) -> Result<(), Fault> {
        let now = Instant::now();
        let is_late = now >= self.ends;
        let is_due = now >= self.window.ends;
        if is_late || (is_due && self.window.came < self.bounds.least_rate.bytes) {
            Bound::SlowBodies.met();
            return Err(Fault::TooSlow);
        }
        if is_due {
            self.window = Window { ends: now + self.bounds.least_rate.period, came: 0 };
        }
        Ok(())
    }

    /// Takes memory for the bytes that have arrived. The deadlines move by the time spent waiting, for which the client
    /// is not to blame.
    async fn cover(&mut self) -> Result<(), Fault> {
        let Some(place) = &self.place else { return Ok(()) };
        let before = Instant::now();
        place.cover(self.came.saturating_mul(self.bounds.weight)).await.map_err(|_| Fault::NoRoom)?;
        let waited = before.elapsed();
        self.window.ends += waited;
        self.ends += waited;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// At least 20 bytes in each fifth of a second.
    const BOUNDS: Bounds =
        Bounds { bytes: 1_000, least_rate: LeastRate { bytes: 20, period: Duration::from_millis(200) }, weight: 1 };

    /// Reads a body of `parts` chunks of `part` bytes, one every 10 ms or a little later, and returns the outcome.
    async fn outcome(part: usize, parts: usize) -> Result<usize, Fault> {
        let parts = stream::iter(0..parts).then(move |_| async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Ok::<_, Infallible>(Bytes::from(vec![b'a'; part]))
        });
        let mut chunks = Box::pin(chunks(Body::from_stream(parts), BOUNDS, None));
        let mut came = 0;
        while let Some(chunk) = chunks.next().await {
            came += chunk?.len();
        }
        Ok(came)
    }

    #[tokio::test]
    async fn a_body_that_trickles_or_stops_is_not_waited_for() {
        let started = Instant::now();
        assert_eq!(outcome(0, 1_000_000).await, Err(Fault::TooSlow));
        let silent = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        assert_eq!(Box::pin(chunks(silent, BOUNDS, None)).next().await, Some(Err(Fault::TooSlow)));
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }

    #[tokio::test]
    async fn a_slow_line_is_fast_enough_and_a_short_body_may_take_its_time() {
        assert_eq!(outcome(10, 60).await, Ok(600));
        assert_eq!(outcome(1, 3).await, Ok(3));
    }

    #[tokio::test]
    async fn a_body_ends_at_its_limit() {
        assert_eq!(outcome(600, 2).await, Err(Fault::TooLarge));
    }

    #[tokio::test]
    async fn a_body_without_a_least_rate_may_take_as_long_as_any() {
        let least_rate = LeastRate { bytes: 0, period: Duration::from_millis(1) };
        let part = stream::once(async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            Ok::<_, Infallible>(Bytes::from_static(b"late"))
        });
        let bounds = Bounds { least_rate, ..BOUNDS };
        let came = Box::pin(chunks(Body::from_stream(part), bounds, None)).next().await;
        assert_eq!(came, Some(Ok(Bytes::from_static(b"late"))));
    }
}
