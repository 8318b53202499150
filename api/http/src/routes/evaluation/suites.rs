//! `tests/suites`.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use commands::event_log::Committed;
use domain::{
    ids::SuiteId,
    test_suite::{Retrieval, SuiteChanges, SuiteSettings},
};
use projections::{
    listing::Page,
    test_suites::{self, SuiteView},
};
use utoipa::OpenApi;

use crate::{
    contract::{
        ids::{Own, PathIds},
        input::UnreadBody,
        paging::ListQuery,
        problem::ApiError,
    },
    openapi::{
        bodies::evaluation::{NewSuite, SuiteChange},
        parameters::{Idempotency, SinglePage},
    },
    routes::{
        access::at,
        caller::CallerInfo,
        http_state::{HttpState, Origin, empty},
    },
};

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(list, get, create, change, delete))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    Router::new()
        .merge(at(state, "/api/tests/suites").get(list).post(create).served())
        .merge(at(state, "/api/tests/suites/{id}").get(get).patch(change).delete(delete).served())
}

/// Suites, oldest first.
#[utoipa::path(
    get,
    path = "/api/tests/suites",
    params(SinglePage),
    responses((status = 200, description = "A part of the list", body = Page<SuiteView>))
)]
async fn list(State(state): State<HttpState>, query: ListQuery) -> Result<Response, ApiError> {
    let window = query.single_page(test_suites::ordering_column);
    Ok(Json(test_suites::list(&state.app.views, &window).await?).into_response())
}

async fn find(state: &HttpState, id: SuiteId) -> Result<SuiteView, ApiError> {
    test_suites::find(&state.app.views, id).await?.ok_or_else(ApiError::not_found)
}

/// A suite.
#[utoipa::path(
    get,
    path = "/api/tests/suites/{id}",
    responses((status = 200, description = "The suite", body = SuiteView))
)]
async fn get(State(state): State<HttpState>, PathIds(id): PathIds<Own<SuiteId>>) -> Result<Response, ApiError> {
    Ok(Json(find(&state, id).await?).into_response())
}

async fn written(
    state: &HttpState,
    id: SuiteId,
    committed: &Committed,
    status: StatusCode,
) -> Result<Response, ApiError> {
    state.respond_after_commit(committed, async || Ok((status, Json(find(state, id).await?)).into_response())).await
}

/// Converts a number that the integer field has accepted, so that it always fits.
fn top_k(number: i64) -> i32 {
    i32::try_from(number).unwrap_or_default()
}

/// Makes a suite.
#[utoipa::path(
    post,
    path = "/api/tests/suites",
    params(Idempotency),
    request_body = NewSuite,
    responses((status = 201, description = "Made", body = SuiteView))
)]
async fn create(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let input = body.read().await?;
    let (name, temperature, number) = input.create(|fields| {
        let name = fields.value("name").required();
        (name, fields.float("temperature").required(), fields.integer("topk").required())
    })?;
    let settings = SuiteSettings { name, retrieval: Retrieval { temperature, top_k: top_k(number) } };
    let id = SuiteId::new(state.app.clock.new_id());
    let context = origin.context_of_creation(&caller, &input);
    let committed = state.app.evaluation.create_suite(id, settings, &context).await?;
    let id = committed.repeats.map_or(id, SuiteId::new);
    written(&state, id, &committed, StatusCode::CREATED).await
}

/// Changes a suite.
#[utoipa::path(
    patch,
    path = "/api/tests/suites/{id}",
    request_body = SuiteChange,
    responses((status = 200, description = "The suite, changed", body = SuiteView))
)]
async fn change(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds(id): PathIds<Own<SuiteId>>,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    find(&state, id).await?;
    let changes = body.read().await?.partial(|fields| SuiteChanges {
        name: fields.value("name").optional(),
        temperature: fields.float("temperature").optional(),
        top_k: fields.integer("topk").optional().map(top_k),
    })?;
    let committed = state.app.evaluation.change_suite(id, changes, &origin.context(caller.actor())).await?;
    written(&state, id, &committed, StatusCode::OK).await
}

/// Deletes a suite.
#[utoipa::path(delete, path = "/api/tests/suites/{id}", responses((status = 204, description = "Deleted")))]
async fn delete(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds(id): PathIds<Own<SuiteId>>,
) -> Result<Response, ApiError> {
    let committed = state.app.evaluation.delete_suite(id, &origin.context(caller.actor())).await?;
    state.respond_after_commit(&committed, async || Ok(empty(StatusCode::NO_CONTENT))).await
}
