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
        web::{Origin, Web, empty},
    },
};

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(list, get, create, change, delete))]
pub(super) struct Api;

pub(super) fn router(web: &Web) -> Router<Web> {
    Router::new()
        .merge(at(web, "/api/tests/suites").get(list).post(create).served())
        .merge(at(web, "/api/tests/suites/{id}").get(get).patch(change).delete(delete).served())
}

/// Suites, oldest first.
#[utoipa::path(
    get,
    path = "/api/tests/suites",
    params(SinglePage),
    responses((status = 200, description = "A part of the list", body = Page<SuiteView>))
)]
async fn list(State(web): State<Web>, query: ListQuery) -> Result<Response, ApiError> {
    let window = query.single_page(test_suites::ordering_column);
    Ok(Json(test_suites::list(&web.app.views, &window).await?).into_response())
}

async fn find(web: &Web, id: SuiteId) -> Result<SuiteView, ApiError> {
    test_suites::find(&web.app.views, id).await?.ok_or_else(ApiError::not_found)
}

/// A suite.
#[utoipa::path(
    get,
    path = "/api/tests/suites/{id}",
    responses((status = 200, description = "The suite", body = SuiteView))
)]
async fn get(State(web): State<Web>, PathIds(id): PathIds<Own<SuiteId>>) -> Result<Response, ApiError> {
    Ok(Json(find(&web, id).await?).into_response())
}

async fn written(web: &Web, id: SuiteId, committed: &Committed, status: StatusCode) -> Result<Response, ApiError> {
    web.respond_after_commit(committed, async || Ok((status, Json(find(web, id).await?)).into_response())).await
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
    State(web): State<Web>,
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
    let id = SuiteId::new(web.app.clock.new_id());
    let context = origin.context_of_creation(&caller, &input);
    let committed = web.app.evaluation.create_suite(id, settings, &context).await?;
    let id = committed.repeats.map_or(id, SuiteId::new);
    written(&web, id, &committed, StatusCode::CREATED).await
}

/// Changes a suite.
#[utoipa::path(
    patch,
    path = "/api/tests/suites/{id}",
    request_body = SuiteChange,
    responses((status = 200, description = "The suite, changed", body = SuiteView))
)]
async fn change(
    State(web): State<Web>,
    origin: Origin,
    caller: CallerInfo,
    PathIds(id): PathIds<Own<SuiteId>>,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    find(&web, id).await?;
    let changes = body.read().await?.partial(|fields| SuiteChanges {
        name: fields.value("name").optional(),
        temperature: fields.float("temperature").optional(),
        top_k: fields.integer("topk").optional().map(top_k),
    })?;
    let committed = web.app.evaluation.change_suite(id, changes, &origin.context(caller.actor())).await?;
    written(&web, id, &committed, StatusCode::OK).await
}

/// Deletes a suite.
#[utoipa::path(delete, path = "/api/tests/suites/{id}", responses((status = 204, description = "Deleted")))]
async fn delete(
    State(web): State<Web>,
    origin: Origin,
    caller: CallerInfo,
    PathIds(id): PathIds<Own<SuiteId>>,
) -> Result<Response, ApiError> {
    let committed = web.app.evaluation.delete_suite(id, &origin.context(caller.actor())).await?;
    web.respond_after_commit(&committed, async || Ok(empty(StatusCode::NO_CONTENT))).await
}
