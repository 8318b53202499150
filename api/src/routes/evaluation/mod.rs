//! `tests/suites`: suites, questions and what is attached to them, runs, and feedback on results.

mod attachments;
mod feedback;
mod questions;
mod runs;
mod suites;

use axum::Router;

use super::web::Web;

pub(super) fn router(web: &Web) -> Router<Web> {
    Router::new()
        .merge(suites::router(web))
        .merge(questions::router(web))
        .merge(attachments::router(web))
        .merge(runs::router(web))
        .merge(feedback::router(web))
}
