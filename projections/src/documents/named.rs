//! Documents as answers name them: what they are, in the version that the answer was made from, without their state in
//! the index.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use sqlx::query_as;
use uuid::Uuid;

use super::{DocumentView, media_url};
use crate::{QueryError, Views};

/// A document as an answer names it: its id and the version that the answer was made from, if that is known.
pub(crate) type Citation = (Uuid, Option<i32>);

pub(super) struct NamedRow {
    pub(super) id: Uuid,
    /// The version that was asked for.
    pub(super) version: Option<i32>,
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
    ($citations:expr, $longest:expr) => {{
        let (ids, versions): (Vec<Uuid>, Vec<Option<i32>>) = $citations.unzip();
        query_as!(
            NamedRow,
            r#"SELECT document.id, cited.version AS "version?", title, created_at, modified_at, description,
                      coalesce(kept.document_type, document.document_type) AS "document_type!",
                      CASE WHEN kept.version IS NULL THEN document.file_name ELSE kept.file_name END AS file_name,
                      CASE WHEN text.bytes <= $3 THEN text.content END AS text_content,
                      coalesce(text.bytes, 0) AS "text_bytes!",
                      kept.version IS NULL AND is_uploading AS "is_uploading!",
                      CASE WHEN kept.version IS NULL THEN failure_reason END AS failure_reason
               FROM unnest($1::uuid[], $2::integer[]) AS cited (id, version)
               JOIN views.documents AS document ON document.id = cited.id
               LEFT JOIN views.document_versions AS kept
                    ON kept.document_id = cited.id AND kept.version = cited.version
               CROSS JOIN LATERAL (
                   SELECT content, octet_length(content) AS bytes
                   FROM (VALUES (CASE WHEN kept.version IS NULL THEN document.text_content ELSE kept.text_content END))
                     AS chosen (content)
               ) AS text"#,
            &ids,
            &versions as &[Option<i32>],
            $longest
        )
    }};
}

/// The newest versions of the documents with these ids, in any order, also of deleted ones.
pub async fn find_many(db: &Views, ids: &[Uuid], media_base: &str) -> Result<Vec<DocumentView>, QueryError> {
    let rows = named!(ids.iter().map(|id| (*id, None)), i32::MAX).fetch_all(db).await?;
    Ok(rows.into_iter().map(|row| row.into_view(media_base)).collect())
}

/// The documents that answers name, also deleted ones: an answer keeps showing the documents that it was made from.
pub(crate) async fn find_cited(
    db: &Views,
    citations: impl Iterator<Item = Citation>,
    media_base: &str,
) -> Result<HashMap<Citation, DocumentView>, QueryError> {
    let rows = named!(citations, i32::MAX).fetch_all(db).await?;
    Ok(rows.into_iter().map(|row| ((row.id, row.version), row.into_view(media_base))).collect())
}

/// The same for documents that are shown so many times each; `None` if that makes more than `left` bytes of text, which is lessened by it.
pub(crate) async fn find_within(
    db: &Views,
    times: &BTreeMap<Citation, usize>,
    left: &mut usize,
    media_base: &str,
) -> Result<Option<HashMap<Citation, DocumentView>>, QueryError> {
    if times.is_empty() {
        return Ok(Some(HashMap::new()));
    }
    let weight = |row: &NamedRow| {
        let length = usize::try_from(row.text_bytes).unwrap_or_default();
        length.saturating_mul(times.get(&(row.id, row.version)).copied().unwrap_or_default())
    };
    let longest = i32::try_from(*left).unwrap_or(i32::MAX);
    let rows = db.fetch_within(named!(times.keys().copied(), longest), left, weight).await?;
    Ok(rows.map(|rows| rows.into_iter().map(|row| ((row.id, row.version), row.into_view(media_base))).collect()))
}
