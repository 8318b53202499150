//! `tests/suites/{id}/runs/{id}/feedback`: addressed by a number. The suite and the run in the path are ignored.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{
    feedback::Opinion,
    ids::{ResultId, RunFeedbackId},
    values::Rating,
};
use projections::{
    listing::Page,
    run_feedback::{self, RunFeedbackView},
    test_runs,
};
use utoipa::{IntoParams, OpenApi};
use uuid::Uuid;

use crate::{
    contract::{
        ids::{PathIds, parent_id},
        input::UnreadBody,
        paging::ListQuery,
        problem::ApiError,
    },
    openapi::{
        bodies::evaluation::{NewRunFeedback, RunFeedbackChange},
        parameters::{Idempotency, SinglePage},
    },
    routes::{
        access::at,
        caller::CallerInfo,
        http_state::{HttpState, Origin, empty},
    },
};

const RATINGS: &[i64] = &[1, 2, 3, 4, 5, 6];

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(list, get, give, change, delete))]
pub(super) struct Api;

/// The suite and the run in a feedback's path, which are ignored, and its number.
type FeedbackPath = PathIds<(String, String, i64)>;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    Router::new().merge(at(state, "/api/tests/suites/{suite}/runs/{run}/feedback").get(list).post(give).served()).merge(
        at(state, "/api/tests/suites/{suite}/runs/{run}/feedback/{number}")
            .get(get)
            .patch(change)
            .delete(delete)
            .served(),
    )
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the document is made from its fields")]
struct Filters {
    #[param(required = false)]
    test_result_id: Uuid,
}

/// Feedback on a result; without `test_result_id`, on all results of all runs.
#[utoipa::path(
    get,
    path = "/api/tests/suites/{suite}/runs/{run}/feedback",
    params(SinglePage, Filters),
    responses((status = 200, description = "A part of the list", body = Page<RunFeedbackView>))
)]
async fn list(State(state): State<HttpState>, query: ListQuery) -> Result<Response, ApiError> {
    let result = query.get("test_result_id").map(parent_id).transpose()?.map(ResultId::new);
    let window = query.single_page(run_feedback::ordering_column);
    Ok(Json(run_feedback::list(&state.app.views, result, &window).await?).into_response())
}

/// Returns the id of the feedback that the number addresses.
async fn addressed(state: &HttpState, number: i64) -> Result<RunFeedbackId, ApiError> {
    run_feedback::id_of(&state.app.views, number).await?.ok_or_else(ApiError::not_found)
}

async fn find(state: &HttpState, id: RunFeedbackId) -> Result<RunFeedbackView, ApiError> {
    run_feedback::find(&state.app.views, id).await?.ok_or_else(ApiError::not_found)
}

/// A feedback.
#[utoipa::path(
    get,
    path = "/api/tests/suites/{suite}/runs/{run}/feedback/{number}",
    responses((status = 200, description = "The feedback", body = RunFeedbackView))
)]
async fn get(
    State(state): State<HttpState>,
    PathIds((_suite, _run, number)): FeedbackPath,
) -> Result<Response, ApiError> {
    let id = addressed(&state, number).await?;
    Ok(Json(find(&state, id).await?).into_response())
}

/// Gives feedback on a result.
#[utoipa::path(
    post,
    path = "/api/tests/suites/{suite}/runs/{run}/feedback",
    params(Idempotency),
    request_body = NewRunFeedback,
    responses((status = 201, description = "Given", body = RunFeedbackView))
)]
async fn give(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let input = body.read().await?;
    let max_chars = state.app.texts.max_note_chars;
    let (result, rating, notes) = input.create(|fields| {
        let result = fields.uuid("test_result_id").required();
        let rating = fields.choice("rating", RATINGS).required();
        (ResultId::new(result), rating, fields.text("notes").bounded(max_chars).required())
    })?;
    let run = test_runs::run_of_result(&state.app.views, result).await?.ok_or_else(ApiError::not_found)?;
    let opinion = Opinion { rating: Rating::from_number(rating).unwrap_or(Rating::Satisfactory), notes };
    let id = RunFeedbackId::new(state.app.clock.new_id());
    let context = origin.context_of_creation(&caller, &input);
    let committed = state.app.evaluation.give_feedback(id, caller.id(), (run, result), opinion, &context).await?;
    let id = committed.repeats.map_or(id, RunFeedbackId::new);
    state
        .respond_after_commit(&committed, async || {
            Ok((StatusCode::CREATED, Json(find(&state, id).await?)).into_response())
        })
        .await
}

/// Changes a feedback.
#[utoipa::path(
    patch,
    path = "/api/tests/suites/{suite}/runs/{run}/feedback/{number}",
    request_body = RunFeedbackChange,
    responses((status = 200, description = "The feedback, changed", body = RunFeedbackView))
)]
async fn change(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds((_suite, _run, number)): FeedbackPath,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let id = addressed(&state, number).await?;
    let max_chars = state.app.texts.max_note_chars;
    let (rating, notes) = body.read().await?.partial(|fields| {
        let rating = fields.choice("rating", RATINGS).optional().and_then(Rating::from_number);
        (rating, fields.text("notes").bounded(max_chars).optional())
    })?;
    let context = origin.context(caller.actor());
    let committed = state.app.evaluation.change_feedback(id, rating, notes, &context).await?;
    state.respond_after_commit(&committed, async || Ok(Json(find(&state, id).await?).into_response())).await
}

/// Deletes a feedback.
#[utoipa::path(
    delete,
    path = "/api/tests/suites/{suite}/runs/{run}/feedback/{number}",
    responses((status = 204, description = "Deleted"))
)]
async fn delete(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds((_suite, _run, number)): FeedbackPath,
) -> Result<Response, ApiError> {
    let id = addressed(&state, number).await?;
    let committed = state.app.evaluation.delete_feedback(id, &origin.context(caller.actor())).await?;
    state.respond_after_commit(&committed, async || Ok(empty(StatusCode::NO_CONTENT))).await
}
