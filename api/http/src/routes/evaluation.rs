//! `tests/suites`: suites, questions and the documents attached to them, runs, and feedback on results.

mod attachments;
mod feedback;
mod questions;
mod runs;
mod suites;

use axum::Router;
use utoipa::{OpenApi as _, openapi::OpenApi};

use super::http_state::HttpState;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    Router::new()
        .merge(suites::router(state))
        .merge(questions::router(state))
        .merge(attachments::router(state))
        .merge(runs::router(state))
        .merge(feedback::router(state))
}

/// Returns the OpenAPI documents of the handlers, by resource.
pub(super) fn documents() -> [(&'static str, OpenApi); 5] {
    [
        ("test_suites", suites::Api::openapi()),
        ("test_questions", questions::Api::openapi()),
        ("test_question_documents", attachments::Api::openapi()),
        ("test_runs", runs::Api::openapi()),
        ("test_run_feedback", feedback::Api::openapi()),
    ]
}
