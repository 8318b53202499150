//! `services` and their API keys, for staff. These endpoints are not part of the contract.
//!
//! The keys and temp tokens of a service act as its owner, so staff administer their own services only; superusers
//! administer all services.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use commands::{event_log::Committed, services::ServicesError};
use domain::{
    access::AccessKind,
    chat::ChatOwner,
    ids::{ApiKeyId, ServiceId, UserId},
    service::{ServiceAuthority, ServiceChanges, Terms},
    values::{ServiceName, TextError},
};
use projections::{
    listing::Page,
    services::{self, ApiKeyView, ServiceView},
};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{
    access::{Scope, at},
    caller::CallerInfo,
    http_state::{HttpState, Origin, empty},
    reading::{Reading, Thing},
};
use crate::{
    contract::{
        fields::{Field, Fields, ValueOf},
        ids::{PathIds, Problem},
        input::UnreadBody,
        paging::ListQuery,
        problem::ApiError,
    },
    openapi::{
        bodies::services::{NewApiKey, NewService, ServiceChange},
        errors::{NoSuchObject, ShownOnce},
        parameters::{Idempotency, Listing, Search},
    },
};

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(list, create, get, change, delete, list_keys, issue_key, revoke_key))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    Router::new()
        .merge(at(state, "/api/services").get(list).post(create).served())
        .merge(at(state, "/api/services/{id}").get(get).patch(change).delete(delete).served())
        .merge(at(state, "/api/services/{service}/keys").get(list_keys).post(issue_key).served())
        .merge(at(state, "/api/services/{service}/keys/{id}").delete(revoke_key).served())
}

/// Returns the authority with which the caller administers a service. Views may be behind, so the aggregate itself
/// decides.
fn authority(scope: Scope, caller: &CallerInfo) -> ServiceAuthority {
    if scope == Scope::All { ServiceAuthority::Superuser } else { ServiceAuthority::Owner(caller.id()) }
}

/// Returns a service within the scope of the request; that another one was asked for is put on record.
async fn find(state: &HttpState, reading: &Reading, scope: Scope, id: ServiceId) -> Result<ServiceView, ApiError> {
    let service = services::find(&state.app.views, id).await?.ok_or_else(ApiError::no_such_object)?;
    let owner = UserId::new(service.owner);
    if !scope.covers(Some(ChatOwner::User(owner))) {
        reading.refuses(state, AccessKind::Other, Thing::service(id, owner)).await;
        return Err(ApiError::no_such_object());
    }
    Ok(service)
}

fn name<'f, 'i>(fields: &'f mut Fields<'i>) -> Field<'f, 'i, ValueOf<ServiceName>> {
    // Other errors have messages of their own.
    let is_well_formed = |text: &str| text.contains('\0') || ServiceName::parse(text) != Err(TextError::Malformed);
    fields.value("name").check("Line breaks and control characters are not allowed.", is_well_formed)
}

fn unknown_owner(owner: UserId) -> impl FnOnce(ServicesError) -> ApiError {
    move |error| match error {
        ServicesError::OwnerNotFound => {
            ApiError::field("owner", format!("Object with external_id={owner} does not exist."))
        }
        other => other.into(),
    }
}

/// The caller's services, oldest first; everybody's for superusers.
#[utoipa::path(
    get,
    path = "/api/services",
    params(Listing, Search),
    responses((status = 200, description = "A part of the list", body = Page<ServiceView>))
)]
async fn list(State(state): State<HttpState>, scope: Scope, query: ListQuery) -> Result<Response, ApiError> {
    let window = query.window(services::ordering_column);
    let page = services::list(&state.app.views, scope.only_user(), &query.search_words(), &window).await?;
    Ok(Json(page).into_response())
}

/// Makes a service, whose API keys let hospitals' clients in and act as its owner. Only superusers name another owner than
/// themselves.
#[utoipa::path(
    post,
    path = "/api/services",
    params(Idempotency),
    request_body = NewService,
    responses((status = 201, description = "Made", body = ServiceView))
)]
async fn create(
    State(state): State<HttpState>,
    scope: Scope,
    origin: Origin,
    caller: CallerInfo,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let input = body.read().await?;
    let (name, allow_key, owner) = input.create(|fields| {
        let name = name(fields).required();
        let allow_key = fields.boolean("allow_key").or(false);
        (name, allow_key, fields.uuid("owner").or(caller.id().value()))
    })?;
    let owner = UserId::new(owner);
    let id = ServiceId::new(state.app.clock.new_id());
    let context = origin.context_of_creation(&caller, &input);
    let terms = Terms { name, allow_key, owner };
    let made = state.app.services.create(id, authority(scope, &caller), terms, &context).await;
    let committed = made.map_err(unknown_owner(owner))?;
    let id = committed.repeats.map_or(id, ServiceId::new);
    written(&state, id, &committed, StatusCode::CREATED).await
}

async fn written(
    state: &HttpState,
    id: ServiceId,
    committed: &Committed,
    status: StatusCode,
) -> Result<Response, ApiError> {
    state
        .respond_after_commit(committed, async || {
            let service = services::find(&state.app.views, id).await?.ok_or_else(ApiError::no_such_object)?;
            Ok((status, Json(service)).into_response())
        })
        .await
}

/// A service.
#[utoipa::path(
    get,
    path = "/api/services/{id}",
    responses(
        (status = 200, description = "The service", body = ServiceView),
        (status = 404, response = NoSuchObject)
    )
)]
async fn get(
    State(state): State<HttpState>,
    scope: Scope,
    reading: Reading,
    PathIds(id): PathIds<Problem<ServiceId>>,
) -> Result<Response, ApiError> {
    Ok(Json(find(&state, &reading, scope, id).await?).into_response())
}

/// Changes a service. Only superusers hand it over; its keys and temp tokens are refused from then on.
#[utoipa::path(
    patch,
    path = "/api/services/{id}",
    request_body = ServiceChange,
    responses(
        (status = 200, description = "The service, changed", body = ServiceView),
        (status = 404, response = NoSuchObject)
    )
)]
async fn change(
    State(state): State<HttpState>,
    scope: Scope,
    reading: Reading,
    caller: CallerInfo,
    PathIds(id): PathIds<Problem<ServiceId>>,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let now = find(&state, &reading, scope, id).await?;
    let changes = body.read().await?.partial(|fields| ServiceChanges {
        name: name(fields).optional(),
        allow_key: fields.boolean("allow_key").optional(),
        owner: fields.uuid("owner").optional().map(UserId::new),
    })?;
    let owner = changes.owner.unwrap_or_else(|| UserId::new(now.owner));
    let context = reading.origin().context(caller.actor());
    let updated = state.app.services.update(id, authority(scope, &caller), changes, &context).await;
    let committed = updated.map_err(unknown_owner(owner))?;
    written(&state, id, &committed, StatusCode::OK).await
}

/// Deletes a service, and all of its keys with it.
#[utoipa::path(
    delete,
    path = "/api/services/{id}",
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, response = NoSuchObject)
    )
)]
async fn delete(
    State(state): State<HttpState>,
    scope: Scope,
    reading: Reading,
    caller: CallerInfo,
    PathIds(id): PathIds<Problem<ServiceId>>,
) -> Result<Response, ApiError> {
    find(&state, &reading, scope, id).await?;
    let context = reading.origin().context(caller.actor());
    let committed = state.app.services.delete(id, authority(scope, &caller), &context).await?;
    state.respond_after_commit(&committed, async || Ok(empty(StatusCode::NO_CONTENT))).await
}

/// The API keys of a service, oldest first; nothing tells the keys themselves.
#[utoipa::path(
    get,
    path = "/api/services/{service}/keys",
    params(Listing),
    responses(
        (status = 200, description = "A part of the list", body = Page<ApiKeyView>),
        (status = 404, response = NoSuchObject)
    )
)]
async fn list_keys(
    State(state): State<HttpState>,
    scope: Scope,
    reading: Reading,
    PathIds(service): PathIds<Problem<ServiceId>>,
    query: ListQuery,
) -> Result<Response, ApiError> {
    find(&state, &reading, scope, service).await?;
    let window = query.window(services::key_ordering_column);
    Ok(Json(services::keys(&state.app.views, service, &window).await?).into_response())
}

/// A key with what is shown of it this once.
#[derive(Serialize, ToSchema)]
struct IssuedKey<'k> {
    #[serde(flatten)]
    view: ApiKeyView,
    key: &'k str,
}

/// Makes an API key, which is shown this once.
#[utoipa::path(
    post,
    path = "/api/services/{service}/keys",
    params(Idempotency),
    request_body = NewApiKey,
    responses(
        (status = 201, description = "Made", body = IssuedKey),
        (status = 404, response = NoSuchObject),
        (status = 409, response = ShownOnce)
    )
)]
async fn issue_key(
    State(state): State<HttpState>,
    scope: Scope,
    reading: Reading,
    caller: CallerInfo,
    PathIds(service): PathIds<Problem<ServiceId>>,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    find(&state, &reading, scope, service).await?;
    let input = body.read().await?;
    let title = input.create(|fields| fields.value("title").required())?;
    let id = ApiKeyId::new(state.app.clock.new_id());
    let context = reading.origin().context_of_creation(&caller, &input);
    let issued = state.app.services.issue_key(service, authority(scope, &caller), (id, title), &context).await?;
    if issued.committed.repeats.is_some() {
        return Err(ApiError::problem(
            StatusCode::CONFLICT,
            "The request was answered before, and a key is shown only once: revoke it and ask for another one.",
        ));
    }
    state
        .respond_after_commit(&issued.committed, async || {
            let view = services::find_key(&state.app.views, id).await?.ok_or_else(|| ApiError::unavailable(1))?;
            Ok((StatusCode::CREATED, Json(IssuedKey { view, key: issued.key.expose_secret() })).into_response())
        })
        .await
}

/// Revokes an API key, and the temp tokens that were made with it.
#[utoipa::path(
    delete,
    path = "/api/services/{service}/keys/{id}",
    responses(
        (status = 204, description = "Revoked"),
        (status = 404, response = NoSuchObject)
    )
)]
async fn revoke_key(
    State(state): State<HttpState>,
    scope: Scope,
    reading: Reading,
    caller: CallerInfo,
    PathIds((service, id)): PathIds<(Problem<ServiceId>, Problem<ApiKeyId>)>,
) -> Result<Response, ApiError> {
    find(&state, &reading, scope, service).await?;
    let context = reading.origin().context(caller.actor());
    let committed = state.app.services.revoke_key(service, authority(scope, &caller), id, &context).await?;
    state.respond_after_commit(&committed, async || Ok(empty(StatusCode::NO_CONTENT))).await
}
