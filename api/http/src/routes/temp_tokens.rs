//! `temptokens`: the tokens that a service gives to a browser in place of its API key.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{access::at, caller::ServiceCaller, http_state::HttpState};
use crate::{
    contract::{input::UnreadBody, problem::ApiError},
    openapi::bodies::services::NewTempToken,
};

const MAX_ADDRESS_CHARS: usize = 100;

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(issue))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    at(state, "/api/temptokens").post(issue).served()
}

/// A token, and for which address it is.
#[derive(Serialize, ToSchema)]
struct IssuedToken<'t> {
    ip: &'t str,
    token: &'t str,
}

/// Makes a temp token, with which a browser chats in projects on behalf of the service.
#[utoipa::path(
    post,
    path = "/api/temptokens",
    request_body = NewTempToken,
    responses((status = 201, description = "Made", body = IssuedToken))
)]
async fn issue(State(state): State<HttpState>, caller: ServiceCaller, body: UnreadBody) -> Result<Response, ApiError> {
    let input = body.read().await?;
    let ip = input.create(|fields| fields.text("ip").max(MAX_ADDRESS_CHARS).required())?;
    // A temp token is a row of its own and no part of an aggregate, so there is no event to wait for.
    let token = state.app.services.issue_temp_token(caller.key, &ip).await?;
    let token = token.ok_or_else(ApiError::not_authenticated)?;
    Ok((StatusCode::CREATED, Json(IssuedToken { ip: &ip, token: token.expose_secret() })).into_response())
}
