//! `/health/live` and `/health/ready`: for whoever starts, stops and watches processes. They need no credentials and tell no
//! secrets.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use commands::event_log::{PartStatus, Verdict};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{access::at, web::Web};

/// What the handlers say of themselves.
#[derive(OpenApi)]
#[openapi(paths(live, ready))]
pub(super) struct Api;

pub(super) fn router(web: &Web) -> Router<Web> {
    Router::new().merge(at(web, "/health/live").get(live).served()).merge(at(web, "/health/ready").get(ready).served())
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
    /// What is wrong, in words.
    problems: Vec<String>,
    parts: Vec<PartView>,
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
async fn ready(State(web): State<Web>) -> Response {
    let readiness = web.health.readiness(&web.app).await;
    let status = match readiness.verdict {
        Verdict::Ok | Verdict::Degraded => StatusCode::OK,
        Verdict::Failing => StatusCode::SERVICE_UNAVAILABLE,
    };
    let body = ReadinessView {
        status: readiness.verdict.into(),
        problems: readiness.problems,
        parts: readiness.parts.into_iter().map(PartView::from).collect(),
    };
    (status, Json(body)).into_response()
}
