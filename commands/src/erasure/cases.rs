//! The cases of all subjects, read from the log alone: they have no personal text, so that no key is needed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{
    erasure::{ErasureCase, ErasureEvent},
    event::{DecodeError, Event},
    ids::SubjectId,
};
use sqlx::PgPool;
use uuid::Uuid;

/// A case, with the time of its last event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownCase {
    pub subject: SubjectId,
    pub case: ErasureCase,
    pub changed_at: DateTime<Utc>,
}

/// The reason for which the cases cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CasesError {
    #[error("the log cannot be read")]
    Database(#[from] sqlx::Error),
    #[error("the event at position {0} cannot be read")]
    Unreadable(i64, #[source] DecodeError),
    #[error("the event at position {0} is of no subject")]
    NoSubject(i64),
}

/// Reads the cases of all subjects, or of one; the one that changed last comes last.
///
/// # Errors
/// [`CasesError`] if the log cannot be read.
pub async fn cases(pool: &PgPool, of: Option<SubjectId>) -> Result<Vec<KnownCase>, CasesError> {
    let rows = sqlx::query!(
        r#"SELECT position, aggregate_id, event_type, event_version, payload::text AS "payload!",
                  (metadata ->> 'recorded_at')::timestamptz AS "recorded_at!"
           FROM events WHERE aggregate_type = 'erasure' AND ($1::text IS NULL OR aggregate_id = $1) ORDER BY position"#,
        of.map(|subject| subject.to_string()),
    )
    .fetch_all(pool)
    .await?;
    let mut histories: BTreeMap<SubjectId, (Vec<ErasureEvent>, DateTime<Utc>)> = BTreeMap::new();
    for row in rows {
        let subject = Uuid::try_parse(&row.aggregate_id).map_err(|_| CasesError::NoSubject(row.position))?;
        let (events, changed_at) = histories.entry(SubjectId::new(subject)).or_insert((Vec::new(), row.recorded_at));
        match Event::decode("erasure", &row.event_type, &row.event_version, row.payload.as_str()) {
            Ok(Event::Erasure(event)) => events.push(event),
            Ok(_) => {}
            Err(error) => return Err(CasesError::Unreadable(row.position, error)),
        }
        *changed_at = row.recorded_at;
    }
    let known = |(subject, (events, changed_at))| KnownCase { subject, case: ErasureCase::of(events), changed_at };
    let mut cases: Vec<KnownCase> = histories.into_iter().map(known).collect();
    cases.sort_by_key(|known| known.changed_at);
    Ok(cases)
}
