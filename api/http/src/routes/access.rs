//! Enforces the [table](crate::access_table::TABLE) of permissions for all routes.
//!
//! Routes register their handlers with `at` and name no permission of their own; a handler that works on owned
//! objects takes a `Scope` and checks the owner with it. Objects outside of the scope are answered with 404.

use std::convert::Infallible;

use axum::{
    Router,
    extract::{FromRequestParts, MatchedPath},
    handler::Handler,
    http::{Method, request::Parts},
};
use domain::{chat::ChatOwner, ids::UserId};

use super::{caller::Principal, http_state::HttpState};
use crate::{
    access_table::{
        Access,
        Ownership::{self, All, FetchAll, Own, OwnOrReviewed, OwnOrSuperuser, Shared},
        Verb::{self, Delete, Get, Patch, Post},
        find,
    },
    contract::{
        paging::ListQuery,
        resource::{Caller, Permission, Resource, resource},
    },
};

/// Begins to register the handlers of a path of the [table](crate::access_table::TABLE).
///
/// # Panics
/// If the path is not in the table.
pub(super) fn at(state: &HttpState, path: &'static str) -> Registration {
    let access = find(path).unwrap_or_else(|| panic!("{path} is not in the table of who may do what"));
    Registration { state: state.clone(), access, resource: resource(access.otherwise), open: access.verbs.to_vec() }
}

/// A path whose handlers are being registered.
#[must_use = "a path is served after `served`"]
pub(super) struct Registration {
    state: HttpState,
    access: &'static Access,
    resource: Resource<HttpState>,
    /// The verbs of the table that have no handler yet.
    open: Vec<(Verb, Permission, Ownership)>,
}

impl Registration {
    pub(super) fn get<H: Handler<T, HttpState>, T: 'static>(mut self, handler: H) -> Self {
        let needs = self.take(Get);
        self.resource = self.resource.get(needs, handler);
        self
    }

    pub(super) fn post<H: Handler<T, HttpState>, T: 'static>(mut self, handler: H) -> Self {
        let needs = self.take(Post);
        self.resource = self.resource.post(needs, handler);
        self
    }

    pub(super) fn patch<H: Handler<T, HttpState>, T: 'static>(mut self, handler: H) -> Self {
        let needs = self.take(Patch);
        self.resource = self.resource.patch(needs, handler);
        self
    }

    pub(super) fn delete<H: Handler<T, HttpState>, T: 'static>(mut self, handler: H) -> Self {
        let needs = self.take(Delete);
        self.resource = self.resource.delete(needs, handler);
        self
    }

    /// Allows dots in the ids of this path, such as in usernames and file names. Without this, a path with a dot in an
    /// id is a 404.
    pub(super) fn dotted_ids(mut self) -> Self {
        self.resource = self.resource.dotted_ids();
        self
    }

    /// Leaves `Accept` and `?format=` to the handlers, which serve other formats than JSON.
    pub(super) fn own_forms(mut self) -> Self {
        self.resource = self.resource.own_forms();
        self
    }

    /// Does not look at credentials, which would need the database.
    pub(super) fn nameless(mut self) -> Self {
        self.resource = self.resource.nameless();
        self
    }

    /// Returns the router of the path.
    ///
    /// # Panics
    /// If a verb of the table has no handler.
    pub(super) fn served(self) -> Router<HttpState> {
        assert!(self.open.is_empty(), "{} has no handler for {:?}", self.access.path, self.open);
        Router::new().route(self.access.path, self.resource.guarded_by(self.state))
    }

    fn take(&mut self, verb: Verb) -> Permission {
        let place = self.open.iter().position(|(open, ..)| *open == verb);
        let place = place.unwrap_or_else(|| panic!("{} has no {verb:?} in the table", self.access.path));
        self.open.remove(place).1
    }
}

/// The objects that the request reaches, by their owner; an extractor that applies the table to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// All objects.
    All,
    /// The objects of one owner.
    Of(ChatOwner),
    /// The objects that are shared with people who are not staff.
    Shared,
    /// No objects.
    Nothing,
}

impl Scope {
    /// Returns whether the scope includes an object of this owner.
    pub(super) fn covers(self, owner: Option<ChatOwner>) -> bool {
        match self {
            Self::All => true,
            Self::Of(one) => owner == Some(one),
            Self::Shared | Self::Nothing => false,
        }
    }

    /// Returns the user whose objects alone are listed; `None` for all objects, and the nil id for none.
    pub(super) fn only_user(self) -> Option<UserId> {
        match self {
            Self::Of(ChatOwner::User(user)) => Some(user),
            Self::All => None,
            Self::Of(ChatOwner::ApiKey(_)) | Self::Shared | Self::Nothing => Some(UserId::new(uuid::Uuid::nil())),
        }
    }

    fn of(whose: Ownership, who: Option<&Principal>, query: &ListQuery) -> Self {
        let caller = match who {
            Some(Principal::Person(caller)) => caller,
            Some(Principal::Service(service)) if whose != All => return Self::Of(ChatOwner::ApiKey(service.key)),
            Some(Principal::Service(_)) | None => return if whose == All { Self::All } else { Self::Nothing },
        };
        let own = Self::Of(ChatOwner::User(caller.id()));
        match whose {
            All => Self::All,
            FetchAll if caller.is_superuser() && query.get("fetch") == Some("all") => Self::All,
            OwnOrSuperuser if caller.is_superuser() => Self::All,
            OwnOrReviewed if caller.is_superuser() || who.is_some_and(|who| who.has(Permission::Reviewer)) => Self::All,
            Own | FetchAll | OwnOrSuperuser | OwnOrReviewed => own,
            Shared if caller.user.is_staff => Self::All,
            Shared => Self::Shared,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Scope {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let access = parts.extensions.get::<MatchedPath>().and_then(|path| find(path.as_str()));
        let verb = match parts.method {
            Method::GET | Method::HEAD => Get,
            Method::PATCH => Patch,
            Method::DELETE => Delete,
            _ => Post,
        };
        let rule = access.and_then(|access| access.verbs.iter().find(|(known, ..)| *known == verb));
        let Some((_, _, whose)) = rule else { return Ok(Self::Nothing) };
        Ok(Self::of(*whose, parts.extensions.get::<Principal>(), &ListQuery::of(&parts.uri)))
    }
}
