//! Who is calling: the owner of a token, or of an e-mail address and password.

use axum::http::request::Parts;
use commands::accounts::{AccountError, hash_token};
use domain::{
    envelope::Actor,
    ids::{SessionId, UserId},
    values::Email,
};
use projections::users::{self, UserView};

use super::web::Web;
use crate::{
    contract::{
        auth_header::Credentials,
        client_address::ClientAddress,
        problem::ApiError,
        resource::{Authenticator, Caller, Permission},
    },
    limits::Action,
};

/// A person who is logged in.
#[derive(Clone)]
pub struct CallerInfo {
    pub user: UserView,
    /// `None` for Basic authentication.
    pub session: Option<SessionId>,
}

impl CallerInfo {
    pub fn id(&self) -> UserId {
        UserId::new(self.user.external_id)
    }

    pub fn actor(&self) -> Actor {
        Actor::User(self.id())
    }
}

impl Caller for CallerInfo {
    fn has(&self, permission: Permission) -> bool {
        match permission {
            Permission::Public | Permission::User => true,
            Permission::Staff => self.user.is_staff,
            Permission::Reviewer => self.user.is_staff || self.user.is_reviewer,
            Permission::ApiKey => false,
        }
    }
}

impl Authenticator for Web {
    type Caller = CallerInfo;

    async fn authenticate(&self, credentials: Credentials, request: &Parts) -> Result<Option<CallerInfo>, ApiError> {
        let (id, session) = match credentials {
            Credentials::Anonymous => return Ok(None),
            Credentials::Token(token) => {
                match users::logged_in(&self.app.pool, &hash_token(&token)).await? {
                    Some((user, _)) if !user.is_active => return Err(ApiError::inactive()),
                    Some((user, session)) => return Ok(Some(CallerInfo { user, session: Some(session) })),
                    None => {}
                }
                let session = self.app.accounts.authenticate(&token).await?.ok_or_else(ApiError::invalid_token)?;
                (session.user, Some(session.session))
            }
            Credentials::Basic { email, password } => {
                let email = Email::parse(&email).map_err(|_| ApiError::bad_basic())?;
                // As good as the login page for guessing passwords.
                self.throttle(Action::LogIn, request.extensions.get::<ClientAddress>().map(|client| client.0))?;
                self.throttle_account(Action::LogIn, &email.comparable())?;
                match self.app.accounts.check_credentials(&email, password.into()).await {
                    Ok(user) => (user, None),
                    Err(AccountError::WrongCredentials) => return Err(ApiError::bad_basic()),
                    Err(error) => return Err(error.into()),
                }
            }
        };
        // A view that is behind must not look like a wrong token: the front end would log the user out.
        let user = users::find(&self.app.pool, id).await?.ok_or_else(|| ApiError::unavailable(1))?;
        match session {
            _ if user.is_active => Ok(Some(CallerInfo { user, session })),
            Some(_) => Err(ApiError::inactive()),
            None => Err(ApiError::bad_basic()),
        }
    }
}
