//! Forgotten passwords: `auth/forgot`, `auth/verify` and `auth/reset`.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use commands::{
    accounts::{ResetCodeError, ResetGrant},
    event_log::Committed,
};
use domain::envelope::Actor;
use projections::users::{self, UserView};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{
    access::at,
    accounts::{about, new_password, parse_email},
    caller::CallerInfo,
    http_state::{HttpState, Origin, empty},
};
use crate::{
    contract::{
        input::{Input, UnreadBody},
        problem::ApiError,
    },
    limits::{Action, Secret},
    openapi::bodies::accounts::{ForgottenPassword, PasswordReset, ResetCode},
};

/// The maximum length of the text that is sent as a code, which has six digits.
const MAX_CODE_CHARS: usize = 100;

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(forgot, verify, reset))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    Router::new()
        .merge(at(state, "/api/auth/forgot").post(forgot).served())
        .merge(at(state, "/api/auth/verify").post(verify).served())
        .merge(at(state, "/api/auth/reset").post(reset).served())
}

/// Sends a code for a new password.
///
/// The same answer, in the same time, whether or not anybody has the address.
#[utoipa::path(
    post,
    path = "/api/auth/forgot",
    request_body = ForgottenPassword,
    responses((status = 200, description = "Sent, if anybody has the address"))
)]
async fn forgot(State(state): State<HttpState>, origin: Origin, body: UnreadBody) -> Result<Response, ApiError> {
    state.throttle(Action::Forget, origin.address)?;
    let email = body.read().await?.create(|fields| fields.email("email").required())?;
    let email = parse_email(&email)?;
    let client = state.throttle_mail(&email, origin.address).await?;
    state.app.accounts.forget_password(&email, client, origin.request_id()).await?;
    Ok(empty(StatusCode::OK))
}

/// Whose code it is.
#[derive(Serialize, ToSchema)]
struct Verified {
    email: String,
    username: String,
    full_name: String,
}

/// Tells whose code it is.
#[utoipa::path(
    post,
    path = "/api/auth/verify",
    request_body = ResetCode,
    responses((status = 202, description = "It can be used", body = Verified))
)]
async fn verify(State(state): State<HttpState>, origin: Origin, body: UnreadBody) -> Result<Response, ApiError> {
    state.throttle(Action::TryCode, origin.address)?;
    let (token, email) = body.read().await?.create(|fields| {
        let token = fields.text("token").max(MAX_CODE_CHARS).required();
        (token, fields.email("email").required())
    })?;
    let (_, user) = check_code(&state, &origin, &email, &token).await?;
    let UserView { email, username, full_name, .. } = user;
    Ok((StatusCode::ACCEPTED, Json(Verified { email, username, full_name })).into_response())
}

/// Sets a new password: with a code, or by somebody who is logged in.
#[utoipa::path(
    post,
    path = "/api/auth/reset",
    request_body = PasswordReset,
    responses((status = 202, description = "Set; all other logins have ended"))
)]
async fn reset(
    State(state): State<HttpState>,
    origin: Origin,
    caller: Option<CallerInfo>,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    state.throttle(Action::TryCode, origin.address)?;
    let input = body.read().await?;
    let committed = if let Some(caller) = caller {
        let password = input.create(|fields| new_password(fields, &about(&caller.user), true))?;
        let context = origin.context(caller.actor());
        state.app.accounts.change(caller.id(), caller.session, None, password, &context).await?
    } else {
        reset_with_code(&state, &origin, &input).await?
    };
    state.respond_after_commit(&committed, async || Ok(empty(StatusCode::ACCEPTED))).await
}

async fn reset_with_code(state: &HttpState, origin: &Origin, input: &Input) -> Result<Committed, ApiError> {
    let (token, email) = input.create(|fields| {
        fields.text("password").required();
        let token = fields.text("token").max(MAX_CODE_CHARS).required();
        (token, fields.email("email").required())
    })?;
    let (grant, user) = check_code(state, origin, &email, &token).await?;
    let password = input.create(|fields| new_password(fields, &about(&user), true))?.unwrap_or_default();
    let context = origin.context(Actor::User(grant.user));
    Ok(state.app.accounts.reset_password(grant, password, &context).await?)
}

/// Checks a code, and returns it with its user. A user who has just been deleted or deactivated counts as missing.
async fn check_code(
    state: &HttpState,
    origin: &Origin,
    email: &str,
    token: &str,
) -> Result<(ResetGrant, UserView), ApiError> {
    let email = parse_email(email)?;
    let guess = state.begin_guess(Secret::Code, &email, origin.address).await?;
    let grant = state.app.accounts.check_reset_code(&email, token, guess.client).await?;
    guess.succeeded(state, &email);
    let user = users::find(&state.app.views, grant.user).await?.filter(|user| user.is_active);
    let user = user.ok_or(ResetCodeError::Wrong)?;
    Ok((grant, user))
}
