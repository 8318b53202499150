//! `tests/suites/{id}/questions/{id}/documents`.

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use domain::ids::{DocumentId, SuiteId, TestQuestionId};
use projections::{documents::DocumentView, listing::Page, test_suites};
use utoipa::OpenApi;

use crate::{
    contract::{
        ids::{Own, Parent, PathIds},
        input::UnreadBody,
        paging::ListQuery,
        problem::ApiError,
    },
    limits::Action,
    openapi::{
        bodies::NewDocument,
        parameters::{Idempotency, SinglePage},
    },
    routes::{
        access::at,
        caller::CallerInfo,
        documents::new_document,
        http_state::{HttpState, Origin, empty},
    },
};

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(list, get, attach, delete))]
pub(super) struct Api;

/// The ids in the path of a question's attached documents.
type AttachmentsPath = PathIds<(Parent<SuiteId>, Parent<TestQuestionId>)>;

/// The ids in the path of one attached document.
type AttachmentPath = PathIds<(Parent<SuiteId>, Parent<TestQuestionId>, Own<DocumentId>)>;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    Router::new()
        .merge(at(state, "/api/tests/suites/{suite}/questions/{question}/documents").get(list).post(attach).served())
        .merge(
            at(state, "/api/tests/suites/{suite}/questions/{question}/documents/{id}").get(get).delete(delete).served(),
        )
}

/// What is attached to a question, oldest first.
#[utoipa::path(
    get,
    path = "/api/tests/suites/{suite}/questions/{question}/documents",
    params(SinglePage),
    responses((status = 200, description = "A part of the list", body = Page<DocumentView>))
)]
async fn list(
    State(state): State<HttpState>,
    PathIds((suite, question)): AttachmentsPath,
    query: ListQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let window = query.single_page(test_suites::attachment_ordering_column);
    let page =
        test_suites::attachments(&state.app.views, suite, question, &window, &state.media_base(&headers)).await?;
    Ok(Json(page).into_response())
}

async fn find(
    state: &HttpState,
    suite: SuiteId,
    question: TestQuestionId,
    id: DocumentId,
    headers: &HeaderMap,
) -> Result<DocumentView, ApiError> {
    let media_base = state.media_base(headers);
    let document = test_suites::find_attachment(&state.app.views, suite, question, id, &media_base).await?;
    document.ok_or_else(ApiError::not_found)
}

/// A document that is attached to a question.
#[utoipa::path(
    get,
    path = "/api/tests/suites/{suite}/questions/{question}/documents/{id}",
    responses((status = 200, description = "The document", body = DocumentView))
)]
async fn get(
    State(state): State<HttpState>,
    PathIds((suite, question, id)): AttachmentPath,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    Ok(Json(find(&state, suite, question, id, &headers).await?).into_response())
}

/// Attaches a document to a question, for people to read.
#[utoipa::path(
    post,
    path = "/api/tests/suites/{suite}/questions/{question}/documents",
    params(Idempotency),
    request_body(content = NewDocument, content_type = "multipart/form-data"),
    responses((status = 201, description = "Attached", body = DocumentView))
)]
async fn attach(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    path: Result<AttachmentsPath, ApiError>,
    headers: HeaderMap,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    state.throttle(Action::Upload, origin.address)?;
    state.throttle_account(Action::Upload, &caller.actor().to_string())?;
    let PathIds((suite, question)) = path?;
    let known = test_suites::find_question(&state.app.views, suite, question, "").await?;
    known.ok_or_else(ApiError::not_found)?;
    let input = body.read_multipart().await?;
    let attachment = new_document(&input, state.app.texts)?;
    let id = DocumentId::new(state.app.clock.new_id());
    let context = origin.context_of_creation(&caller, &input);
    let committed = state.app.evaluation.attach(suite, question, id, attachment, &context).await?;
    let id = committed.repeats.map_or(id, DocumentId::new);
    state
        .respond_after_commit(&committed, async || {
            Ok((StatusCode::CREATED, Json(find(&state, suite, question, id, &headers).await?)).into_response())
        })
        .await
}

/// Takes a document away from a question.
#[utoipa::path(
    delete,
    path = "/api/tests/suites/{suite}/questions/{question}/documents/{id}",
    responses((status = 204, description = "Taken away"))
)]
async fn delete(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds((suite, question, id)): AttachmentPath,
) -> Result<Response, ApiError> {
    let context = origin.context(caller.actor());
    let committed = state.app.evaluation.remove_attachment(suite, question, id, &context).await?;
    state.respond_after_commit(&committed, async || Ok(empty(StatusCode::NO_CONTENT))).await
}
