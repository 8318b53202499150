//! A batch of appends in one round trip, for the case that all of it holds, which it nearly always does.
//!
//! The database's function checks what the batch relies on under the log's lock, and writes all of it or nothing. What it
//! refuses, [`append`](super::append) looks at append by append.

use std::collections::HashSet;

use domain::AggregateType;
use sqlx::{PgConnection, postgres::types::PgInterval};
use uuid::Uuid;

use super::{
    append_request::{Append, Outcome, positions_of, stored_events},
    head::{Head, NOTIFY_CHANNEL},
    known::Known,
    rows::{LEASE, NewJob, Reservation, Row},
    stored::{Committed, StoredEvent},
};

/// A batch of which only the database can know more.
pub(super) struct Plan<'a> {
    batch: &'a [Append],
    events: Vec<StoredEvent>,
    /// How many of the events are each append's.
    lengths: Vec<usize>,
    /// Each stream once, with the sequence of its last event before the batch.
    streams: Vec<(AggregateType, String, i64)>,
    users: HashSet<Uuid>,
    reserved: Vec<(&'static str, &'a [u8], Uuid)>,
    finished: Vec<Uuid>,
    jobs: Vec<&'a NewJob>,
}

impl<'a> Plan<'a> {
    /// `None` for a batch that must be looked at more closely: it has rows of rarer kinds, or contradicts itself.
    pub(super) fn of(batch: &'a [Append], partitions: i32) -> Option<Self> {
        let mut plan = Self {
            batch,
            events: Vec::new(),
            lengths: Vec::with_capacity(batch.len()),
            streams: Known::streams_of(batch),
            users: HashSet::new(),
            reserved: Vec::new(),
            finished: Vec::new(),
            jobs: Vec::new(),
        };
        let mut known = Known::assuming(&plan.streams);
        for append in batch {
            // A batch without events would not be refused if it came a second time.
            if append.idempotency.is_some() || append.streams.iter().all(|stream| stream.events.is_empty()) {
                return None;
            }
            for row in &append.rows {
                plan.take(row)?;
            }
            known.assume_users(&plan.users);
            known.accept(append).ok()?;
            let before = plan.events.len();
            plan.events.extend(stored_events(append, partitions));
            plan.lengths.push(plan.events.len() - before);
        }
        let values: HashSet<_> = plan.reserved.iter().map(|(set, value, _)| (set, value)).collect();
        (values.len() == plan.reserved.len()).then_some(plan)
    }

    fn take(&mut self, row: &'a Row) -> Option<()> {
        match row {
            Row::Claim { set, value, owner } => self.reserved.push((set.into(), value, *owner)),
            Row::Own { user, thing } => {
                self.users.insert(user.value());
                self.reserved.push((Reservation::Possession.into(), thing.as_bytes(), user.value()));
            }
            Row::FinishJob(job) => self.finished.push(*job),
            Row::Job(job) => self.jobs.push(job),
            _ => return None,
        }
        Some(())
    }

    /// Writes the batch and commits. `None` if something does not hold; nothing is written then.
    ///
    /// # Errors
    /// The database's. Unless it is the database's own answer, the batch may have been written.
    pub(super) async fn write(self, connection: &mut PgConnection) -> Result<Option<Outcome>, sqlx::Error> {
        let types: HashSet<&str> = self.events.iter().map(|event| event.aggregate_type.as_str()).collect();
        let notice = types.iter().copied().collect::<Vec<_>>().join(" ");
        let before = self.call(connection, &notice).await?;
        let Some(before) = before else { return Ok(None) };

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
        Ok(Some(Outcome { results, events, head }))
    }

    async fn call(&self, connection: &mut PgConnection, notice: &str) -> Result<Option<i64>, sqlx::Error> {
        let events = &self.events;
        let texts = |column: fn(&StoredEvent) -> &str| events.iter().map(column).collect::<Vec<_>>();
        let lease = PgInterval::try_from(LEASE).map_err(sqlx::Error::Encode)?;
        sqlx::query_scalar!(
            "SELECT append_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
                                 $21, $22, $23, $24, $25, $26)",
            &self.streams.iter().map(|(name, _, _)| name.name()).collect::<Vec<_>>() as &[&str],
            &self.streams.iter().map(|(_, id, _)| id.as_str()).collect::<Vec<_>>() as &[&str],
            &self.streams.iter().map(|(_, _, end)| *end).collect::<Vec<_>>(),
            &self.users.iter().copied().collect::<Vec<_>>(),
            &self.reserved.iter().map(|(set, _, _)| *set).collect::<Vec<_>>() as &[&str],
            &self.reserved.iter().map(|(_, value, _)| *value).collect::<Vec<_>>() as &[&[u8]],
            &self.reserved.iter().map(|(_, _, owner)| *owner).collect::<Vec<_>>(),
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
            &self.finished,
            &self.jobs.iter().map(|job| job.job_id).collect::<Vec<_>>(),
            &self.jobs.iter().map(|job| job.kind).collect::<Vec<_>>() as &[&str],
            &self.jobs.iter().map(|job| job.subject_id).collect::<Vec<_>>(),
            &self.jobs.iter().map(|job| job.arguments.clone()).collect::<Vec<_>>(),
            &self.jobs.iter().map(|job| job.leased_by).collect::<Vec<_>>() as &[Option<Uuid>],
            lease,
            NOTIFY_CHANNEL,
            notice,
        )
        .fetch_one(connection)
        .await
    }
}

fn types_of(events: &[StoredEvent]) -> impl Iterator<Item = &str> {
    events.iter().map(|event| event.aggregate_type.as_str())
}
