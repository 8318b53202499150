//! Reads of what is another person's: who, what, whose and why is on record before anything is shown, and so is what is
//! refused.

mod denial;
mod reason;
mod thing;

use std::collections::{BTreeMap, HashMap};

use axum::{
    extract::{FromRequestParts, MatchedPath},
    http::{StatusCode, request::Parts},
};
use commands::execute::Context;
use domain::{
    AggregateType,
    access::{Access, AccessKind, AccessedObject},
    chat::ChatOwner,
    ids::SessionId,
    user::{HeldRoles, Role, Roles},
};
use projections::accesses;
use uuid::Uuid;

pub(super) use self::thing::{Thing, kind_named};
use super::{
    access::Scope,
    caller::{CallerInfo, Principal},
    http_state::{HttpState, Origin},
};
use crate::{contract::problem::ApiError, limits::Action};

const NO_REASON: &str = "Say in the header X-Access-Reason why you open what is another person's.";

/// A request that may read what is another person's.
pub(super) struct Reading {
    origin: Origin,
    principal: Option<Principal>,
    /// The method and the path, with the names of its ids in their place.
    request: String,
    /// What the client sent with this request.
    reason: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Reading {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let reason = reason::of(&parts.headers)?;
        Self::with_reason(reason, parts, state).await
    }
}

impl Reading {
    async fn with_reason<S: Send + Sync>(
        reason: Option<String>,
        parts: &mut Parts,
        state: &S,
    ) -> Result<Self, ApiError> {
        let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        Ok(Self {
            request: format!("{} {path}", parts.method),
            principal: parts.extensions.get::<Principal>().cloned(),
            reason,
            origin: Origin::from_request_parts(parts, state).await?,
        })
    }

    /// The origin of the request.
    pub(super) const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns whether the scope has nothing but what is the reader's own, of which there is no record.
    pub(super) fn is_own_scope(&self, scope: Scope) -> bool {
        match scope {
            Scope::Of(owner) => self.is_own(Some(owner)),
            Scope::Nothing => true,
            Scope::All | Scope::Shared => false,
        }
    }

    /// Puts on record that things are shown; what is the reader's own needs no record.
    ///
    /// # Errors
    /// A 403 if a reason is missing that the configuration asks for, or a failure of the log: nothing is to be shown
    /// then.
    pub(super) async fn shows(&self, state: &HttpState, what: AccessKind, things: &[Thing]) -> Result<(), ApiError> {
        let objects = self.of_others(things);
        if objects.is_empty() { Ok(()) } else { self.grants(state, what, vec![], objects).await }
    }

    /// Puts on record that a list is shown that is not the reader's own, `about` these things: also if nothing is in it, because
    /// its count tells what there is.
    ///
    /// # Errors
    /// See [`Self::shows`].
    pub(super) async fn lists(
        &self,
        state: &HttpState,
        what: AccessKind,
        about: &[Thing],
        things: &[Thing],
    ) -> Result<(), ApiError> {
        self.grants(state, what, self.of_others(about), self.of_others(things)).await
    }

    async fn grants(
        &self,
        state: &HttpState,
        what: AccessKind,
        about: Vec<AccessedObject>,
        objects: Vec<AccessedObject>,
    ) -> Result<(), ApiError> {
        let mut by_reason = self.by_reason(state, what, objects).await?;
        if state.asks_for_reason()
            && self.person().is_some()
            && what != AccessKind::ChatList
            && let Some(unexplained) = by_reason.get(&None)
            && unexplained.iter().any(|object| object.kind == Some(AggregateType::Chat))
        {
            self.record_refusal(state, Action::RefusedAccess, what, unexplained.clone()).await;
            return Err(ApiError::detail(StatusCode::FORBIDDEN, NO_REASON));
        }
        if let Some(mut first) = by_reason.first_entry() {
            first.get_mut().splice(0..0, about);
        } else {
            by_reason.insert(self.reason.clone(), about);
        }
        let accesses = by_reason.into_iter().map(|(reason, objects)| self.access(what, objects, reason)).collect();
        let written = state.app.accesses.grant(accesses, &self.context()?).await?;
        // What was given once has to hold for the next request, which may follow at once.
        if self.reason.is_some() && self.session().is_some() {
            for committed in written {
                state.settled(&committed).await;
            }
        }
        Ok(())
    }

    /// Groups things by the reasons for which they are read: that of this request for all of them, or else the one that was
    /// given before for each of them. A list of titles has no reason of before.
    async fn by_reason(
        &self,
        state: &HttpState,
        what: AccessKind,
        objects: Vec<AccessedObject>,
    ) -> Result<BTreeMap<Option<String>, Vec<AccessedObject>>, ApiError> {
        let given = match (&self.reason, self.session()) {
            (None, Some(session)) if what != AccessKind::ChatList => {
                let ids: Vec<Uuid> = objects.iter().map(|object| object.id).collect();
                accesses::reasons_given(&state.app.views, session, &ids).await?
            }
            _ => HashMap::new(),
        };
        let mut by_reason: BTreeMap<Option<String>, Vec<AccessedObject>> = BTreeMap::new();
        for object in objects {
            let reason = self.reason.clone().or_else(|| given.get(&object.id).cloned());
            by_reason.entry(reason).or_default().push(object);
        }
        Ok(by_reason)
    }

    /// Puts on record that a thing was not shown that is there, and returns the refusal, which does not tell so.
    pub(super) async fn refuses(&self, state: &HttpState, what: AccessKind, thing: Thing) -> ApiError {
        if !self.is_own(thing.owner) {
            self.record_refusal(state, Action::RefusedAccess, what, vec![thing.into()]).await;
        }
        ApiError::not_found()
    }

    /// Records a refusal, as many in a time as the configuration says. The refusal stands whether or not it is recorded.
    async fn record_refusal(&self, state: &HttpState, action: Action, what: AccessKind, objects: Vec<AccessedObject>) {
        let Ok(context) = self.context() else { return };
        if !state.may_record(action, &context.actor.to_string()) {
            return;
        }
        let access = self.access(what, objects, self.reason.clone());
        if let Err(error) = state.app.accesses.refuse(access, &context).await {
            tracing::error!(error = commands::error_chain(&error), "a refused access is not on record");
        }
    }

    fn access(&self, what: AccessKind, objects: Vec<AccessedObject>, reason: Option<String>) -> Access {
        let person = self.person();
        Access {
            reader: person.map(CallerInfo::id),
            session_id: self.session(),
            roles: person.map(roles_of).unwrap_or_default(),
            what,
            request: self.request.clone(),
            objects,
            reason: reason.filter(|_| person.is_some()).map(Into::into),
        }
    }

    /// The person who reads; `None` for a service and for whoever acts by its temp token.
    const fn person(&self) -> Option<&CallerInfo> {
        match &self.principal {
            Some(Principal::Person(caller)) if caller.via.is_none() => Some(caller),
            Some(Principal::Person(_) | Principal::Service(_)) | None => None,
        }
    }

    fn session(&self) -> Option<SessionId> {
        self.person().and_then(|caller| caller.session)
    }

    /// What a service's owner has is not the own of whoever acts by a temp token of the service.
    fn is_own(&self, owner: Option<ChatOwner>) -> bool {
        match (&self.principal, owner) {
            (Some(Principal::Person(caller)), Some(ChatOwner::User(owner))) => {
                caller.via.is_none() && caller.id() == owner
            }
            (Some(Principal::Service(service)), Some(ChatOwner::ApiKey(key))) => service.key == key,
            _ => false,
        }
    }

    fn of_others(&self, things: &[Thing]) -> Vec<AccessedObject> {
        things.iter().filter(|thing| !self.is_own(thing.owner)).map(|thing| (*thing).into()).collect()
    }

    fn context(&self) -> Result<Context, ApiError> {
        let actor = match &self.principal {
            Some(Principal::Person(caller)) => caller.actor(),
            Some(Principal::Service(service)) => service.actor(),
            None => return Err(ApiError::not_authenticated()),
        };
        Ok(self.origin.context(actor))
    }
}

fn roles_of(caller: &CallerInfo) -> Vec<Role> {
    let user = &caller.user;
    let roles = Roles {
        is_staff: user.is_staff,
        is_reviewer: user.is_reviewer,
        is_superuser: user.is_superuser,
        allow_key: user.allow_key,
    };
    HeldRoles { roles, is_auditor: user.is_auditor }.list()
}
