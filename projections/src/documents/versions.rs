//! The versions of documents, as answers show them.

use domain::document::Source;
use sqlx::{PgTransaction, query};
use uuid::Uuid;

use crate::ProjectionError;

/// Keeps what a version is, for the answers that are made from it.
pub(super) async fn insert_version(
    id: Uuid,
    version: u32,
    source: &Source,
    tx: &mut PgTransaction<'_>,
) -> Result<(), ProjectionError> {
    query!(
        "INSERT INTO document_versions (document_id, version, document_type, file_name, text_content)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (document_id, version) DO NOTHING",
        id,
        version.cast_signed(),
        source.document_type.number(),
        source.file.as_ref().map(|file| file.name.as_str()),
        source.text_content.as_deref(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
