//! `tests/suites/{id}/questions/{id}/documents`.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use commands::{evaluation::NewAttachment, uploads::NewFile};
use domain::{
    ids::{DocumentId, SuiteId, TestQuestionId},
    values::{DocumentType, Title},
};
use projections::{documents::DocumentView, test_suites};

use crate::{
    contract::{
        ids::{own_id, parent_id},
        input::UnreadBody,
        paging::ListQuery,
        problem::ApiError,
    },
    routes::{
        access::at,
        caller::CallerInfo,
        web::{Origin, Web, empty},
    },
};

const TYPES: &[i64] = &[1, 2, 3];

pub(super) fn router(web: &Web) -> Router<Web> {
    Router::new()
        .merge(at(web, "/api/tests/suites/{suite}/questions/{question}/documents").get(list).post(attach).served())
        .merge(
            at(web, "/api/tests/suites/{suite}/questions/{question}/documents/{id}").get(get).delete(delete).served(),
        )
}

fn parents(suite: &str, question: &str) -> Result<(SuiteId, TestQuestionId), ApiError> {
    Ok((SuiteId::new(parent_id(suite)?), TestQuestionId::new(parent_id(question)?)))
}

async fn list(
    State(web): State<Web>,
    Path((suite, question)): Path<(String, String)>,
    query: ListQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (suite, question) = parents(&suite, &question)?;
    let window = query.window(test_suites::attachment_ordering_column);
    let page = test_suites::attachments(&web.app.pool, suite, question, &window, &web.media_base(&headers)).await?;
    Ok(Json(page).into_response())
}

async fn find(
    web: &Web,
    suite: SuiteId,
    question: TestQuestionId,
    id: DocumentId,
    headers: &HeaderMap,
) -> Result<DocumentView, ApiError> {
    let media_base = web.media_base(headers);
    let document = test_suites::find_attachment(&web.app.pool, suite, question, id, &media_base).await?;
    document.ok_or_else(ApiError::not_found)
}

async fn get(
    State(web): State<Web>,
    Path((suite, question, id)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (suite, question) = parents(&suite, &question)?;
    let id = DocumentId::new(own_id(&id)?);
    Ok(Json(find(&web, suite, question, id, &headers).await?).into_response())
}

async fn attach(
    State(web): State<Web>,
    origin: Origin,
    caller: CallerInfo,
    Path((suite, question)): Path<(String, String)>,
    headers: HeaderMap,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let (suite, question) = parents(&suite, &question)?;
    let known = test_suites::find_question(&web.app.pool, suite, question, "").await?;
    known.ok_or_else(ApiError::not_found)?;
    let input = body.read_multipart().await?;
    let (title, description, document_type, file, text_content) = input.create(|fields| {
        (
            fields.text("title").max(Title::MAX_CHARS).required(),
            fields.text("description").allow_blank().nullable().or(None),
            fields.choice("document_type", TYPES).or(1),
            fields.file("file").nullable().or(None),
            fields.text("text_content").allow_blank().nullable().or(None),
        )
    })?;
    let text_content = text_content.filter(|text| !text.is_empty());
    if file.is_none() && text_content.is_none() {
        return Err(ApiError::non_field("Either 'file' or 'text_content' must be provided."));
    }
    let attachment = NewAttachment {
        title: Title::parse(&title).map_err(|_| ApiError::field("title", "This field may not be blank."))?,
        description,
        document_type: DocumentType::from_number(document_type).unwrap_or(DocumentType::File),
        text_content,
        file: file.map(|file| NewFile { name: file.file_name, bytes: file.bytes }),
    };
    let id = DocumentId::new(web.app.clock.new_id());
    let context = origin.context_of_creation(&caller, &input);
    let committed = web.app.evaluation.attach(suite, question, id, attachment, &context).await?;
    let id = committed.repeats.map_or(id, DocumentId::new);
    web.written(&committed, async || {
        Ok((StatusCode::CREATED, Json(find(&web, suite, question, id, &headers).await?)).into_response())
    })
    .await
}

async fn delete(
    State(web): State<Web>,
    origin: Origin,
    caller: CallerInfo,
    Path((suite, question, id)): Path<(String, String, String)>,
) -> Result<Response, ApiError> {
    let (suite, question) = parents(&suite, &question)?;
    let id = DocumentId::new(own_id(&id)?);
    let context = origin.context(caller.actor());
    let committed = web.app.evaluation.remove_attachment(suite, question, id, &context).await?;
    web.written(&committed, async || Ok(empty(StatusCode::NO_CONTENT))).await
}
