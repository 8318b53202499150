//! Suites: their names, and the settings with which their questions are asked.

use chrono::{DateTime, Utc};
use domain::ids::SuiteId;
use serde::Serialize;
use sqlx::{QueryBuilder, query_as};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    QueryError, Views,
    listing::{FOUND, Page, Window, page_of_ids},
    timestamps,
};

/// A suite in the contract's shape.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SuiteView {
    pub name: String,
    #[serde(with = "timestamps")]
    pub created_at: DateTime<Utc>,
    #[serde(with = "timestamps")]
    pub modified_at: DateTime<Utc>,
    pub temperature: f64,
    pub topk: i32,
    pub external_id: Uuid,
}

/// The column behind a name that a client may order the list by.
pub fn ordering_column(wire_name: &str) -> Option<&'static str> {
    Some(match wire_name {
        "name" => "name",
        "created_at" => "created_at",
        "modified_at" => "modified_at",
        "temperature" => "temperature",
        "topk" => "top_k",
        "external_id" => "id",
        _ => return None,
    })
}

/// All suites; oldest first unless ordered otherwise.
pub async fn list(db: &Views, window: &Window) -> Result<Page<SuiteView>, QueryError> {
    let found = QueryBuilder::new(format!("{FOUND}SELECT * FROM views.test_suites WHERE NOT is_deleted"));
    let page = page_of_ids(db, found, "position", window).await?;
    let rows = rows(db, &page.results).await?;
    Ok(page.with_rows(rows))
}

/// The suite with this id.
pub async fn find(db: &Views, id: SuiteId) -> Result<Option<SuiteView>, QueryError> {
    Ok(rows(db, &[id.value()]).await?.pop())
}

/// The suites with these ids, in this order, without deleted ones.
async fn rows(db: &Views, ids: &[Uuid]) -> Result<Vec<SuiteView>, QueryError> {
    let rows = query_as!(
        SuiteView,
        "SELECT name, created_at, modified_at, temperature, top_k AS topk, test_suites.id AS external_id
         FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place) JOIN views.test_suites USING (id)
         WHERE NOT is_deleted
         ORDER BY place",
        ids
    )
    .fetch_all(db)
    .await?;
    Ok(rows)
}
