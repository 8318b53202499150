//! The JSON keys of refusals that the contract does not define: the keys that the page which sent the request shows.
//!
//! The contract has `{"detail": ".."}` for every error that is not about a field. No form of the front end shows it,
//! and the form of documents, which expects a list there, ends in a white page. Refusals that the contract defines with
//! `detail` stay as they are; this module shapes those for too many requests, bodies that are too large or too slow,
//! conflicts and failures of the server.

use axum::{
    body::Body,
    extract::{MatchedPath, Request},
    http::{Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use serde_json::{Value, json};

/// The message of a refusal, which `contract::problem` adds to the response's extensions.
#[derive(Debug, Clone)]
pub(super) struct Said(pub(super) String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// `detail`, and a list in `non_field_errors`; also a list in this field, if the form shows nothing else.
    General(Option<&'static str>),
    /// `detail`, and a text in `error`.
    Question,
    /// Lists in `non_field_errors` and, for a file that is too large, in `file`; no `detail`.
    DocumentForm,
}

impl Shape {
    fn of(method: &Method, path: &str) -> Self {
        match (method.as_str(), path) {
            (
                "POST",
                "/api/projects/{project}/documents"
                | "/api/projects/{project}/documents/{id}/versions"
                | "/api/tests/suites/{suite}/questions/{question}/documents",
            )
            | ("PATCH", "/api/projects/{project}/documents/{id}") => Self::DocumentForm,
            (
                "POST",
                "/api/projects/{project}/chats"
                | "/api/projects/{project}/chats/{id}/converse"
                | "/api/projects/{project}/chats/{id}/speech_to_text"
                | "/api/chats"
                | "/api/chats/{id}/converse"
                | "/api/chats/transcribe"
                | "/api/chats/completion",
            ) => Self::Question,
            ("POST", "/api/auth/reset") => Self::General(Some("password")),
            ("POST", "/api/projects") => Self::General(Some("title")),
            ("POST", "/api/tests/suites") => Self::General(Some("name")),
            _ => Self::General(None),
        }
    }

    fn body(self, status: StatusCode, said: &str) -> Value {
        match self {
            Self::General(field) => {
                let mut body = json!({ "detail": said, "non_field_errors": [said] });
                if let Some(field) = field {
                    body[field] = json!([said]);
                }
                body
            }
            Self::Question => json!({ "detail": said, "error": said }),
            Self::DocumentForm if status == StatusCode::PAYLOAD_TOO_LARGE => {
                json!({ "file": [said], "non_field_errors": [said] })
            }
            Self::DocumentForm => json!({ "non_field_errors": [said] }),
        }
    }
}

/// Returns whether the contract defines no body for the status.
const fn is_beyond_the_contract(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::REQUEST_TIMEOUT
            | StatusCode::CONFLICT
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::SERVICE_UNAVAILABLE
    )
}

/// Middleware that rewrites the bodies of refusals that the contract does not define.
pub(super) async fn apply(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let shape = Shape::of(request.method(), path.map_or("", MatchedPath::as_str));
    let mut response = next.run(request).await;
    let status = response.status();
    let said = response.extensions_mut().remove::<Said>().filter(|_| is_beyond_the_contract(status));
    let Some(Said(said)) = said else { return response };
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response.map(|_| Body::from(shape.body(status, &said).to_string()))
}

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        middleware::from_fn,
        response::IntoResponse,
        routing::{get, patch, post},
    };
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;
    use crate::contract::problem::ApiError;

    async fn body(method: &str, path: &str) -> String {
        let busy = || async { ApiError::unavailable(1).into_response() };
        let app = Router::new()
            .route("/api/auth/login", post(busy))
            .route("/api/auth/reset", post(busy))
            .route("/api/projects/{project}/chats/{id}/converse", post(busy))
            .route("/api/projects/{project}/documents/{id}", patch(busy))
            .route("/api/unknown", get(|| async { ApiError::not_found().into_response() }))
            .layer(from_fn(apply));
        let request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
        let bytes = app.oneshot(request).await.expect("infallible").into_body().collect().await.expect("whole");
        String::from_utf8(bytes.to_bytes().to_vec()).expect("text")
    }

    #[tokio::test]
    async fn each_screen_finds_a_refusal_where_it_looks() {
        const BUSY: &str = "Service temporarily unavailable, try again later.";
        for (method, path, expected) in [
            ("POST", "/api/auth/login", json!({ "detail": BUSY, "non_field_errors": [BUSY] })),
            ("POST", "/api/auth/reset", json!({ "detail": BUSY, "non_field_errors": [BUSY], "password": [BUSY] })),
            ("POST", "/api/projects/p/chats/c/converse", json!({ "detail": BUSY, "error": BUSY })),
            ("PATCH", "/api/projects/p/documents/d", json!({ "non_field_errors": [BUSY] })),
        ] {
            assert_eq!(body(method, path).await, expected.to_string(), "{path}");
        }
    }

    #[tokio::test]
    async fn what_the_contract_says_stays_as_it_is() {
        assert_eq!(body("GET", "/api/unknown").await, r#"{"detail":"Not found."}"#);
    }
}
