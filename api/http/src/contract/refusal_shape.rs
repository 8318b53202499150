//! The JSON keys of refusals that the contract does not define: the keys that the page which sent the request shows.
//!
//! The contract has `{"detail": ".."}` for every error that is not about a field. No form of the front end shows it,
//! and the form of documents, which expects a list there, ends in a white page. For refusals that the contract does not
//! define (too many requests, bodies that are too large or too slow, conflicts, failures of the server; documents in a
//! form that cannot be read) this module chooses the shape. What the contract defines stays as it is.

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
pub(super) enum Said {
    /// The body is `{"detail": ".."}` with this text.
    Detail(String),
    /// So it is, because the request's own body cannot be read.
    Malformed(String),
}

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

    /// Returns the body that the page shows, or `None` if the one that the contract has stays.
    fn body(self, status: StatusCode, said: &Said) -> Option<Value> {
        let (Said::Detail(text) | Said::Malformed(text)) = said;
        let is_malformed = matches!(said, Said::Malformed(_));
        match self {
            Self::Question if is_beyond_the_contract(status) => Some(json!({ "detail": text, "error": text })),
            Self::DocumentForm if status == StatusCode::PAYLOAD_TOO_LARGE => {
                Some(json!({ "file": [text], "non_field_errors": [text] }))
            }
            Self::DocumentForm if is_malformed || is_beyond_the_contract(status) => {
                Some(json!({ "non_field_errors": [text] }))
            }
            Self::General(field) if is_beyond_the_contract(status) => {
                let mut body = json!({ "detail": text, "non_field_errors": [text] });
                if let Some(field) = field {
                    body[field] = json!([text]);
                }
                Some(body)
            }
            Self::General(_) | Self::Question | Self::DocumentForm => None,
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

/// Middleware that rewrites the bodies of refusals for the page that sent the request.
pub(super) async fn apply(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let shape = Shape::of(request.method(), path.map_or("", MatchedPath::as_str));
    let mut response = next.run(request).await;
    let status = response.status();
    let said = response.extensions_mut().remove::<Said>();
    let Some(body) = said.and_then(|said| shape.body(status, &said)) else { return response };
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response.map(|_| Body::from(body.to_string()))
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
            .route("/api/projects/{project}/chats/{id}/speech_to_text", post(|| async { ApiError::not_found() }))
            .route("/api/chats/{id}/converse", post(|| async { ApiError::not_found() }))
            .route("/api/projects/{project}/chats", post(|| async { ApiError::field("title", "It is blank.") }))
            .route("/api/projects/{project}/documents", post(|| async { ApiError::parse("The form is cut off.") }))
            .route("/api/projects/{project}/documents/{id}/versions", post(|| async { ApiError::not_found() }))
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
    async fn the_form_of_documents_gets_no_text_where_the_contract_leaves_a_choice() {
        let cut = r#"{"non_field_errors":["The form is cut off."]}"#;
        assert_eq!(body("POST", "/api/projects/p/documents").await, cut);
    }

    #[tokio::test]
    async fn what_the_contract_says_stays_as_it_is() {
        assert_eq!(body("POST", "/api/chats/c/converse").await, r#"{"detail":"Not found."}"#);
        assert_eq!(body("POST", "/api/projects/p/chats/c/speech_to_text").await, r#"{"detail":"Not found."}"#);
        assert_eq!(body("POST", "/api/projects/p/chats").await, r#"{"title":["It is blank."]}"#);
        assert_eq!(body("POST", "/api/projects/p/documents/d/versions").await, r#"{"detail":"Not found."}"#);
        assert_eq!(body("GET", "/api/unknown").await, r#"{"detail":"Not found."}"#);
    }
}
