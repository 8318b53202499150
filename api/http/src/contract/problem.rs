//! The one place that turns errors into HTTP responses.
//!
//! Every body is compact JSON in the contract's error shapes. An internal error is logged here, once, with its chain
//! of causes; the client only learns that there was one.

use std::{borrow::Cow, error::Error};

use axum::{
    Json,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{field_errors::FieldErrors, refusal_shape::Said};

/// The characters that are quoted at most of what a client has sent.
const QUOTED_CHARS: usize = 100;

/// The reasons why a request is refused or has failed.
#[derive(Debug)]
pub enum ApiError {
    /// 400, messages by field, in the order of the fields.
    Fields(FieldErrors),
    /// 400 `{"non_field_errors": [..]}`.
    NonField(Vec<String>),
    /// 400 `{"non_field_errors": ".."}`: a plain string, as in two endpoints of the contract.
    NonFieldText(String),
    /// 400 `["..", ..]`: a bare list, as in refusals of a captcha.
    Messages(Vec<String>),
    /// `{"error": ".."}`.
    Error { status: StatusCode, message: String },
    /// 400 `{"error": "..", "transcript": ".."}`: a spoken question that was not asked; the user keeps the transcript.
    Unasked { message: String, transcript: String },
    /// 400 `{"detail": ".."}`: a body or a header that cannot be read.
    Malformed(String),
    /// `{"detail": ".."}`.
    Detail { status: StatusCode, detail: String },
    /// An error of an endpoint that is not part of the contract: the problem details of RFC 9457.
    Problem { status: StatusCode, detail: String },
    /// 401 with `WWW-Authenticate`.
    Unauthorized(&'static str),
    /// 429 or 503 with `Retry-After`.
    RetryLater { status: StatusCode, detail: String, after_seconds: u64 },
    /// 500; the cause is logged and not sent.
    Internal(Box<dyn Error + Send + Sync>),
}

impl ApiError {
    /// 400 with one message of one field.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        let mut errors = FieldErrors::default();
        errors.add(field, message);
        Self::Fields(errors)
    }

    /// 400 with a message for each of these fields.
    pub fn fields<'a>(messages: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut errors = FieldErrors::default();
        for (field, message) in messages {
            errors.add(field, message);
        }
        Self::Fields(errors)
    }

    /// 400 `{"non_field_errors": ["message"]}`.
    pub fn non_field(message: impl Into<String>) -> Self {
        Self::NonField(vec![message.into()])
    }

    /// 400 `{"error": "message"}`.
    pub fn error(message: impl Into<String>) -> Self {
        Self::Error { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    /// 400 for a spoken question of more than `max` characters.
    pub fn too_long_to_ask(transcript: String, max: usize) -> Self {
        let message = format!("The spoken question is too long: it may have {max} characters.");
        Self::Unasked { message, transcript }
    }

    /// `{"detail": "detail"}` with this status.
    pub fn detail(status: StatusCode, detail: impl Into<String>) -> Self {
        Self::Detail { status, detail: detail.into() }
    }

    /// Problem details with this status, for an endpoint that is not part of the contract.
    pub fn problem(status: StatusCode, detail: impl Into<String>) -> Self {
        Self::Problem { status, detail: detail.into() }
    }

    /// 404 as problem details, for an endpoint that is not part of the contract.
    pub fn no_such_object() -> Self {
        Self::problem(StatusCode::NOT_FOUND, "Not found.")
    }

    pub fn not_authenticated() -> Self {
        Self::Unauthorized("Authentication credentials were not provided.")
    }

    pub fn invalid_token() -> Self {
        Self::Unauthorized("Invalid token.")
    }

    pub fn bad_basic() -> Self {
        Self::Unauthorized("Invalid username/password.")
    }

    pub fn inactive() -> Self {
        Self::Unauthorized("User inactive or deleted.")
    }

    pub fn permission_denied() -> Self {
        Self::detail(StatusCode::FORBIDDEN, "You do not have permission to perform this action.")
    }

    pub fn not_found() -> Self {
        Self::detail(StatusCode::NOT_FOUND, "Not found.")
    }

    /// 400: the id of a parent in the path is not a UUID.
    pub fn parent_not_uuid(text: &str) -> Self {
        let text = quoted(text);
        Self::detail(StatusCode::BAD_REQUEST, format!("\u{201c}{text}\u{201d} is not a valid UUID."))
    }

    /// 405; the resource adds the `Allow` header.
    pub fn method_not_allowed(method: &Method) -> Self {
        let method = quoted(method.as_str());
        Self::detail(StatusCode::METHOD_NOT_ALLOWED, format!("Method \"{method}\" not allowed."))
    }

    pub fn not_acceptable() -> Self {
        Self::detail(StatusCode::NOT_ACCEPTABLE, "Could not satisfy the request Accept header.")
    }

    pub fn unsupported_media_type(content_type: &str) -> Self {
        let content_type = quoted(content_type);
        Self::detail(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("Unsupported media type \"{content_type}\" in request."),
        )
    }

    /// 400: the body does not match its content type.
    pub fn parse(detail: impl Into<String>) -> Self {
        Self::Malformed(detail.into())
    }

    pub fn payload_too_large() -> Self {
        Self::detail(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large.")
    }

    /// 408: the body arrives too slowly.
    pub fn too_slow() -> Self {
        Self::detail(StatusCode::REQUEST_TIMEOUT, "The request body took too long.")
    }

    pub fn throttled(after_seconds: u64) -> Self {
        let unit = if after_seconds == 1 { "second" } else { "seconds" };
        Self::RetryLater {
            status: StatusCode::TOO_MANY_REQUESTS,
            detail: format!("Request was throttled. Expected available in {after_seconds} {unit}."),
            after_seconds,
        }
    }

    /// 503: the request is valid and may be repeated.
    pub fn unavailable(after_seconds: u64) -> Self {
        Self::RetryLater {
            status: StatusCode::SERVICE_UNAVAILABLE,
            detail: "Service temporarily unavailable, try again later.".to_owned(),
            after_seconds,
        }
    }

    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }
}

/// Returns the beginning of a text that the client has sent, to limit what a message repeats of it.
fn quoted(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(QUOTED_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

impl From<FieldErrors> for ApiError {
    fn from(errors: FieldErrors) -> Self {
        Self::Fields(errors)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let bad_request = StatusCode::BAD_REQUEST;
        match self {
            Self::Fields(errors) => (bad_request, Json(errors)).into_response(),
            Self::NonField(messages) => (bad_request, Json(json!({ "non_field_errors": messages }))).into_response(),
            Self::NonFieldText(message) => (bad_request, Json(json!({ "non_field_errors": message }))).into_response(),
            Self::Messages(messages) => (bad_request, Json(messages)).into_response(),
            Self::Error { status, message } => (status, Json(json!({ "error": message }))).into_response(),
            Self::Unasked { message, transcript } => {
                (bad_request, Json(json!({ "error": message, "transcript": transcript }))).into_response()
            }
            Self::Malformed(detail) => shaped(bad_request, &detail, Said::Malformed(detail.clone())),
            Self::Detail { status, detail } => detail_response(status, &detail),
            Self::Problem { status, detail } => {
                let title = status.canonical_reason().unwrap_or_default();
                let body =
                    json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail });
                let headers = [(header::CONTENT_TYPE, "application/problem+json")];
                (status, headers, Json(body)).into_response()
            }
            Self::Unauthorized(detail) => {
                with_header(detail_response(StatusCode::UNAUTHORIZED, detail), header::WWW_AUTHENTICATE, "Token")
            }
            Self::RetryLater { status, detail, after_seconds } => {
                with_header(detail_response(status, &detail), header::RETRY_AFTER, &after_seconds.to_string())
            }
            Self::Internal(cause) => {
                tracing::error!(error = commands::error_chain(cause.as_ref()), "request failed");
                detail_response(StatusCode::INTERNAL_SERVER_ERROR, "A server error occurred.")
            }
        }
    }
}

fn detail_response(status: StatusCode, detail: &str) -> Response {
    shaped(status, detail, Said::Detail(detail.to_owned()))
}

fn shaped(status: StatusCode, detail: &str, said: Said) -> Response {
    let mut response = (status, Json(json!({ "detail": detail }))).into_response();
    // `refusal_shape`, an outer middleware, knows which keys the page that sent the request shows.
    response.extensions_mut().insert(said);
    response
}

fn with_header(mut response: Response, name: HeaderName, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    async fn body(response: Response) -> String {
        let bytes = response.into_body().collect().await.expect("a JSON body is whole").to_bytes();
        String::from_utf8(bytes.to_vec()).expect("JSON is UTF-8")
    }

    #[test]
    fn every_401_names_the_scheme() {
        let response = ApiError::invalid_token().into_response();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Token");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    }

    #[tokio::test]
    async fn a_bad_parent_id_is_quoted_unescaped_in_curly_quotes() {
        assert_eq!(
            body(ApiError::parent_not_uuid("nope").into_response()).await,
            "{\"detail\":\"“nope” is not a valid UUID.\"}"
        );
    }

    #[tokio::test]
    async fn an_error_of_our_own_endpoints_is_a_problem() {
        let response = ApiError::no_such_object().into_response();
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let problem: serde_json::Value = serde_json::from_str(&body(response).await).expect("JSON");
        let expected = json!({ "type": "about:blank", "title": "Not Found", "status": 404, "detail": "Not found." });
        assert_eq!(problem, expected);
    }

    #[tokio::test]
    async fn the_cause_of_an_internal_error_stays_inside() {
        let response = ApiError::internal("the disk is on fire").into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(body(response).await, r#"{"detail":"A server error occurred."}"#);
    }

    #[tokio::test]
    async fn a_retry_is_invited_with_its_time() {
        let response = ApiError::throttled(1).into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        assert_eq!(body(response).await, r#"{"detail":"Request was throttled. Expected available in 1 second."}"#);
    }
}
