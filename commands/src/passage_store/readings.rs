//! What was read of documents, as rows: the text that their passages were cut from, for people who compare it with the document.

use domain::{document::Note, ids::DocumentId};
use futures::TryStreamExt as _;
use knowledge::extraction::Part;
use sqlx::{PgPool, PgTransaction, types::Json};

/// What was read of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptReading {
    pub version: u32,
    pub parts: Vec<Part>,
    pub notes: Vec<Note>,
}

pub(super) async fn replace(
    tx: &mut PgTransaction<'_>,
    document: DocumentId,
    reading: &KeptReading,
) -> Result<(), sqlx::Error> {
    delete(tx, document).await?;
    sqlx::query!(
        "INSERT INTO readings (document_id, document_version, notes) VALUES ($1, $2, $3)",
        document.value(),
        reading.version.cast_signed(),
        Json(&reading.notes) as _
    )
    .execute(&mut **tx)
    .await?;
    let pages: Vec<Option<i32>> = reading.parts.iter().map(|part| part.page.map(u32::cast_signed)).collect();
    let texts: Vec<&str> = reading.parts.iter().map(|part| part.text.as_str()).collect();
    sqlx::query!(
        "INSERT INTO read_parts (document_id, ordinal, page, body)
         SELECT $1, (p.ordinality - 1)::integer, p.page, p.body
         FROM UNNEST($2::integer[], $3::text[]) WITH ORDINALITY AS p (page, body, ordinality)",
        document.value(),
        &pages as &[Option<i32>],
        &texts as &[&str],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(super) async fn delete(tx: &mut PgTransaction<'_>, document: DocumentId) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM readings WHERE document_id = $1", document.value()).execute(&mut **tx).await?;
    Ok(())
}

/// How many bytes of text were read of the document, or of one of its pages; `None` if nothing is kept of it. What is deleted is
/// not read any more, also if its removal waits.
///
/// # Errors
/// The database's.
pub async fn weight_of_reading(
    pool: &PgPool,
    document: DocumentId,
    page: Option<u32>,
) -> Result<Option<usize>, sqlx::Error> {
    let bytes = sqlx::query_scalar!(
        r#"SELECT (SELECT coalesce(sum(octet_length(body)), 0)::bigint FROM read_parts AS p
                   WHERE p.document_id = r.document_id AND ($2::integer IS NULL OR p.page = $2)) AS "bytes!"
           FROM readings AS r
           WHERE document_id = $1 AND NOT EXISTS (SELECT FROM hidden_documents AS h WHERE h.document_id = r.document_id)"#,
        document.value(),
        page.map(u32::cast_signed)
    );
    let bytes = bytes.fetch_optional(pool).await?;
    Ok(bytes.map(|bytes| usize::try_from(bytes).unwrap_or_default()))
}

/// What was read of the document, or of one of its pages.
///
/// # Errors
/// The database's.
pub async fn reading_of(
    pool: &PgPool,
    document: DocumentId,
    page: Option<u32>,
) -> Result<Option<KeptReading>, sqlx::Error> {
    let mut tx = pool.begin().await?;
    // A new version may come between the statements.
    sqlx::query!("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").execute(&mut *tx).await?;
    let kept = sqlx::query!(
        r#"SELECT document_version, notes AS "notes: Json<Vec<Note>>" FROM readings WHERE document_id = $1"#,
        document.value()
    );
    let Some(kept) = kept.fetch_optional(&mut *tx).await? else { return Ok(None) };
    let parts = sqlx::query!(
        "SELECT page, body FROM read_parts
         WHERE document_id = $1 AND ($2::integer IS NULL OR page = $2) ORDER BY ordinal",
        document.value(),
        page.map(u32::cast_signed)
    );
    // One by one: a long document is not held twice.
    let parts = parts.fetch(&mut *tx).map_ok(|row| Part { page: row.page.map(i32::cast_unsigned), text: row.body });
    let parts = parts.try_collect().await?;
    tx.commit().await?;
    Ok(Some(KeptReading { version: kept.document_version.cast_unsigned(), parts, notes: kept.notes.0 }))
}
