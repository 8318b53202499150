//! `auth/register`, `auth/login` and `auth/logout`.

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
    values::{Email, FullName, TextError, Username},
};
use projections::users::{self, UserView};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{
    access::at,
    caller::CallerInfo,
    http_state::{HttpState, Origin, empty},
    refusals::{EMAIL_TAKEN, USERNAME_TAKEN},
};
use crate::{
    contract::{
        fields::{Field, Fields, Text},
        input::{Input, UnreadBody},
        problem::ApiError,
    },
    limits::{Action, Secret},
    openapi::bodies::accounts::{Credentials, Registration as RegistrationBody},
};

const INVALID_USERNAME: &str =
    "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.";

const INVALID_NAME: &str = "Enter a valid name. It may not contain line breaks or control characters.";
/// The maximum length of a password: the work of its rules and of its hash grows with the length.
const MAX_PASSWORD_CHARS: usize = 4_096;
/// The maximum length of the token that a captcha service gives a visitor.
const MAX_CAPTCHA_CHARS: usize = 10_000;

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(register, log_in, log_out))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    Router::new()
        .merge(at(state, "/api/auth/register").post(register).served())
        .merge(at(state, "/api/auth/login").post(log_in).served())
        .merge(at(state, "/api/auth/logout").delete(log_out).served())
}

/// Makes an account.
#[utoipa::path(
    post,
    path = "/api/auth/register",
    request_body = RegistrationBody,
    responses((status = 201, description = "Made"))
)]
async fn register(State(state): State<HttpState>, origin: Origin, body: UnreadBody) -> Result<Response, ApiError> {
    state.throttle(Action::Register, origin.address)?;
    let input = body.read().await?;
    let (registration, captcha) = read_registration(&state, &input, true, false).await?;
    if let Some(service) = &state.app.captcha {
        let address = origin.address.map(|address| address.to_string());
        if !service.is_solved(&captcha, address.as_deref()).await? {
            return Err(ApiError::Messages(vec!["Invalid captcha".to_owned()]));
        }
    }
    let id = UserId::new(state.app.clock.new_id());
    let committed = state.app.accounts.register(id, registration, &origin.context(Actor::User(id))).await?;
    state.respond_after_commit(&committed, async || Ok(empty(StatusCode::CREATED))).await
}

/// Reads a registration, and the token of the captcha (empty without `with_captcha`). For a repeated request it is not
/// checked whether e-mail address and username are taken: they may be, by the account that the first request made.
pub(super) async fn read_registration(
    state: &HttpState,
    input: &Input,
    with_captcha: bool,
    is_repeat: bool,
) -> Result<(Registration, String), ApiError> {
    let wanted_email = input.text("email").and_then(|text| Email::parse(text).ok());
    let wanted_username = input.text("username").and_then(|text| Username::parse(text).ok());
    let (email_taken, username_taken) =
        state.app.accounts.are_taken(wanted_email.as_ref(), wanted_username.as_ref()).await?;
    let email_taken = email_taken && !is_repeat;
    let username_taken = match &wanted_username {
        _ if is_repeat => false,
        Some(username) => {
            username_taken || users::has_username_in_any_case(&state.app.views, username.as_str()).await?
        }
        None => false,
    };
    let about: Vec<(&'static str, String)> = ["username", "full_name", "email"]
        .iter()
        .filter_map(|name| Some((label(name), input.text(name)?.to_owned())))
        .collect();
    let (username, full_name, password, email, captcha) = input.create(|fields| {
        let username = fields
            .value::<Username>("username")
            // A username that is too long has its own message.
            .check(INVALID_USERNAME, |text| text.chars().count() > Username::MAX_CHARS || Username::parse(text).is_ok())
            .check(USERNAME_TAKEN, move |_| !username_taken)
            .required();
        let full_name = full_name(fields).required();
        let password = new_password(fields, &about, true);
        let email = fields.email("email").check(EMAIL_TAKEN, move |_| !email_taken).required();
        let captcha =
            if with_captcha { fields.text("recaptcha").bounded(MAX_CAPTCHA_CHARS).required() } else { String::new() };
        (username, full_name, password.unwrap_or_default(), email, captcha)
    })?;
    let registration = Registration {
        username,
        email: parse_email(&email)?,
        full_name: parse_name(&full_name)?,
        password,
        roles: Roles::default(),
    };
    Ok((registration, captcha))
}

fn label(field: &str) -> &'static str {
    match field {
        "full_name" => "full name",
        "email" => "email address",
        _ => "username",
    }
}

/// Returns the labels and values of a user to which a password must not be similar.
pub(super) fn about(user: &UserView) -> [(&'static str, String); 3] {
    [("username", user.username.clone()), ("full name", user.full_name.clone()), ("email address", user.email.clone())]
}

/// Returns the field `full_name` with its rules: a name on one line.
pub(super) fn full_name<'f, 'i>(fields: &'f mut Fields<'i>) -> Field<'f, 'i, Text> {
    // Other errors have messages of their own.
    let is_well_formed = |text: &str| text.contains('\0') || FullName::parse(text) != Err(TextError::Malformed);
    fields.text("full_name").max(FullName::MAX_CHARS).check(INVALID_NAME, is_well_formed)
}

/// Reads `password` with the rules for new passwords. White space at its ends is kept, as it is at log-in.
pub(super) fn new_password(
    fields: &mut Fields<'_>,
    about: &[(&'static str, String)],
    required: bool,
) -> Option<SecretString> {
    let password = fields
        .text("password")
        .bounded(MAX_PASSWORD_CHARS)
        .untrimmed()
        .check("This field may not be blank.", |text| !is_blank(text));
    let password = if required { Some(password.required()) } else { password.optional() };
    let password = SecretString::from(password?);
    let about: Vec<(&'static str, &str)> = about.iter().map(|(what, value)| (*what, value.as_str())).collect();
    if !password.expose_secret().is_empty() {
        for fault in check_rules(password.expose_secret(), &about) {
            fields.error("password", fault.message());
        }
    }
    Some(password)
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

pub(super) fn parse_email(text: &str) -> Result<Email, ApiError> {
    Email::parse(text).map_err(|_| ApiError::field("email", "Enter a valid email address."))
}

pub(super) fn parse_name(text: &str) -> Result<FullName, ApiError> {
    FullName::parse(text).map_err(|error| ApiError::field("full_name", format!("The name {error}.")))
}

/// The token of a new login.
#[derive(Serialize, ToSchema)]
struct Login {
    #[schema(pattern = "^[0-9a-f]{40}$")]
    token: String,
}

/// Logs in.
#[utoipa::path(
    post,
    path = "/api/auth/login",
    request_body = Credentials,
    responses((status = 200, description = "Logged in", body = Login))
)]
async fn log_in(State(state): State<HttpState>, origin: Origin, body: UnreadBody) -> Result<Response, ApiError> {
    state.throttle(Action::LogIn, origin.address)?;
    let input = body.read().await?;
    let (password, email) = input.create(|fields| {
        let password = SecretString::from(fields.text("password").bounded(MAX_PASSWORD_CHARS).untrimmed().required());
        (password, fields.email("email").required())
    })?;
    let email = Email::parse(&email).map_err(|_| ApiError::from(AccountError::WrongCredentials))?;
    let guess = state.begin_guess(Secret::Password, &email, origin.address).await?;
    let session = SessionId::new(state.app.clock.new_id());
    let login = state.app.accounts.log_in(&email, password, session, |user| origin.context(Actor::User(user))).await?;
    guess.let_in(&state, &email, login.user).await;
    state
        .respond_after_commit(&login.committed, async || {
            Ok(Json(Login { token: login.token.expose_secret().to_owned() }).into_response())
        })
        .await
}

/// Ends the login whose token is shown.
#[utoipa::path(delete, path = "/api/auth/logout", responses((status = 204, description = "Ended")))]
async fn log_out(
    State(state): State<HttpState>,
    origin: Origin,
    caller: Option<CallerInfo>,
) -> Result<Response, ApiError> {
    let session = caller.and_then(|caller| Some((caller.session?, caller)));
    let Some((session, caller)) = session else {
        return Err(ApiError::parse("No auth token provided"));
    };
    let session = commands::accounts::Session { user: caller.id(), session };
    let committed = state.app.accounts.log_out(session, &origin.context(caller.actor())).await?;
    state.respond_after_commit(&committed, async || Ok(empty(StatusCode::NO_CONTENT))).await
}
