//! `/health/live` and `/health/ready`, for process managers and monitoring. They need no credentials; details of
//! problems are shown to staff and to clients on this machine only.

use std::collections::BTreeMap;

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use commands::{
    counters::Bound,
    event_log::{PartStatus, Verdict},
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{
    access::at,
    caller::CallerInfo,
    http_state::{HttpState, Origin},
};
use crate::health::Readiness;

/// The headers that proxies add to a request that they forward.
const FORWARDING: [&str; 5] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(live, ready))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    Router::new()
        .merge(at(state, "/health/live").get(live).nameless().served())
        .merge(at(state, "/health/ready").get(ready).served())
}

/// Returns the router of the reserve, where credentials are not checked and everybody is treated as a stranger.
pub(super) fn router_of_strangers() -> Router<HttpState> {
    Router::new()
        .route("/health/live", get(live).fallback(super::busy))
        .route("/health/ready", get(ready_for_strangers).fallback(super::busy))
}

/// That the process answers.
#[derive(Serialize, ToSchema)]
struct Liveness {
    /// `ok`
    status: &'static str,
}

/// What works, and what does not.
#[derive(Serialize, ToSchema)]
struct ReadinessView {
    /// `ok`, `degraded` (it serves, but somebody should look) or `failing`
    status: &'static str,
    /// What is wrong, in words. This and what follows is for staff, superusers and who asks on the server's own machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    problems: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    parts: Option<Vec<PartView>>,
    /// How often each limit has refused something or cut it off since this process began.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    limits: Option<BTreeMap<String, u64>>,
}

impl ReadinessView {
    fn of_strangers(verdict: Verdict) -> Self {
        Self { status: verdict.into(), problems: None, parts: None, limits: None }
    }

    fn with_details(readiness: Readiness) -> Self {
        Self {
            problems: Some(readiness.problems),
            parts: Some(readiness.parts.into_iter().map(PartView::from).collect()),
            limits: Some(Bound::counts().map(|(name, count)| (name.to_owned(), count)).collect()),
            ..Self::of_strangers(readiness.verdict)
        }
    }
}

/// A part of the system, in whichever process.
#[derive(Serialize, ToSchema)]
struct PartView {
    /// `projection`, `handler`, `relay`, `worker` or `scheduler`
    what: &'static str,
    name: String,
    /// `ok`, `degraded` or `failing`
    status: &'static str,
    /// Seconds since its last sign of life.
    last_beat_seconds: Option<f64>,
    /// Age of the oldest event that it has not come to; of those who follow the log.
    lag_seconds: Option<f64>,
    /// Events that could not be applied and wait.
    parked: Option<i64>,
    /// Events that were given up.
    dropped: Option<i64>,
}

impl From<PartStatus> for PartView {
    fn from(part: PartStatus) -> Self {
        let reading = part.reading.as_ref();
        Self {
            what: part.what.into(),
            name: part.name,
            status: part.verdict.into(),
            last_beat_seconds: part.last_beat_seconds,
            lag_seconds: reading.map(|reading| reading.lag_seconds),
            parked: reading.map(|reading| reading.parked),
            dropped: reading.map(|reading| reading.dropped),
        }
    }
}

/// Whether the process is up. Nothing else is asked.
#[utoipa::path(get, path = "/health/live", responses((status = 200, description = "It is", body = Liveness)))]
async fn live() -> Json<Liveness> {
    Json(Liveness { status: "ok" })
}

/// Whether requests can be served: the database answers, the log can be written, the views live and are not far behind.
#[utoipa::path(
    get,
    path = "/health/ready",
    responses(
        (status = 200, description = "They can, perhaps `degraded`", body = ReadinessView),
        (status = 503, description = "They cannot", body = ReadinessView)
    )
)]
async fn ready(
    State(state): State<HttpState>,
    origin: Origin,
    caller: Option<CallerInfo>,
    headers: HeaderMap,
) -> Response {
    let readiness = state.health.readiness(&state.app).await;
    let status = status_of(readiness.verdict);
    let is_trusted = caller.is_some_and(|caller| caller.user.is_staff || caller.user.is_superuser);
    let body = if is_trusted || is_of_this_machine(&origin, &headers) {
        ReadinessView::with_details(readiness)
    } else {
        ReadinessView::of_strangers(readiness.verdict)
    };
    (status, Json(body)).into_response()
}

async fn ready_for_strangers(State(state): State<HttpState>) -> Response {
    let verdict = state.health.readiness(&state.app).await.verdict;
    (status_of(verdict), Json(ReadinessView::of_strangers(verdict))).into_response()
}

const fn status_of(verdict: Verdict) -> StatusCode {
    match verdict {
        Verdict::Ok | Verdict::Degraded => StatusCode::OK,
        Verdict::Failing => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Returns whether the request was made on this machine, and not forwarded by a proxy there.
fn is_of_this_machine(origin: &Origin, headers: &HeaderMap) -> bool {
    let is_passed_on = FORWARDING.iter().any(|name| headers.contains_key(*name));
    !is_passed_on && origin.address.is_some_and(|address| address.to_canonical().is_loopback())
}
