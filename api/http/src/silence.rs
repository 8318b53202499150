//! Requests while the database says nothing at all, as when its machine hangs or the network swallows what is sent.
//!
//! A connection that was just used is trusted, and a query over it would be waited for without limit. So somebody else
//! keeps asking the database, and no request waits longer than that.

use axum::{
    extract::{Request, State},
    http::header,
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::sync::watch;

use crate::contract::problem::ApiError;

/// The seconds after which the database may answer again (`Retry-After`).
const RETRY_AFTER: u64 = 5;

/// Whether the database is silent, as far as the process knows.
#[derive(Debug, Clone)]
pub struct DatabaseSilence(watch::Receiver<bool>);

impl DatabaseSilence {
    /// What is watched by nobody is never silent.
    pub fn never() -> Self {
        Self(watch::Sender::new(false).subscribe())
    }

    /// The silence that a watcher notes in `noted`.
    pub fn noted(noted: &watch::Sender<bool>) -> Self {
        Self(noted.subscribe())
    }

    /// Waits until the database is silent.
    async fn begun(mut self) {
        if self.0.wait_for(|is_silent| *is_silent).await.is_err() {
            // Nobody watches any more.
            std::future::pending::<()>().await;
        }
    }
}

/// Middleware that answers with a 503 when the database falls silent. Health checks have limits of their own, and say
/// more, unless they have to look up credentials.
pub(crate) async fn refuse(State(silence): State<DatabaseSilence>, request: Request, next: Next) -> Response {
    if request.uri().path().starts_with("/health/") && !request.headers().contains_key(header::AUTHORIZATION) {
        return next.run(request).await;
    }
    tokio::select! {
        biased;
        response = next.run(request) => response,
        () = silence.begun() => {
            tracing::warn!("the database says nothing; a request was not waited for");
            ApiError::unavailable(RETRY_AFTER).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::pending, time::Duration};

    use axum::{Router, body::Body, middleware::from_fn_with_state, routing::get};
    use tower::ServiceExt;

    use super::*;

    async fn status(silence: DatabaseSilence, path: &str) -> u16 {
        let app = Router::new()
            .route("/api/quick", get(|| async { "quick" }))
            .route("/api/waiting", get(pending::<()>))
            .route("/health/ready", get(|| tokio::time::sleep(Duration::from_millis(50))))
            .layer(from_fn_with_state(silence, refuse));
        let request = Request::get(path).body(Body::empty()).expect("a request");
        app.oneshot(request).await.expect("infallible").status().as_u16()
    }

    #[tokio::test]
    async fn a_request_that_waits_for_a_silent_database_is_told_to_come_again() {
        let noted = watch::Sender::new(false);
        let silence = DatabaseSilence::noted(&noted);
        let falls_silent = async {
            tokio::task::yield_now().await;
            noted.send_replace(true);
        };
        let (waiting, ()) = tokio::join!(status(silence.clone(), "/api/waiting"), falls_silent);
        assert_eq!(waiting, 503);
        assert_eq!(status(silence.clone(), "/api/quick").await, 200);
        assert_eq!(status(silence, "/health/ready").await, 200);
    }
}
