//! The certificate of an erasure: what was done when, with the positions of the log that prove it, and no personal text.
//!
//! Its text is lines of a name and values. It is signed as a note (`docs/proof-formats.md`) by whoever implements
//! [`SignCertificate`].

use std::{error::Error, fmt::Write as _};

use domain::{
    erasure::{ApprovalRule, ErasureReason, SubjectKind},
    ids::{ErasureId, SubjectId},
};
use sqlx::PgPool;
use uuid::Uuid;

/// The first line of every certificate. No checkpoint of a log begins with it, so that a signature of one is none of
/// the other.
pub const FORMAT: &str = "ayushma erasure certificate v1";

/// Signs certificates with the key of the log.
pub trait SignCertificate: Send + Sync {
    /// Returns the signed note of a text, by the key of the log with this id.
    ///
    /// # Errors
    /// Whatever keeps the key from signing.
    fn sign(&self, log_id: Uuid, text: String) -> Result<String, Box<dyn Error + Send + Sync>>;
}

/// The facts of a certificate that are in the case, beside those in the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub request: ErasureId,
    pub subject: SubjectId,
    pub kind: SubjectKind,
    pub reason: ErasureReason,
    pub rule: ApprovalRule,
}

/// A step of the case, as the log has it.
struct Step {
    position: i64,
    recorded_at: String,
    event_type: String,
    store: Option<String>,
    count: Option<i64>,
}

/// The text of a certificate, and the log that it is of.
pub(super) struct Draft {
    pub log_id: Uuid,
    pub text: String,
}

/// Writes the text of a certificate from the events of the request.
///
/// # Errors
/// [`sqlx::Error`] if the log cannot be read.
pub(super) async fn draft(pool: &PgPool, facts: Facts) -> Result<Draft, sqlx::Error> {
    let steps = sqlx::query_as!(
        Step,
        r#"SELECT position, event_type, metadata ->> 'recorded_at' AS "recorded_at!",
                  payload ->> 'store' AS store, (payload ->> 'count')::bigint AS count
           FROM events
           WHERE aggregate_type = 'erasure' AND aggregate_id = $1 AND payload ->> 'request_id' = $2
           ORDER BY sequence"#,
        facts.subject.to_string(),
        facts.request.to_string(),
    )
    .fetch_all(pool)
    .await?;
    // Read after the events, so that the head covers them.
    let head = sqlx::query!("SELECT log_id, position, hash FROM log_head").fetch_one(pool).await?;
    let text = text_of(facts, &steps, head.log_id, head.position, &head.hash);
    Ok(Draft { log_id: head.log_id, text })
}

fn text_of(facts: Facts, steps: &[Step], log_id: Uuid, position: i64, hash: &[u8]) -> String {
    let Facts { request, subject, kind, reason, rule } = facts;
    let mut text = format!(
        "{FORMAT}\nlog {log_id}\nrequest {request}\nsubject {subject}\nkind {kind}\nreason {reason}\nrule {rule}\n"
    );
    let mut line = |line: String| writeln!(text, "{line}").expect("a text takes every line");
    for Step { position, recorded_at, event_type, store, count } in steps {
        match (event_type.as_str(), store, count) {
            ("ErasureRequested", ..) => line(format!("requested {position} {recorded_at}")),
            ("ErasureApproved", ..) => line(format!("approved {position} {recorded_at}")),
            ("KeysDestroyed", ..) => line(format!("destroyed {position} {recorded_at}")),
            ("StoreErased", Some(store), Some(count)) => {
                line(format!("store {store} {count} {position} {recorded_at}"));
            }
            _ => {}
        }
    }
    line(format!("head {position} {}", hex::encode(hash)));
    text
}

/// The reason for which the log does not have what a certificate says.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("it is no certificate of an erasure: the first line is not `{FORMAT}`")]
    OtherFormat,
    #[error("line {0} is not of this format")]
    Malformed(usize),
    #[error("it is of the log {0}, and this one has another id")]
    OtherLog(Uuid),
    #[error("the log does not have at position {0} what line {1} says")]
    NotInLog(i64, usize),
    #[error("the log cannot be read")]
    Database(#[from] sqlx::Error),
}

/// Compares a certificate with the log: the id of the log, each step at its position, and the hash of the head.
///
/// # Errors
/// [`CertificateError`] for the first line that does not fit.
pub async fn compare_with_log(pool: &PgPool, text: &str) -> Result<(), CertificateError> {
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    if lines.next().map(|(_, line)| line) != Some(FORMAT) {
        return Err(CertificateError::OtherFormat);
    }
    let log_id = sqlx::query_scalar!("SELECT log_id FROM log_head").fetch_one(pool).await?;
    let (mut request, mut subject) = (None, None);
    for (number, line) in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let malformed = || CertificateError::Malformed(number);
        let position = |text: &str| text.parse::<i64>().map_err(|_| malformed());
        let (event_type, at, time, store) = match words.as_slice() {
            ["log", id] => {
                let id: Uuid = id.parse().map_err(|_| malformed())?;
                if id != log_id {
                    return Err(CertificateError::OtherLog(id));
                }
                continue;
            }
            ["request", id] => {
                request = Some((*id).to_owned());
                continue;
            }
            ["subject", id] => {
                subject = Some((*id).to_owned());
                continue;
            }
            ["kind" | "reason" | "rule", _] => continue,
            ["head", at, hash] => {
                let at = position(at)?;
                let stored = sqlx::query_scalar!("SELECT hash FROM events WHERE position = $1", at);
                let stored = stored.fetch_optional(pool).await?.map(hex::encode);
                if stored.as_deref() != Some(hash) {
                    return Err(CertificateError::NotInLog(at, number));
                }
                continue;
            }
            ["requested", at, time] => ("ErasureRequested", position(at)?, *time, None),
            ["approved", at, time] => ("ErasureApproved", position(at)?, *time, None),
            ["destroyed", at, time] => ("KeysDestroyed", position(at)?, *time, None),
            ["store", store, _, at, time] => ("StoreErased", position(at)?, *time, Some((*store).to_owned())),
            _ => return Err(malformed()),
        };
        let is_there = sqlx::query_scalar!(
            r#"SELECT EXISTS (
                   SELECT FROM events
                   WHERE position = $1 AND aggregate_type = 'erasure' AND event_type = $2 AND aggregate_id = $3
                     AND payload ->> 'request_id' = $4 AND payload ->> 'store' IS NOT DISTINCT FROM $5
                     AND metadata ->> 'recorded_at' = $6
               ) AS "is_there!""#,
            at,
            event_type,
            subject,
            request,
            store,
            time,
        )
        .fetch_one(pool)
        .await?;
        if !is_there {
            return Err(CertificateError::NotInLog(at, number));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_says_what_was_done_when_and_names_nobody() {
        let step = |position, event_type: &str, store: Option<&str>| Step {
            position,
            recorded_at: "2026-12-01T08:30:00.000000Z".to_owned(),
            event_type: event_type.to_owned(),
            store: store.map(str::to_owned),
            count: store.map(|_| 3),
        };
        let facts = Facts {
            request: ErasureId::new(Uuid::from_u128(1)),
            subject: SubjectId::new(Uuid::from_u128(2)),
            kind: SubjectKind::Person,
            reason: ErasureReason::SubjectRequest,
            rule: ApprovalRule::Two,
        };
        let steps = [
            step(7, "ErasureRequested", None),
            step(8, "ErasureApproved", None),
            step(9, "KeysDestroyed", None),
            step(10, "StoreFailed", Some("media")),
            step(11, "StoreErased", Some("media")),
        ];
        let text = text_of(facts, &steps, Uuid::from_u128(3), 11, &[0xab]);
        let expected = "ayushma erasure certificate v1\n\
            log 00000000-0000-0000-0000-000000000003\n\
            request 00000000-0000-0000-0000-000000000001\n\
            subject 00000000-0000-0000-0000-000000000002\n\
            kind person\n\
            reason subject_request\n\
            rule two\n\
            requested 7 2026-12-01T08:30:00.000000Z\n\
            approved 8 2026-12-01T08:30:00.000000Z\n\
            destroyed 9 2026-12-01T08:30:00.000000Z\n\
            store media 3 11 2026-12-01T08:30:00.000000Z\n\
            head 11 ab\n";
        assert_eq!(text, expected);
    }
}
