//! What the log has of each class: since when a thing is there, and when it was erased. Only fields in the clear are
//! read.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use super::RetentionClass;

/// A thing of a class.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub id: Uuid,
    /// The person, or the chat of an API key, whose it is; `None` if it is nobody's.
    pub subject: Option<Uuid>,
    pub since: DateTime<Utc>,
    pub erased_at: Option<DateTime<Utc>>,
}

/// The time for which a legal hold is on a subject.
#[derive(Debug, Clone)]
pub(super) struct HoldTime {
    pub id: Uuid,
    pub subject: Uuid,
    pub placed_at: DateTime<Utc>,
    pub lifted_at: Option<DateTime<Utc>>,
}

impl HoldTime {
    pub(super) fn is_on_at(&self, at: DateTime<Utc>) -> bool {
        self.placed_at <= at && self.lifted_at.is_none_or(|lifted| at < lifted)
    }
}

/// All holds, in the order of their beginnings.
///
/// # Errors
/// [`sqlx::Error`] if the log cannot be read.
pub(super) async fn holds(pool: &PgPool) -> Result<Vec<HoldTime>, sqlx::Error> {
    sqlx::query_as!(
        HoldTime,
        r#"SELECT (placed.payload ->> 'hold_id')::uuid AS "id!", placed.aggregate_id::uuid AS "subject!",
                  (placed.metadata ->> 'recorded_at')::timestamptz AS "placed_at!",
                  (SELECT min((lifted.metadata ->> 'recorded_at')::timestamptz) FROM events AS lifted
                   WHERE lifted.aggregate_type = 'erasure' AND lifted.aggregate_id = placed.aggregate_id
                     AND lifted.event_type = 'LegalHoldLifted'
                     AND lifted.payload ->> 'hold_id' = placed.payload ->> 'hold_id') AS lifted_at
           FROM events AS placed
           WHERE placed.aggregate_type = 'erasure' AND placed.event_type = 'LegalHoldPlaced'
           ORDER BY placed.position"#
    )
    .fetch_all(pool)
    .await
}

/// All things of a class.
///
/// # Errors
/// [`sqlx::Error`] if the log cannot be read.
pub(super) async fn items(pool: &PgPool, class: RetentionClass) -> Result<Vec<Item>, sqlx::Error> {
    match class {
        RetentionClass::AuditTrail => audit_trail(pool).await,
        RetentionClass::Content => content(pool).await,
        RetentionClass::Recordings => recordings(pool).await,
        RetentionClass::Embeddings => embeddings(pool).await,
    }
}

async fn audit_trail(pool: &PgPool) -> Result<Vec<Item>, sqlx::Error> {
    sqlx::query_as!(
        Item,
        r#"WITH erased AS (
               SELECT aggregate_id, min(position) AS position,
                      min((metadata ->> 'recorded_at')::timestamptz) AS at
               FROM events WHERE aggregate_type = 'user' AND event_type = 'SubjectErased' GROUP BY aggregate_id
           )
           SELECT access.aggregate_id::uuid AS "id!", (access.metadata ->> 'subject')::uuid AS subject,
                  (access.metadata ->> 'recorded_at')::timestamptz AS "since!", erased.at AS "erased_at?"
           FROM events AS access LEFT JOIN erased ON erased.aggregate_id = access.metadata ->> 'subject'
           WHERE access.aggregate_type = 'access' AND access.payload ->> 'reason' IS NOT NULL
             AND (erased.position IS NULL OR access.position < erased.position)"#
    )
    .fetch_all(pool)
    .await
}

/// A chat that was deleted is still there: its text is in the log until the key is destroyed. What a part of the system
/// writes of an erased person later has no text.
async fn content(pool: &PgPool) -> Result<Vec<Item>, sqlx::Error> {
    sqlx::query_as!(
        Item,
        r#"WITH erased AS (
               SELECT aggregate_id, min(position) AS position,
                      min((metadata ->> 'recorded_at')::timestamptz) AS at
               FROM events WHERE aggregate_type IN ('user', 'chat') AND event_type = 'SubjectErased'
               GROUP BY aggregate_id
           )
           SELECT said.aggregate_id::uuid AS "id!", min(said.metadata ->> 'subject')::uuid AS subject,
                  max((said.metadata ->> 'recorded_at')::timestamptz) AS "since!", min(erased.at) AS erased_at
           FROM events AS said LEFT JOIN erased ON erased.aggregate_id = said.metadata ->> 'subject'
           WHERE said.aggregate_type = 'chat' AND said.event_type NOT IN ('Deleted', 'SubjectErased')
             AND (erased.position IS NULL OR said.position < erased.position)
           GROUP BY said.aggregate_id"#
    )
    .fetch_all(pool)
    .await
}

/// Files go with their chat or with their person.
async fn recordings(pool: &PgPool) -> Result<Vec<Item>, sqlx::Error> {
    sqlx::query_as!(
        Item,
        r#"WITH ended AS (
               SELECT aggregate_type, aggregate_id, min((metadata ->> 'recorded_at')::timestamptz) AS at
               FROM events
               WHERE (aggregate_type = 'chat' AND event_type IN ('Deleted', 'SubjectErased'))
                  OR (aggregate_type = 'user' AND event_type = 'SubjectErased')
               GROUP BY aggregate_type, aggregate_id
           )
           SELECT (spoken.payload ->> 'answer_id')::uuid AS "id!", (spoken.metadata ->> 'subject')::uuid AS subject,
                  (spoken.metadata ->> 'recorded_at')::timestamptz AS "since!", least(chat.at, person.at) AS erased_at
           FROM events AS spoken
           LEFT JOIN ended AS chat ON chat.aggregate_type = 'chat' AND chat.aggregate_id = spoken.aggregate_id
           LEFT JOIN ended AS person
             ON person.aggregate_type = 'user' AND person.aggregate_id = spoken.metadata ->> 'subject'
           WHERE spoken.aggregate_type = 'chat' AND spoken.event_type = 'AnswerSpoken'"#
    )
    .fetch_all(pool)
    .await
}

/// Passages and vectors are gone when the index has confirmed their removal, not when it was asked for.
async fn embeddings(pool: &PgPool) -> Result<Vec<Item>, sqlx::Error> {
    sqlx::query_as!(
        Item,
        r#"SELECT aggregate_id::uuid AS "id!", NULL::uuid AS subject,
                  max((metadata ->> 'recorded_at')::timestamptz)
                      FILTER (WHERE event_type IN ('Added', 'VersionAdded')) AS "since!",
                  min((metadata ->> 'recorded_at')::timestamptz)
                      FILTER (WHERE event_type = 'RemovalConfirmed' AND payload ->> 'place' = 'index') AS erased_at
           FROM events WHERE aggregate_type = 'document'
           GROUP BY aggregate_id
           HAVING bool_or(event_type IN ('Added', 'VersionAdded'))"#
    )
    .fetch_all(pool)
    .await
}
