//! `temptokens`: what a service hands to a browser in place of its API key.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{access::at, caller::ServiceCaller, web::Web};
use crate::contract::{input::UnreadBody, problem::ApiError};

const MAX_ADDRESS_CHARS: usize = 100;

pub(super) fn router(web: &Web) -> Router<Web> {
    at(web, "/api/temptokens").post(issue).served()
}

#[derive(Serialize)]
struct NewTempToken<'t> {
    ip: &'t str,
    token: &'t str,
}

/// It is only a row with a life of its own, and no part of any aggregate.
async fn issue(State(web): State<Web>, caller: ServiceCaller, body: UnreadBody) -> Result<Response, ApiError> {
    let input = body.read().await?;
    let ip = input.create(|fields| fields.text("ip").max(MAX_ADDRESS_CHARS).required())?;
    let token = web.app.services.issue_temp_token(caller.key, &ip).await?;
    let token = token.ok_or_else(ApiError::not_authenticated)?;
    Ok((StatusCode::CREATED, Json(NewTempToken { ip: &ip, token: &token })).into_response())
}
