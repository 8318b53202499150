//! Consistency tokens in headers: what a request has written is named by its answer; what a request names is waited for.
//!
//! It holds for every route alike: whatever a request has written is noted here by [`Web::settled`](super::Web::settled) and its like.

use std::cell::RefCell;

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::{IntoResponse, Response},
};
use commands::event_log::{Committed, EventPosition, TokenError};

use super::Web;
use crate::contract::problem::ApiError;

pub(super) const CONSISTENCY_TOKEN: HeaderName = HeaderName::from_static("x-consistency-token");
/// Set on an answer that does not show yet what was written, or what the request's token names.
const VIEWS_BEHIND: HeaderName = HeaderName::from_static("x-views-behind");

tokio::task_local! {
    /// Of the request that this task answers.
    static NOTES: RefCell<Notes>;
}

#[derive(Default)]
struct Notes {
    written: Option<Vec<EventPosition>>,
    is_behind: bool,
}

/// Notes what the request has written, and whether it can be read back. A stream that goes on after its answer's headers were
/// sent notes nothing.
pub(super) fn note(committed: &Committed, is_readable: bool) {
    let noted = NOTES.try_with(|notes| {
        let mut notes = notes.borrow_mut();
        notes.written.get_or_insert_default().extend(&committed.positions);
        notes.is_behind |= !is_readable;
    });
    noted.ok();
}

/// Around every route.
pub(super) async fn keep(State(web): State<Web>, request: Request, next: Next) -> Response {
    let token = request.headers().get(CONSISTENCY_TOKEN).cloned();
    let missing = match wait(&web, token).await {
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
        // What was not reached yet is passed on: the newest token stands for those before it.
        written.extend(missing);
        let token = web.app.commands.log().consistency_token(&written);
        headers.extend(HeaderValue::try_from(token).ok().map(|token| (CONSISTENCY_TOKEN, token)));
    }
    response
}

/// Waits for what the request's token names. Gives what was not reached in time.
async fn wait(web: &Web, token: Option<HeaderValue>) -> Result<Vec<EventPosition>, TokenError> {
    let Some(token) = token else { return Ok(vec![]) };
    web.reached(token.to_str().map_err(|_| TokenError::Malformed)?).await
}
