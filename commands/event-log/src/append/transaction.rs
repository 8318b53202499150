//! The transaction in which the appender writes a batch: checks, positions, hash chain, insert.
//!
//! A batch whose preconditions the database can check is written [in one round trip](crate::append::fast_batch); the
//! appends of any other batch are checked one by one. In both cases the transaction holds the lock on the log's head
//! from its first statement to COMMIT, so that the appends of all processes are in one order.

use std::{io, time::Duration};

use sqlx::{Connection, PgConnection, PgTransaction};
use tokio::time::{Instant, timeout, timeout_at};

use crate::{
    append::{
        connection::{AppenderConnection, LogConnection},
        fast_batch::FastBatch,
        idempotency::remember,
        preconditions::{End, Preconditions},
        request::{Append, Outcome, positions_of, stored_events},
        rows::Row,
    },
    head::{Head, NOTIFY_CHANNEL},
    stored::{ChainHash, Committed, EventPosition, StoredEvent},
};

/// Begins a transaction and locks the log's head.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT FROM log_head FOR UPDATE";
/// How long to wait for the answer to COMMIT.
const COMMIT_PATIENCE: Duration = Duration::from_secs(5);

pub(crate) enum BatchError {
    /// The transaction failed before COMMIT was sent.
    NotCommitted(sqlx::Error),
    /// The answer to COMMIT did not arrive: the transaction may have been committed.
    Unknown(sqlx::Error),
}

/// Writes a batch in one transaction; each append is accepted or refused on its own. With `may_have_happened`, appends
/// that are already in the log are looked up and not written again.
///
/// # Errors
/// [`BatchError`] if the transaction as a whole failed.
pub(crate) async fn append_batch(
    place: &mut AppenderConnection,
    batch: &[Append],
    may_have_happened: bool,
    deadline: Instant,
) -> Result<Outcome, BatchError> {
    let held = timeout_at(deadline, place.get()).await.unwrap_or_else(|_| Err(timed_out()));
    let LogConnection { connection, partitions } = held.map_err(BatchError::NotCommitted)?;
    let result = match FastBatch::of(batch, partitions).filter(|_| !may_have_happened) {
        Some(fast) => match write_fast(connection, fast, deadline).await {
            Ok(None) => transact(connection, batch, may_have_happened, deadline).await,
            Ok(Some(outcome)) => Ok(outcome),
            Err(error) => Err(error),
        },
        None => transact(connection, batch, may_have_happened, deadline).await,
    };
    if result.is_err() {
        place.close();
    }
    result
}

/// Writes the batch by the fast path. Returns `None` if a precondition does not hold; nothing is written then.
async fn write_fast(
    connection: &mut PgConnection,
    fast: FastBatch<'_>,
    deadline: Instant,
) -> Result<Option<Outcome>, BatchError> {
    if !fast.has_writes() {
        let called = timeout_at(deadline, fast.call(connection)).await.unwrap_or_else(|_| Err(timed_out()));
        let before = called.map_err(|error| match error {
            // The statement is its own transaction: if the database answered with an error, nothing was written.
            sqlx::Error::Database(_) | sqlx::Error::Encode(_) => BatchError::NotCommitted(error),
            _ => BatchError::Unknown(error),
        })?;
        return Ok(before.map(|before| fast.outcome(before)));
    }
    let written = timeout_at(deadline, async {
        let mut tx = connection.begin_with(BEGIN).await?;
        let before = fast.call(&mut tx).await?;
        if before.is_some() {
            fast.write_rows(&mut tx).await?;
        }
        Ok((tx, before))
    });
    let (tx, before) = written.await.unwrap_or_else(|_| Err(timed_out())).map_err(BatchError::NotCommitted)?;
    let Some(before) = before else {
        tx.rollback().await.map_err(BatchError::NotCommitted)?;
        return Ok(None);
    };
    commit(tx).await?;
    Ok(Some(fast.outcome(before)))
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
    commit(tx).await?;
    Ok(outcome)
}

async fn commit(tx: PgTransaction<'_>) -> Result<(), BatchError> {
    let committed = timeout(COMMIT_PATIENCE, tx.commit()).await.unwrap_or_else(|_| Err(timed_out()));
    committed.map_err(BatchError::Unknown)
}

fn timed_out() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database did not answer in time"))
}

async fn write(tx: &mut PgTransaction<'_>, batch: &[Append], may_have_happened: bool) -> Result<Outcome, sqlx::Error> {
    let (mut end, mut preconditions) = Preconditions::load(tx, batch, may_have_happened).await?;
    let mut rows: Vec<(StoredEvent, ChainHash)> = Vec::new();
    let mut results = Vec::with_capacity(batch.len());
    for append in batch {
        if let Some(committed) = preconditions.outcome_of(append) {
            results.push(Ok(committed));
            continue;
        }
        let result = preconditions.accept(append);
        if result.is_ok() {
            let (given_up, others): (Vec<&Row>, Vec<&Row>) = append.rows.iter().partition(|row| row.releases());
            for row in given_up.into_iter().chain(others) {
                row.write(tx).await?;
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
    let head = Head::of_batch(end.position, rows.iter().map(|(event, _)| event.aggregate_type.as_str()));
    if !rows.is_empty() {
        insert(tx, &rows, &end, &head).await?;
    }
    let events = rows.into_iter().map(|(event, _)| event).collect();
    Ok(Outcome { results, events, head })
}

/// Assigns positions and chain hashes to the events of an accepted append.
fn number(append: &Append, end: &mut End, rows: &mut Vec<(StoredEvent, ChainHash)>) -> Vec<EventPosition> {
    let mut events: Vec<StoredEvent> = stored_events(append, end.partitions).collect();
    for event in &mut events {
        end.position += 1;
        event.position = end.position;
        let hash = event.chain_hash(&end.hash);
        end.hash = hash.to_vec();
        rows.push((event.clone(), hash));
    }
    positions_of(append, &events)
}

/// Writes the events, moves the end of the log and notifies the other processes, in one round trip.
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
