//! `audit/…`: what auditors and superusers read of the log itself. Not part of the contract; errors are problem details.

use axum::{Json, Router, extract::State, http::Uri};
use commands::event_log::{Codec, Histories, HistoryError, HistoryFilter};
use domain::{AggregateType, access::AccessKind, event::every_event_type};
use utoipa::{IntoParams, OpenApi};
use uuid::Uuid;

use super::{
    access::at,
    audit_query::{Parameters, malformed},
    http_state::HttpState,
    reading::{Reading, Thing, kind_named},
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
    timeline::Timeline,
};

pub(super) const DEFAULT_LIMIT: i64 = 100;
pub(super) const MAX_LIMIT: i64 = 1_000;

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(timeline))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    at(state, "/api/audit/{kind}/{id}/timeline").get(timeline).served()
}

/// The parameters of a timeline. Unlike in lists, a malformed or unknown one is refused: an auditor has to know that a
/// filter was applied.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes the parameters, which are read by hand because `type` may be repeated")]
struct TimelineQuery {
    /// Only events behind this position of the log.
    #[param(minimum = 0)]
    after: Option<i64>,
    /// At most so many events; 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
    /// Only events of this type; may be repeated.
    #[param(rename = "type")]
    event_type: Option<Vec<String>>,
    /// Only what this actor did or had done: `user:ID`, `service:ID` or `system:PART`.
    actor: Option<String>,
    /// Only events that were recorded at this time (RFC 3339) or later.
    from: Option<String>,
    /// Only events that were recorded before this time (RFC 3339).
    until: Option<String>,
}

/// What is asked of a timeline.
struct Asked {
    filter: HistoryFilter,
    after: i64,
    limit: i64,
}

impl Asked {
    fn parse(uri: &Uri) -> Result<Self, ApiError> {
        let asked = Parameters::with_repeated(uri, &["after", "limit", "actor", "from", "until"], "type")?;
        let event_types: Vec<String> = asked.all("type").map(str::to_owned).collect();
        if event_types.iter().any(|wanted| !every_event_type().any(|known| known == wanted)) {
            return Err(malformed("type"));
        }
        let filter = HistoryFilter {
            event_types,
            actor: asked.actor("actor")?,
            from: asked.time("from")?,
            until: asked.time("until")?,
        };
        let after = asked.number("after", 0..=i64::MAX)?.unwrap_or(0);
        let limit = asked.number("limit", 1..=MAX_LIMIT)?.unwrap_or(DEFAULT_LIMIT);
        Ok(Self { filter, after, limit })
    }
}

pub(super) fn kind_of(name: &str) -> Result<AggregateType, ApiError> {
    kind_named(name).ok_or_else(ApiError::no_such_object)
}

/// Every event of a `chat`, `project`, `document`, `suite`, `run`, `feedback`, `user`, `service` or `access`: when, by whom and in which
/// role, why, and what changed.
#[utoipa::path(
    get,
    path = "/api/audit/{kind}/{id}/timeline",
    params(TimelineQuery, AccessReason),
    responses(
        (status = 200, description = "A page of the timeline", body = Timeline),
        (status = 400, response = WrongParameter),
        (status = 404, response = NoSuchObject)
    )
)]
async fn timeline(
    State(state): State<HttpState>,
    PathIds((kind, id)): PathIds<(String, Problem<Uuid>)>,
    reading: Reading,
    uri: Uri,
) -> Result<Json<Timeline>, ApiError> {
    let kind = kind_of(&kind)?;
    let Asked { filter, after, limit } = Asked::parse(&uri)?;
    let codec = Codec::new(state.app.commands.log().keys().clone());
    let page = Histories::new(state.app.pool.clone(), codec).page((kind, id), &filter, after, limit).await;
    match page {
        Ok(page) => {
            reading.shows(&state, AccessKind::Timeline, &[Thing::of(&state, kind, id).await?]).await?;
            Ok(Json(page.into()))
        }
        Err(HistoryError::Unknown(..)) => Err(ApiError::no_such_object()),
        Err(error) => Err(ApiError::internal(error)),
    }
}
