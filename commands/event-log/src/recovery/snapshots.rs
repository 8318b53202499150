//! Snapshots: the state of a long aggregate as of one of its events, so that only newer events must be read.
//!
//! Snapshots are a cache that is written in the background. A snapshot that does not fit (another version of the state,
//! an event that is not in the log, a destroyed key) is ignored, and all events are read.

use cqrs_es::persist::PersistenceError;
use domain::{aggregate::StoredAggregate, ids::SubjectId};
use futures::future::BoxFuture;
use sqlx::PgPool;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{
    EventLog, Loaded, StoreError,
    keys::{codec::CodecError, ring::KeyRing},
};

/// The number of events between snapshots. A snapshot is written when an aggregate has reached or passed a multiple of
/// it.
const EVERY: i64 = 100;
/// The capacity of the queue of snapshots to be written; when it is full, further ones are dropped.
const QUEUE: usize = 16;

type Work = BoxFuture<'static, ()>;

#[derive(Clone)]
pub(crate) struct Snapshots {
    pool: PgPool,
    keys: KeyRing,
    queue: mpsc::Sender<Work>,
}

impl Snapshots {
    /// Returns the handle and the task that writes snapshots, which the caller must run.
    pub(crate) fn new(pool: PgPool, keys: KeyRing) -> (Self, impl Future<Output = ()> + Send) {
        let (queue, mut offered) = mpsc::channel::<Work>(QUEUE);
        let writing = async move {
            while let Some(work) = offered.recv().await {
                work.await;
            }
            // This task must not end first: the background work of the log ends with its appender.
            std::future::pending::<()>().await;
        };
        (Self { pool, keys, queue }, writing)
    }

    /// Returns the state of the snapshot, if there is one that fits, with the sequence of its last event.
    pub(crate) async fn find<A: StoredAggregate>(&self, id: Uuid) -> Option<(A, i64)> {
        self.read::<A>(id).await.unwrap_or_else(|error| {
            // Logged only once: after all events of a long aggregate were read, a new snapshot replaces this one.
            tracing::warn!(aggregate.r#type = A::TYPE, aggregate.id = %id, %error, "a snapshot cannot be read");
            None
        })
    }

    async fn read<A: StoredAggregate>(&self, id: Uuid) -> Result<Option<(A, i64)>, StoreError> {
        let row = sqlx::query!(
            "SELECT sequence, subject_id, state
             FROM snapshots JOIN events USING (aggregate_type, aggregate_id, sequence)
             WHERE aggregate_type = $1 AND aggregate_id = $2 AND version = $3 AND hash = event_hash",
            A::TYPE,
            id.to_string(),
            A::SNAPSHOT_VERSION,
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(unavailable)?;
        let Some(row) = row else { return Ok(None) };
        let state = match row.subject_id.map(SubjectId::new) {
            None => row.state,
            Some(subject) => {
                let Some(key) = self.keys.for_reading(subject).await.map_err(CodecError::from)? else {
                    return Ok(None);
                };
                let context = context(A::TYPE, id, row.sequence);
                KeyRing::open_for(&key, &row.state, &context).map_err(CodecError::from)?
            }
        };
        Ok(Some((rmp_serde::from_slice(&state).map_err(unpackable)?, row.sequence)))
    }

    async fn write<A: StoredAggregate>(&self, loaded: &Loaded<A>) -> Result<(), StoreError> {
        let state = rmp_serde::to_vec_named(&loaded.aggregate).map_err(unpackable)?;
        let subject = loaded.aggregate.subject(loaded.id);
        let state = match subject {
            None => state,
            Some(subject) => {
                let Some(key) = self.keys.for_writing(subject).await.map_err(CodecError::from)? else { return Ok(()) };
                KeyRing::seal_for(&key, &state, &context(A::TYPE, loaded.id, loaded.sequence))
            }
        };
        sqlx::query!(
            "INSERT INTO snapshots (aggregate_type, aggregate_id, sequence, event_hash, version, subject_id, state)
             SELECT aggregate_type, aggregate_id, sequence, hash, $4, $5, $6 FROM events
             WHERE aggregate_type = $1 AND aggregate_id = $2 AND sequence = $3
             ON CONFLICT (aggregate_type, aggregate_id) DO UPDATE
             SET sequence = excluded.sequence, event_hash = excluded.event_hash, version = excluded.version,
                 subject_id = excluded.subject_id, state = excluded.state",
            A::TYPE,
            loaded.id.to_string(),
            loaded.sequence,
            A::SNAPSHOT_VERSION,
            subject.map(SubjectId::value),
            state,
        )
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(())
    }

    /// Queues a snapshot if the aggregate has passed a multiple of [`EVERY`] events between the sequences `before` and
    /// `sequence`. It is dropped if the queue is full.
    pub(crate) fn offer<A: StoredAggregate>(&self, id: Uuid, aggregate: &A, before: i64, sequence: i64) {
        if before / EVERY == sequence / EVERY {
            return;
        }
        if let Ok(place) = self.queue.try_reserve() {
            let (snapshots, loaded) = (self.clone(), Loaded { id, aggregate: aggregate.clone(), sequence });
            place.send(Box::pin(async move {
                if let Err(error) = snapshots.write(&loaded).await {
                    tracing::debug!(aggregate.r#type = A::TYPE, %error, "a snapshot was not written");
                }
            }));
        }
    }
}

impl EventLog {
    /// Writes a snapshot of a loaded aggregate.
    ///
    /// # Errors
    /// [`StoreError`] if the state cannot be serialized or written. A missing snapshot only makes loading slower.
    pub async fn write_snapshot<A: StoredAggregate>(&self, loaded: &Loaded<A>) -> Result<(), StoreError> {
        self.snapshots.write(loaded).await
    }
}

/// Returns the authenticated context that binds an encrypted state to its aggregate and sequence.
fn context(aggregate_type: &str, id: Uuid, sequence: i64) -> Vec<u8> {
    format!("snapshot {aggregate_type} {id} {sequence}").into_bytes()
}

fn unpackable(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Snapshot(Box::new(error))
}

fn unavailable(error: sqlx::Error) -> StoreError {
    StoreError::Unavailable(PersistenceError::ConnectionError(Box::new(error)))
}
