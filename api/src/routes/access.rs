//! Who may do what, in one place: for every path and verb, what the caller must be and whose objects it reaches.
//!
//! Routes register their handlers with `at` and name no permission of their own; a handler that works on owned
//! objects takes a `Scope` and asks it. What the scope does not cover does not exist (404).

use std::convert::Infallible;

use axum::{
    Router,
    extract::{FromRequestParts, MatchedPath},
    handler::Handler,
    http::{Method, request::Parts},
};
use domain::{chat::ChatOwner, ids::UserId};

use self::{
    Permission::{ApiKey, Chatter, Public, Reviewer, Staff, Superuser, User},
    Verb::{Delete, Get, Patch, Post},
    Whose::{All, FetchAll, Own, OwnOrReviewed, OwnOrSuperuser, Shared},
};
use super::{caller::Who, web::Web};
use crate::contract::{
    paging::ListQuery,
    resource::{Caller, Permission, Resource, resource},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// And HEAD.
    Get,
    Post,
    Patch,
    Delete,
}

impl Verb {
    pub const fn method(self) -> Method {
        match self {
            Get => Method::GET,
            Post => Method::POST,
            Patch => Method::PATCH,
            Delete => Method::DELETE,
        }
    }
}

/// Whose objects a verb reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's, or nobody's: there is no owner to ask for.
    All,
    /// The caller's.
    Own,
    /// The caller's; everybody's for superusers who ask with `fetch=all`.
    FetchAll,
    /// The caller's; everybody's for superusers.
    OwnOrSuperuser,
    /// The caller's; everybody's for reviewers, staff and superusers.
    OwnOrReviewed,
    /// Everybody's for staff; for others what is shared with them.
    Shared,
}

/// A path, what a verb that it does not have would need, and its verbs.
pub struct Access {
    pub path: &'static str,
    pub otherwise: Permission,
    pub verbs: &'static [(Verb, Permission, Whose)],
}

const fn on(path: &'static str, otherwise: Permission, verbs: &'static [(Verb, Permission, Whose)]) -> Access {
    Access { path, otherwise, verbs }
}

/// The table. One line a path; sorted as the contract is.
#[rustfmt::skip]
pub static TABLE: &[Access] = &[
    on("/api/auth/register", Public, &[(Post, Public, All)]),
    on("/api/auth/login", Public, &[(Post, Public, All)]),
    on("/api/auth/logout", Public, &[(Delete, Public, Own)]),
    on("/api/auth/forgot", Public, &[(Post, Public, All)]),
    on("/api/auth/verify", Public, &[(Post, Public, All)]),
    on("/api/auth/reset", Public, &[(Post, Public, Own)]),

    on("/api/users", Staff, &[(Get, Staff, All), (Post, Staff, All)]),
    on("/api/users/{username}", Staff, &[(Get, Staff, All), (Patch, Staff, All), (Delete, Staff, All)]),
    on("/api/users/{username}/erase", Superuser, &[(Post, Superuser, All)]),
    on("/api/users/me", Staff, &[(Get, User, Own), (Patch, User, Own)]),

    on("/api/projects", Staff, &[(Get, User, Shared), (Post, Staff, All)]),
    on("/api/projects/{id}", Staff, &[(Get, User, Shared), (Patch, Staff, All), (Delete, Staff, All)]),

    on("/api/projects/{project}/create_assistant", Staff, &[(Post, Staff, All)]),
    on("/api/projects/{project}/list_assistants", Staff, &[(Get, Staff, All)]),

    on("/api/projects/{project}/retrieval", Staff, &[(Get, Staff, All), (Patch, Staff, All)]),
    on("/api/projects/{project}/retrieval/explain", Staff, &[(Post, Staff, All)]),

    on("/api/projects/{project}/documents", Staff, &[(Get, Staff, All), (Post, Staff, All)]),
    on("/api/projects/{project}/documents/{id}", Staff, &[(Get, Staff, All), (Patch, Staff, All), (Delete, Staff, All)]),
    on("/api/projects/{project}/documents/{id}/text", Staff, &[(Get, Staff, All)]),
    on("/api/projects/{project}/documents/{id}/versions", Staff, &[(Post, Staff, All)]),
    on("/api/projects/{project}/documents/{id}/retry", Staff, &[(Post, Staff, All)]),
    on("/api/projects/{project}/documents/{id}/cancel", Staff, &[(Post, Staff, All)]),
    on("/api/projects/{project}/documents/{id}/progress", Staff, &[(Get, Staff, All)]),

    on("/api/projects/{project}/chats", Chatter, &[(Get, Chatter, FetchAll), (Post, Chatter, Own)]),
    on("/api/projects/{project}/chats/{id}", Chatter, &[(Get, Chatter, FetchAll), (Patch, Chatter, FetchAll), (Delete, Chatter, FetchAll)]),
    on("/api/projects/{project}/chats/list_all", Chatter, &[(Get, Chatter, OwnOrSuperuser)]),
    on("/api/projects/{project}/chats/{id}/feedbacks", Chatter, &[(Get, Chatter, FetchAll)]),
    on("/api/projects/{project}/chats/{id}/converse", Chatter, &[(Post, Chatter, Own)]),
    on("/api/projects/{project}/chats/{id}/speech_to_text", Chatter, &[(Post, Chatter, Own)]),

    on("/api/chats", ApiKey, &[(Get, ApiKey, Own), (Post, ApiKey, Own)]),
    on("/api/chats/{id}", ApiKey, &[(Get, ApiKey, Own), (Patch, ApiKey, Own)]),
    on("/api/chats/{id}/converse", ApiKey, &[(Post, ApiKey, Own)]),
    on("/api/chats/transcribe", ApiKey, &[(Post, ApiKey, All)]),
    on("/api/chats/completion", ApiKey, &[(Post, ApiKey, All)]),

    on("/api/temptokens", ApiKey, &[(Post, ApiKey, Own)]),

    on("/api/services", Staff, &[(Get, Staff, OwnOrSuperuser), (Post, Staff, OwnOrSuperuser)]),
    on("/api/services/{id}", Staff, &[(Get, Staff, OwnOrSuperuser), (Patch, Staff, OwnOrSuperuser), (Delete, Staff, OwnOrSuperuser)]),
    on("/api/services/{service}/keys", Staff, &[(Get, Staff, OwnOrSuperuser), (Post, Staff, OwnOrSuperuser)]),
    on("/api/services/{service}/keys/{id}", Staff, &[(Delete, Staff, OwnOrSuperuser)]),

    on("/api/feedback", User, &[(Get, User, OwnOrReviewed), (Post, User, Own)]),
    on("/api/feedback/{id}", User, &[(Get, User, OwnOrReviewed)]),

    on("/api/tests/suites", Reviewer, &[(Get, Reviewer, All), (Post, Reviewer, All)]),
    on("/api/tests/suites/{id}", Reviewer, &[(Get, Reviewer, All), (Patch, Reviewer, All), (Delete, Reviewer, All)]),
    on("/api/tests/suites/{suite}/questions", Reviewer, &[(Get, Reviewer, All), (Post, Reviewer, All)]),
    on("/api/tests/suites/{suite}/questions/{id}", Reviewer, &[(Get, Reviewer, All), (Patch, Reviewer, All), (Delete, Reviewer, All)]),
    on("/api/tests/suites/{suite}/questions/{question}/documents", Staff, &[(Get, Staff, All), (Post, Staff, All)]),
    on("/api/tests/suites/{suite}/questions/{question}/documents/{id}", Staff, &[(Get, Staff, All), (Delete, Staff, All)]),
    on("/api/tests/suites/{suite}/runs", Reviewer, &[(Get, Reviewer, All), (Post, Reviewer, All)]),
    on("/api/tests/suites/{suite}/runs/{id}", Reviewer, &[(Get, Reviewer, All), (Patch, Reviewer, All), (Delete, Reviewer, All)]),
    on("/api/tests/suites/{suite}/runs/{run}/feedback", Reviewer, &[(Get, Reviewer, All), (Post, Reviewer, All)]),
    on("/api/tests/suites/{suite}/runs/{run}/feedback/{number}", Reviewer, &[(Get, Reviewer, All), (Patch, Reviewer, All), (Delete, Reviewer, All)]),

    on("/media/{name}", Public, &[(Get, Public, All)]),
    on("/api/schema", Public, &[(Get, Public, All)]),
    on("/health/live", Public, &[(Get, Public, All)]),
    on("/health/ready", Public, &[(Get, Public, All)]),
];

/// What a path's verbs that it does not have would need, and so which credentials count on it.
pub(super) fn needed_at(parts: &Parts) -> Option<Permission> {
    parts.extensions.get::<MatchedPath>().and_then(|path| find(path.as_str())).map(|access| access.otherwise)
}

fn find(path: &str) -> Option<&'static Access> {
    TABLE.iter().find(|access| access.path == path)
}

/// Begins to register the handlers of a path of the [`TABLE`].
pub(super) fn at(web: &Web, path: &'static str) -> Registration {
    let access = find(path).unwrap_or_else(|| panic!("{path} is not in the table of who may do what"));
    Registration { web: web.clone(), access, resource: resource(access.otherwise), open: access.verbs.to_vec() }
}

/// A path whose handlers are being registered.
#[must_use = "a path is served after `served`"]
pub(super) struct Registration {
    web: Web,
    access: &'static Access,
    resource: Resource<Web>,
    /// What the table knows and has no handler yet.
    open: Vec<(Verb, Permission, Whose)>,
}

impl Registration {
    pub(super) fn get<H: Handler<T, Web>, T: 'static>(mut self, handler: H) -> Self {
        let needs = self.take(Get);
        self.resource = self.resource.get(needs, handler);
        self
    }

    pub(super) fn post<H: Handler<T, Web>, T: 'static>(mut self, handler: H) -> Self {
        let needs = self.take(Post);
        self.resource = self.resource.post(needs, handler);
        self
    }

    pub(super) fn patch<H: Handler<T, Web>, T: 'static>(mut self, handler: H) -> Self {
        let needs = self.take(Patch);
        self.resource = self.resource.patch(needs, handler);
        self
    }

    pub(super) fn delete<H: Handler<T, Web>, T: 'static>(mut self, handler: H) -> Self {
        let needs = self.take(Delete);
        self.resource = self.resource.delete(needs, handler);
        self
    }

    /// Ids of this path may contain a dot: usernames and names of files do. Elsewhere such a path does not exist.
    pub(super) fn dotted_ids(mut self) -> Self {
        self.resource = self.resource.dotted_ids();
        self
    }

    /// The routes have forms beside JSON, and look at `Accept` and `?format=` themselves.
    pub(super) fn own_forms(mut self) -> Self {
        self.resource = self.resource.own_forms();
        self
    }

    /// The router of the path. Every verb of the table has a handler now.
    pub(super) fn served(self) -> Router<Web> {
        assert!(self.open.is_empty(), "{} has no handler for {:?}", self.access.path, self.open);
        Router::new().route(self.access.path, self.resource.guarded_by(self.web))
    }

    fn take(&mut self, verb: Verb) -> Permission {
        let place = self.open.iter().position(|(open, ..)| *open == verb);
        let place = place.unwrap_or_else(|| panic!("{} has no {verb:?} in the table", self.access.path));
        self.open.remove(place).1
    }
}

/// Whose objects the request reaches, for this caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Everybody's.
    All,
    /// One owner's.
    Of(ChatOwner),
    /// What is shared with people who are not staff.
    Shared,
    /// Nobody's.
    Nothing,
}

impl Scope {
    /// Whether an object of this owner can be reached.
    pub(super) fn covers(self, owner: Option<ChatOwner>) -> bool {
        match self {
            Self::All => true,
            Self::Of(one) => owner == Some(one),
            Self::Shared | Self::Nothing => false,
        }
    }

    /// The person whose objects alone are listed; `None` for everybody's.
    pub(super) fn only_user(self) -> Option<UserId> {
        match self {
            Self::Of(ChatOwner::User(user)) => Some(user),
            Self::All => None,
            Self::Of(ChatOwner::ApiKey(_)) | Self::Shared | Self::Nothing => Some(UserId::new(uuid::Uuid::nil())),
        }
    }

    fn of(whose: Whose, who: Option<&Who>, query: &ListQuery) -> Self {
        let caller = match who {
            Some(Who::Person(caller)) => caller,
            Some(Who::Service(service)) if whose != All => return Self::Of(ChatOwner::ApiKey(service.key)),
            Some(Who::Service(_)) | None => return if whose == All { Self::All } else { Self::Nothing },
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
        Ok(Self::of(*whose, parts.extensions.get::<Who>(), &ListQuery::of(&parts.uri)))
    }
}
