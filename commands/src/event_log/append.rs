//! One transaction of the appender: checks, positions, chain, insert.
//!
//! It holds the lock on the log's head from its first statement to COMMIT, so that all appends of all processes are in one order.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use domain::ids::CommandId;
use sqlx::{PgConnection, PgPool, PgTransaction};
use uuid::Uuid;

use super::{
    rows::{Reservation, Row},
    stored::{ChainHash, Committed, EventPosition, StoredEvent, partition_of},
};

/// The channel on which other processes are woken after an append.
pub(super) const NOTIFY_CHANNEL: &str = "ayushma_log";

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
    #[error("the request repeats an earlier one")]
    Repeated { resource_id: Uuid },
    #[error("the idempotency key was used for another request")]
    KeyReused,
    #[error("the event log cannot be written at the moment")]
    Unavailable(#[source] sqlx::Error),
    #[error("the event log cannot be written at the moment: the appender is closed")]
    Closed,
}

struct Head {
    position: i64,
    hash: Vec<u8>,
    partitions: i32,
}

/// What the database knows of the things that a batch relies on; kept up to date as appends of the batch are accepted.
#[derive(Default)]
struct Known {
    sequences: HashMap<(String, String), i64>,
    owners: HashMap<(&'static str, Vec<u8>), Uuid>,
    idempotent: HashMap<(String, String), (Vec<u8>, Uuid)>,
}

pub(super) struct Outcome {
    pub results: Vec<Result<Committed, AppendError>>,
    pub head_position: i64,
}

/// Writes what can be written of the batch in one transaction; each append is accepted or refused on its own.
///
/// # Errors
/// The database's, if the transaction as a whole failed before COMMIT was sent ([`BatchError::NotCommitted`]) or with an unknown outcome.
pub(super) async fn append_batch(pool: &PgPool, batch: &[Append]) -> Result<Outcome, BatchError> {
    let mut tx = pool.begin().await.map_err(BatchError::NotCommitted)?;
    let outcome = write(&mut tx, batch).await.map_err(BatchError::NotCommitted)?;
    tx.commit().await.map_err(BatchError::Unknown)?;
    Ok(outcome)
}

pub(super) enum BatchError {
    NotCommitted(sqlx::Error),
    /// The answer to COMMIT did not arrive: it may have happened.
    Unknown(sqlx::Error),
}

async fn write(tx: &mut PgTransaction<'_>, batch: &[Append]) -> Result<Outcome, sqlx::Error> {
    let mut head = sqlx::query_as!(Head, "SELECT position, hash, partitions FROM log_head FOR UPDATE")
        .fetch_one(&mut **tx)
        .await?;
    let mut known = Known::load(tx, batch).await?;
    let mut rows: Vec<(StoredEvent, ChainHash)> = Vec::new();
    let mut results = Vec::with_capacity(batch.len());
    for append in batch {
        let result = known.accept(append);
        if result.is_ok() {
            for row in &append.rows {
                row.write(tx).await?;
            }
            if let Some(idempotency) = &append.idempotency {
                remember(tx, idempotency).await?;
            }
        }
        results.push(result.map(|()| Committed {
            command_id: append.command_id,
            repeats: None,
            positions: number(append, &mut head, &mut rows),
        }));
    }
    if !rows.is_empty() {
        insert(tx, &rows).await?;
        sqlx::query!("UPDATE log_head SET position = $1, hash = $2", head.position, head.hash)
            .execute(&mut **tx)
            .await?;
        sqlx::query!("SELECT pg_notify($1, '')", NOTIFY_CHANNEL).execute(&mut **tx).await?;
    }
    Ok(Outcome { results, head_position: head.position })
}

/// Gives the events of an accepted append their places in the log.
fn number(append: &Append, head: &mut Head, rows: &mut Vec<(StoredEvent, ChainHash)>) -> Vec<EventPosition> {
    let mut positions = Vec::new();
    for stream in &append.streams {
        let aggregate_id = stream.aggregate_id.to_string();
        let partition = partition_of(&aggregate_id, head.partitions);
        for (event, sequence) in stream.events.iter().zip(stream.expected_sequence + 1..) {
            head.position += 1;
            let stored = StoredEvent {
                position: head.position,
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
            let hash = stored.chain_hash(&head.hash);
            head.hash = hash.to_vec();
            positions.push(EventPosition { aggregate_type: stream.aggregate_type, partition, position: head.position });
            rows.push((stored, hash));
        }
    }
    positions
}

async fn insert(tx: &mut PgTransaction<'_>, rows: &[(StoredEvent, ChainHash)]) -> Result<(), sqlx::Error> {
    fn texts(rows: &[(StoredEvent, ChainHash)], column: fn(&StoredEvent) -> &String) -> Vec<String> {
        rows.iter().map(|(event, _)| column(event).clone()).collect()
    }
    sqlx::query!(
        "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                             position, partition, command_id, hash)
         SELECT aggregate_type, aggregate_id, sequence, event_type, event_version, payload::json, metadata::json,
                position, partition, command_id, hash
         FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::bigint[], $9::int[], $10::uuid[], $11::bytea[])
           AS new (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                   position, partition, command_id, hash)",
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

impl Known {
    async fn load(tx: &mut PgConnection, batch: &[Append]) -> Result<Self, sqlx::Error> {
        let mut known = Self::default();
        let (types, ids): (Vec<String>, Vec<String>) = batch
            .iter()
            .flat_map(|append| &append.streams)
            .map(|stream| (stream.aggregate_type.to_owned(), stream.aggregate_id.to_string()))
            .unzip();
        if !ids.is_empty() {
            let rows = sqlx::query!(
                r#"SELECT wanted.aggregate_type AS "aggregate_type!", wanted.aggregate_id AS "aggregate_id!",
                          coalesce((SELECT max(sequence) FROM events
                                    WHERE events.aggregate_type = wanted.aggregate_type
                                      AND events.aggregate_id = wanted.aggregate_id), 0) AS "sequence!"
                   FROM unnest($1::text[], $2::text[]) AS wanted (aggregate_type, aggregate_id)"#,
                &types,
                &ids,
            )
            .fetch_all(&mut *tx)
            .await?;
            known.sequences =
                rows.into_iter().map(|row| ((row.aggregate_type, row.aggregate_id), row.sequence)).collect();
        }
        for (set, value) in batch.iter().flat_map(|append| &append.rows).filter_map(claimed) {
            let owner =
                sqlx::query_scalar!("SELECT owner FROM reservations WHERE kind = $1 AND value = $2", set, value)
                    .fetch_optional(&mut *tx)
                    .await?;
            if let Some(owner) = owner {
                known.owners.insert((set, value.to_vec()), owner);
            }
        }
        for idempotency in batch.iter().filter_map(|append| append.idempotency.as_ref()) {
            if let Some((fingerprint, resource)) =
                find_idempotent(&mut *tx, &idempotency.actor, &idempotency.key).await?
            {
                let key = (idempotency.actor.clone(), idempotency.key.clone());
                known.idempotent.insert(key, (fingerprint, resource));
            }
        }
        Ok(known)
    }

    /// Refuses the append, or takes note of what it changes.
    fn accept(&mut self, append: &Append) -> Result<(), AppendError> {
        if let Some(wanted) = &append.idempotency {
            let key = (wanted.actor.clone(), wanted.key.clone());
            if let Some((fingerprint, resource_id)) = self.idempotent.get(&key) {
                return Err(if *fingerprint == wanted.fingerprint {
                    AppendError::Repeated { resource_id: *resource_id }
                } else {
                    AppendError::KeyReused
                });
            }
        }
        for stream in &append.streams {
            let key = (stream.aggregate_type.to_owned(), stream.aggregate_id.to_string());
            if self.sequences.get(&key).copied().unwrap_or(0) != stream.expected_sequence {
                return Err(AppendError::VersionConflict);
            }
        }
        let released: HashSet<(&str, Uuid)> = append.rows.iter().filter_map(released).collect();
        let mut taken = Vec::new();
        for row in &append.rows {
            if let Row::Claim { set, value, owner } = row {
                let name = <&'static str>::from(set);
                let holder = self.owners.get(&(name, value.clone()));
                if holder.is_some_and(|holder| holder != owner && !released.contains(&(name, *holder))) {
                    taken.push(*set);
                }
            }
        }
        if !taken.is_empty() {
            return Err(AppendError::Taken(taken));
        }
        self.note(append);
        Ok(())
    }

    fn note(&mut self, append: &Append) {
        for stream in &append.streams {
            let key = (stream.aggregate_type.to_owned(), stream.aggregate_id.to_string());
            let added = i64::try_from(stream.events.len()).unwrap_or(i64::MAX);
            self.sequences.insert(key, stream.expected_sequence + added);
        }
        for row in &append.rows {
            match row {
                Row::Claim { set, value, owner } => {
                    self.owners.insert((set.into(), value.clone()), *owner);
                }
                Row::Release { set, owner } => {
                    let name = <&'static str>::from(set);
                    self.owners.retain(|(held, _), holder| *held != name || holder != owner);
                }
                _ => {}
            }
        }
        if let Some(idempotency) = &append.idempotency {
            self.idempotent.insert(
                (idempotency.actor.clone(), idempotency.key.clone()),
                (idempotency.fingerprint.clone(), idempotency.resource_id),
            );
        }
    }
}

fn claimed(row: &Row) -> Option<(&'static str, &[u8])> {
    if let Row::Claim { set, value, .. } = row { Some((set.into(), value)) } else { None }
}

fn released(row: &Row) -> Option<(&'static str, Uuid)> {
    if let Row::Release { set, owner } = row { Some((set.into(), *owner)) } else { None }
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

/// The positions that an execution has written, if it happened.
pub(super) async fn find_command(pool: &PgPool, command: CommandId) -> Result<Vec<(String, i32, i64)>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT aggregate_type, partition, position FROM events WHERE command_id = $1 ORDER BY position",
        command.value(),
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.aggregate_type, row.partition, row.position)).collect())
}
