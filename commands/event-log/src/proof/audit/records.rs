//! What proofs of single events are made from: the digest of the stored columns, and never a payload.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::{Connection as _, PgPool};
use uuid::Uuid;

use super::{BEGIN, anchor, rows::rows, walk::Link};
use crate::{
    proof::incarnation::End,
    stored::{StoredEvent, chain_link},
};

/// The positions at which a batch ends, besides the end of the log: whole tiles of 256 entries, none of which is written
/// twice.
const BATCH: i64 = 25_600;

/// The error of whoever takes records.
pub type TakeError = Box<dyn std::error::Error + Send + Sync>;

/// A stored event, as far as it is needed to prove that it is in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRecord {
    pub position: i64,
    pub aggregate_type: String,
    pub event_type: String,
    pub recorded_at: DateTime<Utc>,
    /// The SHA-256 over the stored columns, from which the chain is made.
    pub digest: [u8; 32],
}

/// The reason why the records of a log were not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    #[error("the log ends at position {end}, before position {after}")]
    BeyondEnd { after: i64, end: i64 },
    #[error("the event at position {0} is not the one that was written: `ayushma audit verify` tells more")]
    Broken(i64),
    #[error("the metadata of the event at position {0} cannot be read")]
    Malformed(i64),
    #[error("the log cannot be read")]
    Database(#[from] sqlx::Error),
    #[error("the records cannot be taken over")]
    NotTaken(#[source] TakeError),
}

/// The part of the metadata that a record has.
#[derive(Deserialize)]
struct Recorded {
    recorded_at: DateTime<Utc>,
}

impl EventRecord {
    /// Returns the record of a stored event with this digest; `None` if its metadata have no time, as those of no event
    /// that was written.
    pub fn of(event: &StoredEvent, digest: [u8; 32]) -> Option<Self> {
        let Recorded { recorded_at } = serde_json::from_str(&event.metadata).ok()?;
        let (aggregate_type, event_type) = (event.aggregate_type.clone(), event.event_type.clone());
        Some(Self { position: event.position, aggregate_type, event_type, recorded_at, digest })
    }
}

/// Returns the id of the log, which a restored backup changes.
///
/// # Errors
/// [`sqlx::Error`] if the table `log_head` cannot be read.
pub async fn log_id(pool: &PgPool) -> Result<Uuid, sqlx::Error> {
    sqlx::query_scalar!("SELECT log_id FROM log_head").fetch_one(pool).await
}

/// Hands over the records of all events after a position, in order and in batches, out of one snapshot of the log, and
/// returns the position of its end. Each is held against the hash chain before it is handed over; the stored hash of the
/// event at `after` is trusted.
///
/// # Errors
/// [`RecordsError`]; what was handed over before is right.
pub async fn event_records(
    pool: &PgPool,
    after: i64,
    mut take: impl FnMut(Vec<EventRecord>) -> Result<(), TakeError>,
) -> Result<i64, RecordsError> {
    // A separate connection, because it cannot be reused if the copy ends early.
    let mut connection = pool.acquire().await?.detach();
    let mut tx = connection.begin_with(BEGIN).await?;
    let end = sqlx::query_as!(End, "SELECT log_id, position, hash FROM log_head").fetch_one(&mut *tx).await?.position;
    if after > end {
        return Err(RecordsError::BeyondEnd { after, end });
    }
    let mut previous = anchor(&mut tx, after + 1).await?.ok_or(RecordsError::Broken(after))?;
    let mut position = after;
    let mut batch = vec![];
    let mut rows = rows(&mut tx, after, end).await?;
    while position < end {
        position += 1;
        let Some(Link { event, digest, hash }) = rows.next().await?.flatten() else {
            return Err(RecordsError::Broken(position));
        };
        if event.position != position || chain_link(&previous, position, &digest).as_slice() != hash {
            return Err(RecordsError::Broken(position));
        }
        previous = hash;
        batch.push(EventRecord::of(&event, digest).ok_or(RecordsError::Malformed(position))?);
        if position % BATCH == 0 || position == end {
            take(std::mem::take(&mut batch)).map_err(RecordsError::NotTaken)?;
        }
    }
    Ok(end)
}
