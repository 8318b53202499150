//! One transaction of the appender: checks, positions, chain, insert.
//!
//! It holds the lock on the log's head from its first statement to COMMIT, so that all appends of all processes are in one order.

use std::{io, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use domain::ids::CommandId;
use sqlx::{Connection, PgConnection, PgPool, PgTransaction};
use tokio::time::{Instant, timeout, timeout_at};
use uuid::Uuid;

use super::{
    connection::AppenderConnection,
    head::Head,
    known::{End, Known},
    rows::{Reservation, Row, Together},
    stored::{ChainHash, Committed, EventPosition, StoredEvent, partition_of},
};
use crate::scheduler::{Expiry, ExpiryError};

/// The channel on which other processes are woken after an append.
pub(super) const NOTIFY_CHANNEL: &str = "ayushma_log";

/// Locks the log's head. A process that stalls while it holds the log's lock loses it before the others have given up waiting for it.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = '3s'; \
                     SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '8s'; \
                     SELECT FROM log_head FOR UPDATE";
/// How long the answer to COMMIT is waited for.
const COMMIT_PATIENCE: Duration = Duration::from_secs(5);

/// The events and rows of one execution of a command, encoded, with what they rely on.
#[derive(Clone)]
pub struct Append {
    pub command_id: CommandId,
    pub streams: Vec<StreamAppend>,
    pub rows: Vec<Row>,
    pub idempotency: Option<Idempotency>,
}

/// New events of one aggregate.
#[derive(Clone)]
pub struct StreamAppend {
    pub aggregate_type: &'static str,
    pub aggregate_id: Uuid,
    /// The sequence of the last event that the decision has seen; 0 for none.
    pub expected_sequence: i64,
    pub events: Vec<EncodedEvent>,
}

/// An event in its stored form, before it has a position.
#[derive(Clone)]
pub struct EncodedEvent {
    pub event_type: String,
    pub event_version: String,
    pub payload: String,
    pub metadata: String,
}

/// What makes a repeated request recognisable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    pub actor: String,
    pub key: String,
    /// A keyed hash of the request: the same key with another request is a mistake.
    pub fingerprint: Vec<u8>,
    /// What the request makes, if it is the first.
    pub resource_id: Uuid,
    pub expires_at: DateTime<Utc>,
}

/// Why an append was refused. None of its events and rows were written.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    #[error("another command changed the aggregate in the meantime")]
    VersionConflict,
    #[error("a value is taken")]
    Taken(Vec<Reservation>),
    #[error("the account that something shall belong to is gone")]
    NoSuchOwner,
    #[error("something belongs to the account")]
    StillOwns,
    #[error("the request repeats an earlier one")]
    Repeated { resource_id: Uuid },
    #[error("the idempotency key was used for another request")]
    KeyReused,
    #[error("the event log cannot be written at the moment")]
    Unavailable(#[source] Arc<sqlx::Error>),
    #[error("the event log cannot be written at the moment: the appender is closed")]
    Closed,
}

pub(super) struct Outcome {
    pub results: Vec<Result<Committed, AppendError>>,
    /// What was written.
    pub events: Vec<StoredEvent>,
    /// The end of the log after the batch, and the types that are in the batch.
    pub head: Head,
}

pub(super) enum BatchError {
    /// The transaction failed before COMMIT was sent.
    NotCommitted(sqlx::Error),
    /// The answer to COMMIT did not arrive: it may have happened.
    Unknown(sqlx::Error),
}

/// Writes what can be written of the batch in one transaction; each append is accepted or refused on its own.
/// With `may_have_happened`, appends that are in the log already are only looked up.
///
/// # Errors
/// The database's, if the transaction as a whole failed.
pub(super) async fn append_batch(
    place: &mut AppenderConnection,
    batch: &[Append],
    may_have_happened: bool,
    deadline: Instant,
) -> Result<Outcome, BatchError> {
    let connection = timeout_at(deadline, place.get()).await.unwrap_or_else(|_| Err(timed_out()));
    let connection = connection.map_err(BatchError::NotCommitted)?;
    let result = transact(connection, batch, may_have_happened, deadline).await;
    if result.is_err() {
        place.close();
    }
    result
}

async fn transact(
    connection: &mut PgConnection,
    batch: &[Append],
    may_have_happened: bool,
    deadline: Instant,
) -> Result<Outcome, BatchError> {
    let written = timeout_at(deadline, async {
        let mut tx = connection.begin_with(BEGIN).await?;
        let outcome = write(&mut tx, batch, may_have_happened).await?;
        Ok((tx, outcome))
    });
    let (tx, outcome) = written.await.unwrap_or_else(|_| Err(timed_out())).map_err(BatchError::NotCommitted)?;
    let committed = timeout(COMMIT_PATIENCE, tx.commit()).await.unwrap_or_else(|_| Err(timed_out()));
    committed.map_err(BatchError::Unknown)?;
    Ok(outcome)
}

fn timed_out() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database did not answer in time"))
}

async fn write(tx: &mut PgTransaction<'_>, batch: &[Append], may_have_happened: bool) -> Result<Outcome, sqlx::Error> {
    let (mut end, mut known) = Known::load(tx, batch, may_have_happened).await?;
    let mut together = Together::default();
    let mut rows: Vec<(StoredEvent, ChainHash)> = Vec::new();
    let mut results = Vec::with_capacity(batch.len());
    for append in batch {
        if let Some(committed) = known.outcome_of(append) {
            results.push(Ok(committed));
            continue;
        }
        let result = known.accept(append);
        if result.is_ok() {
            // What is given up first, wherever it stands: a value may change hands in one append.
            let (released, others): (Vec<&Row>, Vec<&Row>) =
                append.rows.iter().partition(|row| matches!(row, Row::Release { .. } | Row::ReleaseValue { .. }));
            for row in released.into_iter().chain(others) {
                if !together.take(row) {
                    row.write(tx).await?;
                }
            }
            if let Some(idempotency) = &append.idempotency {
                remember(tx, idempotency).await?;
            }
        }
        results.push(result.map(|()| Committed {
            command_id: append.command_id,
            repeats: None,
            positions: number(append, &mut end, &mut rows),
        }));
    }
    together.write(tx).await?;
    let head = Head::of_batch(end.position, rows.iter().map(|(event, _)| event.aggregate_type.as_str()));
    if !rows.is_empty() {
        insert(tx, &rows, &end, &head).await?;
    }
    let events = rows.into_iter().map(|(event, _)| event).collect();
    Ok(Outcome { results, events, head })
}

/// Gives the events of an accepted append their places in the log.
fn number(append: &Append, end: &mut End, rows: &mut Vec<(StoredEvent, ChainHash)>) -> Vec<EventPosition> {
    let mut positions = Vec::new();
    for stream in &append.streams {
        let aggregate_id = stream.aggregate_id.to_string();
        let partition = partition_of(&aggregate_id, end.partitions);
        for (event, sequence) in stream.events.iter().zip(stream.expected_sequence + 1..) {
            end.position += 1;
            let stored = StoredEvent {
                position: end.position,
                aggregate_type: stream.aggregate_type.to_owned(),
                aggregate_id: aggregate_id.clone(),
                sequence,
                event_type: event.event_type.clone(),
                event_version: event.event_version.clone(),
                payload: event.payload.clone(),
                metadata: event.metadata.clone(),
                partition,
                command_id: append.command_id.value(),
            };
            let hash = stored.chain_hash(&end.hash);
            end.hash = hash.to_vec();
            positions.push(EventPosition { aggregate_type: stream.aggregate_type, partition, position: end.position });
            rows.push((stored, hash));
        }
    }
    positions
}

/// Writes the events, moves the end of the log and tells the other processes, in one round trip.
async fn insert(
    tx: &mut PgTransaction<'_>,
    rows: &[(StoredEvent, ChainHash)],
    end: &End,
    head: &Head,
) -> Result<(), sqlx::Error> {
    fn texts(rows: &[(StoredEvent, ChainHash)], column: fn(&StoredEvent) -> &String) -> Vec<String> {
        rows.iter().map(|(event, _)| column(event).clone()).collect()
    }
    sqlx::query!(
        "WITH inserted AS (
             INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                                 position, partition, command_id, hash)
             SELECT aggregate_type, aggregate_id, sequence, event_type, event_version, payload::json, metadata::json,
                    position, partition, command_id, hash
             FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[],
                         $8::bigint[], $9::int[], $10::uuid[], $11::bytea[])
               AS new (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                       position, partition, command_id, hash)
         ), moved AS (
             UPDATE log_head SET position = $12, hash = $13
         )
         SELECT pg_notify($14, $15)",
        &texts(rows, |event| &event.aggregate_type),
        &texts(rows, |event| &event.aggregate_id),
        &rows.iter().map(|(event, _)| event.sequence).collect::<Vec<_>>(),
        &texts(rows, |event| &event.event_type),
        &texts(rows, |event| &event.event_version),
        &texts(rows, |event| &event.payload),
        &texts(rows, |event| &event.metadata),
        &rows.iter().map(|(event, _)| event.position).collect::<Vec<_>>(),
        &rows.iter().map(|(event, _)| event.partition).collect::<Vec<_>>(),
        &rows.iter().map(|(event, _)| event.command_id).collect::<Vec<_>>(),
        &rows.iter().map(|(_, hash)| hash.to_vec()).collect::<Vec<_>>(),
        end.position,
        end.hash,
        NOTIFY_CHANNEL,
        head.to_notice(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn remember(tx: &mut PgTransaction<'_>, idempotency: &Idempotency) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO idempotency_keys (actor, key, fingerprint, resource_id, expires_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (actor, key) DO UPDATE
         SET fingerprint = excluded.fingerprint, resource_id = excluded.resource_id, expires_at = excluded.expires_at",
        idempotency.actor,
        idempotency.key,
        idempotency.fingerprint,
        idempotency.resource_id,
        idempotency.expires_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What a living idempotency key has led to: the request's fingerprint and what it made.
pub(super) async fn find_idempotent(
    connection: &mut PgConnection,
    actor: &str,
    key: &str,
) -> Result<Option<(Vec<u8>, Uuid)>, sqlx::Error> {
    let row = sqlx::query!(
        "SELECT fingerprint, resource_id FROM idempotency_keys WHERE actor = $1 AND key = $2 AND expires_at > now()",
        actor,
        key,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| (row.fingerprint, row.resource_id)))
}

/// Forgets requests that cannot be repeated under their keys any more.
pub struct IdempotencyExpiry(pub PgPool);

#[async_trait::async_trait]
impl Expiry for IdempotencyExpiry {
    fn name(&self) -> &'static str {
        "idempotency keys"
    }

    async fn expire(&self, now: DateTime<Utc>) -> Result<u64, ExpiryError> {
        let gone = sqlx::query!("DELETE FROM idempotency_keys WHERE expires_at < $1", now);
        Ok(gone.execute(&self.0).await?.rows_affected())
    }
}
