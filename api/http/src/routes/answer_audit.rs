//! `audit/chat/…`: what auditors and superusers read of conversations and answers. Not part of the contract; errors are problem
//! details.

use axum::{Json, Router, extract::State, http::Uri};
use commands::{auditing::AuditingError, event_log::MomentError};
use domain::{
    AggregateType,
    access::AccessKind,
    ids::{ChatId, MessageId},
};
use utoipa::{IntoParams, OpenApi};

use super::{
    access::at,
    audit_query::{Parameters, refused},
    http_state::HttpState,
    reading::{Reading, Thing},
};
use crate::{
    contract::{
        ids::{PathIds, Problem},
        problem::ApiError,
    },
    openapi::{
        errors::{NoSuchObject, WrongParameter},
        parameters::AccessReason,
    },
    provenance::Provenance,
    replay::Replay,
};

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(replay, provenance))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    at(state, "/api/audit/chat/{id}/replay")
        .get(replay)
        .served()
        .merge(at(state, "/api/audit/chat/{chat}/answers/{id}/provenance").get(provenance).served())
}

/// The parameter of a replay. A malformed or unknown one is refused: an auditor has to know that it was applied.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes the parameter, which is read by hand because unknown ones are refused")]
struct ReplayQuery {
    /// The moment up to which is shown: a position of the log, or a time (RFC 3339).
    at: Option<String>,
}

fn refusal(error: AuditingError) -> ApiError {
    match error {
        AuditingError::UnknownChat(_) | AuditingError::UnknownAnswer { .. } => ApiError::no_such_object(),
        AuditingError::Moment(MomentError::Database(error)) => error.into(),
        AuditingError::Moment(error) => refused_moment(&error),
        error @ AuditingError::BeforeChat(_) => refused_moment(&error),
        error @ (AuditingError::History(_) | AuditingError::Passages(_)) => ApiError::internal(error),
    }
}

fn refused_moment(error: &dyn std::error::Error) -> ApiError {
    refused(format!("The parameter at is refused: {error}."))
}

/// A conversation as its participants saw it, step by step: questions, passages with their text at that version, prompts,
/// answers, speech and ratings, each with its time and duration.
#[utoipa::path(
    get,
    path = "/api/audit/chat/{id}/replay",
    params(ReplayQuery, AccessReason),
    responses(
        (status = 200, description = "The conversation", body = Replay),
        (status = 400, response = WrongParameter),
        (status = 404, response = NoSuchObject)
    )
)]
async fn replay(
    State(state): State<HttpState>,
    PathIds(chat): PathIds<Problem<ChatId>>,
    reading: Reading,
    uri: Uri,
) -> Result<Json<Replay>, ApiError> {
    let asked = Parameters::once(&uri, &["at"])?;
    let at = asked.moment("at")?.unwrap_or_default();
    let replay = state.app.auditing.replay(chat, at).await.map_err(refusal)?;
    let thing = Thing::of(&state, AggregateType::Chat, replay.chat.value()).await?;
    reading.shows(&state, AccessKind::Replay, &[thing]).await?;
    Ok(Json(replay.into()))
}

/// What an answer was made from, in one document: question, passages, prompt, model, parameters, citations, tokens, times
/// and ratings, with each event. Failed answers have a provenance too.
#[utoipa::path(
    get,
    path = "/api/audit/chat/{chat}/answers/{id}/provenance",
    params(AccessReason),
    responses(
        (status = 200, description = "The provenance", body = Provenance),
        (status = 400, response = WrongParameter),
        (status = 404, response = NoSuchObject)
    )
)]
async fn provenance(
    State(state): State<HttpState>,
    PathIds((chat, answer)): PathIds<(Problem<ChatId>, Problem<MessageId>)>,
    reading: Reading,
    uri: Uri,
) -> Result<Json<Provenance>, ApiError> {
    Parameters::once(&uri, &[])?;
    let provenance = state.app.auditing.provenance(chat, answer).await.map_err(refusal)?;
    let thing = Thing::of(&state, AggregateType::Chat, provenance.chat.value()).await?;
    reading.shows(&state, AccessKind::Provenance, &[thing]).await?;
    Ok(Json(provenance.into()))
}
