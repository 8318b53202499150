//! Reads of what is another person's: who, what, whose and why is on record before anything is shown, and so is what is
//! refused.

use axum::{
    extract::{FromRequestParts, MatchedPath, RawPathParams},
    http::{HeaderMap, StatusCode, request::Parts},
};
use commands::execute::Context;
use domain::{
    AggregateType,
    access::{Access, AccessKind, AccessedObject},
    chat::ChatOwner,
    ids::{ChatId, UserId},
    user::{HeldRoles, Role, Roles},
};
use projections::{accesses, chats};
use uuid::Uuid;

use super::{
    caller::{CallerInfo, Principal},
    http_state::{HttpState, Origin},
};
use crate::{contract::problem::ApiError, limits::Action};

/// The header in which the reader says why.
pub(super) const REASON: &str = "x-access-reason";

/// The characters that a reason may have.
const MAX_REASON_CHARS: usize = 500;

const NO_REASON: &str = "Say in the header X-Access-Reason why you open what is another person's.";

/// A thing that is read, with its owner.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thing {
    pub(super) kind: AggregateType,
    pub(super) id: Uuid,
    /// `None` if it is nobody's.
    pub(super) owner: Option<ChatOwner>,
}

impl Thing {
    pub(super) fn chat(id: ChatId, owner: Option<ChatOwner>) -> Self {
        Self { kind: AggregateType::Chat, id: id.value(), owner }
    }

    /// Returns a thing by its kind and id, with the owner as far as a view tells it.
    pub(super) async fn of(state: &HttpState, kind: AggregateType, id: Uuid) -> Result<Self, ApiError> {
        let owner = match kind {
            AggregateType::Chat => chats::owners(&state.app.views, &[id]).await?.pop().and_then(|(_, owner)| owner),
            // The id of an erasure's case is that of its subject.
            AggregateType::User | AggregateType::Erasure => Some(ChatOwner::User(UserId::new(id))),
            AggregateType::Project
            | AggregateType::Document
            | AggregateType::TestSuite
            | AggregateType::TestRun
            | AggregateType::Feedback
            | AggregateType::Service
            | AggregateType::Access => None,
        };
        Ok(Self { kind, id, owner })
    }
}

impl From<Thing> for AccessedObject {
    fn from(Thing { kind, id, owner }: Thing) -> Self {
        let owner = match owner {
            Some(ChatOwner::User(user)) => Some(user),
            Some(ChatOwner::ApiKey(_)) | None => None,
        };
        Self { kind: Some(kind), id, owner }
    }
}

/// A request that may read what is another person's.
pub(super) struct Reading {
    origin: Origin,
    principal: Option<Principal>,
    /// The method and the path, with the names of its ids in their place.
    request: String,
    reason: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Reading {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        Ok(Self {
            request: format!("{} {path}", parts.method),
            principal: parts.extensions.get::<Principal>().cloned(),
            reason: reason_in(&parts.headers)?,
            origin: Origin::from_request_parts(parts, state).await?,
        })
    }
}

/// Returns the reason that the client sent.
///
/// # Errors
/// A 400 if it is empty, too long or no text.
fn reason_in(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(REASON) else { return Ok(None) };
    let text = str::from_utf8(value.as_bytes()).map(str::trim).unwrap_or_default();
    if text.is_empty() || text.chars().count() > MAX_REASON_CHARS {
        let said = format!("X-Access-Reason is a text in UTF-8 of 1 to {MAX_REASON_CHARS} characters.");
        return Err(ApiError::detail(StatusCode::BAD_REQUEST, said));
    }
    Ok(Some(text.to_owned()))
}

impl Reading {
    /// The origin of the request.
    pub(super) const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Puts on record that things are shown; what is the reader's own needs no record.
    ///
    /// # Errors
    /// A 403 if a reason is missing that the configuration asks for, or a failure of the log: nothing is to be shown
    /// then.
    pub(super) async fn shows(&self, state: &HttpState, what: AccessKind, things: &[Thing]) -> Result<(), ApiError> {
        let objects: Vec<AccessedObject> =
            things.iter().filter(|thing| !self.is_own(thing.owner)).map(|thing| (*thing).into()).collect();
        if objects.is_empty() {
            return Ok(());
        }
        let access = self.access(state, what, objects).await?;
        let asks_for_reason = state.asks_for_reason() && access.reader.is_some();
        if asks_for_reason && access.reason.is_none() && what != AccessKind::ChatList && opens_a_chat(&access) {
            self.record_refusal(state, access).await;
            return Err(ApiError::detail(StatusCode::FORBIDDEN, NO_REASON));
        }
        Ok(state.app.accesses.grant(access, &self.context()?).await?)
    }

    /// Puts on record that the audit trail itself is read, whoever is in it.
    ///
    /// # Errors
    /// See [`Self::shows`].
    pub(super) async fn shows_accesses(&self, state: &HttpState) -> Result<(), ApiError> {
        let access = self.access(state, AccessKind::Accesses, vec![]).await?;
        Ok(state.app.accesses.grant(access, &self.context()?).await?)
    }

    /// Puts on record that a thing was not shown that is there, and returns the refusal, which does not tell so.
    pub(super) async fn refuses(&self, state: &HttpState, what: AccessKind, thing: Thing) -> ApiError {
        if !self.is_own(thing.owner) {
            match self.access(state, what, vec![thing.into()]).await {
                Ok(access) => self.record_refusal(state, access).await,
                Err(error) => tracing::error!(?error, "a refused access is not on record"),
            }
        }
        ApiError::not_found()
    }

    /// Records a refusal, as many in a time as the configuration says. The refusal stands whether or not it is recorded.
    async fn record_refusal(&self, state: &HttpState, access: Access) {
        let Ok(context) = self.context() else { return };
        if state.throttle_account(Action::RefusedAccess, &context.actor.to_string()).is_ok()
            && let Err(error) = state.app.accesses.refuse(access, &context).await
        {
            tracing::error!(error = commands::error_chain(&error), "a refused access is not on record");
        }
    }

    async fn access(
        &self,
        state: &HttpState,
        what: AccessKind,
        objects: Vec<AccessedObject>,
    ) -> Result<Access, ApiError> {
        let person = self.person();
        let session_id = person.and_then(|caller| caller.session);
        let reason = match (&self.reason, session_id, objects.first()) {
            (Some(reason), ..) => Some(reason.clone()),
            (None, Some(session), Some(object)) => accesses::reason_given(&state.app.views, session, object.id).await?,
            (None, ..) => None,
        };
        Ok(Access {
            reader: person.map(CallerInfo::id),
            session_id,
            roles: person.map(roles_of).unwrap_or_default(),
            what,
            request: self.request.clone(),
            objects,
            reason: reason.map(Into::into),
        })
    }

    /// The person who reads; `None` for a service and for whoever acts by its temp token.
    const fn person(&self) -> Option<&CallerInfo> {
        match &self.principal {
            Some(Principal::Person(caller)) if caller.via.is_none() => Some(caller),
            Some(Principal::Person(_) | Principal::Service(_)) | None => None,
        }
    }

    fn is_own(&self, owner: Option<ChatOwner>) -> bool {
        match (&self.principal, owner) {
            (Some(Principal::Person(caller)), Some(ChatOwner::User(owner))) => caller.id() == owner,
            (Some(Principal::Service(service)), Some(ChatOwner::ApiKey(key))) => service.key == key,
            _ => false,
        }
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

fn opens_a_chat(access: &Access) -> bool {
    access.objects.iter().any(|object| object.kind == Some(AggregateType::Chat))
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

impl HttpState {
    /// Puts on record that a caller was refused because of a missing right.
    pub(super) async fn record_denial(&self, caller: &Principal, parts: &mut Parts) {
        let ids = RawPathParams::from_request_parts(parts, self).await.ok();
        let ids = ids.iter().flatten().filter_map(|(_, id)| Uuid::parse_str(id).ok());
        let objects = ids.map(|id| AccessedObject { kind: None, id, owner: None }).collect();
        parts.extensions.insert(caller.clone());
        // A malformed reason is told where it matters.
        parts.headers.remove(REASON);
        let Ok(reading) = Reading::from_request_parts(parts, self).await else { return };
        match reading.access(self, AccessKind::Other, objects).await {
            Ok(access) => reading.record_refusal(self, access).await,
            Err(error) => tracing::error!(?error, "a refused access is not on record"),
        }
    }
}
