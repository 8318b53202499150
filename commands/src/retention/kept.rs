//! What of a subject has to be kept yet, so that its erasure waits.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use domain::ids::SubjectId;
use sqlx::PgPool;

use super::{RetentionClass, RetentionRules};

/// The last of what has to be kept of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptUntil {
    pub class: RetentionClass,
    /// The time from which it may be erased, if nothing is added to it.
    pub until: DateTime<Utc>,
}

impl fmt::Display for KeptUntil {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { class, until } = self;
        let until = until.to_rfc3339_opts(SecondsFormat::Secs, true);
        write!(formatter, "{} until {until}, as the setting {} says", <&str>::from(class), class.setting())
    }
}

/// Returns what has to be kept longest of a subject, by the rules of the classes that its erasure takes; `None` if it may
/// be erased at this time.
///
/// # Errors
/// [`sqlx::Error`] if the log cannot be read.
pub async fn kept_until(
    pool: &PgPool,
    rules: &RetentionRules,
    subject: SubjectId,
    now: DateTime<Utc>,
) -> Result<Option<KeptUntil>, sqlx::Error> {
    let mut kept: Option<KeptUntil> = None;
    for &(class, rule) in &rules.0 {
        let Some(age) = rule.not_before else { continue };
        let Some(until) = youngest(pool, class, subject).await?.map(|since| since + age) else { continue };
        if until > now && kept.is_none_or(|known| known.until < until) {
            kept = Some(KeptUntil { class, until });
        }
    }
    Ok(kept)
}

/// The time from which the age of the youngest thing of the subject is counted that is still there.
async fn youngest(
    pool: &PgPool,
    class: RetentionClass,
    subject: SubjectId,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    match class {
        RetentionClass::AuditTrail => {
            sqlx::query_scalar!(
                r#"SELECT max((metadata ->> 'recorded_at')::timestamptz) FROM events
                   WHERE aggregate_type = 'access' AND metadata ->> 'subject' = $1 AND payload ->> 'reason' IS NOT NULL"#,
                subject.to_string()
            )
            .fetch_one(pool)
            .await
        }
        // No index has the subjects of events; what belongs to a person is reserved, also when it is deleted.
        RetentionClass::Content => {
            sqlx::query_scalar!(
                r#"SELECT max((metadata ->> 'recorded_at')::timestamptz) FROM events
                   WHERE aggregate_type = 'chat' AND event_type NOT IN ('Deleted', 'SubjectErased')
                     AND aggregate_id IN (SELECT $1::uuid::text UNION ALL
                                          SELECT encode(value, 'hex')::uuid::text FROM reservations
                                          WHERE owner = $1 AND kind = 'possession')"#,
                subject.value()
            )
            .fetch_one(pool)
            .await
        }
        RetentionClass::Recordings => {
            sqlx::query_scalar!(
                r#"SELECT max((metadata ->> 'recorded_at')::timestamptz) FROM events AS spoken
                   WHERE aggregate_type = 'chat' AND event_type = 'AnswerSpoken'
                     AND aggregate_id IN (SELECT $1::uuid::text UNION ALL
                                          SELECT encode(value, 'hex')::uuid::text FROM reservations
                                          WHERE owner = $1 AND kind = 'possession')
                     AND NOT EXISTS (SELECT FROM events AS ended
                                     WHERE ended.aggregate_type = 'chat' AND ended.aggregate_id = spoken.aggregate_id
                                       AND ended.event_type = 'Deleted')"#,
                subject.value()
            )
            .fetch_one(pool)
            .await
        }
        // They are of documents, and of no person.
        RetentionClass::Embeddings => Ok(None),
    }
}
