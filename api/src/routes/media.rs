//! Uploaded files and recordings, for everybody who knows their address.
//!
//! What is under a name never changes, so that clients may keep it for ever.

mod conditions;
mod types;

use std::ops::Range;

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use commands::ports::MediaInfo;

use self::conditions::{Part, Validators};
use super::{access::at, web::Web};
use crate::contract::problem::ApiError;

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

pub(super) fn router(web: &Web) -> Router<Web> {
    at(web, "/media/{name}").get(file).dotted_ids().own_forms().served()
}

async fn file(
    State(web): State<Web>,
    method: Method,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let info = web.app.media.describe(&name).await?.ok_or_else(ApiError::not_found)?;
    let validators = Validators::of(&info);
    let mut response = if validators.are_known(&headers) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match validators.part(&headers, info.size) {
            Part::Whole => whole(&web, &method, &name, &info).await?,
            Part::Some(range) => some(&web, &method, &name, &info, range).await?,
            Part::Unsatisfiable => return Ok(unsatisfiable(&info)),
        }
    };
    let headers = response.headers_mut();
    validators.describe(headers);
    headers.insert(header::CACHE_CONTROL, FOR_EVER);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    types::describe(&name, headers);
    Ok(response)
}

async fn whole(web: &Web, method: &Method, name: &str, info: &MediaInfo) -> Result<Response, ApiError> {
    let body = body(web, method, name, 0..info.size).await?;
    Ok(([(header::CONTENT_LENGTH, info.size)], body).into_response())
}

async fn some(
    web: &Web,
    method: &Method,
    name: &str,
    info: &MediaInfo,
    range: Range<u64>,
) -> Result<Response, ApiError> {
    let headers = [
        (header::CONTENT_LENGTH, (range.end - range.start).to_string()),
        (header::CONTENT_RANGE, format!("bytes {}-{}/{}", range.start, range.end - 1, info.size)),
    ];
    Ok((StatusCode::PARTIAL_CONTENT, headers, body(web, method, name, range).await?).into_response())
}

fn unsatisfiable(info: &MediaInfo) -> Response {
    let refusal = ApiError::detail(StatusCode::RANGE_NOT_SATISFIABLE, "The file has no such bytes.");
    ([(header::CONTENT_RANGE, format!("bytes */{}", info.size))], refusal).into_response()
}

async fn body(web: &Web, method: &Method, name: &str, range: Range<u64>) -> Result<Body, ApiError> {
    if method == Method::HEAD || range.is_empty() {
        return Ok(Body::empty());
    }
    // It may have been removed just now.
    let bytes = web.app.media.read(name, range).await?.ok_or_else(ApiError::not_found)?;
    Ok(Body::from_stream(bytes))
}
