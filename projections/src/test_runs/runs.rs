//! Runs, each with all of its results.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::ids::{RunId, SuiteId};
use serde::Serialize;
use sqlx::{QueryBuilder, query_as, query_scalar};
use utoipa::ToSchema;
use uuid::Uuid;

use super::results::{ResultView, of_runs};
use crate::{
    QueryError, Views,
    listing::{FOUND, Page, Window, page_of_ids},
    projects::{self, ProjectRow, StaffProjectView},
    timestamps,
};

/// A run in the contract's shape.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RunView {
    pub external_id: Uuid,
    pub project: Uuid,
    pub project_object: Option<StaffProjectView>,
    #[serde(with = "timestamps")]
    pub created_at: DateTime<Utc>,
    #[serde(with = "timestamps")]
    pub modified_at: DateTime<Utc>,
    #[schema(minimum = 1, maximum = 4)]
    pub status: i16,
    pub test_results: Vec<ResultView>,
    pub references: bool,
    #[schema(minimum = 1, maximum = 8)]
    pub models: Vec<i16>,
}

impl RunView {
    /// The same shape for users who are not staff, without the fields of the project that are for staff only.
    #[must_use]
    pub fn without_staff_fields(mut self) -> Self {
        if let Some(project) = &mut self.project_object {
            project.prompt = String::new();
            project.key_set = false;
            project.preset_questions = None;
        }
        self
    }
}

struct RunRow {
    id: Uuid,
    suite_id: Uuid,
    project_id: Uuid,
    status: i16,
    models: Vec<i16>,
    with_references: bool,
    created_at: DateTime<Utc>,
    modified_at: DateTime<Utc>,
    is_deleted: bool,
}

/// The column behind a name that a client may order the list by.
pub fn ordering_column(wire_name: &str) -> Option<&'static str> {
    Some(match wire_name {
        "external_id" => "id",
        "project" => "project_id",
        "created_at" => "created_at",
        "modified_at" => "modified_at",
        "status" => "status",
        "references" => "with_references",
        "models" => "models",
        _ => return None,
    })
}

/// The ids of a suite's runs; oldest first unless ordered otherwise.
pub async fn page(db: &Views, suite: SuiteId, window: &Window) -> Result<Page<Uuid>, QueryError> {
    let mut found =
        QueryBuilder::new(format!("{FOUND}SELECT * FROM views.test_runs WHERE NOT is_deleted AND suite_id = "));
    found.push_bind(suite.value());
    page_of_ids(db, found, "position", window).await
}

/// The bytes of text of these runs: their results, each with its question and the documents that it names.
pub async fn weight(db: &Views, runs: &[Uuid]) -> Result<usize, QueryError> {
    let bytes = query_scalar!(
        r#"SELECT coalesce(sum(2 * (octet_length(question) + octet_length(human_answer)) + octet_length(answer) + coalesce((
                      SELECT sum(octet_length(text_content)) FROM views.documents WHERE id = ANY(document_ids)
                  ), 0)), 0)::bigint AS "bytes!"
           FROM views.test_results WHERE run_id = ANY($1)"#,
        runs
    )
    .fetch_one(db)
    .await?;
    Ok(usize::try_from(bytes).unwrap_or_default())
}

/// The runs with these ids, in this order, each with all of its results.
pub async fn of_ids(db: &Views, ids: &[Uuid], media_base: &str) -> Result<Vec<RunView>, QueryError> {
    let rows = rows(db, ids).await?;
    views(db, rows, media_base).await
}

/// The run with this id, if it is one of this suite.
pub async fn find(db: &Views, suite: SuiteId, id: RunId, media_base: &str) -> Result<Option<RunView>, QueryError> {
    let mut rows = rows(db, &[id.value()]).await?;
    rows.retain(|row| !row.is_deleted && row.suite_id == suite.value());
    Ok(views(db, rows, media_base).await?.pop())
}

/// Adds all parts of the runs, with the same number of queries for any number of runs.
async fn views(db: &Views, rows: Vec<RunRow>, media_base: &str) -> Result<Vec<RunView>, QueryError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut projects: Vec<Uuid> = rows.iter().map(|row| row.project_id).collect();
    projects.sort_unstable();
    projects.dedup();
    let projects: HashMap<Uuid, StaffProjectView> = projects::rows(db, &projects)
        .await?
        .into_iter()
        .map(|row| (row.id, ProjectRow::into_staff_view(row)))
        .collect();
    let mut results = of_runs(db, &ids, media_base).await?;
    Ok(rows
        .into_iter()
        .map(|row| RunView {
            external_id: row.id,
            project: row.project_id,
            project_object: projects.get(&row.project_id).cloned(),
            created_at: row.created_at,
            modified_at: row.modified_at,
            status: row.status,
            test_results: results.remove(&row.id).unwrap_or_default(),
            references: row.with_references,
            models: row.models,
        })
        .collect())
}

async fn rows(db: &Views, ids: &[Uuid]) -> Result<Vec<RunRow>, QueryError> {
    let rows = query_as!(
        RunRow,
        "SELECT test_runs.id, suite_id, project_id, status, models, with_references, created_at, modified_at, is_deleted
         FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place) JOIN views.test_runs USING (id)
         ORDER BY place",
        ids
    )
    .fetch_all(db)
    .await?;
    Ok(rows)
}
