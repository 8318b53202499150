//! Attachments of questions: documents that are not used for retrieval.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::ids::{DocumentId, SuiteId, TestQuestionId};
use sqlx::{QueryBuilder, query_as};
use uuid::Uuid;

use crate::{
    QueryError, Views,
    documents::{DocumentView, media_url},
    listing::{FOUND, Page, Window, page_of_ids},
};

struct AttachmentRow {
    id: Uuid,
    suite_id: Uuid,
    question_id: Uuid,
    title: String,
    description: Option<String>,
    document_type: i16,
    file_name: Option<String>,
    text_content: Option<String>,
    created_at: DateTime<Utc>,
    is_deleted: bool,
}

impl AttachmentRow {
    fn into_view(self, media_base: &str) -> DocumentView {
        DocumentView {
            external_id: self.id,
            title: self.title,
            created_at: self.created_at,
            modified_at: self.created_at,
            description: self.description,
            document_type: self.document_type,
            file: self.file_name.map(|name| media_url(media_base, &name)),
            text_content: self.text_content,
            uploading: false,
            failed: false,
            failure_reason: None,
        }
    }
}

/// The column behind a name that a client may order the list by.
pub fn ordering_column(wire_name: &str) -> Option<&'static str> {
    Some(match wire_name {
        "external_id" => "id",
        "title" => "title",
        "created_at" | "modified_at" => "created_at",
        "description" => "description",
        "document_type" => "document_type",
        "file" => "file_name",
        "text_content" => "text_content",
        _ => return None,
    })
}

/// The attachments of a question; oldest first unless ordered otherwise.
pub async fn list(
    db: &Views,
    suite: SuiteId,
    question: TestQuestionId,
    window: &Window,
    media_base: &str,
) -> Result<Page<DocumentView>, QueryError> {
    let mut found =
        QueryBuilder::new(format!("{FOUND}SELECT * FROM views.test_attachments WHERE NOT is_deleted AND suite_id = "));
    found.push_bind(suite.value()).push(" AND question_id = ").push_bind(question.value());
    let page = page_of_ids(db, found, "position", window).await?;
    let rows = rows(db, &page.results).await?;
    Ok(page.with_rows(rows).map(|row| row.into_view(media_base)))
}

/// The attachment with this id, if it belongs to this question of this suite.
pub async fn find(
    db: &Views,
    suite: SuiteId,
    question: TestQuestionId,
    id: DocumentId,
    media_base: &str,
) -> Result<Option<DocumentView>, QueryError> {
    let row = rows(db, &[id.value()]).await?.pop();
    let is_there =
        |row: &AttachmentRow| !row.is_deleted && row.suite_id == suite.value() && row.question_id == question.value();
    Ok(row.filter(is_there).map(|row| row.into_view(media_base)))
}

/// The attachments of these questions, oldest first, by question.
pub(super) async fn of_questions(
    db: &Views,
    questions: &[Uuid],
    media_base: &str,
) -> Result<HashMap<Uuid, Vec<DocumentView>>, QueryError> {
    let rows = query_as!(
        AttachmentRow,
        "SELECT id, suite_id, question_id, title, description, document_type, file_name, text_content, created_at,
                is_deleted
         FROM views.test_attachments WHERE question_id = ANY($1) AND NOT is_deleted
         ORDER BY position",
        questions
    )
    .fetch_all(db)
    .await?;
    let mut by_question: HashMap<Uuid, Vec<DocumentView>> = HashMap::new();
    for row in rows {
        by_question.entry(row.question_id).or_default().push(row.into_view(media_base));
    }
    Ok(by_question)
}

async fn rows(db: &Views, ids: &[Uuid]) -> Result<Vec<AttachmentRow>, QueryError> {
    let rows = query_as!(
        AttachmentRow,
        "SELECT test_attachments.id, suite_id, question_id, title, description, document_type, file_name, text_content,
                created_at, is_deleted
         FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place) JOIN views.test_attachments USING (id)
         ORDER BY place",
        ids
    )
    .fetch_all(db)
    .await?;
    Ok(rows)
}
