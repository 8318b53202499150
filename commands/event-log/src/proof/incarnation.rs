//! The fence around a log that was put back: what has seen more of it than there is, does not go on.
//!
//! A database that is restored from a backup has lost its newest events, and gives their positions to others. Whoever knows
//! the lost ones (signed heads, checkpoints, the relay's mark, a process's memory) stops until somebody says that the
//! restored log shall count: it then gets another id, an incarnation.

use std::time::Duration;

use sqlx::PgPool;
use uuid::Uuid;

/// How often a process looks whether the log is still the one that it knows.
const POLL: Duration = Duration::from_secs(1);

/// Why the log is not what somebody knows of it. Each says what to do.
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

/// Where a log ends, or ended when somebody looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    pub log_id: Uuid,
    pub position: i64,
    /// The stored hash there.
    pub hash: Vec<u8>,
}

/// Remembers how far the log has reached.
#[derive(Default)]
pub(crate) struct Fence {
    known: Option<End>,
}

impl Fence {
    /// Knows that the log has reached this end.
    pub(crate) const fn at(known: Option<End>) -> Self {
        Self { known }
    }

    /// The end of the log, if it is the log that is known and has lost nothing of what is.
    ///
    /// # Errors
    /// [`IncarnationError`].
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

/// Ends when the log is no longer the one that this process knows: what it keeps in memory of it must not be used.
pub(crate) async fn watch(pool: PgPool) {
    let mut fence = Fence::default();
    loop {
        match fence.look(&pool).await {
            Ok(_) => {}
            // It is away: whoever needs it says so.
            Err(IncarnationError::Database(error)) => tracing::debug!(%error, "the log's end cannot be looked at"),
            Err(error) => {
                tracing::error!(%error, "the event log was put back or exchanged: this process ends");
                return;
            }
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Refuses checkpoints that are of another log or beyond the log's end.
///
/// # Errors
/// [`IncarnationError`].
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

/// Whether anybody stands beyond the log's end, or in another log.
pub(crate) async fn is_overtaken(pool: &PgPool) -> Result<bool, sqlx::Error> {
    let is_overtaken = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM (SELECT position, log_id FROM checkpoints UNION ALL SELECT position, log_id FROM relay_mark) AS seen
               JOIN log_head ON seen.position > log_head.position OR seen.log_id <> log_head.log_id
           ) AS "is_overtaken!""#
    );
    is_overtaken.fetch_one(pool).await
}

/// Refuses a place in the log that is in another one or beyond its end.
///
/// # Errors
/// [`IncarnationError`].
pub(crate) fn check(what: &str, position: i64, end: i64, is_ours: bool) -> Result<(), IncarnationError> {
    match (position > end, is_ours) {
        (true, _) => Err(IncarnationError::Ahead { what: what.to_owned(), position, end }),
        (false, false) => Err(IncarnationError::Foreign(what.to_owned())),
        (false, true) => Ok(()),
    }
}

/// What became of a restored log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    pub before: Uuid,
    /// Where the new incarnation begins.
    pub begins: End,
    /// Consumers that had seen events which are not in the log: their checkpoints were set back, what they wrote is still there.
    pub set_back: Vec<String>,
}

/// Gives the log another id, and sets back what was ahead of it. The relay publishes it from its beginning: the records of the
/// new id are complete by themselves.
///
/// # Errors
/// [`IncarnationError`] if the log is no older state of the one that had these ends, in the order of its growth.
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
