//! The audit of the log, which checks that every event is present, in its place and unchanged.

mod finding;
mod records;
mod rows;
mod selection;
mod walk;

use std::ops::RangeInclusive;

use sqlx::{Connection as _, PgConnection, PgPool};
use uuid::Uuid;

use crate::{
    proof::{heads::SignedHead, incarnation::End},
    stored::StoredEvent,
};
pub use finding::Fault;
pub use records::{EventRecord, RecordsError, TakeError, event_records, log_id};
use rows::rows;
pub use selection::{Concerned, LogPart};
use walk::Walk;

/// Begins a transaction that sees one snapshot of the log, without a time limit. Events appended meanwhile are not
/// audited.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL statement_timeout = 0";

/// The result of an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    pub log_id: Uuid,
    /// The positions that were checked, up to the fault if there is one; empty if there are no events.
    pub walked: RangeInclusive<i64>,
    /// The position of the log's end according to `log_head`.
    pub end: i64,
    /// The newest signed head with which the log agrees: the events up to it are proved.
    pub proved: Option<SignedHead>,
    /// The first fault; `None` if there is none.
    pub fault: Option<Fault>,
    /// Whether the trigger that makes the database refuse changes of events is active.
    pub is_guarded: bool,
}

/// The reason why an audit cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error("the log ends at position {0}: there is nothing to verify")]
    BeyondEnd(i64),
    /// The tables `events` and `log_head` are missing, or have other columns. The text is PostgreSQL's.
    #[error("the schema of this database is not one that this program can audit: {0}")]
    UnknownSchema(String),
    /// The text is PostgreSQL's.
    #[error("the tables events and log_head have to be readable (GRANT SELECT): {0}")]
    NotAllowed(String),
    #[error("the log cannot be read")]
    Database(sqlx::Error),
}

impl From<sqlx::Error> for AuditError {
    fn from(error: sqlx::Error) -> Self {
        let refusal = |error: &sqlx::Error| {
            let error = error.as_database_error()?;
            Some((error.code()?.into_owned(), error.message().to_owned()))
        };
        match refusal(&error) {
            // Undefined table or column.
            Some((code, message)) if matches!(code.as_str(), "42P01" | "42703") => Self::UnknownSchema(message),
            // Insufficient privilege.
            Some((code, message)) if code == "42501" => Self::NotAllowed(message),
            _ => Self::Database(error),
        }
    }
}

/// Whoever looks at each event of an audit and its [digest](StoredEvent::digest), in order, before it is held against the
/// chain.
pub type EventObserver<'o> = &'o mut (dyn FnMut(&StoredEvent, &[u8; 32]) + Send);

/// Checks the log from a position up to another one, or up to its end, and finds the first fault: a break in the hash
/// chain, or a difference from the signed heads, which must be in the order of their positions. The observer gets each
/// event that stands at its position, up to the fault.
///
/// If `from` is greater than 1, the stored hash of the event before it is trusted. Reads the tables `events` and
/// `log_head` alone, in one read-only transaction.
///
/// # Errors
/// [`AuditError::BeyondEnd`] if the log ends before `from`; [`AuditError::UnknownSchema`] and
/// [`AuditError::NotAllowed`] if the tables are not there or not readable; [`AuditError::Database`] if the log cannot be
/// read for another reason. A fault of the log is not an error.
pub async fn audit(
    pool: &PgPool,
    from: i64,
    to: Option<i64>,
    heads: &[SignedHead],
    observer: Option<EventObserver<'_>>,
) -> Result<Audit, AuditError> {
    // A separate connection, because it cannot be reused if the walk ends early.
    let mut connection = pool.acquire().await?.detach();
    let mut tx = connection.begin_with(BEGIN).await?;
    let end = sqlx::query_as!(End, "SELECT log_id, position, hash FROM log_head").fetch_one(&mut *tx).await?;
    if from > end.position.max(1) {
        return Err(AuditError::BeyondEnd(end.position));
    }
    let mut signed = Signed { heads, proved: None };
    let is_guarded = is_guarded(&mut tx).await?;
    let (position, fault) = match anchor(&mut tx, from).await? {
        Some(hash) => walk(&mut tx, Walk::new(from - 1, hash), to, &end, &mut signed, observer).await?,
        None => (from - 1, Some(Fault::Removed { position: from - 1, count: 1 })),
    };
    if fault.is_none() {
        tx.rollback().await?;
        connection.close().await?;
    }
    let fault = fault.or_else(|| beyond_end(heads.last()?, &end));
    Ok(Audit {
        log_id: end.log_id,
        walked: from..=position,
        end: end.position,
        proved: signed.proved.cloned(),
        fault,
        is_guarded,
    })
}

/// Returns whether the trigger that refuses changes of events exists and is enabled.
async fn is_guarded(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'events'::regclass AND tgname = 'events_are_kept'
                          AND tgenabled IN ('O', 'A')) AS "is_guarded!""#
    )
    .fetch_one(connection)
    .await
}

/// Compares the end of a log without a fault with the newest signed head.
fn beyond_end(newest: &SignedHead, end: &End) -> Option<Fault> {
    if newest.log_id != end.log_id {
        return Some(Fault::OtherLog { signed: newest.log_id, found: end.log_id });
    }
    let (position, reached) = (end.position + 1, newest.position);
    (reached > end.position).then_some(Fault::CutOff { position, reached })
}

/// The signed heads that are compared during the walk.
struct Signed<'a> {
    /// The heads that are still to come.
    heads: &'a [SignedHead],
    /// The last head that the log agreed with.
    proved: Option<&'a SignedHead>,
}

impl Signed<'_> {
    /// Compares the signed heads up to a position with the stored hash at that position. A signed head with another
    /// hash is a fault.
    fn pass(&mut self, position: i64, hash: &[u8]) -> Option<Fault> {
        while let Some((head, rest)) = self.heads.split_first()
            && head.position <= position
        {
            if head.position == position {
                if head.end().hash != hash {
                    let from = self.proved.map_or(1, |proved| proved.position + 1);
                    return Some(Fault::Recomputed { from, to: position });
                }
                self.proved = Some(head);
            }
            self.heads = rest;
        }
        None
    }
}

/// Returns the hash on which the chain continues at `from`; `None` if the event before it is missing.
async fn anchor(connection: &mut PgConnection, from: i64) -> Result<Option<Vec<u8>>, sqlx::Error> {
    if from == 1 {
        return Ok(Some(vec![0; 32]));
    }
    sqlx::query_scalar!("SELECT hash FROM events WHERE position = $1", from - 1).fetch_optional(connection).await
}

/// Walks the chain. Returns the last position that was found correct, and the fault after it.
async fn walk(
    connection: &mut PgConnection,
    mut walk: Walk,
    to: Option<i64>,
    end: &End,
    signed: &mut Signed<'_>,
    mut observer: Option<EventObserver<'_>>,
) -> Result<(i64, Option<Fault>), AuditError> {
    if let Some(fault) = signed.pass(walk.position(), walk.hash()) {
        return Ok((walk.position(), Some(fault)));
    }
    let mut rows = rows(connection, walk.position(), to.unwrap_or(i64::MAX)).await?;
    while let Some(row) = rows.next().await? {
        let found = match row {
            None => Some(Fault::Altered { position: walk.position() + 1 }),
            Some(link) if link.event.position > end.position && walk.position() == end.position => {
                Some(Fault::Inserted { position: link.event.position, count: 1 })
            }
            Some(link) => {
                if let Some(observer) = &mut observer
                    && link.event.position == walk.position() + 1
                {
                    observer(&link.event, &link.digest);
                }
                walk.take(link).or_else(|| signed.pass(walk.position(), walk.hash()))
            }
        };
        if found.is_some() {
            return Ok((walk.position(), found));
        }
    }
    let position = walk.position();
    let last = to.map_or(end.position, |to| to.min(end.position));
    let fits_end = last < end.position || walk.hash() == end.hash;
    let fault = walk.end().or_else(|| match position {
        _ if position < last => Some(Fault::Removed { position: position + 1, count: last - position }),
        _ if !fits_end => Some(Fault::WrongEnd { position }),
        _ => None,
    });
    Ok((position, fault))
}
