//! The middleware of every request, whatever the route: hosts, CORS, security headers, panics, unknown paths and the
//! request's span.
//!
//! Spans and log lines carry no query string, no body and no id out of the path.

use std::{any::Any, time::Instant};

use axum::{
    Router,
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;
use uuid::Uuid;

use super::{
    drain_body,
    host::{self, AllowedHosts},
    problem::ApiError,
    refusal_shape,
};
use crate::http_server::InWork;

const ALLOWED_HEADERS: &str = "accept, authorization, content-type, user-agent, x-csrftoken, \
    x-requested-with, sentry-trace, OpenAI-Key, baggage, X-API-KEY, Idempotency-Key, Last-Event-ID, \
    X-Consistency-Token, X-Access-Reason";
const EXPOSED_HEADERS: &str = "X-Consistency-Token, X-Views-Behind, X-Request-Id";
const ALLOWED_METHODS: &str = "DELETE, GET, OPTIONS, PATCH, POST, PUT";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request, for log lines and for the events that the request causes.
#[derive(Debug, Clone, Copy)]
pub struct RequestId(pub Uuid);

/// Adds all middleware to the router, which then serves requests for these hosts only. Call it last, after every route.
pub fn finish(router: Router, hosts: AllowedHosts) -> Router {
    // The outermost comes first. They are added as one layer: a layer of the router for each would cost a request more
    // than the work that they do.
    let layers = ServiceBuilder::new()
        .layer(from_fn(preflights))
        .layer(from_fn(traced))
        .layer(from_fn(answer_headers))
        .layer(from_fn(drain_body::take))
        .layer(from_fn(refusal_shape::apply))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(hosts, host::check))
        .layer(from_fn(refuse_unreadable));
    router.fallback(|| async { ApiError::not_found() }).layer(layers)
}

/// Answers CORS preflights before all other middleware: the front end sends one before each request, and they need
/// nothing else. They have no span and no log line.
async fn preflights(request: Request, next: Next) -> Response {
    let is_preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if !is_preflight {
        return next.run(request).await;
    }
    let about = About::of(&request);
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    about.add_headers(headers);
    if about.origin.is_some() {
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS),
            (header::ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS),
            (header::ACCESS_CONTROL_MAX_AGE, "86400"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}

/// Answers a path with a NUL character with 404, so that it reaches neither handlers nor the database; and a body in
/// another transfer coding than `chunked`, which would be taken for what it encodes, with 501 (RFC 9112, section 6.1).
async fn refuse_unreadable(request: Request, next: Next) -> Response {
    if request.uri().path().contains("%00") {
        return ApiError::not_found().into_response();
    }
    let mut codings = request.headers().get_all(header::TRANSFER_ENCODING).iter();
    if codings.any(|coding| !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked")) {
        return ApiError::detail(StatusCode::NOT_IMPLEMENTED, "No transfer coding but chunked is read.")
            .into_response();
    }
    next.run(request).await
}

fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    // The message of the panic is not logged: it may hold personal text.
    ApiError::internal("a route panicked").into_response()
}

async fn answer_headers(request: Request, next: Next) -> Response {
    let about = About::of(&request);
    let mut response = next.run(request).await;
    about.add_headers(response.headers_mut());
    response
}

/// The properties of a request on which the headers of its response depend.
struct About {
    origin: Option<HeaderValue>,
    is_media: bool,
    is_api: bool,
    is_https: bool,
}

impl About {
    fn of(request: &Request) -> Self {
        let headers = request.headers();
        Self {
            origin: headers.get(header::ORIGIN).cloned(),
            is_media: request.uri().path().starts_with("/media/"),
            is_api: request.uri().path().starts_with("/api/"),
            is_https: headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https"),
        }
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        self.add_cors(headers);
        self.add_security(headers);
    }

    /// Adds the CORS headers. Any origin may call with credentials: the API accepts no cookies, so a page can only use
    /// tokens that it was given.
    fn add_cors(&self, headers: &mut HeaderMap) {
        headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Language, origin"));
        if let Some(origin) = &self.origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
        } else if self.is_media {
            // A browser may reuse the cached response to a plain `<img>` for one with `crossorigin` later.
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
    }

    fn add_security(&self, headers: &mut HeaderMap) {
        for (name, value) in [
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "same-origin"),
            (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if self.is_https {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
        }
        if self.is_api {
            // The browser of a shared computer must not keep what a user has read.
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        if self.is_media {
            // The front end, which has another origin, shows documents and images in frames and elements of its pages.
            headers.insert(
                HeaderName::from_static("cross-origin-resource-policy"),
                HeaderValue::from_static("cross-origin"),
            );
        } else {
            headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
            headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static("en"));
        }
    }
}

/// Returns the method for the log, or `other`: a client can send any text of any length as the method.
fn method_name(method: &Method) -> &str {
    const KNOWN: [Method; 7] =
        [Method::GET, Method::POST, Method::PATCH, Method::DELETE, Method::PUT, Method::HEAD, Method::OPTIONS];
    if KNOWN.contains(method) { method.as_str() } else { "other" }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a request's id is of the HTTP edge and decides nothing; shutdown waits for the requests of open connections"
)]
async fn traced(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = Uuid::now_v7();
    let route =
        request.extensions().get::<MatchedPath>().map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let span = tracing::info_span!("http.request", request.id = %id, method = method_name(request.method()), route);
    request.extensions_mut().insert(RequestId(id));
    let in_work = request.extensions().get::<InWork>().cloned();
    let answering = async move {
        let _in_work = in_work;
        let mut response = next.run(request).await;
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(status = response.status().as_u16(), duration_ms, "request answered");
        if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        response
    };
    // A task of its own finishes and logs the request even if the client disconnects; it counts as in work until then.
    match tokio::spawn(answering.instrument(span)).await {
        Ok(response) => response,
        Err(error) => ApiError::internal(error).into_response(),
    }
}

#[cfg(test)]
#[path = "middleware_tests.rs"]
mod tests;
