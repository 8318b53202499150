//! Assistants: rows from a project's events, and the list for staff.

use domain::{envelope::RecordedEvent, project::Assistant};
use serde::Serialize;
use sqlx::{PgTransaction, query, query_as};
use utoipa::ToSchema;

use crate::{ProjectionError, QueryError, Views};

/// An assistant in the contract's shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AssistantView {
    pub id: String,
    pub name: String,
    pub instructions: String,
    pub model: String,
}

/// Writes the row of an assistant with its current definition.
pub(crate) async fn upsert(
    recorded: &RecordedEvent,
    assistant: &Assistant,
    tx: &mut PgTransaction<'_>,
) -> Result<(), ProjectionError> {
    query!(
        "INSERT INTO assistants (project_id, id, position, name, instructions, model)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (project_id, id) DO UPDATE SET position = $3, name = $4, instructions = $5, model = $6
         WHERE assistants.position <= $3",
        recorded.aggregate_id,
        assistant.id,
        recorded.position,
        assistant.name,
        assistant.instructions,
        assistant.model
    )
    .execute(&mut **tx)
    .await?;
    query!(
        "UPDATE projects SET assistant_id = $3, modified_at = $2 WHERE id = $1",
        recorded.aggregate_id,
        recorded.metadata.recorded_at,
        assistant.id
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Each assistant once, in its latest definition; the oldest definition first.
pub async fn list(db: &Views) -> Result<Vec<AssistantView>, QueryError> {
    let assistants = query_as!(
        AssistantView,
        "SELECT id, name, instructions, model
         FROM (SELECT DISTINCT ON (id) * FROM views.assistants ORDER BY id, position DESC) AS latest
         ORDER BY position"
    )
    .fetch_all(db)
    .await?;
    Ok(assistants)
}

/// The assistant with this id, in its latest definition.
pub async fn find(db: &Views, id: &str) -> Result<Option<AssistantView>, QueryError> {
    let assistant = query_as!(
        AssistantView,
        "SELECT id, name, instructions, model FROM views.assistants WHERE id = $1 ORDER BY position DESC LIMIT 1",
        id
    )
    .fetch_optional(db)
    .await?;
    Ok(assistant)
}
