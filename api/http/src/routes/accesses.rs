//! `audit/accesses`: who read what of whom. Not part of the contract; errors are problem details.

use axum::{
    Json, Router,
    extract::{Query, State},
    http::Uri,
};
use projections::accesses::{AccessPage, Filter};
use utoipa::{IntoParams, OpenApi};
use uuid::Uuid;

use super::{
    access::at,
    audit::{DEFAULT_LIMIT, MAX_LIMIT, malformed, number, unknown},
    http_state::HttpState,
    reading::Reading,
};
use crate::{access_page::access_page, contract::problem::ApiError, openapi::errors::WrongParameter};

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(list))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    at(state, "/api/audit/accesses").get(list).served()
}

/// The parameters of a list of accesses; as those of timelines, a malformed or unknown one is refused.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes the parameters, of which an unknown one has to be refused")]
struct AccessQuery {
    /// Only accesses behind this position of the log.
    #[param(minimum = 0)]
    after: Option<i64>,
    /// At most so many accesses; 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
    /// Only what was read by this reader: `user:ID` or `service:ID`.
    reader: Option<String>,
    /// Only what was read of this person.
    owner: Option<Uuid>,
    /// Only accesses to the thing with this id.
    object: Option<Uuid>,
    /// Only accesses that were recorded at this time (RFC 3339) or later.
    from: Option<String>,
    /// Only accesses that were recorded before this time (RFC 3339).
    until: Option<String>,
}

/// Whose data a reader has seen, and who has seen the data of a person: chats, ratings and histories that were opened or
/// refused, in the order of the log. This request is itself one of them.
#[utoipa::path(
    get,
    path = "/api/audit/accesses",
    params(AccessQuery),
    responses(
        (status = 200, description = "A page of the accesses", body = AccessPage),
        (status = 400, response = WrongParameter)
    )
)]
async fn list(State(state): State<HttpState>, reading: Reading, uri: Uri) -> Result<Json<AccessPage>, ApiError> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&uri).map_err(|_| malformed("query string"))?;
    let (mut filter, mut after, mut limit) = (Filter::default(), 0, DEFAULT_LIMIT);
    for (name, value) in pairs {
        let wrong = || malformed(&name);
        match name.as_str() {
            "after" => after = number(&name, &value, 0..=i64::MAX)?,
            "limit" => limit = number(&name, &value, 1..=MAX_LIMIT)?,
            "reader" => filter.reader = Some(value.parse().map_err(|_| wrong())?),
            "owner" => filter.owner = Some(value.parse().map_err(|_| wrong())?),
            "object" => filter.object = Some(value.parse().map_err(|_| wrong())?),
            "from" => filter.from = Some(value.parse().map_err(|_| wrong())?),
            "until" => filter.until = Some(value.parse().map_err(|_| wrong())?),
            _ => return Err(unknown()),
        }
    }
    reading.shows_accesses(&state).await?;
    let log = (&state.app.pool, state.app.commands.log().keys());
    access_page(log, &filter, after, limit).await.map(Json).map_err(ApiError::internal)
}
