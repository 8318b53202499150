//! `projects/{id}/documents`.

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use commands::{
    documents::{NewContent, NewDocument},
    uploads::NewFile,
};
use domain::{
    ids::{DocumentId, ProjectId},
    values::DocumentType,
};
use projections::{
    documents::{self, TrackedDocument},
    listing::Page,
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{
    access::at,
    caller::CallerInfo,
    http_state::{HttpState, Origin, empty},
};
use crate::{
    config::TextSettings,
    contract::{
        fields::is_within,
        ids::{Own, Parent, PathIds},
        input::{Input, UnreadBody, Upload},
        paging::ListQuery,
        problem::ApiError,
    },
    limits::Action,
    openapi::{
        bodies::{DocumentChange, NewDocument as NewDocumentBody},
        parameters::{Idempotency, SinglePage},
    },
};

const TYPES: &[i64] = &[1, 2, 3];
/// The maximum length of a web address: many servers refuse longer ones.
const MAX_URL_CHARS: usize = 2_000;

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(list, add, get, describe, delete))]
pub(super) struct Api;

/// The ids in the path of a document.
pub(super) type DocumentPath = PathIds<(Parent<ProjectId>, Own<DocumentId>)>;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    Router::new()
        .merge(at(state, "/api/projects/{project}/documents").get(list).post(add).served())
        .merge(at(state, "/api/projects/{project}/documents/{id}").get(get).patch(describe).delete(delete).served())
}

/// The documents of the project, oldest first.
#[utoipa::path(
    get,
    path = "/api/projects/{project}/documents",
    params(SinglePage),
    responses((status = 200, description = "A part of the list", body = Page<TrackedDocument>))
)]
async fn list(
    State(state): State<HttpState>,
    PathIds(project): PathIds<Parent<ProjectId>>,
    query: ListQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let window = query.single_page(documents::ordering_column);
    let views = &state.app.views;
    let page = documents::page(views, project, &window).await?;
    let share = state.memory_for(documents::weight(views, &page.results).await?).await?;
    let documents = documents::of_ids(views, &page.results, &state.media_base(&headers)).await?;
    Ok(share.json(page.with_rows(documents)).await)
}

pub(super) async fn find(
    state: &HttpState,
    project: ProjectId,
    id: DocumentId,
    headers: &HeaderMap,
) -> Result<TrackedDocument, ApiError> {
    let document = documents::find(&state.app.views, project, id, &state.media_base(headers)).await?;
    document.ok_or_else(ApiError::not_found)
}

/// A document.
#[utoipa::path(
    get,
    path = "/api/projects/{project}/documents/{id}",
    responses((status = 200, description = "The document", body = TrackedDocument))
)]
async fn get(
    State(state): State<HttpState>,
    PathIds((project, id)): DocumentPath,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    Ok(Json(find(&state, project, id, &headers).await?).into_response())
}

/// Reads a new document, either of a project or attached to a test question.
pub(super) fn new_document(input: &Input, texts: TextSettings) -> Result<NewDocument, ApiError> {
    let (title, description, document_type, file, text_content) = input.create(|fields| {
        (
            fields.value("title").required(),
            fields.text("description").bounded(texts.max_note_chars).allow_blank().nullable().or(None),
            fields.choice("document_type", TYPES).or(1),
            fields.file("file").nullable().or(None),
            fields.text("text_content").bounded(texts.max_document_chars).allow_blank().nullable().or(None),
        )
    })?;
    let document_type = DocumentType::from_number(document_type).unwrap_or(DocumentType::File);
    let content = content(document_type, file, text_content)?;
    Ok(NewDocument { title, description, content })
}

/// Returns the content from which the document's text is read: the file, the web address or the text.
pub(super) fn content(
    document_type: DocumentType,
    file: Option<Upload>,
    text_content: Option<String>,
) -> Result<NewContent, ApiError> {
    let text_content = text_content.filter(|text| !text.is_empty());
    if document_type == DocumentType::Url && text_content.as_ref().is_some_and(|url| !is_within(url, MAX_URL_CHARS)) {
        let message = format!("Ensure this field has no more than {MAX_URL_CHARS} characters.");
        return Err(ApiError::field("text_content", message));
    }
    if file.is_none() && text_content.is_none() {
        return Err(ApiError::non_field("Either 'file' or 'text_content' must be provided."));
    }
    let file = file.map(|file| NewFile { name: file.file_name, bytes: file.bytes });
    Ok(NewContent { document_type, text_content, file })
}

/// Adds a document. Its text can be retrieved from when `uploading` has become false.
#[utoipa::path(
    post,
    path = "/api/projects/{project}/documents",
    params(Idempotency),
    request_body(content = NewDocumentBody, content_type = "multipart/form-data"),
    responses((status = 201, description = "Added", body = TrackedDocument))
)]
async fn add(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    project: Result<PathIds<Parent<ProjectId>>, ApiError>,
    headers: HeaderMap,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    state.throttle(Action::Upload, origin.address)?;
    state.throttle_account(Action::Upload, &caller.actor().to_string())?;
    let PathIds(project) = project?;
    state.app.documents.check_project(project).await?;
    let input = body.read_multipart().await?;
    let document = new_document(&input, state.app.texts)?;
    let id = DocumentId::new(state.app.clock.new_id());
    let context = origin.context_of_creation(&caller, &input);
    let committed = state.app.documents.add(project, id, document, &context).await?;
    let id = committed.repeats.map_or(id, DocumentId::new);
    state
        .respond_after_commit(&committed, async || {
            Ok((StatusCode::CREATED, Json(find(&state, project, id, &headers).await?)).into_response())
        })
        .await
}

/// What a change is answered with.
#[derive(Serialize, ToSchema)]
struct Described {
    title: String,
    description: Option<String>,
}

/// Changes a document's title or description.
#[utoipa::path(
    patch,
    path = "/api/projects/{project}/documents/{id}",
    request_body(content = DocumentChange, content_type = "multipart/form-data"),
    responses((status = 200, description = "Changed", body = Described))
)]
async fn describe(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds((project, id)): DocumentPath,
    headers: HeaderMap,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    find(&state, project, id, &headers).await?;
    let max_chars = state.app.texts.max_note_chars;
    let (title, description) = body.read_multipart().await?.partial(|fields| {
        let title = fields.value("title").if_sent();
        (title, fields.text("description").bounded(max_chars).allow_blank().nullable().optional())
    })?;
    let committed = state.app.documents.describe(id, title, description, &origin.context(caller.actor())).await?;
    state
        .respond_after_commit(&committed, async || {
            let TrackedDocument { document, .. } = find(&state, project, id, &headers).await?;
            Ok(Json(Described { title: document.title, description: document.description }).into_response())
        })
        .await
}

/// Deletes a document: no answer is made from it any more.
#[utoipa::path(
    delete,
    path = "/api/projects/{project}/documents/{id}",
    responses((status = 204, description = "Deleted"))
)]
async fn delete(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds((project, id)): DocumentPath,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    find(&state, project, id, &headers).await?;
    let committed = state.app.documents.delete(project, id, &origin.context(caller.actor())).await?;
    state.respond_after_commit(&committed, async || Ok(empty(StatusCode::NO_CONTENT))).await
}
