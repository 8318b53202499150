//! `tests/suites/{id}/questions`.

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use domain::{
    ids::{SuiteId, TestQuestionId},
    test_suite::{QuestionChanges, TestQuestion},
};
use projections::{
    listing::Page,
    test_suites::{self, QuestionView},
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
        bodies::evaluation::{NewTestQuestion, TestQuestionChange},
        parameters::{Idempotency, Listing},
    },
    routes::{
        access::at,
        caller::CallerInfo,
        http_state::{HttpState, Origin, empty},
    },
};

const MAX_LANGUAGE: usize = 10;
const ENGLISH: &str = "en";

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(list, get, add, change, delete))]
pub(super) struct Api;

/// The ids in the path of a question.
type QuestionPath = PathIds<(Parent<SuiteId>, Own<TestQuestionId>)>;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    Router::new()
        .merge(at(state, "/api/tests/suites/{suite}/questions").get(list).post(add).served())
        .merge(at(state, "/api/tests/suites/{suite}/questions/{id}").get(get).patch(change).delete(delete).served())
}

/// The questions of a suite, oldest first.
#[utoipa::path(
    get,
    path = "/api/tests/suites/{suite}/questions",
    params(Listing),
    responses((status = 200, description = "A part of the list", body = Page<QuestionView>))
)]
async fn list(
    State(state): State<HttpState>,
    PathIds(suite): PathIds<Parent<SuiteId>>,
    query: ListQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let window = query.window(test_suites::question_ordering_column);
    let page = test_suites::questions(&state.app.views, suite, &window, &state.media_base(&headers)).await?;
    Ok(Json(page).into_response())
}

async fn find(
    state: &HttpState,
    suite: SuiteId,
    id: TestQuestionId,
    headers: &HeaderMap,
) -> Result<QuestionView, ApiError> {
    let question = test_suites::find_question(&state.app.views, suite, id, &state.media_base(headers)).await?;
    question.ok_or_else(ApiError::not_found)
}

/// A question.
#[utoipa::path(
    get,
    path = "/api/tests/suites/{suite}/questions/{id}",
    responses((status = 200, description = "The question", body = QuestionView))
)]
async fn get(
    State(state): State<HttpState>,
    PathIds((suite, id)): QuestionPath,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    Ok(Json(find(&state, suite, id, &headers).await?).into_response())
}

/// Adds a question.
#[utoipa::path(
    post,
    path = "/api/tests/suites/{suite}/questions",
    params(Idempotency),
    request_body = NewTestQuestion,
    responses((status = 201, description = "Added", body = QuestionView))
)]
async fn add(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds(suite): PathIds<Parent<SuiteId>>,
    headers: HeaderMap,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    test_suites::find(&state.app.views, suite).await?.ok_or_else(ApiError::not_found)?;
    let input = body.read().await?;
    let texts = state.app.texts;
    let question = input.create(|fields| {
        let question = fields.text("question").bounded(texts.max_question_chars).required();
        let language = fields.text("language").max(MAX_LANGUAGE).or(ENGLISH.to_owned());
        let human_answer = fields.text("human_answer").bounded(texts.max_answer_chars).required();
        TestQuestion { question, language, human_answer }
    })?;
    let id = TestQuestionId::new(state.app.clock.new_id());
    let context = origin.context_of_creation(&caller, &input);
    let committed = state.app.evaluation.add_question(suite, id, question, &context).await?;
    let id = committed.repeats.map_or(id, TestQuestionId::new);
    state
        .respond_after_commit(&committed, async || {
            Ok((StatusCode::CREATED, Json(find(&state, suite, id, &headers).await?)).into_response())
        })
        .await
}

/// Changes a question.
#[utoipa::path(
    patch,
    path = "/api/tests/suites/{suite}/questions/{id}",
    request_body = TestQuestionChange,
    responses((status = 200, description = "The question, changed", body = QuestionView))
)]
async fn change(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds((suite, id)): QuestionPath,
    headers: HeaderMap,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    find(&state, suite, id, &headers).await?;
    let texts = state.app.texts;
    let changes = body.read().await?.partial(|fields| {
        let question = fields.text("question").bounded(texts.max_question_chars).optional();
        let language = fields.text("language").max(MAX_LANGUAGE).optional();
        let human_answer = fields.text("human_answer").bounded(texts.max_answer_chars).optional();
        QuestionChanges { question, language, human_answer }
    })?;
    let context = origin.context(caller.actor());
    let committed = state.app.evaluation.change_question(suite, id, changes, &context).await?;
    state
        .respond_after_commit(&committed, async || Ok(Json(find(&state, suite, id, &headers).await?).into_response()))
        .await
}

/// Deletes a question.
#[utoipa::path(
    delete,
    path = "/api/tests/suites/{suite}/questions/{id}",
    responses((status = 204, description = "Deleted"))
)]
async fn delete(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds((suite, id)): QuestionPath,
) -> Result<Response, ApiError> {
    let committed = state.app.evaluation.delete_question(suite, id, &origin.context(caller.actor())).await?;
    state.respond_after_commit(&committed, async || Ok(empty(StatusCode::NO_CONTENT))).await
}
