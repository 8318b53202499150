//! `users` for administrators, and `users/me` for everybody.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{
    ids::UserId,
    user::{Authority, UserChanges},
    values::{Email, FullName},
};
use projections::{
    listing::Page,
    users::{self, UserView},
};
use serde::Serialize;
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::{
    access::at,
    accounts::{about, full_name, new_password, parse_email, parse_name, read_registration},
    caller::CallerInfo,
    http_state::{HttpState, Origin, empty},
    refusals::EMAIL_TAKEN,
};
use crate::{
    contract::{
        ids::PathIds,
        input::{Input, UnreadBody},
        paging::ListQuery,
        problem::ApiError,
    },
    openapi::{
        bodies::accounts::{NewUser, ProfileChange, UserChange},
        errors::{NoSuchObject, StateConflict},
        parameters::{Idempotency, Listing, Search},
    },
};

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(me, change_me, list, create, get, change, delete, erase))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    Router::new()
        .merge(at(state, "/api/users").get(list).post(create).served())
        .merge(at(state, "/api/users/me").get(me).patch(change_me).served())
        .merge(at(state, "/api/users/{username}").get(get).patch(change).delete(delete).dotted_ids().served())
        .merge(at(state, "/api/users/{username}/erase").post(erase).dotted_ids().served())
}

/// Who is calling.
#[utoipa::path(get, path = "/api/users/me", responses((status = 200, description = "The caller", body = UserView)))]
async fn me(caller: CallerInfo) -> Response {
    Json(caller.user).into_response()
}

/// Changes the caller's name or password.
#[utoipa::path(
    patch,
    path = "/api/users/me",
    request_body = ProfileChange,
    responses((status = 200, description = "The caller, changed", body = UserView))
)]
async fn change_me(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let input = body.read().await?;
    let about = about(&caller.user);
    let (full_name, password) = input.partial(|fields| {
        let full_name = full_name(fields).allow_blank().optional();
        (full_name, new_password(fields, &about, false))
    })?;
    let full_name = full_name.as_deref().map(parse_name_or_none).transpose()?;
    let context = origin.context(caller.actor());
    let committed = state.app.accounts.change(caller.id(), caller.session, full_name, password, &context).await?;
    state
        .respond_after_commit(&committed, async || {
            let user = users::find(&state.app.views, caller.id()).await?.ok_or_else(ApiError::not_found)?;
            Ok(Json(user).into_response())
        })
        .await
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the document is made from its fields")]
struct Filters {
    /// Anything but a boolean is no filter; so with the others.
    #[param(required = false)]
    is_staff: bool,
    #[param(required = false)]
    is_reviewer: bool,
    #[param(required = false)]
    allow_key: bool,
}

/// Users, the newest first.
#[utoipa::path(
    get,
    path = "/api/users",
    params(Listing, Search, Filters),
    responses((status = 200, description = "A part of the list", body = Page<UserView>))
)]
async fn list(State(state): State<HttpState>, query: ListQuery) -> Result<Response, ApiError> {
    let filter = users::Filter {
        search: query.search_words(),
        is_staff: query.flag("is_staff"),
        is_reviewer: query.flag("is_reviewer"),
        allow_key: query.flag("allow_key"),
        is_auditor: None,
    };
    let page = users::list(&state.app.views, &filter, &query.window(users::ordering_column)).await?;
    Ok(Json(page).into_response())
}

/// Makes an account for somebody.
#[utoipa::path(
    post,
    path = "/api/users",
    params(Idempotency),
    request_body = NewUser,
    responses((status = 201, description = "Made", body = UserView))
)]
async fn create(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let input = body.read().await?;
    let context = origin.context_of_creation(&caller, &input);
    let is_repeat = state.app.commands.is_repeat(&context).await?;
    let (registration, _) = read_registration(&state, &input, false, is_repeat).await?;
    let id = UserId::new(state.app.clock.new_id());
    let committed = state.app.accounts.register(id, registration, &context).await?;
    let id = committed.repeats.map_or(id, UserId::new);
    state
        .respond_after_commit(&committed, async || {
            let user = users::find(&state.app.views, id).await?.ok_or_else(ApiError::not_found)?;
            Ok((StatusCode::CREATED, Json(user)).into_response())
        })
        .await
}

async fn find(state: &HttpState, username: &str) -> Result<UserView, ApiError> {
    users::find_by_username(&state.app.views, username).await?.ok_or_else(ApiError::not_found)
}

/// A user.
#[utoipa::path(
    get,
    path = "/api/users/{username}",
    responses((status = 200, description = "The user", body = UserView))
)]
async fn get(State(state): State<HttpState>, PathIds(username): PathIds<String>) -> Result<Response, ApiError> {
    Ok(Json(find(&state, &username).await?).into_response())
}

const fn authority(caller: &CallerInfo) -> Authority {
    if caller.user.is_superuser { Authority::Superuser } else { Authority::Staff }
}

/// What a change is answered with.
#[derive(Serialize, ToSchema)]
struct ChangedUser {
    email: String,
    full_name: String,
    allow_key: bool,
    is_staff: bool,
    is_reviewer: bool,
}

/// Changes a user. Only superusers may change superusers.
///
/// Another e-mail address ends the user's logins and is told to the old one. Unless a superuser gives it, codes for a new
/// password go to the old one for a while.
#[utoipa::path(
    patch,
    path = "/api/users/{username}",
    request_body = UserChange,
    responses((status = 200, description = "Changed", body = ChangedUser))
)]
async fn change(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds(username): PathIds<String>,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let id = UserId::new(find(&state, &username).await?.external_id);
    let input = body.read().await?;
    let changes = read_changes(&state, id, &input).await?;
    let context = origin.context(caller.actor());
    let committed = state.app.accounts.administer(id, authority(&caller), changes, caller.session, &context).await?;
    state
        .respond_after_commit(&committed, async || {
            let user = users::find(&state.app.views, id).await?.ok_or_else(ApiError::not_found)?;
            let UserView { email, full_name, allow_key, is_staff, is_reviewer, .. } = user;
            Ok(Json(ChangedUser { email, full_name, allow_key, is_staff, is_reviewer }).into_response())
        })
        .await
}

/// Parses a name; an empty text is `None`.
fn parse_name_or_none(text: &str) -> Result<Option<FullName>, ApiError> {
    if text.is_empty() { Ok(None) } else { parse_name(text).map(Some) }
}

async fn read_changes(state: &HttpState, id: UserId, input: &Input) -> Result<UserChanges, ApiError> {
    let is_taken = match input.text("email").and_then(|text| Email::parse(text).ok()) {
        Some(email) => state.app.accounts.owner_of_email(&email).await?.is_some_and(|owner| owner != id),
        None => false,
    };
    let (email, full_name, mut changes) = input.partial(|fields| {
        let email = fields.email("email").check(EMAIL_TAKEN, move |_| !is_taken).optional();
        let full_name = full_name(fields).allow_blank().optional();
        let allow_key = fields.boolean("allow_key").optional();
        let is_staff = fields.boolean("is_staff").optional();
        let is_reviewer = fields.boolean("is_reviewer").optional();
        (email, full_name, UserChanges { is_staff, is_reviewer, allow_key, ..UserChanges::default() })
    })?;
    changes.email = email.as_deref().map(parse_email).transpose()?;
    changes.full_name = full_name.as_deref().map(parse_name_or_none).transpose()?;
    Ok(changes)
}

/// Deletes a user who owns nothing.
#[utoipa::path(delete, path = "/api/users/{username}", responses((status = 204, description = "Deleted")))]
async fn delete(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds(username): PathIds<String>,
) -> Result<Response, ApiError> {
    let id = UserId::new(find(&state, &username).await?.external_id);
    let committed = state.app.accounts.delete(id, authority(&caller), &origin.context(caller.actor())).await?;
    state.respond_after_commit(&committed, async || Ok(empty(StatusCode::NO_CONTENT))).await
}

/// Erases a person: the account, and all text that was ever written by and about the person, whatever belongs to the
/// account.
#[utoipa::path(
    post,
    path = "/api/users/{username}/erase",
    responses(
        (status = 204, description = "Erased"),
        (status = 404, response = NoSuchObject),
        (status = 409, response = StateConflict)
    )
)]
async fn erase(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds(username): PathIds<String>,
) -> Result<Response, ApiError> {
    let user = users::find_by_username(&state.app.views, &username).await?.ok_or_else(ApiError::no_such_object)?;
    let id = UserId::new(user.external_id);
    let committed = state.app.erasure.erase_person(id, &origin.context(caller.actor())).await?;
    state.respond_after_commit(&committed, async || Ok(empty(StatusCode::NO_CONTENT))).await
}
