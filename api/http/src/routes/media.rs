//! Uploaded files and recordings, for everybody who knows their address, which cannot be guessed.
//!
//! The file of a name never changes, but it may be removed: clients may cache it, and must revalidate it.

mod absent;
mod conditions;
mod types;

use std::ops::Range;

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use ports::MediaInfo;

use utoipa::{IntoParams, OpenApi};

use self::conditions::{Part, Validators};
use super::{access::at, http_state::HttpState};
use crate::{
    contract::{ids::PathIds, problem::ApiError},
    openapi::{bodies::File, errors::Detail},
};

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(file))]
pub(super) struct Api;

/// The `Cache-Control` of a file: a browser revalidates the file before it shows it again (a 304 if it still exists),
/// so that a deleted file is not shown any more. Shared caches of proxies store nothing.
const WHILE_IT_IS_THERE: HeaderValue = HeaderValue::from_static("private, no-cache");

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    at(state, "/media/{name}").get(file).dotted_ids().own_forms().served()
}

/// What a client has, and what it wants of the rest.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "the document is made from its fields")]
struct Wanted {
    #[param(required = false, rename = "Range", example = "bytes=0-99")]
    range: String,
    #[param(required = false, rename = "If-None-Match")]
    if_none_match: String,
}

/// An uploaded file.
#[utoipa::path(
    get,
    path = "/media/{name}",
    params(Wanted),
    responses(
        (
            status = 200,
            description = "The file, as the type that its name says",
            body = File,
            content_type = "*/*",
            headers(("ETag" = String, description = "Of its bytes, which never change"))
        ),
        (
            status = 206,
            description = "The part that was asked for",
            body = File,
            content_type = "*/*",
            headers(("Content-Range" = String, description = "Which bytes these are, of how many"))
        ),
        (status = 304, description = "The client has it"),
        (
            status = 404,
            description = "There never was such a file",
            content((Detail = "application/json"), (String = "text/html"))
        ),
        (
            status = 410,
            description = "It was removed; in words for people, where `Accept` names HTML",
            content((Detail = "application/json"), (String = "text/html"))
        ),
        (status = 416, description = "It has no such bytes", body = Detail)
    )
)]
async fn file(
    State(state): State<HttpState>,
    method: Method,
    PathIds(name): PathIds<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Some(info) = state.app.media.describe(&name).await? else {
        return absent(&state, &name, &headers).await;
    };
    let validators = Validators::of(&info);
    let mut response = if validators.are_known(&headers) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let found = match validators.part(&headers, info.size) {
            Part::Whole => whole(&state, &method, &name, &info).await?,
            Part::Some(range) => some(&state, &method, &name, &info, range).await?,
            Part::Unsatisfiable => return Ok(unsatisfiable(&info)),
        };
        // The file may have been removed since it was described.
        let Some(found) = found else { return absent(&state, &name, &headers).await };
        found
    };
    let headers = response.headers_mut();
    validators.describe(headers);
    headers.insert(header::CACHE_CONTROL, WHILE_IT_IS_THERE);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    types::describe(&name, headers);
    Ok(response)
}

async fn absent(state: &HttpState, name: &str, headers: &HeaderMap) -> Result<Response, ApiError> {
    Ok(absent::response(state.app.uploads.removed_at(name).await?, headers))
}

async fn whole(state: &HttpState, method: &Method, name: &str, info: &MediaInfo) -> Result<Option<Response>, ApiError> {
    let body = body(state, method, name, 0..info.size).await?;
    Ok(body.map(|body| ([(header::CONTENT_LENGTH, info.size)], body).into_response()))
}

async fn some(
    state: &HttpState,
    method: &Method,
    name: &str,
    info: &MediaInfo,
    range: Range<u64>,
) -> Result<Option<Response>, ApiError> {
    let headers = [
        (header::CONTENT_LENGTH, (range.end - range.start).to_string()),
        (header::CONTENT_RANGE, format!("bytes {}-{}/{}", range.start, range.end - 1, info.size)),
    ];
    let body = body(state, method, name, range).await?;
    Ok(body.map(|body| (StatusCode::PARTIAL_CONTENT, headers, body).into_response()))
}

fn unsatisfiable(info: &MediaInfo) -> Response {
    let refusal = ApiError::detail(StatusCode::RANGE_NOT_SATISFIABLE, "The file has no such bytes.");
    ([(header::CONTENT_RANGE, format!("bytes */{}", info.size))], refusal).into_response()
}

/// Returns the bytes of the range; `None` if the file has been removed meanwhile.
async fn body(state: &HttpState, method: &Method, name: &str, range: Range<u64>) -> Result<Option<Body>, ApiError> {
    if method == Method::HEAD || range.is_empty() {
        return Ok(Some(Body::empty()));
    }
    Ok(state.app.media.read(name, range).await?.map(Body::from_stream))
}
