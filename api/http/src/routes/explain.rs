//! `audit/views`: why a row of a view looks so. Not part of the contract; errors are problem details.

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, Uri},
};
use commands::event_log::HistoryError;
use domain::access::AccessKind;
use projections::steps::{StepsError, ViewTable};
use tokio::sync::Semaphore;
use utoipa::{IntoParams, OpenApi};
use uuid::Uuid;

use super::{
    access::at,
    audit::{DEFAULT_LIMIT, MAX_LIMIT},
    audit_query::Parameters,
    http_state::HttpState,
    reading::{Reading, Thing},
};
use crate::{
    contract::{ids::PathIds, problem::ApiError},
    explain::{Asked, ExplainError, ExplainedRow, ExplainedViews, explain, views},
    openapi::{
        errors::{NoSuchObject, Problem, WrongParameter},
        parameters::AccessReason,
    },
};

/// How many events are folded for a request at most.
const MOST_EVENTS: u64 = 20_000;

/// Each request holds a connection of the write side while it reads over another one, so that only a few do at once.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(view_list, explained))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    at(state, "/api/audit/views")
        .get(view_list)
        .served()
        .merge(at(state, "/api/audit/views/{view}/{id}").get(explained).served())
}

/// The parameters of the steps of a row. A malformed, repeated or unknown one is refused.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes the parameters, which are read by hand because unknown ones are refused")]
struct ExplainQuery {
    /// Only steps behind this position of the log.
    #[param(minimum = 0)]
    after: Option<i64>,
    /// At most so many steps; 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
    /// Whether events are shown that left the row as it was; not by default.
    all: Option<bool>,
    /// The id of the thing that made the row, if the view does not have the row.
    of: Option<Uuid>,
}

fn parse(uri: &Uri) -> Result<Asked, ApiError> {
    let asked = Parameters::once(uri, &["after", "limit", "all", "of"])?;
    let limit = asked.number("limit", 1..=MAX_LIMIT)?.unwrap_or(DEFAULT_LIMIT);
    Ok(Asked {
        of: asked.parsed("of")?,
        after: asked.number("after", 0..=i64::MAX)?.unwrap_or(0),
        limit: usize::try_from(limit).unwrap_or_default(),
        all: asked.parsed("all")?.unwrap_or_default(),
        most: MOST_EVENTS,
    })
}

fn refusal(error: ExplainError) -> ApiError {
    match error {
        ExplainError::NoRow { .. } | ExplainError::Unknown { .. } => {
            ApiError::problem(StatusCode::NOT_FOUND, format!("Not found: {error}."))
        }
        ExplainError::Steps(StepsError::Database(error)) | ExplainError::Log(HistoryError::Database(error)) => {
            error.into()
        }
        ExplainError::Steps(ref refused) => {
            tracing::error!(error = commands::error_chain(refused), "rows of views cannot be explained");
            ApiError::problem(StatusCode::NOT_IMPLEMENTED, format!("The server cannot do this: {error}."))
        }
        error => ApiError::internal(error),
    }
}

/// The tables of all views, with how their rows are named.
#[utoipa::path(
    get,
    path = "/api/audit/views",
    responses((status = 200, description = "All tables", body = ExplainedViews))
)]
async fn view_list() -> Json<ExplainedViews> {
    Json(views())
}

/// Why a row of a view looks so: each event that changed it, in the order of the log, with the row behind it. The events are folded
/// by the projector of the view, into temporary tables.
///
/// A row is named by the columns of its key (`GET /api/audit/views`), with colons between them.
#[utoipa::path(
    get,
    path = "/api/audit/views/{view}/{id}",
    params(
        ("view" = String, Path, description = "The table of a view, such as `chats`"),
        ("id" = String, Path, description = "The key of the row, such as `7f81988b-3811-448c-b9e3-01709e573ae6`"),
        ExplainQuery,
        AccessReason
    ),
    responses(
        (status = 200, description = "A page of the steps", body = ExplainedRow),
        (status = 400, response = WrongParameter),
        (status = 404, response = NoSuchObject),
        (
            status = 501,
            description = "The database does not allow temporary tables",
            body = Problem,
            content_type = "application/problem+json"
        )
    )
)]
async fn explained(
    State(state): State<HttpState>,
    PathIds((view, id)): PathIds<(String, String)>,
    reading: Reading,
    uri: Uri,
) -> Result<Json<ExplainedRow>, ApiError> {
    let table = ViewTable::named(&view).ok_or_else(ApiError::no_such_object)?;
    let asked = parse(&uri)?;
    let key =
        table.key_of(&id).map_err(|error| ApiError::problem(StatusCode::NOT_FOUND, format!("Not found: {error}.")))?;
    let _turn = AT_ONCE.acquire().await.map_err(ApiError::internal)?;
    let from = (&state.app.pool, state.app.commands.log().keys());
    let row = explain(from, (table, key, &id), asked).await.map_err(refusal)?;
    let thing = Thing::of(&state, table.made_by, row.made_by.id).await?;
    reading.shows(&state, AccessKind::Timeline, &[thing]).await?;
    Ok(Json(row))
}
