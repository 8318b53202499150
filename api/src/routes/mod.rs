//! The endpoints, one file a resource. A route reads, asks a use case or a view, and answers; rules are elsewhere.

pub mod access;
mod accounts;
mod caller;
mod chats;
mod converse;
mod documents;
mod media;
mod projects;
mod refusals;
mod web;

use axum::{Extension, Router};

use crate::{
    app::App,
    config::HttpSettings,
    contract::{input::BodyLimits, layers},
};
pub use caller::CallerInfo;
pub use web::Web;

const MEGABYTE: usize = 1_048_576;

/// Everything that is served.
pub fn router(app: App, http: HttpSettings) -> Router {
    let limits = BodyLimits { upload_bytes: http.max_upload_mb * MEGABYTE, ..BodyLimits::default() };
    let web = Web::new(app, http);
    let router = Router::new()
        .merge(accounts::router(&web))
        .merge(projects::router(&web))
        .merge(documents::router(&web))
        .merge(chats::router(&web))
        .merge(converse::router(&web))
        .merge(media::router(&web))
        .with_state(web)
        .layer(Extension(limits));
    layers::finish(router)
}
