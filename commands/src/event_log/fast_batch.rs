//! The appends of a batch that are written in one round trip, because all that they rely on nearly always holds.
//!
//! The database's function `append_batch` checks what they rely on under the log's lock, and writes all of them or none. What it
//! refuses, [`append`](super::append) looks at append by append, and so it does with appends of rarer kinds.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use domain::AggregateType;
use sqlx::{Connection, PgConnection, postgres::types::PgInterval};
use uuid::Uuid;

use super::{
    append_request::{Append, Outcome, positions_of, stored_events},
    head::{Head, NOTIFY_CHANNEL},
    idempotency::Idempotency,
    job_queue::{LEASE, NewJob},
    preconditions::Preconditions,
    rows::{Reservation, Row, TransactionalWrite},
    stored::{Committed, StoredEvent},
};

/// So that each statement sees what was committed before the log was locked.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// Appends of a batch of which only the database can know more.
#[derive(Default)]
pub(super) struct FastBatch<'a> {
    appends: Vec<&'a Append>,
    events: Vec<StoredEvent>,
    /// How many of the events are each append's.
    lengths: Vec<usize>,
    /// Each stream once, with the sequence of its last event before the batch.
    streams: Vec<(AggregateType, Uuid, i64)>,
    keys: Vec<&'a Idempotency>,
    rows: Rows<'a>,
}

/// Rows that need nothing but that their values are free and their users there.
#[derive(Default)]
struct Rows<'a> {
    users: HashSet<Uuid>,
    /// Owners by set and value.
    reserved: HashMap<(&'static str, &'a [u8]), Uuid>,
    finished: Vec<Uuid>,
    jobs: Vec<&'a NewJob>,
    /// Rows of other modules, each in a statement of its own.
    writes: Vec<&'a Arc<dyn TransactionalWrite>>,
}

/// Why a batch was not written.
pub(super) enum NotWritten {
    /// Nothing of it is there.
    Refused(sqlx::Error),
    /// It may be there.
    Unknown(sqlx::Error),
}

impl<'a> FastBatch<'a> {
    /// What can be written at once, and the places of the other appends in the batch: they have rows that only hold if something
    /// is or is not there, or they contradict those before them.
    pub(super) fn of(batch: &'a [Append], partitions: i32) -> (Self, Vec<usize>) {
        let mut fast = Self::default();
        let mut assumed = Preconditions::default();
        let others = (0..batch.len()).filter(|at| fast.add(&batch[*at], partitions, &mut assumed).is_none()).collect();
        (fast, others)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.appends.is_empty()
    }

    fn add(&mut self, append: &'a Append, partitions: i32, assumed: &mut Preconditions) -> Option<()> {
        // Without events it would not be refused if it came a second time.
        if append.streams.iter().all(|stream| stream.events.is_empty()) {
            return None;
        }
        let rows = Rows::of(append)?;
        if rows.reserved.keys().any(|value| self.rows.reserved.contains_key(value)) {
            return None;
        }
        let streams = append.streams.iter().map(|it| (it.aggregate_type, it.aggregate_id, it.expected_sequence));
        assumed.assume(streams.clone(), &rows.users);
        assumed.accept(append).ok()?;

        self.appends.push(append);
        let before = self.events.len();
        self.events.extend(stored_events(append, partitions));
        self.lengths.push(self.events.len() - before);
        for stream in streams {
            if !self.streams.iter().any(|(name, id, _)| (*name, *id) == (stream.0, stream.1)) {
                self.streams.push(stream);
            }
        }
        self.keys.extend(&append.idempotency);
        self.rows.extend(rows);
        Some(())
    }

    /// Writes the appends and commits. `None` if something does not hold; nothing is written then.
    ///
    /// # Errors
    /// [`NotWritten`].
    pub(super) async fn write(self, connection: &mut PgConnection) -> Result<Option<Outcome>, NotWritten> {
        let before = if self.rows.writes.is_empty() {
            // The statement is its own transaction: if it was answered with an error, it has written nothing.
            self.call(connection).await.map_err(|error| match error {
                sqlx::Error::Database(_) | sqlx::Error::Encode(_) => NotWritten::Refused(error),
                _ => NotWritten::Unknown(error),
            })?
        } else {
            self.call_and_write_rows(connection).await?
        };
        Ok(before.map(|before| self.outcome(before)))
    }

    async fn call_and_write_rows(&self, connection: &mut PgConnection) -> Result<Option<i64>, NotWritten> {
        let mut tx = connection.begin_with(BEGIN).await.map_err(NotWritten::Refused)?;
        let before = self.call(&mut tx).await.map_err(NotWritten::Refused)?;
        if before.is_none() {
            tx.rollback().await.map_err(NotWritten::Refused)?;
            return Ok(None);
        }
        for write in &self.rows.writes {
            write.write(&mut tx).await.map_err(NotWritten::Refused)?;
        }
        tx.commit().await.map_err(NotWritten::Unknown)?;
        Ok(before)
    }

    fn outcome(self, before: i64) -> Outcome {
        let mut events = self.events;
        for (event, position) in events.iter_mut().zip(before + 1..) {
            event.position = position;
        }
        let head = Head::of_batch(before + i64::try_from(events.len()).unwrap_or(i64::MAX), types_of(&events));
        let mut results = Vec::with_capacity(self.appends.len());
        let mut rest = events.as_slice();
        for (append, length) in self.appends.iter().zip(self.lengths) {
            let (own, others) = rest.split_at(length);
            rest = others;
            let positions = positions_of(append, own);
            results.push(Ok(Committed { command_id: append.command_id, repeats: None, positions }));
        }
        Outcome { results, events, head }
    }

    /// The position before the batch. `None` if something does not hold.
    async fn call(&self, connection: &mut PgConnection) -> Result<Option<i64>, sqlx::Error> {
        let Self { events, keys, rows, .. } = self;
        let texts = |column: fn(&StoredEvent) -> &str| events.iter().map(column).collect::<Vec<_>>();
        let lease = PgInterval::try_from(LEASE).map_err(sqlx::Error::Encode)?;
        let types: HashSet<&str> = types_of(events).collect();
        let notice = types.iter().copied().collect::<Vec<_>>().join(" ");
        sqlx::query_scalar!(
            "SELECT append_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
                                 $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31)",
            &self.streams.iter().map(|(name, _, _)| name.name()).collect::<Vec<_>>() as &[&str],
            &self.streams.iter().map(|(_, id, _)| id.to_string()).collect::<Vec<_>>(),
            &self.streams.iter().map(|(_, _, end)| *end).collect::<Vec<_>>(),
            &rows.users.iter().copied().collect::<Vec<_>>(),
            &keys.iter().map(|it| it.actor.as_str()).collect::<Vec<_>>() as &[&str],
            &keys.iter().map(|it| it.key.as_str()).collect::<Vec<_>>() as &[&str],
            &keys.iter().map(|it| it.fingerprint.as_slice()).collect::<Vec<_>>() as &[&[u8]],
            &keys.iter().map(|it| it.resource_id).collect::<Vec<_>>(),
            &keys.iter().map(|it| it.expires_at).collect::<Vec<_>>(),
            &rows.reserved.keys().map(|(set, _)| *set).collect::<Vec<_>>() as &[&str],
            &rows.reserved.keys().map(|(_, value)| *value).collect::<Vec<_>>() as &[&[u8]],
            &rows.reserved.values().copied().collect::<Vec<_>>(),
            &texts(|event| &event.aggregate_type) as &[&str],
            &texts(|event| &event.aggregate_id) as &[&str],
            &events.iter().map(|event| event.sequence).collect::<Vec<_>>(),
            &texts(|event| &event.event_type) as &[&str],
            &texts(|event| &event.event_version) as &[&str],
            &texts(|event| &event.payload) as &[&str],
            &texts(|event| &event.metadata) as &[&str],
            &events.iter().map(|event| event.partition).collect::<Vec<_>>(),
            &events.iter().map(|event| event.command_id).collect::<Vec<_>>(),
            &events.iter().map(|event| event.digest().to_vec()).collect::<Vec<_>>(),
            &rows.finished,
            &rows.jobs.iter().map(|job| job.job_id).collect::<Vec<_>>(),
            &rows.jobs.iter().map(|job| job.kind).collect::<Vec<_>>() as &[&str],
            &rows.jobs.iter().map(|job| job.subject_id).collect::<Vec<_>>(),
            &rows.jobs.iter().map(|job| job.arguments.clone()).collect::<Vec<_>>(),
            &rows.jobs.iter().map(|job| job.leased_by).collect::<Vec<_>>() as &[Option<Uuid>],
            lease,
            NOTIFY_CHANNEL,
            &notice,
        )
        .fetch_one(connection)
        .await
    }
}

impl<'a> Rows<'a> {
    /// The rows of an append. `None` if one is of another kind, or one value comes twice.
    fn of(append: &'a Append) -> Option<Self> {
        let mut rows = Self::default();
        for row in &append.rows {
            match row {
                Row::Claim { set, value, owner } => rows.reserve(set.into(), value, *owner)?,
                Row::Own { user, thing } => {
                    rows.users.insert(user.value());
                    rows.reserve(Reservation::Possession.into(), thing.as_bytes(), user.value())?;
                }
                Row::FinishJob(job) => rows.finished.push(*job),
                Row::Job(job) => rows.jobs.push(job),
                Row::Write(write) => rows.writes.push(write),
                Row::Release { .. }
                | Row::ReleaseValue { .. }
                | Row::OwnsNothing(_)
                | Row::AnotherSuperuser(_)
                | Row::DestroyKey(_) => return None,
            }
        }
        Some(rows)
    }

    fn reserve(&mut self, set: &'static str, value: &'a [u8], owner: Uuid) -> Option<()> {
        self.reserved.insert((set, value), owner).is_none().then_some(())
    }

    fn extend(&mut self, other: Self) {
        self.users.extend(other.users);
        self.reserved.extend(other.reserved);
        self.finished.extend(other.finished);
        self.jobs.extend(other.jobs);
        self.writes.extend(other.writes);
    }
}

fn types_of(events: &[StoredEvent]) -> impl Iterator<Item = &str> {
    events.iter().map(|event| event.aggregate_type.as_str())
}
