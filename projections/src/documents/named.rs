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
    /// The length of the text in bytes, also of one that is too long to be read.
    pub(super) text_bytes: i32,
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
    ($ids:expr, $longest:expr) => {
        query_as!(
            NamedRow,
            r#"SELECT id, title, created_at, modified_at, description, document_type, file_name,
                      CASE WHEN octet_length(text_content) <= $2 THEN text_content END AS text_content,
                      coalesce(octet_length(text_content), 0) AS "text_bytes!", is_uploading, failure_reason
               FROM views.documents WHERE id = ANY($1)"#,
            $ids,
            $longest
        )
    };
}

/// The documents with these ids, in any order, also deleted ones: an answer keeps showing the documents that it was made from.
pub async fn find_many(db: &Views, ids: &[Uuid], media_base: &str) -> Result<Vec<DocumentView>, QueryError> {
    Ok(named!(ids, i32::MAX).fetch_all(db).await?.into_iter().map(|row| row.into_view(media_base)).collect())
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
        let length = usize::try_from(row.text_bytes).unwrap_or_default();
        length.saturating_mul(times.get(&row.id).copied().unwrap_or_default())
    };
    let longest = i32::try_from(*left).unwrap_or(i32::MAX);
    let rows = db.fetch_within(named!(&ids, longest), left, weight).await?;
    Ok(rows.map(|rows| rows.into_iter().map(|row| row.into_view(media_base)).collect()))
}
