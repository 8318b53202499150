//! Who is calling: the owner of a token, or of an e-mail address and password; a service with its API key; or somebody
//! with a temp token, who acts as the service's owner.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{HeaderMap, request::Parts},
};
use commands::{
    accounts::{AccountError, hash_token},
    services::KeyHolder,
};
use domain::{
    envelope::Actor,
    ids::{ApiKeyId, ServiceId, SessionId, UserId},
    values::Email,
};
use projections::{
    services,
    users::{self, UserView},
};

use super::{access::needed_at, web::Web};
use crate::{
    contract::{
        auth_header::Credentials,
        client_address::ClientAddress,
        problem::ApiError,
        resource::{Account, Authenticator, Caller, Permission},
    },
    limits::{Action, Secret},
};

/// The header of an API key.
pub(super) const API_KEY: &str = "x-api-key";

/// Who is calling; the guard leaves it in the request's extensions.
#[derive(Clone)]
pub enum Who {
    Person(CallerInfo),
    Service(ServiceCaller),
}

/// A person, or somebody whom a service lets act as one.
#[derive(Clone)]
pub struct CallerInfo {
    pub user: UserView,
    /// `None` for Basic authentication and for temp tokens.
    pub session: Option<SessionId>,
    /// The service whose temp token was shown.
    pub via: Option<ServiceCaller>,
    /// A hash of that token, in hexadecimal.
    temp_token: Option<String>,
}

/// A hospital's client, by its API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceCaller {
    pub service: ServiceId,
    pub key: ApiKeyId,
    /// Whether it may use the server's own provider key.
    pub allow_key: bool,
}

impl ServiceCaller {
    pub fn actor(&self) -> Actor {
        Actor::Service(self.service.value())
    }
}

impl From<&ServiceCaller> for Actor {
    fn from(service: &ServiceCaller) -> Self {
        service.actor()
    }
}

impl From<&CallerInfo> for Actor {
    fn from(caller: &CallerInfo) -> Self {
        caller.actor()
    }
}

impl CallerInfo {
    pub fn id(&self) -> UserId {
        UserId::new(self.user.external_id)
    }

    /// Who acts: with a temp token it is the service, on the person's behalf.
    pub fn actor(&self) -> Actor {
        self.via.map_or_else(|| Actor::User(self.id()), |service| service.actor())
    }

    /// Whether the person sees everybody's chats. A temp token never does.
    pub fn is_superuser(&self) -> bool {
        self.user.is_superuser && self.via.is_none()
    }

    /// Whether the server's own provider key may be used.
    pub fn may_use_server_key(&self) -> bool {
        self.user.allow_key || self.via.is_some_and(|service| service.allow_key)
    }
}

impl Who {
    /// Whom a temp token stands for.
    pub(super) fn on_behalf_of(&self) -> Option<Actor> {
        match self {
            Self::Person(caller) => caller.via.map(|_| Actor::User(caller.id())),
            Self::Service(_) => None,
        }
    }

    /// Who chooses idempotency keys, if not the actor alone: all clients of a service act as it, and none of them knows what
    /// the others choose.
    pub(super) fn key_holder(&self) -> Option<String> {
        match self {
            Self::Person(caller) => caller.temp_token.as_ref().map(|token| format!("temp_token:{token}")),
            Self::Service(service) => Some(format!("api_key:{}", service.key)),
        }
    }
}

impl Caller for Who {
    fn has(&self, permission: Permission) -> bool {
        match (self, permission) {
            (_, Permission::Public)
            | (Self::Person(_), Permission::Chatter)
            | (Self::Service(_), Permission::ApiKey) => true,
            (Self::Person(CallerInfo { via: Some(_), .. }) | Self::Service(_), _)
            | (Self::Person(_), Permission::ApiKey) => false,
            (Self::Person(_), Permission::User) => true,
            (Self::Person(caller), Permission::Staff) => caller.user.is_staff,
            (Self::Person(caller), Permission::Superuser) => caller.user.is_superuser,
            (Self::Person(caller), Permission::Reviewer) => caller.user.is_staff || caller.user.is_reviewer,
        }
    }

    fn account(&self) -> Option<Account> {
        Some(match self {
            Self::Person(CallerInfo { via: Some(service), .. }) | Self::Service(service) => {
                Account(service.service.value())
            }
            Self::Person(caller) => Account(caller.user.external_id),
        })
    }
}

impl Authenticator for Web {
    type Caller = Who;

    async fn authenticate(&self, credentials: Credentials, request: &Parts) -> Result<Option<Who>, ApiError> {
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
                // As good as the login page for guessing passwords.
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
            Credentials::TempToken(token) if needed == Some(Permission::Chatter) => {
                // The contract's words for one that is for another address: it is as if it were not there.
                Some(self.guest(&token, request).await?.ok_or_else(ApiError::not_authenticated)?)
            }
            Credentials::Anonymous | Credentials::TempToken(_) => None,
        };
        if needed == Some(Permission::ApiKey)
            && let Some(service) = self.service(&request.headers).await?
        {
            return Ok(Some(Who::Service(service)));
        }
        Ok(person.map(Who::Person))
    }
}

/// A person whose account is open.
fn active(user: UserView, session: Option<SessionId>) -> Result<CallerInfo, ApiError> {
    match session {
        _ if user.is_active => Ok(CallerInfo { user, session, via: None, temp_token: None }),
        Some(_) => Err(ApiError::inactive()),
        None => Err(ApiError::bad_basic()),
    }
}

impl Web {
    async fn person(&self, id: UserId, session: Option<SessionId>) -> Result<CallerInfo, ApiError> {
        // A view that is behind must not look like a wrong token: the front end would log the user out.
        let user = users::find(&self.app.views, id).await?.ok_or_else(|| ApiError::unavailable(1))?;
        active(user, session)
    }

    /// Whose temp token it is, if it may be used from where the request comes.
    async fn guest(&self, token: &str, request: &Parts) -> Result<Option<CallerInfo>, ApiError> {
        let Some(ClientAddress(address)) = request.extensions.get() else { return Ok(None) };
        let Some(holder) = self.app.services.authenticate_temp_token(token, *address).await? else { return Ok(None) };
        let service = self.with_owner(holder).await?;
        let temp_token = Some(hex::encode(hash_token(token)));
        Ok(service.map(|(service, user)| CallerInfo { user, session: None, via: Some(service), temp_token }))
    }

    /// Whose API key the request shows, if it shows one that is known.
    pub(super) async fn service(&self, headers: &HeaderMap) -> Result<Option<ServiceCaller>, ApiError> {
        let key = headers.get(API_KEY).and_then(|value| value.to_str().ok());
        let Some(key) = key else { return Ok(None) };
        let Some(holder) = self.app.services.authenticate(key).await? else { return Ok(None) };
        Ok(self.with_owner(holder).await?.map(|(service, _)| service))
    }

    /// A service and its owner: without a person with an open account who answers for it, it may do nothing.
    async fn with_owner(&self, holder: KeyHolder) -> Result<Option<(ServiceCaller, UserView)>, ApiError> {
        let KeyHolder { service, key, owner } = holder;
        let view = services::find(&self.app.views, service).await?.ok_or_else(|| ApiError::unavailable(1))?;
        let owner = users::find(&self.app.views, owner).await?;
        let owner = owner.filter(|owner| owner.is_active);
        Ok(owner.map(|owner| (ServiceCaller { service, key, allow_key: view.allow_key }, owner)))
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for CallerInfo {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(match parts.extensions.get::<Who>() {
            Some(Who::Person(caller)) => Some(caller.clone()),
            Some(Who::Service(_)) | None => None,
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CallerInfo {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let caller = <Self as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await;
        caller.ok().flatten().ok_or_else(ApiError::not_authenticated)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ServiceCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        match parts.extensions.get::<Who>() {
            Some(Who::Service(service)) => Ok(*service),
            Some(Who::Person(_)) | None => Err(ApiError::not_authenticated()),
        }
    }
}
