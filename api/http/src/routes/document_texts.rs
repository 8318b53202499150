//! The text that was read of a document, for people who compare it with the document.

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use commands::passage_store::{KeptReading, reading_of, weight_of_reading};
use projections::documents::NoteView;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use super::{
    access::at,
    documents::{DocumentPath, find},
    http_state::HttpState,
};
use crate::{
    contract::{ids::PathIds, paging::ListQuery, problem::ApiError},
    openapi::parameters::OnePage,
};

const NOT_READ_YET: &str = "Nothing of this document has been read yet.";
const NOT_KEPT: &str = "An earlier version of this program has read this document, and did not keep what it read. \
                        Add its content again as a new version to see it.";

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(text))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    at(state, "/api/projects/{project}/documents/{id}/text").get(text).served()
}

/// What was read of a version.
#[derive(Serialize, ToSchema)]
struct DocumentText {
    document: Uuid,
    /// The version that answers are made from.
    #[schema(minimum = 1)]
    version: u32,
    /// In the order in which they are read. Those without text are left out.
    pages: Vec<PageText>,
    /// What the reader had to say of it.
    notes: Vec<NoteView>,
}

/// What was read of a page or slide.
#[derive(Serialize, ToSchema)]
struct PageText {
    /// From 1; null in formats that have none, whose text may come in several parts.
    #[schema(minimum = 1)]
    page: Option<u32>,
    /// Headings begin with `#`, rows of tables with `|`, items of lists with `-` or a number.
    text: String,
}

impl DocumentText {
    fn new(document: Uuid, reading: KeptReading) -> Self {
        let pages = reading.parts.into_iter().map(|part| PageText { page: part.page, text: part.text }).collect();
        let notes = reading.notes.into_iter().map(NoteView::from).collect();
        Self { document, version: reading.version, pages, notes }
    }
}

/// What was read of the document, page by page: the text that its answers are made from.
///
/// A 404 says whether nothing has been read yet, or an earlier version of this program has read it, which did not keep the text.
#[utoipa::path(
    get,
    path = "/api/projects/{project}/documents/{id}/text",
    params(OnePage),
    responses((status = 200, description = "The text", body = DocumentText))
)]
async fn text(
    State(state): State<HttpState>,
    PathIds((project, id)): DocumentPath,
    query: ListQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let document = find(&state, project, id, &headers).await?;
    let absent = || {
        let why = if document.indexed_version.is_none() { NOT_READ_YET } else { NOT_KEPT };
        ApiError::detail(StatusCode::NOT_FOUND, why)
    };
    let page = query.positive("page");
    let bytes = weight_of_reading(&state.app.pool, id, page).await?.ok_or_else(absent)?;
    let share = state.memory_for(bytes).await?;
    let reading = reading_of(&state.app.pool, id, page).await?.ok_or_else(absent)?;
    Ok(share.json(DocumentText::new(id.value(), reading)).await)
}
