//! `tests/suites/{id}/runs`.

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use commands::{evaluation::NewRun, event_log::Committed};
use domain::{
    ids::{ProjectId, RunId, SuiteId},
    test_run::RunChanges,
    values::{Model, RunStatus},
};
use projections::{
    listing::Page,
    test_runs::{self, RunView},
};
use utoipa::OpenApi;

use crate::{
    contract::{
        ids::{Own, Parent, PathIds},
        input::UnreadBody,
        paging::ListQuery,
        problem::ApiError,
    },
    openapi::{
        bodies::evaluation::{NewRun as NewRunBody, RunChange},
        parameters::{Idempotency, Listing},
    },
    routes::{
        access::at,
        caller::CallerInfo,
        http_state::{HttpState, Origin, empty},
    },
};

const MODELS: &[i64] = &[1, 2, 3, 4, 5, 6, 7, 8];
const STATUSES: &[i64] = &[1, 2, 3, 4];

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(list, get, start, change, delete))]
pub(super) struct Api;

/// The ids in the path of a run.
type RunPath = PathIds<(Parent<SuiteId>, Own<RunId>)>;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    Router::new()
        .merge(at(state, "/api/tests/suites/{suite}/runs").get(list).post(start).served())
        .merge(at(state, "/api/tests/suites/{suite}/runs/{id}").get(get).patch(change).delete(delete).served())
}

/// Removes what only staff may see, such as the project's prompt, unless the caller is staff.
fn seen_by(caller: &CallerInfo, run: RunView) -> RunView {
    if caller.user.is_staff { run } else { run.without_staff_fields() }
}

/// The runs of a suite, oldest first.
///
/// Who is no staff is shown the project without what is for staff.
#[utoipa::path(
    get,
    path = "/api/tests/suites/{suite}/runs",
    params(Listing),
    responses((status = 200, description = "A part of the list", body = Page<RunView>))
)]
async fn list(
    State(state): State<HttpState>,
    caller: CallerInfo,
    PathIds(suite): PathIds<Parent<SuiteId>>,
    query: ListQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let window = query.window(test_runs::ordering_column);
    let views = &state.app.views;
    let page = test_runs::page(views, suite, &window).await?;
    let share = state.memory_for(test_runs::weight(views, &page.results).await?).await?;
    let runs = test_runs::of_ids(views, &page.results, &state.media_base(&headers)).await?;
    Ok(share.json(page.with_rows(runs).map(|run| seen_by(&caller, run))).await)
}

async fn find(
    state: &HttpState,
    caller: &CallerInfo,
    (suite, id): (SuiteId, RunId),
    headers: &HeaderMap,
) -> Result<RunView, ApiError> {
    let run = test_runs::find(&state.app.views, suite, id, &state.media_base(headers)).await?;
    run.map(|run| seen_by(caller, run)).ok_or_else(ApiError::not_found)
}

/// A run with its results.
#[utoipa::path(
    get,
    path = "/api/tests/suites/{suite}/runs/{id}",
    responses((status = 200, description = "The run", body = RunView))
)]
async fn get(
    State(state): State<HttpState>,
    caller: CallerInfo,
    PathIds(ids): RunPath,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let share = state.memory_for(test_runs::weight(&state.app.views, &[ids.1.value()]).await?).await?;
    Ok(share.json(find(&state, &caller, ids, &headers).await?).await)
}

async fn written(
    state: &HttpState,
    caller: &CallerInfo,
    ids: (SuiteId, RunId),
    headers: &HeaderMap,
    committed: &Committed,
    status: StatusCode,
) -> Result<Response, ApiError> {
    state
        .respond_after_commit(committed, async || {
            Ok((status, Json(find(state, caller, ids, headers).await?)).into_response())
        })
        .await
}

fn models(numbers: &[i64]) -> Vec<Model> {
    numbers.iter().filter_map(|number| Model::from_number(*number)).collect()
}

/// Asks every question of the suite, in the background.
#[utoipa::path(
    post,
    path = "/api/tests/suites/{suite}/runs",
    params(Idempotency),
    request_body = NewRunBody,
    responses((status = 201, description = "Begun", body = RunView))
)]
async fn start(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds(suite): PathIds<Parent<SuiteId>>,
    headers: HeaderMap,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let input = body.read().await?;
    let run = input.create(|fields| {
        let project = fields.uuid("project").required();
        let status = fields.choice("status", STATUSES).or(1);
        let references = fields.boolean("references").or(true);
        NewRun {
            suite,
            project: ProjectId::new(project),
            models: models(&fields.choices("models", MODELS).or(vec![])),
            references,
            status: RunStatus::from_number(status).unwrap_or(RunStatus::Running),
        }
    })?;
    let id = RunId::new(state.app.clock.new_id());
    let context = origin.context_of_creation(&caller, &input);
    let committed = state.app.evaluation.start_run(id, run, &context).await?;
    let id = committed.repeats.map_or(id, RunId::new);
    written(&state, &caller, (suite, id), &headers, &committed, StatusCode::CREATED).await
}

/// Changes or cancels a run.
#[utoipa::path(
    patch,
    path = "/api/tests/suites/{suite}/runs/{id}",
    request_body = RunChange,
    responses((status = 200, description = "The run, changed", body = RunView))
)]
async fn change(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds(ids): RunPath,
    headers: HeaderMap,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    find(&state, &caller, ids, &headers).await?;
    let changes = body.read().await?.partial(|fields| {
        let status = fields.choice("status", STATUSES).optional().and_then(RunStatus::from_number);
        let references = fields.boolean("references").optional();
        let models = fields.choices("models", MODELS).optional().map(|numbers| models(&numbers));
        RunChanges { models, references, status }
    })?;
    let committed = state.app.evaluation.change_run(ids.1, changes, &origin.context(caller.actor())).await?;
    written(&state, &caller, ids, &headers, &committed, StatusCode::OK).await
}

/// Deletes a run.
#[utoipa::path(
    delete,
    path = "/api/tests/suites/{suite}/runs/{id}",
    responses((status = 204, description = "Deleted"))
)]
async fn delete(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds(ids): RunPath,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    find(&state, &caller, ids, &headers).await?;
    let committed = state.app.evaluation.delete_run(ids.1, &origin.context(caller.actor())).await?;
    state.respond_after_commit(&committed, async || Ok(empty(StatusCode::NO_CONTENT))).await
}
