//! Authentication of the caller by the credentials of the request.

use axum::http::{HeaderMap, request::Parts};
use commands::{
    accounts::{AccountError, hash_token},
    services::KeyHolder,
};
use domain::{
    ids::{SessionId, UserId},
    values::Email,
};
use projections::{
    services,
    users::{self, UserView},
};

use super::{
    caller::{API_KEY, CallerInfo, Principal, ServiceCaller},
    http_state::HttpState,
};
use crate::{
    access_table::needed_at,
    contract::{
        auth_header::Credentials,
        client_address::ClientAddress,
        problem::ApiError,
        resource::{Authenticator, Permission},
    },
    limits::{Action, Secret},
};

impl Authenticator for HttpState {
    type Caller = Principal;

    async fn authenticate(&self, credentials: Credentials, request: &Parts) -> Result<Option<Principal>, ApiError> {
        let needed = needed_at(request);
        let person = match credentials {
            Credentials::Token(token) => Some(match users::logged_in(&self.app.views, &hash_token(&token)).await? {
                Some((user, session)) => active(user, Some(session))?,
                None => {
                    let login = self.app.accounts.authenticate(&token).await?;
                    let login = login.ok_or_else(ApiError::invalid_token)?;
                    self.person(login.user, Some(login.session)).await?
                }
            }),
            Credentials::Basic { email, password } => {
                let email = Email::parse(&email).map_err(|_| ApiError::bad_basic())?;
                // Basic authentication can be used to guess passwords, so it has the limits of the login page.
                let address = request.extensions.get::<ClientAddress>().map(|client| client.0);
                self.throttle(Action::LogIn, address)?;
                let guess = self.begin_guess(Secret::Password, &email, address).await?;
                match self.app.accounts.check_credentials(&email, password.into()).await {
                    Ok(user) => {
                        guess.let_in(self, &email, user).await;
                        Some(self.person(user, None).await?)
                    }
                    Err(AccountError::WrongCredentials) => return Err(ApiError::bad_basic()),
                    Err(error) => return Err(error.into()),
                }
            }
            Credentials::TempToken(token) if needed == Some(Permission::ChatUser) => {
                // The contract answers a temp token of another address as if no credentials were sent.
                Some(self.guest(&token, request).await?.ok_or_else(ApiError::not_authenticated)?)
            }
            Credentials::Anonymous | Credentials::TempToken(_) => None,
        };
        if needed == Some(Permission::ApiKey)
            && let Some(service) = self.service(&request.headers).await?
        {
            return Ok(Some(Principal::Service(service)));
        }
        Ok(person.map(Principal::Person))
    }

    async fn denied(&self, caller: &Principal, request: &mut Parts) {
        self.record_denial(caller, request).await;
    }
}

/// Returns the person as the caller, or a refusal if the account is deactivated.
fn active(user: UserView, session: Option<SessionId>) -> Result<CallerInfo, ApiError> {
    match session {
        _ if user.is_active => Ok(CallerInfo { user, session, via: None, temp_token: None }),
        Some(_) => Err(ApiError::inactive()),
        None => Err(ApiError::bad_basic()),
    }
}

impl HttpState {
    async fn person(&self, id: UserId, session: Option<SessionId>) -> Result<CallerInfo, ApiError> {
        // If the view is behind, the answer is a 503 and not a 401, after which the front end would log the user out.
        let user = users::find(&self.app.views, id).await?.ok_or_else(|| ApiError::unavailable(1))?;
        active(user, session)
    }

    /// Returns the service's owner as the caller of a temp token, if the token may be used from the client's address.
    async fn guest(&self, token: &str, request: &Parts) -> Result<Option<CallerInfo>, ApiError> {
        let Some(ClientAddress(address)) = request.extensions.get() else { return Ok(None) };
        let Some(holder) = self.app.services.authenticate_temp_token(token, *address).await? else { return Ok(None) };
        let service = self.with_owner(holder).await?;
        let temp_token = Some(hex::encode(hash_token(token)));
        Ok(service.map(|(service, user)| CallerInfo { user, session: None, via: Some(service), temp_token }))
    }

    /// Returns the service of the request's API key, if the request has a known one.
    pub(super) async fn service(&self, headers: &HeaderMap) -> Result<Option<ServiceCaller>, ApiError> {
        let key = headers.get(API_KEY).and_then(|value| value.to_str().ok());
        let Some(key) = key else { return Ok(None) };
        let Some(holder) = self.app.services.authenticate(key).await? else { return Ok(None) };
        Ok(self.with_owner(holder).await?.map(|(service, _)| service))
    }

    /// Returns the service with its owner; `None` if the owner's account is missing or deactivated, without which the
    /// service may do nothing.
    async fn with_owner(&self, holder: KeyHolder) -> Result<Option<(ServiceCaller, UserView)>, ApiError> {
        let KeyHolder { service, key, owner } = holder;
        let view = services::find(&self.app.views, service).await?.ok_or_else(|| ApiError::unavailable(1))?;
        let owner = users::find(&self.app.views, owner).await?;
        let owner = owner.filter(|owner| owner.is_active);
        Ok(owner.map(|owner| {
            let (allow_key, is_of_auditor) = (view.allow_key, owner.is_auditor);
            (ServiceCaller { service, key, allow_key, is_of_auditor }, owner)
        }))
    }
}
