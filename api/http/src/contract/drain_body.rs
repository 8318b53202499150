//! Reads and discards the rest of a request that was answered before it was read to its end: because it was refused, or
//! because its form was complete before the last bytes came, such as the line end behind the last boundary.
//!
//! A connection that is closed while the client still sends is reset, and then most clients, browsers among them, never
//! see the response: an upload that is too large, or one that was taken, would look like a network failure. A client
//! that has stopped sending is not waited for. Draining occupies a connection, but no memory.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, BodyDataStream, Bytes, HttpBody},
    extract::Request,
    http::{StatusCode, header},
    middleware::Next,
    response::Response,
};
use futures::{Stream, StreamExt, stream, stream::Fuse};
use parking_lot::Mutex;
use tokio::time::timeout;

/// Limits of draining: the bytes, the time, and the silence after which the connection is closed all the same.
const MAX_BYTES: usize = 64 * 1_048_576;
const MAX_TIME: Duration = Duration::from_secs(30);
const MAX_SILENCE: Duration = Duration::from_secs(2);

/// The request body, shared by the handler and the draining after it; the flag says whether reading has begun.
#[derive(Clone)]
struct Shared(Arc<Mutex<Fuse<BodyDataStream>>>, Arc<AtomicBool>);

impl Shared {
    fn new(body: Body) -> Self {
        Self(Arc::new(Mutex::new(body.into_data_stream().fuse())), Arc::default())
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, axum::Error>>> {
        self.1.store(true, Ordering::Relaxed);
        self.0.lock().poll_next_unpin(context)
    }

    /// Returns whether the handler has begun to read: then a client that sent `Expect` has been told to go on.
    fn is_begun(&self) -> bool {
        self.1.load(Ordering::Relaxed)
    }

    fn stream(self) -> impl Stream<Item = Result<Bytes, axum::Error>> + Send + 'static {
        stream::poll_fn(move |context| self.poll(context))
    }
}

pub(super) async fn take(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if body.is_end_stream() {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let asks_first = parts.headers.contains_key(header::EXPECT);
    let body = Shared::new(body);
    let response = next.run(Request::from_parts(parts, Body::from_stream(body.clone().stream()))).await;
    // A client that sent `Expect` and whose body was not read yet gets the refusal instead, and does not send the body.
    let is_sent = body.is_begun() || (is_refusal(response.status()) && !asks_first);
    // After a 408 nothing is drained: that client was too slow already.
    if is_sent && response.status() != StatusCode::REQUEST_TIMEOUT {
        // The response is sent whether or not draining has finished in time.
        drop(timeout(MAX_TIME, drain(body.stream())).await);
    }
    response
}

fn is_refusal(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

async fn drain(mut rest: impl Stream<Item = Result<Bytes, axum::Error>> + Unpin) {
    let mut taken = 0;
    while let Ok(Some(Ok(bytes))) = timeout(MAX_SILENCE, rest.next()).await {
        taken += bytes.len();
        if taken > MAX_BYTES {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::{Router, extract::Multipart, http::StatusCode, middleware::from_fn, routing::post};
    use tower::ServiceExt;

    use super::*;

    /// Returns how many of ten chunks were drained after a handler had responded with this status without reading any.
    async fn taken(status: StatusCode) -> usize {
        let taken = Arc::new(AtomicUsize::new(0));
        let counter = taken.clone();
        let chunks = stream::iter(0..10).map(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            Ok::<_, axum::Error>(Bytes::from_static(b"chunk"))
        });
        let app = Router::new().route("/", post(move || async move { status })).layer(from_fn(take));
        let request = Request::post("/").body(Body::from_stream(chunks)).expect("a request");
        assert_eq!(app.oneshot(request).await.expect("infallible").status(), status);
        taken.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn a_refused_request_is_taken_to_its_end() {
        assert_eq!(taken(StatusCode::PAYLOAD_TOO_LARGE).await, 10);
        assert_eq!(taken(StatusCode::UNAUTHORIZED).await, 10);
    }

    #[tokio::test]
    async fn who_sends_nothing_more_is_answered_soon() {
        let silent = stream::iter([Ok::<_, axum::Error>(Bytes::from_static(b"half"))]).chain(stream::pending());
        let app = Router::new().route("/", post(|| async { StatusCode::UNAUTHORIZED })).layer(from_fn(take));
        let request = Request::post("/").body(Body::from_stream(silent)).expect("a request");
        let started = tokio::time::Instant::now();
        assert_eq!(app.oneshot(request).await.expect("infallible").status(), StatusCode::UNAUTHORIZED);
        assert!(started.elapsed() < MAX_TIME / 2, "{:?}", started.elapsed());
    }

    #[tokio::test]
    async fn a_form_whose_last_bytes_come_after_it_was_answered_is_taken_to_its_end() {
        let taken = Arc::new(AtomicUsize::new(0));
        let counter = taken.clone();
        let part = "--x\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nZinc\r\n--x--";
        let chunks = stream::iter([part, "\r\n", "an epilogue"]).then(move |chunk| {
            counter.fetch_add(1, Ordering::SeqCst);
            async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Ok::<_, axum::Error>(Bytes::from(chunk))
            }
        });
        let read = |mut form: Multipart| async move {
            while let Some(part) = form.next_field().await.expect("well-formed") {
                assert_eq!(part.text().await.expect("text"), "Zinc");
            }
            StatusCode::CREATED
        };
        let app = Router::new().route("/", post(read)).layer(from_fn(take));
        let request = Request::post("/").header(header::CONTENT_TYPE, "multipart/form-data; boundary=x");
        let request = request.body(Body::from_stream(chunks)).expect("a request");
        assert_eq!(app.oneshot(request).await.expect("infallible").status(), StatusCode::CREATED);
        assert_eq!(taken.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn what_a_route_did_not_want_to_read_stays_unread() {
        assert_eq!(taken(StatusCode::OK).await, 0);
    }
}
