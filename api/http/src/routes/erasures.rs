//! `erasures`: the steps to the erasure of a person, which superusers take, legal holds, and what is not erased from every
//! store yet. Not part of the contract; errors are problem details.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use commands::{
    erasure::{KnownCase, cases},
    retention::kept_until,
};
use domain::{
    erasure::{ErasureReason, ErasureRequest, FileNumber, Hold, HoldReason, Stage, StoreState},
    ids::{ErasureId, HoldId, SubjectId, UserId},
};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use super::{
    access::at,
    caller::CallerInfo,
    http_state::{HttpState, Origin, empty},
};
use crate::{
    contract::{
        ids::{Own, PathIds},
        input::UnreadBody,
        problem::ApiError,
    },
    openapi::errors::{NoSuchObject, StateConflict},
};

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(list, request, approve, reject, hold, lift))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    Router::new()
        .merge(at(state, "/api/erasures").get(list).post(request).served())
        .merge(at(state, "/api/erasures/{id}/approve").post(approve).served())
        .merge(at(state, "/api/erasures/{id}/reject").post(reject).served())
        .merge(at(state, "/api/erasures/holds").post(hold).served())
        .merge(at(state, "/api/erasures/holds/{id}/lift").post(lift).served())
}

/// What is asked for.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "the document is made from its fields")]
pub(super) struct NewErasure {
    /// The person, or the chat of an API key.
    subject: Uuid,
    /// `subject_request`, `retention_ended` or `unspecified`, which it is by default.
    #[schema(nullable = false)]
    reason: Option<String>,
    /// The number of a file in which more is said: letters of A to Z, digits and signs of `./_-`.
    #[schema(nullable = false)]
    file_number: Option<String>,
}

/// What nothing may be erased or deleted of.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "the document is made from its fields")]
pub(super) struct NewHold {
    /// The person, or the chat of an API key.
    subject: Uuid,
    /// `litigation`, `investigation` or `statutory_duty`.
    reason: String,
    /// The number of a file in which more is said: letters of A to Z, digits and signs of `./_-`.
    #[schema(nullable = false)]
    file_number: Option<String>,
}

/// All cases, the one that changed last first.
#[derive(Serialize, ToSchema)]
pub(super) struct Cases {
    results: Vec<Case>,
}

/// The case of a subject.
#[derive(Serialize, ToSchema)]
pub(super) struct Case {
    /// The person, or the chat of an API key.
    subject: Uuid,
    changed_at: DateTime<Utc>,
    /// The last request; null if there are only holds.
    request: Option<Request>,
    holds: Vec<LegalHold>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Request {
    id: Uuid,
    /// `person` or `chat`.
    kind: String,
    reason: String,
    file_number: Option<String>,
    requester: Option<Uuid>,
    /// Whoever approved or rejected.
    decider: Option<Uuid>,
    /// `one` or `two`.
    rule: String,
    /// `requested`, `rejected`, `incomplete` or `completed`.
    stage: String,
    /// Until when a rule of retention forbids the approval that it waits for; null if none does.
    kept_until: Option<DateTime<Utc>>,
    stores: Vec<StoreReceipt>,
    /// The signed note, when it is completed.
    certificate: Option<String>,
}

/// What is known of a store.
#[derive(Serialize, ToSchema)]
pub(super) struct StoreReceipt {
    store: String,
    /// The things that were destroyed or looked at; null if the store was not reached.
    #[schema(minimum = 0)]
    erased: Option<u64>,
    /// `unavailable`, `still_there` or `behind`; null if it is erased.
    fault: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct LegalHold {
    id: Uuid,
    reason: String,
    file_number: Option<String>,
    is_lifted: bool,
}

impl From<KnownCase> for Case {
    fn from(KnownCase { subject, case, changed_at }: KnownCase) -> Self {
        let holds = case.holds.into_iter().map(|Hold { id, reason, file_number, is_lifted }| LegalHold {
            id: id.value(),
            reason: reason.to_string(),
            file_number: file_number.map(|number| number.as_str().to_owned()),
            is_lifted,
        });
        Self { subject: subject.value(), changed_at, request: case.request.map(Request::from), holds: holds.collect() }
    }
}

impl From<ErasureRequest> for Request {
    fn from(request: ErasureRequest) -> Self {
        let ErasureRequest { id, kind, reason, file_number, requester, decider, rule, stage, stores, certificate } =
            request;
        let stores = stores.into_iter().map(|(store, state)| match state {
            StoreState::Erased { count } => StoreReceipt { store: store.to_string(), erased: Some(count), fault: None },
            StoreState::Failed(fault) => {
                StoreReceipt { store: store.to_string(), erased: None, fault: Some(fault.to_string()) }
            }
        });
        Self {
            id: id.value(),
            kind: kind.to_string(),
            reason: reason.to_string(),
            file_number: file_number.map(|number| number.as_str().to_owned()),
            requester: requester.map(UserId::value),
            decider: decider.map(UserId::value),
            rule: rule.to_string(),
            stage: stage.to_string(),
            kept_until: None,
            stores: stores.collect(),
            certificate,
        }
    }
}

/// The case as it is shown, with what the approval waits for.
async fn shown(state: &HttpState, known: KnownCase) -> Result<Case, ApiError> {
    let is_waiting = known.case.request.as_ref().is_some_and(|request| request.stage == Stage::Requested);
    let mut case = Case::from(known);
    if let Some(request) = case.request.as_mut().filter(|_| is_waiting) {
        let (app, subject) = (&state.app, SubjectId::new(case.subject));
        let kept = kept_until(&app.pool, app.erasure.retention(), subject, app.clock.now()).await?;
        request.kept_until = kept.map(|kept| kept.until);
    }
    Ok(case)
}

async fn case_of(state: &HttpState, subject: SubjectId) -> Result<Case, ApiError> {
    let known = cases(&state.app.pool, Some(subject)).await.map_err(ApiError::internal)?.pop();
    shown(state, known.ok_or_else(ApiError::no_such_object)?).await
}

/// The subject of the case that is so.
async fn subject_with(state: &HttpState, is_so: impl Fn(&KnownCase) -> bool) -> Result<SubjectId, ApiError> {
    let known = cases(&state.app.pool, None).await.map_err(ApiError::internal)?;
    Ok(known.into_iter().find(is_so).ok_or_else(ApiError::no_such_object)?.subject)
}

async fn subject_of(state: &HttpState, id: ErasureId) -> Result<SubjectId, ApiError> {
    subject_with(state, |known| known.case.request.as_ref().is_some_and(|request| request.id == id)).await
}

/// The cases of all erasures and legal holds, the one that changed last first.
#[utoipa::path(get, path = "/api/erasures", responses((status = 200, description = "All cases", body = Cases)))]
async fn list(State(state): State<HttpState>) -> Result<Json<Cases>, ApiError> {
    let known = cases(&state.app.pool, None).await.map_err(ApiError::internal)?;
    let mut results = Vec::with_capacity(known.len());
    for known in known.into_iter().rev() {
        results.push(shown(&state, known).await?);
    }
    Ok(Json(Cases { results }))
}

/// Asks for the erasure of a person, or of a chat of an API key. Somebody approves it; where it takes two, another
/// superuser.
#[utoipa::path(
    post,
    path = "/api/erasures",
    request_body = NewErasure,
    responses(
        (status = 201, description = "Asked for", body = Case),
        (status = 404, response = NoSuchObject),
        (status = 409, response = StateConflict)
    )
)]
async fn request(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let (subject, reason, file_number) = body.read().await?.create(|fields| {
        let is_reason =
            |text: &str| matches!(text.parse::<ErasureReason>(), Ok(reason) if reason != ErasureReason::RestoredBackup);
        (
            fields.uuid("subject").required(),
            fields.text("reason").check(NO_REASON, is_reason).optional(),
            fields.text("file_number").check(NO_FILE_NUMBER, |text| FileNumber::parse(text).is_ok()).optional(),
        )
    })?;
    let reason = reason.and_then(|text| text.parse().ok()).unwrap_or(ErasureReason::Unspecified);
    let file_number = file_number.and_then(|text| FileNumber::parse(&text).ok());
    let (subject, context) = (SubjectId::new(subject), origin.context(caller.actor()));
    state.app.erasure.request(subject, (reason, file_number), Some(caller.id()), &context).await?;
    Ok((StatusCode::CREATED, Json(case_of(&state, subject).await?)).into_response())
}

const NO_REASON: &str = "There is no such reason.";
const NO_FILE_NUMBER: &str = "A file number has letters of A to Z, digits and signs of ./_-, and at least one digit.";

/// Approves a request, which destroys the keys. It cannot be undone. While a legal hold is on the subject, or a rule of
/// retention wants something of it kept, the request waits.
#[utoipa::path(
    post,
    path = "/api/erasures/{id}/approve",
    responses(
        (status = 204, description = "Erased; the receipts of the stores follow"),
        (status = 404, response = NoSuchObject),
        (status = 409, response = StateConflict)
    )
)]
async fn approve(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds(id): PathIds<Own<ErasureId>>,
) -> Result<Response, ApiError> {
    let subject = subject_of(&state, id).await?;
    let context = origin.context(caller.actor());
    let committed = state.app.erasure.approve(subject, id, Some(caller.id()), &context).await?;
    state.respond_after_commit(&committed, async || Ok(empty(StatusCode::NO_CONTENT))).await
}

/// Rejects a request. The erasure can be asked for again.
#[utoipa::path(
    post,
    path = "/api/erasures/{id}/reject",
    responses(
        (status = 204, description = "Rejected"),
        (status = 404, response = NoSuchObject),
        (status = 409, response = StateConflict)
    )
)]
async fn reject(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds(id): PathIds<Own<ErasureId>>,
) -> Result<Response, ApiError> {
    let subject = subject_of(&state, id).await?;
    let context = origin.context(caller.actor());
    let committed = state.app.erasure.reject(subject, id, Some(caller.id()), &context).await?;
    state.respond_after_commit(&committed, async || Ok(empty(StatusCode::NO_CONTENT))).await
}

/// Places a legal hold on a person, or on a chat of an API key: nothing of it is erased or deleted until it is lifted.
#[utoipa::path(
    post,
    path = "/api/erasures/holds",
    request_body = NewHold,
    responses(
        (status = 201, description = "On hold", body = Case),
        (status = 404, response = NoSuchObject),
        (status = 409, response = StateConflict)
    )
)]
async fn hold(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let (subject, reason, file_number) = body.read().await?.create(|fields| {
        (
            fields.uuid("subject").required(),
            fields.text("reason").check(NO_REASON, |text| text.parse::<HoldReason>().is_ok()).required(),
            fields.text("file_number").check(NO_FILE_NUMBER, |text| FileNumber::parse(text).is_ok()).optional(),
        )
    })?;
    let reason = reason.parse::<HoldReason>().map_err(ApiError::internal)?;
    let file_number = file_number.and_then(|text| FileNumber::parse(&text).ok());
    let (subject, context) = (SubjectId::new(subject), origin.context(caller.actor()));
    state.app.erasure.place_hold(subject, reason, file_number, &context).await?;
    Ok((StatusCode::CREATED, Json(case_of(&state, subject).await?)).into_response())
}

/// Lifts a legal hold.
#[utoipa::path(
    post,
    path = "/api/erasures/holds/{id}/lift",
    responses(
        (status = 204, description = "Lifted"),
        (status = 404, response = NoSuchObject),
        (status = 409, response = StateConflict)
    )
)]
async fn lift(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds(id): PathIds<Own<HoldId>>,
) -> Result<Response, ApiError> {
    let subject = subject_with(&state, |known| known.case.holds.iter().any(|hold| hold.id == id)).await?;
    let committed = state.app.erasure.lift_hold(subject, id, &origin.context(caller.actor())).await?;
    state.respond_after_commit(&committed, async || Ok(empty(StatusCode::NO_CONTENT))).await
}
