//! `audit/accesses`: who read what of whom. Not part of the contract; errors are problem details.

use axum::{Json, Router, extract::State, http::Uri};
use domain::{AggregateType, access::AccessKind, envelope::Actor};
use projections::accesses::{AccessPage, Filter};
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
    access_page::access_page,
    contract::problem::ApiError,
    openapi::{errors::WrongParameter, parameters::AccessReason},
};

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
    params(AccessQuery, AccessReason),
    responses(
        (status = 200, description = "A page of the accesses", body = AccessPage),
        (status = 400, response = WrongParameter)
    )
)]
async fn list(State(state): State<HttpState>, reading: Reading, uri: Uri) -> Result<Json<AccessPage>, ApiError> {
    let known = ["after", "limit", "reader", "owner", "object", "from", "until"];
    let asked = Parameters::once(&uri, &known)?;
    let filter = Filter {
        reader: asked.actor("reader")?,
        owner: asked.parsed("owner")?,
        object: asked.parsed("object")?,
        from: asked.time("from")?,
        until: asked.time("until")?,
    };
    let after = asked.number("after", 0..=i64::MAX)?.unwrap_or(0);
    let limit = asked.number("limit", 1..=MAX_LIMIT)?.unwrap_or(DEFAULT_LIMIT);
    // Whose record is looked up is on record, too.
    let reader = match filter.reader {
        Some(Actor::User(reader)) => Some(Thing::person(reader)),
        Some(Actor::Service(service)) => Some(Thing::of(&state, AggregateType::Service, service).await?),
        Some(Actor::System(_)) | None => None,
    };
    let (owner, object) = (filter.owner.map(Thing::person), filter.object.map(Thing::unknown));
    let about: Vec<Thing> = reader.into_iter().chain(owner).chain(object).collect();
    reading.lists(&state, AccessKind::Accesses, &about, &[]).await?;
    let log = (&state.app.pool, state.app.commands.log().keys());
    access_page(log, &filter, after, limit).await.map(Json).map_err(ApiError::internal)
}
