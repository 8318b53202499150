//! Uploaded files, for everybody who knows their address.

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

use super::{access::at, web::Web};
use crate::contract::problem::ApiError;

pub(super) fn router(web: &Web) -> Router<Web> {
    at(web, "/media/{name}").get(file).dotted_ids().served()
}

async fn file(State(web): State<Web>, Path(name): Path<String>) -> Result<Response, ApiError> {
    let bytes = web.app.media.get(&name).await?.ok_or_else(ApiError::not_found)?;
    let media_type = HeaderValue::from_static(media_type(&name));
    Ok(([(header::CONTENT_TYPE, media_type)], bytes).into_response())
}

/// By the ending of the name. What a browser might run as a script is served as plain bytes.
fn media_type(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "txt" => "text/plain; charset=utf-8",
        "md" | "markdown" => "text/markdown; charset=utf-8",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        _ => "application/octet-stream",
    }
}
