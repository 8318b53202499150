//! The response for a file that does not exist: a page for people who follow a link, an error of the contract for
//! programs.
//!
//! The reader may know nothing but the address, so the response tells neither title nor name nor owner.

use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use chrono::{DateTime, Utc};

use super::types::SANDBOX;
use crate::contract::problem::ApiError;

/// Returns a 410 with the time of removal, or a 404 if no such file was removed.
pub(super) fn response(removed_at: Option<DateTime<Utc>>, headers: &HeaderMap) -> Response {
    let Some(removed_at) = removed_at else {
        let page = page("There is no such document", "There is no document or recording at this address.");
        return if wants_page(headers) {
            shown(StatusCode::NOT_FOUND, page)
        } else {
            ApiError::not_found().into_response()
        };
    };
    let removal = format!("The document or recording was removed on {}.", removed_at.format("%-d %B %Y at %H:%M UTC"));
    if !wants_page(headers) {
        return ApiError::detail(StatusCode::GONE, removal).into_response();
    }
    let advice = "Answers that refer to it were written before that. Please ask again: new answers are made from the \
                  documents that are there now.";
    shown(StatusCode::GONE, page("This document was removed", &format!("{removal} {advice}")))
}

/// Returns whether the client accepts HTML: browsers send it in `Accept` when they follow a link, but not for images
/// and sound, and programs do not send it.
fn wants_page(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepts.flat_map(|value| value.split(',')).any(|kind| kind.trim_start().starts_with("text/html"))
}

fn shown(status: StatusCode, page: String) -> Response {
    (status, [(header::CONTENT_SECURITY_POLICY, SANDBOX)], Html(page)).into_response()
}

fn page(title: &str, text: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <body style=\"font-family: sans-serif; max-width: 40em; margin: 2em auto; padding: 0 1em\">\n\
         <h1>{title}</h1>\n<p>{text}</p>\n</body>\n</html>\n"
    )
}
