//! Writing a batch in one round trip, under the assumption that its preconditions hold, which they nearly always do.
//!
//! The SQL function `append_batch` checks the preconditions while it holds the lock on the log's head, and writes
//! either the whole batch or nothing.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use domain::{AggregateType, ids::SubjectId};
use sqlx::{PgConnection, postgres::types::PgInterval};
use uuid::Uuid;

use crate::{
    append::{
        idempotency::Idempotency,
        job_queue::{LEASE, NewJob},
        preconditions::Preconditions,
        request::{Append, Outcome, positions_of, stored_events},
        rows::{Reservation, Row, TransactionalWrite},
    },
    head::{Head, NOTIFY_CHANNEL},
    stored::{Committed, StoredEvent},
};

/// A batch that has passed all checks that need no database access.
pub(crate) struct FastBatch<'a> {
    batch: &'a [Append],
    events: Vec<StoredEvent>,
    /// The number of events of each append.
    lengths: Vec<usize>,
    /// Each stream of the batch once, with the sequence of its last event before the batch.
    streams: Vec<(AggregateType, String, i64)>,
    keys: Vec<&'a Idempotency>,
    rows: Rows<'a>,
}

/// Rows whose only preconditions are that the claimed values are free and that the owning users exist.
#[derive(Default)]
struct Rows<'a> {
    /// Users that must exist.
    users: HashSet<Uuid>,
    /// The new owner of each claimed value, by set and value.
    reserved: HashMap<(&'static str, &'a [u8]), Uuid>,
    /// Ids of the jobs to delete.
    finished: Vec<Uuid>,
    jobs: Vec<&'a NewJob>,
    /// Rows of other modules; each is written by a statement of its own.
    writes: Vec<&'a Arc<dyn TransactionalWrite>>,
}

/// Returns whether `append_batch` can check all rows of an append, and the append has an event.
pub(crate) fn is_fast(append: &Append) -> bool {
    let is_fast = |row: &Row| match row {
        Row::Claim { .. } | Row::Own { .. } | Row::FinishJob(_) | Row::Job(_) | Row::Write(_) => true,
        Row::Release { .. }
        | Row::ReleaseValue { .. }
        | Row::OwnsNothing(_)
        | Row::AnotherSuperuser(_)
        | Row::DestroyKey(_) => false,
    };
    // An append without events would not be refused as a version conflict if it were sent a second time.
    append.streams.iter().any(|stream| !stream.events.is_empty()) && append.rows.iter().all(is_fast)
}

impl<'a> FastBatch<'a> {
    /// Prepares a batch. Returns `None` if its appends must be checked one by one: a row is of a rarer kind, or the
    /// appends conflict with each other.
    pub(crate) fn of(batch: &'a [Append], partitions: i32) -> Option<Self> {
        if !batch.iter().all(is_fast) {
            return None;
        }
        let mut fast = Self {
            batch,
            events: Vec::new(),
            lengths: Vec::with_capacity(batch.len()),
            streams: Preconditions::streams_of(batch),
            keys: batch.iter().filter_map(|append| append.idempotency.as_ref()).collect(),
            rows: Rows::default(),
        };
        let mut assumed = Preconditions::assuming(&fast.streams);
        for append in batch {
            fast.rows.add(append)?;
            assumed.assume_users(&fast.rows.users);
            assumed.accept(append).ok()?;
            let before = fast.events.len();
            fast.events.extend(stored_events(append, partitions));
            fast.lengths.push(fast.events.len() - before);
        }
        Some(fast)
    }

    /// Returns whether rows of other modules must be written after [`Self::call`].
    pub(crate) const fn has_writes(&self) -> bool {
        !self.rows.writes.is_empty()
    }

    /// Writes the rows of other modules.
    ///
    /// # Errors
    /// [`sqlx::Error`] if a query fails.
    pub(crate) async fn write_rows(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        for write in &self.rows.writes {
            write.write(connection).await?;
        }
        Ok(())
    }

    /// Returns the outcome of the batch, whose events were written after the position `before`.
    pub(crate) fn outcome(self, before: i64) -> Outcome {
        let mut events = self.events;
        for (event, position) in events.iter_mut().zip(before + 1..) {
            event.position = position;
        }
        let head = Head::of_batch(before + i64::try_from(events.len()).unwrap_or(i64::MAX), types_of(&events));
        let mut results = Vec::with_capacity(self.batch.len());
        let mut rest = events.as_slice();
        for (append, length) in self.batch.iter().zip(self.lengths) {
            let (own, others) = rest.split_at(length);
            rest = others;
            let positions = positions_of(append, own);
            results.push(Ok(Committed { command_id: append.command_id, repeats: None, positions }));
        }
        Outcome { results, events, head }
    }

    /// Writes everything except the rows of other modules. Returns the log's position before the batch, or `None` if a
    /// precondition does not hold; nothing is written then.
    ///
    /// # Errors
    /// [`sqlx::Error`] if a query fails.
    pub(crate) async fn call(&self, connection: &mut PgConnection) -> Result<Option<i64>, sqlx::Error> {
        let Self { events, keys, rows, .. } = self;
        let texts = |column: fn(&StoredEvent) -> &str| events.iter().map(column).collect::<Vec<_>>();
        let living: HashSet<SubjectId> = self.batch.iter().flat_map(|append| append.living.iter().copied()).collect();
        let lease = PgInterval::try_from(LEASE).map_err(sqlx::Error::Encode)?;
        let types: HashSet<&str> = types_of(events).collect();
        let notice = types.iter().copied().collect::<Vec<_>>().join(" ");
        sqlx::query_scalar!(
            "SELECT append_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
                                 $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32)",
            &self.streams.iter().map(|(name, _, _)| name.name()).collect::<Vec<_>>() as &[&str],
            &self.streams.iter().map(|(_, id, _)| id.as_str()).collect::<Vec<_>>() as &[&str],
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
            &living.iter().map(|subject| subject.value()).collect::<Vec<_>>(),
        )
        .fetch_one(connection)
        .await
    }
}

impl<'a> Rows<'a> {
    /// Adds the rows of an append. Returns `None` if a value is claimed twice, or a row is of a kind that
    /// `append_batch` does not write.
    fn add(&mut self, append: &'a Append) -> Option<()> {
        for row in &append.rows {
            match row {
                Row::Claim { set, value, owner } => self.reserve(set.into(), value, *owner)?,
                Row::Own { user, thing } => {
                    self.users.insert(user.value());
                    self.reserve(Reservation::Possession.into(), thing.as_bytes(), user.value())?;
                }
                Row::FinishJob(job) => self.finished.push(*job),
                Row::Job(job) => self.jobs.push(job),
                Row::Write(write) => self.writes.push(write),
                Row::Release { .. }
                | Row::ReleaseValue { .. }
                | Row::OwnsNothing(_)
                | Row::AnotherSuperuser(_)
                | Row::DestroyKey(_) => return None,
            }
        }
        Some(())
    }

    fn reserve(&mut self, set: &'static str, value: &'a [u8], owner: Uuid) -> Option<()> {
        self.reserved.insert((set, value), owner).is_none().then_some(())
    }
}

fn types_of(events: &[StoredEvent]) -> impl Iterator<Item = &str> {
    events.iter().map(|event| event.aggregate_type.as_str())
}
