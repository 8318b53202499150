//! Reference documents: their titles, the addresses of their content, and their state in the index.
//!
//! The media store has the files; here are only their addresses.

mod named;
mod versions;

use std::fmt::Write;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    AggregateType,
    document::{DocumentEvent, Note},
    envelope::RecordedEvent,
    event::Event,
    ids::{DocumentId, ProjectId},
};
use serde::{Deserialize, Serialize};
use sqlx::{PgTransaction, QueryBuilder, query, query_as, query_scalar, types::Json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    ProjectionError, Projector, QueryError, Views,
    listing::{FOUND, Page, Window, page_of_ids},
    timestamps,
};

use named::NamedRow;
pub use named::find_many;
pub(crate) use named::{Citation, find_cited, find_within};
use versions::insert_version;

pub(crate) struct DocumentsProjector;

#[async_trait]
impl Projector for DocumentsProjector {
    fn name(&self) -> &'static str {
        "documents"
    }

    fn aggregate_types(&self) -> &'static [AggregateType] {
        &[AggregateType::Document]
    }

    fn tables(&self) -> &'static [&'static str] {
        &["documents", "document_versions"]
    }

    async fn project(&self, recorded: &RecordedEvent, tx: &mut PgTransaction<'_>) -> Result<(), ProjectionError> {
        let Event::Document(event) = &recorded.event else { return Ok(()) };
        let id = recorded.aggregate_id;
        let at = recorded.metadata.recorded_at;
        if let DocumentEvent::Added { source, .. } = event {
            insert_version(id, 1, source, tx).await?;
        } else if let DocumentEvent::VersionAdded { version, source, .. } = event {
            insert_version(id, *version, source, tx).await?;
        }
        let statement = match event {
            DocumentEvent::Added { project_id, creator: _, title, description, source } => query!(
                "INSERT INTO documents
                     (id, position, project_id, title, description, document_type, file_name, text_content, created_at, modified_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) ON CONFLICT (id) DO NOTHING",
                id,
                recorded.position,
                project_id.value(),
                title.as_str(),
                description.as_deref(),
                source.document_type.number(),
                source.file.as_ref().map(|file| file.name.as_str()),
                source.text_content.as_deref(),
                at
            ),
            DocumentEvent::TitleChanged { title } => {
                query!("UPDATE documents SET title = $3, modified_at = $2 WHERE id = $1", id, at, title.as_str())
            }
            DocumentEvent::DescriptionChanged { description } => query!(
                "UPDATE documents SET description = $3, modified_at = $2 WHERE id = $1",
                id,
                at,
                description.as_deref()
            ),
            DocumentEvent::VersionAdded { version, creator: _, source } => query!(
                "UPDATE documents SET version = $3, document_type = $4, file_name = $5, text_content = $6,
                                      is_uploading = true, failure_reason = NULL, failure_notes = '[]', modified_at = $2
                 WHERE id = $1",
                id,
                at,
                version.cast_signed(),
                source.document_type.number(),
                source.file.as_ref().map(|file| file.name.as_str()),
                source.text_content.as_deref(),
            ),
            DocumentEvent::EmbeddingRequested { version: _ } => query!(
                "UPDATE documents SET is_uploading = true, failure_reason = NULL, failure_notes = '[]', modified_at = $2
                 WHERE id = $1",
                id,
                at
            ),
            // The domain allows only the newest version to be embedded, so the event is about the version in the row.
            DocumentEvent::Embedded { version, passages, model: _, notes } => query!(
                "UPDATE documents SET is_uploading = false, failure_reason = NULL, failure_notes = '[]', indexed_version = $3,
                                      passages = $4, notes = $5, modified_at = $2
                 WHERE id = $1",
                id,
                at,
                version.cast_signed(),
                passages.cast_signed(),
                Json(notes) as _,
            ),
            DocumentEvent::EmbeddingFailed { version: _, reason, notes } => query!(
                "UPDATE documents SET is_uploading = false, failure_reason = $3, failure_notes = $4, modified_at = $2
                 WHERE id = $1",
                id,
                at,
                reason.message(),
                Json(notes) as _,
            ),
            DocumentEvent::Deleted {} => {
                query!("UPDATE documents SET is_deleted = true, modified_at = $2 WHERE id = $1", id, at)
            }
            DocumentEvent::RemovalConfirmed { place: _ } => return Ok(()),
        };
        statement.execute(&mut **tx).await?;
        Ok(())
    }
}

/// A document in the contract's shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DocumentView {
    pub external_id: Uuid,
    pub title: String,
    #[serde(with = "timestamps")]
    pub created_at: DateTime<Utc>,
    #[serde(with = "timestamps")]
    pub modified_at: DateTime<Utc>,
    pub description: Option<String>,
    #[schema(minimum = 1, maximum = 3)]
    pub document_type: i16,
    /// The URL of its file.
    pub file: Option<String>,
    pub text_content: Option<String>,
    pub uploading: bool,
    pub failed: bool,
    pub failure_reason: Option<String>,
}

/// A document of a project with its state in the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TrackedDocument {
    #[serde(flatten)]
    pub document: DocumentView,
    /// The newest version, from 1.
    pub version: i32,
    /// The version that answers are made from; null until one is indexed.
    pub indexed_version: Option<i32>,
    /// The state of the newest version.
    pub state: DocumentState,
    /// The progress of indexing, in per cent.
    #[schema(minimum = 0, maximum = 100)]
    pub progress: i32,
    /// The number of passages of the newest version, as soon as it is known, and the number of those that are embedded.
    pub passages: Option<i32>,
    pub embedded_passages: i32,
    /// The number of attempts of the pending embedding; 0 as soon as it has ended.
    pub attempts: i32,
    /// The reader's notes on the newest version, if it has failed and there are any; else those on the version that answers are made
    /// from.
    pub notes: Vec<NoteView>,
}

/// A part of a document that its reader left out, changed, or is not sure of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NoteView {
    /// The kind, such as `struck_left_out`; later versions may add kinds.
    pub kind: String,
    /// The note as a sentence.
    pub message: String,
    /// The number of occurrences.
    #[schema(minimum = 1)]
    pub count: u32,
    /// The pages or slides of the occurrences, from 1; only the first ones, if there are many.
    pub pages: Vec<u32>,
    /// The names involved, such as those of fonts or sheets; only the first ones, if there are many.
    pub names: Vec<String>,
}

impl From<Note> for NoteView {
    fn from(note: Note) -> Self {
        let Note { kind, message, count, pages, names } = note;
        Self { kind, message, count, pages, names }
    }
}

/// A state of a document's newest version on its way into the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DocumentState {
    Queued,
    Extracting,
    Chunking,
    Embedding,
    Indexed,
    Failed,
}

struct DocumentRow {
    id: Uuid,
    project_id: Uuid,
    title: String,
    created_at: DateTime<Utc>,
    modified_at: DateTime<Utc>,
    description: Option<String>,
    document_type: i16,
    file_name: Option<String>,
    text_content: Option<String>,
    is_uploading: bool,
    failure_reason: Option<String>,
    is_deleted: bool,
    version: i32,
    indexed_version: Option<i32>,
    passages: Option<i32>,
    stage: Option<String>,
    done: Option<i32>,
    total: Option<i32>,
    attempts: Option<i32>,
    notes: Json<Vec<NoteView>>,
    failure_notes: Json<Vec<NoteView>>,
}

impl DocumentRow {
    fn state(&self) -> DocumentState {
        match (self.is_uploading, &self.failure_reason, self.stage.as_deref()) {
            (false, None, _) => DocumentState::Indexed,
            (false, Some(_), _) => DocumentState::Failed,
            (true, _, Some("extracting")) => DocumentState::Extracting,
            (true, _, Some("chunking")) => DocumentState::Chunking,
            (true, _, Some("embedding")) => DocumentState::Embedding,
            (true, _, _) => DocumentState::Queued,
        }
    }

    fn into_tracked(self, media_base: &str) -> TrackedDocument {
        let state = self.state();
        // The reports of an ended embedding are removed a moment after its outcome is visible here.
        let (passages, embedded, attempts) = match state {
            DocumentState::Indexed => (self.passages, self.passages, None),
            DocumentState::Failed => (None, None, None),
            DocumentState::Queued | DocumentState::Extracting | DocumentState::Chunking | DocumentState::Embedding => {
                (self.total, self.done, self.attempts)
            }
        };
        let embedded_passages = embedded.unwrap_or(0);
        TrackedDocument {
            version: self.version,
            indexed_version: self.indexed_version,
            state,
            progress: percentage(state, embedded_passages, passages),
            passages,
            embedded_passages,
            attempts: attempts.unwrap_or(0),
            notes: if self.failure_notes.0.is_empty() { self.notes.0 } else { self.failure_notes.0 },
            document: NamedRow {
                id: self.id,
                version: None,
                title: self.title,
                created_at: self.created_at,
                modified_at: self.modified_at,
                description: self.description,
                document_type: self.document_type,
                file_name: self.file_name,
                text_content: self.text_content,
                text_bytes: 0,
                is_uploading: self.is_uploading,
                failure_reason: self.failure_reason,
            }
            .into_view(media_base),
        }
    }
}

/// The progress in per cent. Extracting and chunking are the first tenth, because embedding takes most of the time.
fn percentage(state: DocumentState, done: i32, total: Option<i32>) -> i32 {
    match state {
        DocumentState::Queued | DocumentState::Extracting | DocumentState::Failed => 0,
        DocumentState::Chunking => 5,
        DocumentState::Embedding => {
            10 + i32::try_from(i64::from(done) * 89 / i64::from(total.unwrap_or(1).max(1))).unwrap_or(0)
        }
        DocumentState::Indexed => 100,
    }
}

/// The URL of a file in the media store: the base URL followed by the percent-encoded name.
pub fn media_url(media_base: &str, name: &str) -> String {
    let mut url = media_base.to_owned();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            url.push(char::from(byte));
        } else {
            write!(url, "%{byte:02X}").expect("a String takes any text");
        }
    }
    url
}

/// The column behind a name that a client may order the list by.
pub fn ordering_column(wire_name: &str) -> Option<&'static str> {
    Some(match wire_name {
        "external_id" => "id",
        "title" => "title",
        "created_at" => "created_at",
        "modified_at" => "modified_at",
        "description" => "description",
        "document_type" => "document_type",
        "file" => "file_name",
        "text_content" => "text_content",
        "uploading" => "is_uploading",
        "failed" => "(failure_reason IS NOT NULL)",
        "failure_reason" => "failure_reason",
        _ => return None,
    })
}

/// The ids of a project's documents; oldest first unless ordered otherwise.
pub async fn page(db: &Views, project: ProjectId, window: &Window) -> Result<Page<Uuid>, QueryError> {
    let mut found = QueryBuilder::new(FOUND);
    found.push("SELECT * FROM views.documents WHERE NOT is_deleted AND project_id = ");
    found.push_bind(project.value());
    page_of_ids(db, found, "position", window).await
}

/// The bytes of text of these documents.
pub async fn weight(db: &Views, documents: &[Uuid]) -> Result<usize, QueryError> {
    let bytes = query_scalar!(
        r#"SELECT coalesce(sum(coalesce(octet_length(text_content), 0) + octet_length(notes::text)
                          + octet_length(failure_notes::text)), 0)::bigint AS "bytes!"
           FROM views.documents WHERE id = ANY($1)"#,
        documents
    )
    .fetch_one(db)
    .await?;
    Ok(usize::try_from(bytes).unwrap_or_default())
}

/// The documents with these ids, in this order, with their state in the index.
pub async fn of_ids(db: &Views, ids: &[Uuid], media_base: &str) -> Result<Vec<TrackedDocument>, QueryError> {
    Ok(rows(db, ids).await?.into_iter().map(|row| row.into_tracked(media_base)).collect())
}

/// The document with this id, if it is in this project.
pub async fn find(
    db: &Views,
    project: ProjectId,
    id: DocumentId,
    media_base: &str,
) -> Result<Option<TrackedDocument>, QueryError> {
    let row = rows(db, &[id.value()]).await?.pop();
    Ok(row.filter(|row| !row.is_deleted && row.project_id == project.value()).map(|row| row.into_tracked(media_base)))
}

async fn rows(db: &Views, ids: &[Uuid]) -> Result<Vec<DocumentRow>, QueryError> {
    let rows = query_as!(
        DocumentRow,
        r#"SELECT documents.id, project_id, title, created_at, modified_at, description, document_type, file_name,
                  text_content, is_uploading, failure_reason, is_deleted, documents.version, indexed_version, passages,
                  progress.stage AS "stage?", progress.done AS "done?", progress.total AS "total?",
                  progress.attempts AS "attempts?", notes AS "notes: Json<Vec<NoteView>>",
                  failure_notes AS "failure_notes: Json<Vec<NoteView>>"
           FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place) JOIN views.documents USING (id)
           LEFT JOIN document_progress AS progress
                  ON progress.document_id = documents.id AND progress.version = documents.version
           ORDER BY place"#,
        ids
    )
    .fetch_all(db)
    .await?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::media_url;

    #[test]
    fn a_file_name_is_percent_encoded_behind_either_base() {
        assert_eq!(media_url("http://host/media/", "a_b_1é.txt"), "http://host/media/a_b_1%C3%A9.txt");
        assert_eq!(media_url("/media/", "50% ok?.pdf"), "/media/50%25%20ok%3F.pdf");
    }
}
