//! Takes the rest of a request that was refused before it was read to its end.
//!
//! A connection that is closed while the client still sends is reset, and then most clients, browsers among them, never
//! see the answer: an upload that is too large would look like a network failure.

use std::{
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, BodyDataStream, Bytes, HttpBody},
    extract::Request,
    middleware::Next,
    response::Response,
};
use futures::{Stream, StreamExt, stream, stream::Fuse};

/// Who sends more than this, or more slowly, is hung up on.
const MAX_BYTES: usize = 64 * 1_048_576;
const MAX_TIME: Duration = Duration::from_secs(30);

/// The one body, for the route and for what comes after it.
#[derive(Clone)]
struct Shared(Arc<Mutex<Fuse<BodyDataStream>>>);

impl Shared {
    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, axum::Error>>> {
        self.0.lock().expect("no holder of the lock panics").poll_next_unpin(context)
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
    let body = Shared(Arc::new(Mutex::new(body.into_data_stream().fuse())));
    let response = next.run(Request::from_parts(parts, Body::from_stream(body.clone().stream()))).await;
    if response.status().is_client_error() {
        // Whatever comes of it, there is an answer to send.
        drop(tokio::time::timeout(MAX_TIME, drain(body.stream())).await);
    }
    response
}

async fn drain(mut rest: impl Stream<Item = Result<Bytes, axum::Error>> + Unpin) {
    let mut taken = 0;
    while let Some(Ok(bytes)) = rest.next().await {
        taken += bytes.len();
        if taken > MAX_BYTES {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::{Router, http::StatusCode, middleware::from_fn, routing::post};
    use tower::ServiceExt;

    use super::*;

    /// How many of ten chunks were taken when a route answered so without reading any.
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
    async fn what_a_route_did_not_want_to_read_stays_unread() {
        assert_eq!(taken(StatusCode::OK).await, 0);
    }
}
