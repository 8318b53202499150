//! The fence against a restored log: a reader that has seen more of the log than there is does not continue.
//!
//! A database that is restored from a backup has lost its newest events, and will give their positions to other events.
//! A component that knows of the lost events (through signed heads, checkpoints, the relay's mark or a process's
//! memory) stops until an operator accepts the restored log. It then gets a new id; the log under one id is called an
//! incarnation.

use std::time::Duration;

use sqlx::PgPool;
use uuid::Uuid;

/// How often a process checks that the log is still the one that it knows.
const POLL: Duration = Duration::from_secs(1);

/// The reason why the log does not match what is known of it. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum IncarnationError {
    #[error(
        "the event log ends at position {end}, but it had reached {known}: if the database was restored from a backup, run \
         `ayushma log restored`, else `ayushma audit verify`"
    )]
    Behind { end: i64, known: i64 },
    #[error(
        "the database holds the event log {found}, but what is known is of {known}: if it was restored from a backup or made \
         anew, run `ayushma log restored` (once: other folders of signed heads get a copy of heads.jsonl); if it is another \
         installation's, give it another DATA_DIR"
    )]
    OtherLog { found: Uuid, known: Uuid },
    #[error("the event at position {0} is not the one that was there: `ayushma audit verify` tells more")]
    Altered(i64),
    #[error(
        "the record of the log's end, position {0}, does not fit the last event: `ayushma audit verify` tells more"
    )]
    WrongEnd(i64),
    #[error(
        "{what} stands at position {position}, beyond the log's end at {end}: if the database was restored from a backup, run \
         `ayushma log restored`"
    )]
    Ahead { what: String, position: i64, end: i64 },
    #[error("{0} is of another log: if the database was restored from a backup, run `ayushma log restored`")]
    Foreign(String),
    #[error("the log cannot be read")]
    Database(#[from] sqlx::Error),
}

/// The end of a log, now or at an earlier time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    pub log_id: Uuid,
    pub position: i64,
    /// The stored hash of the event at the position.
    pub hash: Vec<u8>,
}

/// Remembers the known end of the log, and compares the log with it.
#[derive(Default)]
pub(crate) struct Fence {
    known: Option<End>,
}

impl Fence {
    /// Creates a fence for a log that has reached this end; with `None`, nothing is known of the log.
    pub(crate) const fn at(known: Option<End>) -> Self {
        Self { known }
    }

    /// Returns the end of the log, if it is the known log and still contains the known end.
    ///
    /// # Errors
    /// [`IncarnationError`] if the log is another one, is shorter than known, was altered, or cannot be read.
    pub(crate) async fn look(&mut self, pool: &PgPool) -> Result<End, IncarnationError> {
        let found = sqlx::query!(
            r#"SELECT log_id, position, hash,
                      coalesce((SELECT max(position) FROM events), 0) AS "last!",
                      (SELECT hash FROM events WHERE events.position = log_head.position) AS last_hash,
                      (SELECT hash FROM events WHERE events.position = $1) AS known_hash
               FROM log_head"#,
            self.known.as_ref().map(|known| known.position),
        )
        .fetch_one(pool)
        .await?;
        let end = End { log_id: found.log_id, position: found.position, hash: found.hash };
        if found.last != end.position || found.last_hash.is_some_and(|hash| hash != end.hash) {
            return Err(IncarnationError::WrongEnd(end.position));
        }
        if let Some(known) = &self.known {
            if known.log_id != end.log_id {
                return Err(IncarnationError::OtherLog { found: end.log_id, known: known.log_id });
            }
            if known.position > end.position {
                return Err(IncarnationError::Behind { end: end.position, known: known.position });
            }
            if known.position > 0 && found.known_hash.as_ref() != Some(&known.hash) {
                return Err(IncarnationError::Altered(known.position));
            }
        }
        self.known = Some(end.clone());
        Ok(end)
    }
}

/// Returns when the log is no longer the one that this process knows: the process's caches must not be used any more.
pub(crate) async fn watch(pool: PgPool) {
    let mut fence = Fence::default();
    loop {
        match fence.look(&pool).await {
            Ok(_) => {}
            // The database is unreachable, which is reported where it is needed.
            Err(IncarnationError::Database(error)) => tracing::debug!(%error, "the log's end cannot be looked at"),
            Err(error) => {
                tracing::error!(%error, "the event log was put back or exchanged: this process ends");
                return;
            }
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Checks that the checkpoints of a consumer belong to this log and are not beyond its end.
///
/// # Errors
/// [`IncarnationError::Ahead`] or [`IncarnationError::Foreign`] if one does not; [`IncarnationError::Database`] if they
/// cannot be read.
pub(crate) async fn check_checkpoints(pool: &PgPool, consumer: &str) -> Result<(), IncarnationError> {
    let wrong = sqlx::query!(
        r#"SELECT checkpoints.position, log_head.position AS end, checkpoints.log_id = log_head.log_id AS "is_ours!"
           FROM checkpoints, log_head
           WHERE consumer = $1 AND (checkpoints.position > log_head.position OR checkpoints.log_id <> log_head.log_id)
           ORDER BY checkpoints.position DESC LIMIT 1"#,
        consumer,
    )
    .fetch_optional(pool)
    .await?;
    wrong.map_or(Ok(()), |found| {
        check(&format!("the checkpoint of {consumer}"), found.position, found.end, found.is_ours)
    })
}

/// Returns whether a checkpoint or a relay mark is beyond the log's end, or belongs to another log.
pub(crate) async fn is_overtaken(pool: &PgPool) -> Result<bool, sqlx::Error> {
    let is_overtaken = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM (SELECT position, log_id FROM checkpoints UNION ALL SELECT position, log_id FROM relay_mark) AS seen
               JOIN log_head ON seen.position > log_head.position OR seen.log_id <> log_head.log_id
           ) AS "is_overtaken!""#
    );
    is_overtaken.fetch_one(pool).await
}

/// Checks that a position is not beyond the end of the log, and belongs to this log.
///
/// # Errors
/// [`IncarnationError::Ahead`] or [`IncarnationError::Foreign`].
pub(crate) fn check(what: &str, position: i64, end: i64, is_ours: bool) -> Result<(), IncarnationError> {
    match (position > end, is_ours) {
        (true, _) => Err(IncarnationError::Ahead { what: what.to_owned(), position, end }),
        (false, false) => Err(IncarnationError::Foreign(what.to_owned())),
        (false, true) => Ok(()),
    }
}

/// The result of accepting a restored log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The id of the log before.
    pub before: Uuid,
    /// The end of the log where the new incarnation begins, with its id.
    pub begins: End,
    /// The consumers that had seen events which are no longer in the log: their checkpoints were set back; the rows
    /// they wrote remain.
    pub set_back: Vec<String>,
}

/// Gives the log a new id, and sets back the checkpoints that are beyond its end. The relay publishes the log again
/// from its beginning, so that the records with the new id are complete.
///
/// # Errors
/// [`IncarnationError`] if the log is not an older state of the one that had these ends (which must be in the order of
/// its growth), or a query fails.
pub(crate) async fn restore(pool: &PgPool, ends: &[End], new_id: Uuid) -> Result<Restored, IncarnationError> {
    let mut tx = pool.begin().await?;
    let head = sqlx::query!("SELECT log_id, position, hash FROM log_head FOR UPDATE").fetch_one(&mut *tx).await?;
    let last = sqlx::query!("SELECT position, hash FROM events ORDER BY position DESC LIMIT 1");
    let fits = last
        .fetch_optional(&mut *tx)
        .await?
        .map_or(head.position == 0, |last| last.position == head.position && last.hash == head.hash);
    if !fits {
        return Err(IncarnationError::WrongEnd(head.position));
    }
    if let Some(known) = ends.iter().rfind(|known| (1..=head.position).contains(&known.position)) {
        let found = sqlx::query_scalar!("SELECT hash FROM events WHERE position = $1", known.position);
        if found.fetch_optional(&mut *tx).await?.as_ref() != Some(&known.hash) {
            return Err(IncarnationError::Altered(known.position));
        }
    }
    sqlx::query!("UPDATE log_head SET log_id = $1", new_id).execute(&mut *tx).await?;
    sqlx::query!("DELETE FROM relay_partitions").execute(&mut *tx).await?;
    sqlx::query!("UPDATE relay_mark SET log_id = $1, position = 0", new_id).execute(&mut *tx).await?;
    let set_back = sqlx::query_scalar!(
        r#"SELECT DISTINCT consumer FROM checkpoints WHERE position > $1 ORDER BY consumer"#,
        head.position,
    )
    .fetch_all(&mut *tx)
    .await?;
    sqlx::query!("UPDATE checkpoints SET log_id = $1, position = least(position, $2)", new_id, head.position)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    let begins = End { log_id: new_id, position: head.position, hash: head.hash };
    Ok(Restored { before: head.log_id, begins, set_back })
}
