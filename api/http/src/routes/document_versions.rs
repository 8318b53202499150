//! `projects/{id}/documents/{id}/…`: new versions of a document, and the progress of their indexing.

use std::{convert::Infallible, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use commands::event_log::Committed;
use domain::{
    ids::{DocumentId, ProjectId},
    values::DocumentType,
};
use futures::{Stream, stream};
use projections::documents::{DocumentState, TrackedDocument};
use utoipa::OpenApi;

use super::{
    access::at,
    caller::CallerInfo,
    documents::{DocumentPath, content, find},
    http_state::{HttpState, Origin},
};
use crate::{
    contract::{ids::PathIds, input::UnreadBody, problem::ApiError},
    limits::Action,
    openapi::{
        bodies::{NewVersion, ProgressEvent},
        parameters::Idempotency,
    },
};

/// The interval at which the document is polled for changes.
const LOOK: Duration = Duration::from_millis(400);

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(add_version, retry, cancel, progress))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    Router::new()
        .merge(at(state, "/api/projects/{project}/documents/{id}/versions").post(add_version).served())
        .merge(at(state, "/api/projects/{project}/documents/{id}/retry").post(retry).served())
        .merge(at(state, "/api/projects/{project}/documents/{id}/cancel").post(cancel).served())
        .merge(at(state, "/api/projects/{project}/documents/{id}/progress").get(progress).served())
}

/// Gives the document new content. Answers are made from the content before until all of the new one is embedded.
///
/// Without any content the page of a web address is fetched again.
#[utoipa::path(
    post,
    path = "/api/projects/{project}/documents/{id}/versions",
    params(Idempotency),
    request_body(content = NewVersion, content_type = "multipart/form-data"),
    responses((status = 201, description = "Added", body = TrackedDocument))
)]
async fn add_version(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    path: Result<DocumentPath, ApiError>,
    headers: HeaderMap,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    state.throttle(Action::Upload, origin.address)?;
    state.throttle_account(Action::Upload, &caller.actor().to_string())?;
    let PathIds((project, id)) = path?;
    let before = find(&state, project, id, &headers).await?.document;
    let input = body.read_multipart().await?;
    let max_chars = state.app.texts.max_document_chars;
    let (file, text_content) = input.create(|fields| {
        let file = fields.file("file").nullable().or(None);
        (file, fields.text("text_content").bounded(max_chars).allow_blank().nullable().or(None))
    })?;
    let before_type = DocumentType::from_number(before.document_type.into()).unwrap_or(DocumentType::File);
    let text_content = text_content.or_else(|| before.text_content.filter(|_| before_type == DocumentType::Url));
    let document_type = match (&file, before_type) {
        (Some(_), _) => DocumentType::File,
        (None, DocumentType::Url) => DocumentType::Url,
        (None, _) => DocumentType::Text,
    };
    let new = content(document_type, file, text_content)?;
    let context = origin.context_of_creation(&caller, &input);
    let committed = state.app.documents.add_version(project, id, new, &context).await?;
    answer(&state, &committed, StatusCode::CREATED, project, id, &headers).await
}

/// Has a failed embedding tried again.
#[utoipa::path(
    post,
    path = "/api/projects/{project}/documents/{id}/retry",
    responses((status = 200, description = "It waits again", body = TrackedDocument))
)]
async fn retry(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds((project, id)): DocumentPath,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    find(&state, project, id, &headers).await?;
    let committed = state.app.documents.retry(id, &origin.context(caller.actor())).await?;
    answer(&state, &committed, StatusCode::OK, project, id, &headers).await
}

/// Gives an awaited embedding up. The content before, if there is one, is still retrieved.
#[utoipa::path(
    post,
    path = "/api/projects/{project}/documents/{id}/cancel",
    responses((status = 200, description = "It failed, because it was cancelled", body = TrackedDocument))
)]
async fn cancel(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds((project, id)): DocumentPath,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    find(&state, project, id, &headers).await?;
    let committed = state.app.documents.cancel(id, &origin.context(caller.actor())).await?;
    answer(&state, &committed, StatusCode::OK, project, id, &headers).await
}

async fn answer(
    state: &HttpState,
    committed: &Committed,
    status: StatusCode,
    project: ProjectId,
    id: DocumentId,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    state
        .respond_after_commit(committed, async || {
            Ok((status, Json(find(state, project, id, headers).await?)).into_response())
        })
        .await
}

/// The document, each time its way into the index has news, as server-sent events. The last one is `indexed` or `failed`.
#[utoipa::path(
    get,
    path = "/api/projects/{project}/documents/{id}/progress",
    responses((status = 200, description = "The document, again and again", content(
        (ProgressEvent = "text/event-stream"),
    )))
)]
async fn progress(
    State(state): State<HttpState>,
    PathIds((project, id)): DocumentPath,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let first = find(&state, project, id, &headers).await?;
    let events = news(state, project, id, headers, first);
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

/// Streams the document each time it has changed. The stream ends after the final state, when the process ends, or when
/// the document cannot be read any more.
fn news(
    state: HttpState,
    project: ProjectId,
    id: DocumentId,
    headers: HeaderMap,
    first: TrackedDocument,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let event = |document: &TrackedDocument| Event::default().json_data(document).unwrap_or_default();
    stream::unfold((Some(first), None::<TrackedDocument>), move |(mut next, mut last)| {
        let (state, headers) = (state.clone(), headers.clone());
        async move {
            if last.as_ref().is_some_and(is_over) {
                return None;
            }
            loop {
                if let Some(document) = next.take().filter(|document| Some(document) != last.as_ref()) {
                    let said = event(&document);
                    last = Some(document);
                    return Some((Ok(said), (None, last)));
                }
                // At shutdown the stream just ends: the client reconnects.
                state.app.ending.run_until_cancelled(tokio::time::sleep(LOOK)).await?;
                next = Some(find(&state, project, id, &headers).await.ok()?);
            }
        }
    })
}

const fn is_over(document: &TrackedDocument) -> bool {
    matches!(document.state, DocumentState::Indexed | DocumentState::Failed)
}
