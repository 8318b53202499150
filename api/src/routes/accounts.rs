//! `auth/*` and `users/me`.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use commands::accounts::{AccountError, Registration, check_rules};
use domain::{
    envelope::Actor,
    ids::{SessionId, UserId},
    user::Roles,
    values::{Email, FullName, Username},
};
use projections::users;
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    access::at,
    caller::CallerInfo,
    refusals::{EMAIL_TAKEN, USERNAME_TAKEN},
    web::{Origin, Web, empty},
};
use crate::contract::{fields::Fields, input::UnreadBody, problem::ApiError};

const INVALID_USERNAME: &str =
    "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.";

pub(super) fn router(web: &Web) -> Router<Web> {
    Router::new()
        .merge(at(web, "/api/auth/register").post(register).served())
        .merge(at(web, "/api/auth/login").post(log_in).served())
        .merge(at(web, "/api/auth/logout").delete(log_out).served())
        .merge(at(web, "/api/users/me").get(me).patch(change_me).served())
}

async fn register(State(web): State<Web>, origin: Origin, body: UnreadBody) -> Result<Response, ApiError> {
    let input = body.read().await?;
    let wanted_email = input.text("email").and_then(|text| Email::parse(text).ok());
    let wanted_username = input.text("username").and_then(|text| Username::parse(text).ok());
    let (email_taken, username_taken) =
        web.app.accounts.are_taken(wanted_email.as_ref(), wanted_username.as_ref()).await?;
    let about: Vec<(&'static str, String)> = ["username", "full_name", "email"]
        .iter()
        .filter_map(|name| Some((label(name), input.text(name)?.to_owned())))
        .collect();
    let (username, full_name, password, email) = input.create(|fields| {
        let username = fields
            .text("username")
            .max(Username::MAX_CHARS)
            .check(INVALID_USERNAME, |text| Username::parse(text).is_ok())
            .check(USERNAME_TAKEN, move |_| !username_taken)
            .required();
        let full_name = fields.text("full_name").max(FullName::MAX_CHARS).required();
        let password = new_password(fields, &about, true);
        let email = fields.email("email").max(Email::MAX_CHARS).check(EMAIL_TAKEN, move |_| !email_taken).required();
        fields.text("recaptcha").required();
        (username, full_name, password.unwrap_or_default(), email)
    })?;
    let registration = Registration {
        username: Username::parse(&username).map_err(|_| ApiError::field("username", INVALID_USERNAME))?,
        email: Email::parse(&email).map_err(|_| ApiError::field("email", "Enter a valid email address."))?,
        full_name: parse_name(&full_name)?,
        password,
        roles: Roles::default(),
    };
    let id = UserId::new(web.app.clock.new_id());
    let committed = web.app.accounts.register(id, registration, &origin.context(Actor::User(id))).await?;
    web.written(&committed, async || Ok(empty(StatusCode::CREATED))).await
}

fn label(field: &str) -> &'static str {
    match field {
        "full_name" => "full name",
        "email" => "email address",
        _ => "username",
    }
}

/// Reads `password` under the rules for new ones.
fn new_password(
    fields: &mut Fields<'_>,
    about: &[(&'static str, String)],
    required: bool,
) -> Option<Zeroizing<String>> {
    let password = fields.text("password");
    let password = if required { Some(password.required()) } else { password.optional() };
    let password = Zeroizing::new(password?);
    let about: Vec<(&'static str, &str)> = about.iter().map(|(what, value)| (*what, value.as_str())).collect();
    if !password.is_empty() {
        for fault in check_rules(&password, &about) {
            fields.error("password", fault.message());
        }
    }
    Some(password)
}

fn parse_name(text: &str) -> Result<FullName, ApiError> {
    FullName::parse(text).map_err(|error| ApiError::field("full_name", format!("The name {error}.")))
}

async fn log_in(State(web): State<Web>, origin: Origin, body: UnreadBody) -> Result<Response, ApiError> {
    let input = body.read().await?;
    let (password, email) = input.create(|fields| {
        let password = Zeroizing::new(fields.text("password").untrimmed().required());
        (password, fields.email("email").required())
    })?;
    let email = Email::parse(&email).map_err(|_| ApiError::from(AccountError::WrongCredentials))?;
    let session = SessionId::new(web.app.clock.new_id());
    let login = web.app.accounts.log_in(&email, password, session, |user| origin.context(Actor::User(user))).await?;
    web.written(&login.committed, async || Ok(Json(json!({ "token": login.token.as_str() })).into_response())).await
}

async fn log_out(State(web): State<Web>, origin: Origin, caller: Option<CallerInfo>) -> Result<Response, ApiError> {
    let session = caller.and_then(|caller| Some((caller.session?, caller)));
    let Some((session, caller)) = session else {
        return Err(ApiError::parse("No auth token provided"));
    };
    let session = commands::accounts::Session { user: caller.id(), session };
    let committed = web.app.accounts.log_out(session, &origin.context(caller.actor())).await?;
    web.written(&committed, async || Ok(empty(StatusCode::NO_CONTENT))).await
}

async fn me(caller: CallerInfo) -> Response {
    Json(caller.user).into_response()
}

async fn change_me(
    State(web): State<Web>,
    origin: Origin,
    caller: CallerInfo,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let input = body.read().await?;
    let user = &caller.user;
    let about = [
        ("username", user.username.clone()),
        ("full name", user.full_name.clone()),
        ("email address", user.email.clone()),
    ];
    let (full_name, password) = input.partial(|fields| {
        let full_name = fields.text("full_name").max(FullName::MAX_CHARS).optional();
        (full_name, new_password(fields, &about, false))
    })?;
    let full_name = full_name.as_deref().map(parse_name).transpose()?;
    let context = origin.context(caller.actor());
    let committed = web.app.accounts.change(caller.id(), caller.session, full_name, password, &context).await?;
    web.written(&committed, async || {
        let user = users::find(&web.app.pool, caller.id()).await?.ok_or_else(ApiError::not_found)?;
        Ok(Json(user).into_response())
    })
    .await
}
