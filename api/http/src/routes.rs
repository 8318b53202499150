//! The endpoints, one file per resource. A handler reads the request, calls a use case or a view, and responds;
//! business rules are elsewhere.

mod access;
mod accounts;
mod assistants;
mod authentication;
mod caller;
mod chats;
mod consistency;
mod converse;
mod document_texts;
mod document_versions;
mod documents;
mod evaluation;
mod feedback;
mod health;
mod key_chats;
mod key_tools;
mod media;
mod passwords;
mod projects;
mod refusals;
mod retrieval;
mod schema;
mod services;
mod speech;
mod temp_tokens;
mod users;
mod web;

use axum::{Extension, Router, middleware::from_fn_with_state, routing::any};
use tower::ServiceBuilder;
use utoipa::{OpenApi as _, openapi::OpenApi};

use crate::{
    app_state::AppState,
    config::HttpSettings,
    contract::{
        body_memory::{BodyMemoryBudget, RoomSizes},
        client_address,
        client_address::TrustedProxies,
        host::AllowedHosts,
        input::BodyLimits,
        middleware,
        problem::ApiError,
    },
    http_server::Services,
    openapi,
};
pub use caller::CallerInfo;
pub use web::Web;

const MEGABYTE: usize = 1_048_576;
/// The seconds after which a place for a connection may be free (`Retry-After`).
const RETRY_AFTER: u64 = 5;

/// Returns the router of all endpoints, and that of the reserve for when all places for connections are taken.
pub fn services(app: AppState, http: HttpSettings) -> Services {
    let hosts = AllowedHosts::from(http.connections.allowed_hosts());
    let limits = body_limits(&http);
    let room =
        BodyMemoryBudget::new(RoomSizes::new(http.connections.body_memory(limits.greatest()), limits.greatest()));
    let trusted = TrustedProxies::from(http.trusted_proxies.as_slice());
    let web = Web::new(app, http);
    // They are added as one layer: each layer of a router costs a request more than the work of most of these.
    let all = router(&web, limits).layer(
        ServiceBuilder::new()
            .layer(from_fn_with_state(trusted, client_address::find))
            .layer(Extension(room))
            .layer(Extension(limits))
            .layer(from_fn_with_state(web.clone(), consistency::keep)),
    );
    let reserve = health::router_of_strangers().with_state(web).route("/", any(busy)).route("/{*path}", any(busy));
    Services { all: middleware::finish(all, hosts.clone()), reserve: middleware::finish(reserve, hosts) }
}

async fn busy() -> ApiError {
    ApiError::unavailable(RETRY_AFTER)
}

fn body_limits(http: &HttpSettings) -> BodyLimits {
    BodyLimits {
        json_bytes: http.connections.json_bytes(),
        upload_bytes: http.max_upload_mb.get().saturating_mul(MEGABYTE),
        least_rate: http.connections.least_rate(),
        ..BodyLimits::default()
    }
}

fn router(web: &Web, limits: BodyLimits) -> Router {
    let of_strangers = accounts::router(web).merge(passwords::router(web)).layer(Extension(limits.of_strangers()));
    Router::new()
        .merge(of_strangers)
        .merge(users::router(web))
        .merge(projects::router(web))
        .merge(assistants::router(web))
        .merge(retrieval::router(web))
        .merge(documents::router(web))
        .merge(document_texts::router(web))
        .merge(document_versions::router(web))
        .merge(chats::router(web))
        .merge(converse::router(web))
        .merge(key_chats::router(web))
        .merge(key_tools::router(web))
        .merge(temp_tokens::router(web))
        .merge(services::router(web))
        .merge(evaluation::router(web))
        .merge(speech::router(web))
        .merge(feedback::router(web))
        .merge(media::router(web))
        .merge(schema::router(web))
        .merge(health::router(web))
        .with_state(web.clone())
}

/// Returns the OpenAPI document of all endpoints.
pub fn document() -> OpenApi {
    let resources = vec![
        ("accounts", accounts::Api::openapi()),
        ("passwords", passwords::Api::openapi()),
        ("users", users::Api::openapi()),
        ("projects", projects::Api::openapi()),
        ("assistants", assistants::Api::openapi()),
        ("retrieval", retrieval::Api::openapi()),
        ("documents", documents::Api::openapi()),
        ("documents", document_versions::Api::openapi()),
        ("documents", document_texts::Api::openapi()),
        ("chats", chats::Api::openapi()),
        ("chats", converse::Api::openapi()),
        ("chats", speech::Api::openapi()),
        ("key_chats", key_chats::Api::openapi()),
        ("key_chats", key_tools::Api::openapi()),
        ("temp_tokens", temp_tokens::Api::openapi()),
        ("services", services::Api::openapi()),
        ("feedback", feedback::Api::openapi()),
        ("media", media::Api::openapi()),
        ("schema", schema::Api::openapi()),
        ("health", health::Api::openapi()),
    ];
    openapi::document(resources.into_iter().chain(evaluation::documents()))
}
