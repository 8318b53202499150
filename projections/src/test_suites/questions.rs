//! Questions of suites, with the answers written by people.

use chrono::{DateTime, Utc};
use domain::ids::{SuiteId, TestQuestionId};
use serde::Serialize;
use sqlx::{QueryBuilder, query_as};
use utoipa::ToSchema;
use uuid::Uuid;

use super::attachments;
use crate::{
    QueryError, Views,
    documents::DocumentView,
    listing::{FOUND, Page, Window, page_of_ids},
    timestamps,
};

/// A question in the contract's shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuestionView {
    pub question: String,
    pub language: String,
    #[serde(with = "timestamps")]
    pub created_at: DateTime<Utc>,
    #[serde(with = "timestamps")]
    pub modified_at: DateTime<Utc>,
    pub human_answer: String,
    pub external_id: Uuid,
    pub documents: Vec<DocumentView>,
}

struct QuestionRow {
    id: Uuid,
    suite_id: Uuid,
    question: String,
    human_answer: String,
    language: String,
    created_at: DateTime<Utc>,
    modified_at: DateTime<Utc>,
    is_deleted: bool,
}

impl QuestionRow {
    fn into_view(self, documents: Vec<DocumentView>) -> QuestionView {
        QuestionView {
            question: self.question,
            language: self.language,
            created_at: self.created_at,
            modified_at: self.modified_at,
            human_answer: self.human_answer,
            external_id: self.id,
            documents,
        }
    }
}

/// The column behind a name that a client may order the list by.
pub fn ordering_column(wire_name: &str) -> Option<&'static str> {
    Some(match wire_name {
        "question" => "question",
        "language" => "language",
        "created_at" => "created_at",
        "modified_at" => "modified_at",
        "human_answer" => "human_answer",
        "external_id" => "id",
        _ => return None,
    })
}

/// The questions of a suite; oldest first unless ordered otherwise.
pub async fn list(
    db: &Views,
    suite: SuiteId,
    window: &Window,
    media_base: &str,
) -> Result<Page<QuestionView>, QueryError> {
    let mut found =
        QueryBuilder::new(format!("{FOUND}SELECT * FROM views.test_questions WHERE NOT is_deleted AND suite_id = "));
    found.push_bind(suite.value());
    let page = page_of_ids(db, found, "position", window).await?;
    let rows = rows(db, &page.results, media_base).await?;
    Ok(page.with_rows(rows))
}

/// The question with this id, if it is in this suite.
pub async fn find(
    db: &Views,
    suite: SuiteId,
    id: TestQuestionId,
    media_base: &str,
) -> Result<Option<QuestionView>, QueryError> {
    let row = bare_rows(db, &[id.value()]).await?.pop();
    let Some(row) = row.filter(|row| !row.is_deleted && row.suite_id == suite.value()) else { return Ok(None) };
    let documents = attachments::of_questions(db, &[row.id], media_base).await?.remove(&row.id);
    Ok(Some(row.into_view(documents.unwrap_or_default())))
}

/// The questions with these ids, in this order, also deleted ones: results keep showing their questions.
pub(crate) async fn rows(db: &Views, ids: &[Uuid], media_base: &str) -> Result<Vec<QuestionView>, QueryError> {
    let rows = bare_rows(db, ids).await?;
    let mut documents = attachments::of_questions(db, ids, media_base).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let documents = documents.remove(&row.id).unwrap_or_default();
            row.into_view(documents)
        })
        .collect())
}

async fn bare_rows(db: &Views, ids: &[Uuid]) -> Result<Vec<QuestionRow>, QueryError> {
    let rows = query_as!(
        QuestionRow,
        "SELECT test_questions.id, suite_id, question, human_answer, language, created_at, modified_at, is_deleted
         FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place) JOIN views.test_questions USING (id)
         ORDER BY place",
        ids
    )
    .fetch_all(db)
    .await?;
    Ok(rows)
}
