//! `audit/proofs`: the published log and the receipts of events, which others verify without us. Not part of the contract; errors
//! are problem details.
//!
//! A receipt names no person and shows no text, so that it is read is not on record.

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use commands::proofs::{ProofError, PublishedLog};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{access::at, http_state::HttpState};
use crate::{
    contract::{ids::PathIds, problem::ApiError},
    openapi::errors::NoSuchObject,
};

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(published, receipt))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    at(state, "/api/audit/proofs")
        .get(published)
        .served()
        .merge(at(state, "/api/audit/proofs/{position}").get(receipt).served())
}

/// The log as it was published last.
#[derive(Serialize, ToSchema)]
struct PublishedProofs {
    /// The number of events that have receipts, which is the position of the last one.
    #[schema(minimum = 0)]
    events: u64,
    /// The key that checkpoints and receipts are verified with.
    #[schema(example = "ayushma/log/0193a5c2-7b1e-7c0a-9f0e-3d1f0a5b6c7d+1a2b3c4d+AZ…")]
    verifier_key: String,
    /// The signed checkpoint (C2SP signed note), with the signatures of witnesses if there are any.
    checkpoint: String,
}

impl From<PublishedLog> for PublishedProofs {
    fn from(log: PublishedLog) -> Self {
        let PublishedLog { folder: _, key, events, checkpoint } = log;
        Self { events, verifier_key: key.to_string(), checkpoint: checkpoint.to_string() }
    }
}

fn refusal(error: ProofError) -> ApiError {
    match error {
        ProofError::Position => ApiError::no_such_object(),
        ProofError::NotYet { .. } => {
            let said = format!("There is no receipt: {error}. Every minute what is new is published.");
            ApiError::problem(StatusCode::NOT_FOUND, said)
        }
        ProofError::NotPublished(_) => {
            ApiError::problem(StatusCode::NOT_FOUND, "The log is not published yet. Every minute what is new is.")
        }
        ProofError::Database(error) => error.into(),
        error => ApiError::internal(error),
    }
}

/// How far the log is published, the key that verifies it, and its signed checkpoint.
#[utoipa::path(
    get,
    path = "/api/audit/proofs",
    responses(
        (status = 200, description = "The published log", body = PublishedProofs),
        (status = 404, response = NoSuchObject)
    )
)]
async fn published(State(state): State<HttpState>) -> Result<Json<PublishedProofs>, ApiError> {
    Ok(Json(state.app.proofs.published().await.map_err(refusal)?.into()))
}

/// The receipt of the event at a position (C2SP `.tlog-proof`): proof that the published log has it. It stays right after an
/// erasure.
#[utoipa::path(
    get,
    path = "/api/audit/proofs/{position}",
    params(("position" = u64, Path, description = "The position of the event in the log", minimum = 1)),
    responses(
        (status = 200, description = "The receipt", body = String, content_type = "text/plain; charset=utf-8"),
        (status = 404, response = NoSuchObject)
    )
)]
async fn receipt(State(state): State<HttpState>, PathIds(position): PathIds<String>) -> Result<Response, ApiError> {
    let number = position.parse().ok().filter(|number: &u64| number.to_string() == position);
    let position = number.ok_or_else(ApiError::no_such_object)?;
    let receipt = state.app.proofs.receipt(position).await.map_err(refusal)?.to_string();
    let name = format!("attachment; filename=\"{position}.tlog-proof\"");
    let kind = "text/plain; charset=utf-8".to_owned();
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], receipt).into_response())
}
