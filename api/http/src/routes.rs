//! The endpoints, one file per resource. A handler reads the request, calls a use case or a view, and responds;
//! business rules are elsewhere.

mod access;
mod accesses;
mod accounts;
mod answer_audit;
mod as_of;
mod assistants;
mod audit;
mod audit_query;
mod auditors;
mod authentication;
mod caller;
mod chats;
mod consistency;
mod converse;
mod document_texts;
mod document_versions;
mod documents;
mod erasures;
mod evaluation;
mod explain;
mod feedback;
mod findings;
mod health;
mod http_state;
mod key_chats;
mod key_tools;
mod media;
mod passwords;
mod projects;
mod proofs;
mod reading;
mod refusals;
mod retrieval;
mod schema;
mod services;
mod speech;
mod temp_tokens;
mod users;

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
    openapi, silence,
};
pub use caller::CallerInfo;
pub use http_state::HttpState;

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
    let silence = app.silence.clone();
    let state = HttpState::new(app, http);
    // They are added as one layer: each layer of a router costs a request more than the work of most of these.
    let all = router(&state, limits).layer(
        ServiceBuilder::new()
            .layer(from_fn_with_state(silence, silence::refuse))
            .layer(from_fn_with_state(trusted, client_address::find))
            .layer(Extension(room))
            .layer(Extension(limits))
            .layer(from_fn_with_state(state.clone(), consistency::keep)),
    );
    let reserve = health::router_of_strangers().with_state(state).route("/", any(busy)).route("/{*path}", any(busy));
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

fn router(state: &HttpState, limits: BodyLimits) -> Router {
    let of_strangers = accounts::router(state).merge(passwords::router(state)).layer(Extension(limits.of_strangers()));
    Router::new()
        .merge(of_strangers)
        .merge(users::router(state))
        .merge(projects::router(state))
        .merge(assistants::router(state))
        .merge(retrieval::router(state))
        .merge(documents::router(state))
        .merge(document_texts::router(state))
        .merge(document_versions::router(state))
        .merge(chats::router(state))
        .merge(converse::router(state))
        .merge(key_chats::router(state))
        .merge(key_tools::router(state))
        .merge(temp_tokens::router(state))
        .merge(services::router(state))
        .merge(audit::router(state))
        .merge(auditors::router(state))
        .merge(accesses::router(state))
        .merge(erasures::router(state))
        .merge(as_of::router(state))
        .merge(answer_audit::router(state))
        .merge(proofs::router(state))
        .merge(findings::router(state))
        .merge(explain::router(state))
        .merge(evaluation::router(state))
        .merge(speech::router(state))
        .merge(feedback::router(state))
        .merge(media::router(state))
        .merge(schema::router(state))
        .merge(health::router(state))
        .with_state(state.clone())
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
        ("audit", audit::Api::openapi()),
        ("auditors", auditors::Api::openapi()),
        ("accesses", accesses::Api::openapi()),
        ("erasures", erasures::Api::openapi()),
        ("audit", as_of::Api::openapi()),
        ("audit", answer_audit::Api::openapi()),
        ("audit", proofs::Api::openapi()),
        ("audit", findings::Api::openapi()),
        ("audit", explain::Api::openapi()),
        ("feedback", feedback::Api::openapi()),
        ("media", media::Api::openapi()),
        ("schema", schema::Api::openapi()),
        ("health", health::Api::openapi()),
    ];
    openapi::document(resources.into_iter().chain(evaluation::documents()))
}
