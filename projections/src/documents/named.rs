//! Documents as answers name them: what they are, without their state in the index.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::query_as;
use uuid::Uuid;

use super::{DocumentView, media_url};
use crate::{QueryError, Views};

pub(super) struct NamedRow {
    pub(super) id: Uuid,
    pub(super) title: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) modified_at: DateTime<Utc>,
    pub(super) description: Option<String>,
    pub(super) document_type: i16,
    pub(super) file_name: Option<String>,
    pub(super) text_content: Option<String>,
    pub(super) is_uploading: bool,
    pub(super) failure_reason: Option<String>,
}

impl NamedRow {
    pub(super) fn into_view(self, media_base: &str) -> DocumentView {
        DocumentView {
            external_id: self.id,
            title: self.title,
            created_at: self.created_at,
            modified_at: self.modified_at,
            description: self.description,
            document_type: self.document_type,
            file: self.file_name.map(|name| media_url(media_base, &name)),
            text_content: self.text_content,
            uploading: self.is_uploading,
            failed: self.failure_reason.is_some(),
            failure_reason: self.failure_reason,
        }
    }
}

macro_rules! named {
    ($ids:expr) => {
        query_as!(
            NamedRow,
            "SELECT id, title, created_at, modified_at, description, document_type, file_name, text_content, is_uploading,
                    failure_reason
             FROM views.documents WHERE id = ANY($1)",
            $ids
        )
    };
}

/// The documents with these ids, in any order, also deleted ones: an answer keeps showing the documents that it was made from.
pub async fn find_many(db: &Views, ids: &[Uuid], media_base: &str) -> Result<Vec<DocumentView>, QueryError> {
    Ok(named!(ids).fetch_all(db).await?.into_iter().map(|row| row.into_view(media_base)).collect())
}

/// The same for documents that are shown so many times each; `None` if that makes more than `left` bytes of text, which is lessened by it.
pub(crate) async fn find_within(
    db: &Views,
    times: &BTreeMap<Uuid, usize>,
    left: &mut usize,
    media_base: &str,
) -> Result<Option<Vec<DocumentView>>, QueryError> {
    if times.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let ids: Vec<Uuid> = times.keys().copied().collect();
    let weight = |row: &NamedRow| {
        let length = row.text_content.as_deref().map_or(0, str::len);
        length.saturating_mul(times.get(&row.id).copied().unwrap_or_default())
    };
    let rows = db.fetch_within(named!(&ids), left, weight).await?;
    Ok(rows.map(|rows| rows.into_iter().map(|row| row.into_view(media_base)).collect()))
}
