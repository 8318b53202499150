//! Consistency tokens in headers: a response names the positions that its request has written; a request waits until
//! the views have reached the positions that its token names.
//!
//! This middleware is around all routes: [`HttpState::settled`](super::HttpState::settled) and other functions note what a request
//! has written.

use std::cell::RefCell;

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::{IntoResponse, Response},
};
use commands::event_log::{Committed, EventPosition, TokenError};

use super::HttpState;
use crate::contract::problem::ApiError;

pub(super) const CONSISTENCY_TOKEN: HeaderName = HeaderName::from_static("x-consistency-token");
/// A header of responses that do not show yet what was written, or what the request's token names.
const VIEWS_BEHIND: HeaderName = HeaderName::from_static("x-views-behind");

tokio::task_local! {
    /// The notes of the request that this task answers.
    static NOTES: RefCell<Notes>;
}

#[derive(Default)]
struct Notes {
    written: Option<Vec<EventPosition>>,
    is_behind: bool,
}

/// Notes what the request has written, and whether it can be read back. Calls from a stream are ignored: the headers of
/// its response were sent before.
pub(super) fn note(committed: &Committed, is_readable: bool) {
    let noted = NOTES.try_with(|notes| {
        let mut notes = notes.borrow_mut();
        notes.written.get_or_insert_default().extend(&committed.positions);
        notes.is_behind |= !is_readable;
    });
    noted.ok();
}

/// Middleware that waits for the request's token, and adds the token and the state of the views to the response.
pub(super) async fn keep(State(state): State<HttpState>, request: Request, next: Next) -> Response {
    let token = request.headers().get(CONSISTENCY_TOKEN).cloned();
    let missing = match wait(&state, token).await {
        Ok(missing) => missing,
        Err(error) => return ApiError::from(error).into_response(),
    };
    let answer = NOTES.scope(RefCell::default(), async {
        let response = next.run(request).await;
        (response, NOTES.with(RefCell::take))
    });
    let (mut response, notes) = answer.await;
    let headers = response.headers_mut();
    if notes.is_behind || !missing.is_empty() {
        headers.insert(VIEWS_BEHIND, HeaderValue::from_static("true"));
    }
    if let Some(mut written) = notes.written {
        // The positions that were not reached are passed on, because the newest token replaces those before it.
        written.extend(missing);
        let token = state.app.commands.log().consistency_token(&written);
        headers.extend(HeaderValue::try_from(token).ok().map(|token| (CONSISTENCY_TOKEN, token)));
    }
    response
}

/// Waits for the positions that the request's token names. Returns those that were not reached in time.
async fn wait(state: &HttpState, token: Option<HeaderValue>) -> Result<Vec<EventPosition>, TokenError> {
    let Some(token) = token else { return Ok(vec![]) };
    state.reached(token.to_str().map_err(|_| TokenError::Malformed)?).await
}
