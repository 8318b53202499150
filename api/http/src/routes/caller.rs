//! The callers: a person with a token, or with e-mail address and password; a service with its API key; or somebody
//! with a service's temp token, who acts as the service's owner.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
};
use domain::{
    envelope::Actor,
    ids::{ApiKeyId, ServiceId, SessionId, UserId},
};
use projections::users::UserView;

use crate::contract::{
    problem::ApiError,
    resource::{Account, Caller, Permission},
};

/// The name of the header of an API key.
pub(super) const API_KEY: &str = "x-api-key";

/// The authenticated caller, which the guard adds to the request's extensions.
#[derive(Clone)]
pub enum Principal {
    Person(CallerInfo),
    Service(ServiceCaller),
}

/// A person, or somebody with a temp token who acts as one.
#[derive(Clone)]
pub struct CallerInfo {
    pub user: UserView,
    /// `None` for Basic authentication and for temp tokens.
    pub session: Option<SessionId>,
    /// The service whose temp token was sent.
    pub via: Option<ServiceCaller>,
    /// The hash of that temp token, in hexadecimal.
    pub(super) temp_token: Option<String>,
}

/// A hospital's client, identified by its API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceCaller {
    pub service: ServiceId,
    pub key: ApiKeyId,
    /// Whether it may use the server's own provider key.
    pub allow_key: bool,
    /// Whether its owner, in whose name it acts, is an auditor.
    pub is_of_auditor: bool,
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

    /// Returns the actor of the caller's commands: with a temp token it is the service, on the person's behalf.
    pub fn actor(&self) -> Actor {
        self.via.map_or_else(|| Actor::User(self.id()), |service| service.actor())
    }

    /// Returns whether the caller has the rights of a superuser, such as to see all chats. A temp token never gives
    /// them.
    pub fn is_superuser(&self) -> bool {
        self.user.is_superuser && self.via.is_none()
    }

    /// Returns whether the caller may use the server's own provider key.
    pub fn may_use_server_key(&self) -> bool {
        self.user.allow_key || self.via.is_some_and(|service| service.allow_key)
    }
}

impl Principal {
    /// Returns the person on whose behalf a temp token acts; `None` for other credentials.
    pub(super) fn on_behalf_of(&self) -> Option<Actor> {
        match self {
            Self::Person(caller) => caller.via.map(|_| Actor::User(caller.id())),
            Self::Service(_) => None,
        }
    }

    /// Returns the namespace of idempotency keys within an actor, if it has several clients: all clients of a service
    /// have the same actor and choose keys without knowing of each other.
    pub(super) fn key_holder(&self) -> Option<String> {
        match self {
            Self::Person(caller) => caller.temp_token.as_ref().map(|token| format!("temp_token:{token}")),
            Self::Service(service) => Some(format!("api_key:{}", service.key)),
        }
    }
}

impl Caller for Principal {
    fn has(&self, permission: Permission) -> bool {
        match (self, permission) {
            (_, Permission::Public)
            | (Self::Person(_), Permission::ChatUser)
            | (Self::Service(_), Permission::ApiKey) => true,
            (Self::Person(CallerInfo { via: Some(_), .. }) | Self::Service(_), _)
            | (Self::Person(_), Permission::ApiKey) => false,
            (Self::Person(_), Permission::User | Permission::OwnAccount) => true,
            (Self::Person(caller), Permission::Staff) => caller.user.is_staff,
            (Self::Person(caller), Permission::Superuser) => caller.user.is_superuser,
            (Self::Person(caller), Permission::Auditor) => caller.user.is_auditor || caller.user.is_superuser,
            (Self::Person(caller), Permission::Reviewer) => caller.user.is_staff || caller.user.is_reviewer,
        }
    }

    /// Auditors do, also by way of a temp token or a key of a service of theirs.
    fn only_reads(&self) -> bool {
        match self {
            Self::Person(caller) => caller.user.is_auditor,
            Self::Service(service) => service.is_of_auditor,
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

impl<S: Send + Sync> OptionalFromRequestParts<S> for CallerInfo {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(match parts.extensions.get::<Principal>() {
            Some(Principal::Person(caller)) => Some(caller.clone()),
            Some(Principal::Service(_)) | None => None,
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
        match parts.extensions.get::<Principal>() {
            Some(Principal::Service(service)) => Ok(*service),
            Some(Principal::Person(_)) | None => Err(ApiError::not_authenticated()),
        }
    }
}
