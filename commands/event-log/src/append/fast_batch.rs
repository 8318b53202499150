//! A batch that is written in one round trip, because all that it relies on nearly always holds.
//!
//! The database's function `append_batch` checks what it relies on under the log's lock, and writes all of it or nothing.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use domain::AggregateType;
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

/// Appends of which only the database can know more.
pub(crate) struct FastBatch<'a> {
    batch: &'a [Append],
    events: Vec<StoredEvent>,
    /// How many of the events are each append's.
    lengths: Vec<usize>,
    /// Each stream once, with the sequence of its last event before the batch.
    streams: Vec<(AggregateType, String, i64)>,
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

/// Whether an append has only rows that the database can check by itself.
pub(crate) fn is_fast(append: &Append) -> bool {
    let is_fast = |row: &Row| match row {
        Row::Claim { .. } | Row::Own { .. } | Row::FinishJob(_) | Row::Job(_) | Row::Write(_) => true,
        Row::Release { .. }
        | Row::ReleaseValue { .. }
        | Row::OwnsNothing(_)
        | Row::AnotherSuperuser(_)
        | Row::DestroyKey(_) => false,
    };
    // Without events it would not be refused if it came a second time.
    append.streams.iter().any(|stream| !stream.events.is_empty()) && append.rows.iter().all(is_fast)
}

impl<'a> FastBatch<'a> {
    /// `None` for a batch that must be looked at append by append: it has rows of rarer kinds, or contradicts itself.
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

    /// Whether more than the call is to be written.
    pub(crate) const fn has_writes(&self) -> bool {
        !self.rows.writes.is_empty()
    }

    /// Writes the rows of other modules.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn write_rows(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        for write in &self.rows.writes {
            write.write(connection).await?;
        }
        Ok(())
    }

    /// What was written behind this position.
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

    /// Writes all but the rows of other modules. The position before the batch; `None` if something does not hold, and nothing is
    /// written then.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn call(&self, connection: &mut PgConnection) -> Result<Option<i64>, sqlx::Error> {
        let Self { events, keys, rows, .. } = self;
        let texts = |column: fn(&StoredEvent) -> &str| events.iter().map(column).collect::<Vec<_>>();
        let lease = PgInterval::try_from(LEASE).map_err(sqlx::Error::Encode)?;
        let types: HashSet<&str> = types_of(events).collect();
        let notice = types.iter().copied().collect::<Vec<_>>().join(" ");
        sqlx::query_scalar!(
            "SELECT append_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
                                 $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31)",
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
        )
        .fetch_one(connection)
        .await
    }
}

impl<'a> Rows<'a> {
    /// `None` if a value comes twice.
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
