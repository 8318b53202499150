//! `audit/…/as-of`: what a thing was at a moment, out of the log. Not part of the contract; errors are problem details.

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, Uri},
};
use commands::event_log::{AsOfError, Codec, Moment, PastStates};
use domain::{AggregateType, access::AccessKind};
use utoipa::{IntoParams, OpenApi};
use uuid::Uuid;

use super::{
    access::at,
    audit::kind_of,
    audit_query::Parameters,
    http_state::HttpState,
    reading::{Reading, Thing},
};
use crate::{
    as_of::AsOf,
    contract::{
        ids::{PathIds, Problem},
        problem::ApiError,
    },
    openapi::{
        errors::{NoSuchObject, WrongParameter},
        parameters::AccessReason,
    },
};

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(as_of))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    at(state, "/api/audit/{kind}/{id}/as-of").get(as_of).served()
}

/// The parameters of a moment. A malformed, repeated or unknown one is refused: an auditor has to know which moment it is.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes the parameters, which are read by hand because unknown ones are refused")]
struct AsOfQuery {
    /// The moment: a position of the log such as `1200`, one of a certain log such as `LOG_ID@1200`, or a time (RFC 3339); now by
    /// default.
    at: Option<String>,
    /// The moment to compare with, in the same form.
    compare: Option<String>,
    /// Whether the documents of a project are listed; not by default.
    documents: Option<bool>,
}

/// What is asked.
struct Asked {
    at: Option<Moment>,
    compare: Option<Moment>,
    documents: Option<bool>,
}

impl Asked {
    fn parse(uri: &Uri) -> Result<Self, ApiError> {
        let asked = Parameters::once(uri, &["at", "compare", "documents"])?;
        let (at, compare) = (asked.moment("at")?, asked.moment("compare")?);
        Ok(Self { at, compare, documents: asked.parsed("documents")? })
    }
}

/// A `chat`, `project`, `document`, `suite`, `run`, `feedback`, `user`, `service` or `access` exactly as it was at a moment; two moments
/// compared.
#[utoipa::path(
    get,
    path = "/api/audit/{kind}/{id}/as-of",
    params(AsOfQuery, AccessReason),
    responses(
        (status = 200, description = "What it was", body = AsOf),
        (status = 400, response = WrongParameter),
        (status = 404, response = NoSuchObject)
    )
)]
async fn as_of(
    State(state): State<HttpState>,
    PathIds((kind, id)): PathIds<(String, Problem<Uuid>)>,
    reading: Reading,
    uri: Uri,
) -> Result<Json<AsOf>, ApiError> {
    let kind = kind_of(&kind)?;
    let Asked { at, compare, documents } = Asked::parse(&uri)?;
    let codec = Codec::new(state.app.commands.log().keys().clone());
    let states = PastStates::new(state.app.pool.clone(), codec);
    let with_documents = documents.unwrap_or_default();
    let was = look(&states, (kind, id), ("at", at.unwrap_or_default()), with_documents).await?;
    reading.shows(&state, AccessKind::AsOf, &[Thing::of(&state, kind, id).await?]).await?;
    let Some(compare) = compare else { return Ok(Json(was)) };
    let other = look(&states, (kind, id), ("compare", compare), with_documents).await?;
    was.compared_with(other).map(Json).map_err(ApiError::internal)
}

async fn look(
    states: &PastStates,
    of: (AggregateType, Uuid),
    (name, moment): (&str, Moment),
    with_documents: bool,
) -> Result<AsOf, ApiError> {
    states.at(of, moment, with_documents).await.map(AsOf::from).map_err(|error| match error {
        AsOfError::Moment(error) => {
            let detail = format!("The parameter {name} names no moment of this log: {error}.");
            ApiError::problem(StatusCode::BAD_REQUEST, detail)
        }
        AsOfError::Unknown(..) => ApiError::no_such_object(),
        error => ApiError::internal(error),
    })
}
