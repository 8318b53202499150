//! `audit/auditors`: who holds the auditor's role, which superusers give. Not part of the contract, which has no such
//! role; errors are problem details.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use commands::{accounts::AccountError, event_log::Committed, execute::ExecuteError};
use domain::{ids::UserId, user::UserError};
use projections::{
    listing::Page,
    users::{self, UserView},
};
use serde::Deserialize;
use utoipa::{OpenApi, ToSchema};

use super::{
    access::at,
    caller::CallerInfo,
    http_state::{HttpState, Origin, empty},
    refusals::AUDITOR_IS_APART,
};
use crate::{
    contract::{ids::PathIds, input::UnreadBody, paging::ListQuery, problem::ApiError},
    openapi::{
        errors::{NoSuchObject, StateConflict},
        parameters::Listing,
    },
};

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(list, appoint, dismiss))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    Router::new()
        .merge(at(state, "/api/audit/auditors").get(list).post(appoint).served())
        .merge(at(state, "/api/audit/auditors/{username}").delete(dismiss).dotted_ids().served())
}

/// Who becomes an auditor.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "the document is made from its fields")]
pub(super) struct NewAuditor {
    /// The login name of an account that is neither staff nor reviewer nor superuser.
    username: String,
}

/// The auditors, the newest account first.
#[utoipa::path(
    get,
    path = "/api/audit/auditors",
    params(Listing),
    responses((status = 200, description = "A part of the list", body = Page<UserView>))
)]
async fn list(State(state): State<HttpState>, query: ListQuery) -> Result<Response, ApiError> {
    let filter = users::Filter { is_auditor: Some(true), ..users::Filter::default() };
    Ok(Json(users::list(&state.app.views, &filter, &query.window(users::ordering_column)).await?).into_response())
}

/// Gives the auditor's role to a user, who reads histories from then on and changes nothing but the own account.
#[utoipa::path(
    post,
    path = "/api/audit/auditors",
    request_body = NewAuditor,
    responses(
        (status = 201, description = "An auditor from now on", body = UserView),
        (status = 404, response = NoSuchObject),
        (status = 409, response = StateConflict)
    )
)]
async fn appoint(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let username = body.read().await?.create(|fields| fields.text("username").required())?;
    let (id, committed) = set(&state, &username, true, &origin, &caller).await?;
    state
        .respond_after_commit(&committed, async || {
            let user = users::find(&state.app.views, id).await?.ok_or_else(ApiError::no_such_object)?;
            Ok((StatusCode::CREATED, Json(user)).into_response())
        })
        .await
}

/// Takes the auditor's role from a user.
#[utoipa::path(
    delete,
    path = "/api/audit/auditors/{username}",
    responses((status = 204, description = "No auditor any more"), (status = 404, response = NoSuchObject))
)]
async fn dismiss(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds(username): PathIds<String>,
) -> Result<Response, ApiError> {
    let (_, committed) = set(&state, &username, false, &origin, &caller).await?;
    state.respond_after_commit(&committed, async || Ok(empty(StatusCode::NO_CONTENT))).await
}

async fn set(
    state: &HttpState,
    username: &str,
    is_auditor: bool,
    origin: &Origin,
    caller: &CallerInfo,
) -> Result<(UserId, Committed), ApiError> {
    let user = users::find_by_username(&state.app.views, username).await?.ok_or_else(ApiError::no_such_object)?;
    let id = UserId::new(user.external_id);
    let context = origin.context(caller.actor());
    let committed = state.app.accounts.set_auditor(id, is_auditor, &context).await.map_err(refusal)?;
    Ok((id, committed))
}

fn refusal(error: AccountError) -> ApiError {
    match error {
        AccountError::Execute(ExecuteError::Refused(UserError::NotFound)) => ApiError::no_such_object(),
        AccountError::Execute(ExecuteError::Refused(UserError::AuditorIsApart)) => {
            ApiError::problem(StatusCode::CONFLICT, AUDITOR_IS_APART)
        }
        error => error.into(),
    }
}
