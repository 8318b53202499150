//! The progress of consumers, for readers that wait until the views contain their own writes.

use std::{collections::HashMap, sync::Arc, time::Duration};

use domain::AggregateType;
use parking_lot::Mutex;
use sqlx::PgPool;
use tokio::{sync::watch, time::Instant};

use crate::stored::EventPosition;

/// How often a waiting reader polls the checkpoints for progress made by other processes.
const POLL: Duration = Duration::from_millis(20);
/// The poll interval for checkpoints that this process has moved so far. They are polled because another process may
/// have taken over the consumer.
const SAFETY_POLL: Duration = Duration::from_millis(200);

/// Positions by consumer, aggregate type and partition.
type Reached = HashMap<(&'static str, String, i32), i64>;

/// Consumers by name, with the aggregate types that they want.
pub type Consumers<'a> = &'a [(&'static str, &'static [AggregateType])];
type Pending = Vec<(&'static str, EventPosition)>;

/// The checkpoints that this process has moved, and those of other processes that it has read.
#[derive(Clone)]
pub struct Progress {
    reached: Arc<Mutex<Reached>>,
    /// Positions read from the database. They stay valid, because a checkpoint never moves back, even when another
    /// version of a view takes over.
    seen: Arc<Mutex<Reached>>,
    changed: watch::Sender<()>,
}

impl Default for Progress {
    fn default() -> Self {
        Self { reached: Arc::default(), seen: Arc::default(), changed: watch::Sender::new(()) }
    }
}

impl Progress {
    /// Records the positions that a consumer has reached, each given as aggregate type, partition and position.
    pub(crate) fn advance<'a>(&self, consumer: &'static str, ends: impl Iterator<Item = (&'a str, i32, i64)>) {
        let mut reached = self.reached.lock();
        for (aggregate_type, partition, position) in ends {
            let known = reached.entry((consumer, aggregate_type.to_owned(), partition)).or_default();
            *known = (*known).max(position);
        }
        drop(reached);
        self.changed.send_replace(());
    }

    /// Returns a receiver that is notified whenever a consumer of this process has advanced.
    pub fn subscribe(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Waits until the consumers have reached the positions, for at most `patience`. Returns whether they have.
    ///
    /// # Errors
    /// [`sqlx::Error`] if the progress of other processes cannot be read.
    pub async fn wait_for(
        &self,
        pool: &PgPool,
        consumers: Consumers<'_>,
        positions: &[EventPosition],
        patience: Duration,
    ) -> Result<bool, sqlx::Error> {
        let deadline = Instant::now() + patience;
        let mut changed = self.changed.subscribe();
        let mut pending = pending(consumers, positions);
        // The interval keeps running across notifications, so that frequent progress of this process does not delay the
        // polls for that of other processes.
        let pause = if self.are_ours(&pending) { SAFETY_POLL } else { POLL };
        let mut look = tokio::time::interval(pause);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        look.reset();
        loop {
            self.drop_reached(&mut pending);
            if pending.is_empty() {
                return Ok(true);
            }
            tokio::select! {
                _ = changed.changed() => {}
                _ = look.tick() => self.drop_stored(pool, &mut pending).await?,
                () = tokio::time::sleep_until(deadline) => return Ok(pending.is_empty()),
            }
        }
    }

    /// Returns whether the consumers have reached the positions as far as this process knows, without a query.
    pub(crate) fn know_reached(&self, consumers: Consumers<'_>, positions: &[EventPosition]) -> bool {
        let mut pending = pending(consumers, positions);
        self.drop_reached(&mut pending);
        pending.is_empty()
    }

    /// Returns whether the consumers have reached the positions according to the database.
    ///
    /// # Errors
    /// [`sqlx::Error`] if a query fails.
    pub(crate) async fn have_stored(
        &self,
        pool: &PgPool,
        consumers: Consumers<'_>,
        positions: &[EventPosition],
    ) -> Result<bool, sqlx::Error> {
        let mut pending = pending(consumers, positions);
        self.drop_stored(pool, &mut pending).await?;
        Ok(pending.is_empty())
    }

    /// Returns whether this process has moved the checkpoints of all pending positions before.
    fn are_ours(&self, pending: &[(&'static str, EventPosition)]) -> bool {
        let reached = self.reached.lock();
        pending.iter().all(|(consumer, event)| {
            reached.contains_key(&(*consumer, event.aggregate_type.to_string(), event.partition))
        })
    }

    /// Removes the pending positions that are known to be reached.
    fn drop_reached(&self, pending: &mut Pending) {
        for known in [&self.reached, &self.seen] {
            let known = known.lock();
            pending.retain(|(consumer, event)| {
                let key = (*consumer, event.aggregate_type.to_string(), event.partition);
                known.get(&key).copied().unwrap_or(0) < event.position
            });
        }
    }

    /// Reads the checkpoints of the pending positions, and removes those that are reached.
    async fn drop_stored(&self, pool: &PgPool, pending: &mut Pending) -> Result<(), sqlx::Error> {
        let consumers: Vec<String> = pending.iter().map(|(consumer, _)| (*consumer).to_owned()).collect();
        let types: Vec<String> = pending.iter().map(|(_, event)| event.aggregate_type.to_string()).collect();
        let partitions: Vec<i32> = pending.iter().map(|(_, event)| event.partition).collect();
        let stored = sqlx::query!(
            r#"SELECT wanted.place AS "place!", position
               FROM unnest($1::text[], $2::text[], $3::int[]) WITH ORDINALITY
                 AS wanted (consumer, aggregate_type, partition, place)
               JOIN checkpoints USING (consumer, aggregate_type, partition)"#,
            &consumers,
            &types,
            &partitions,
        )
        .fetch_all(pool)
        .await?;
        let mut seen = self.seen.lock();
        for row in stored {
            let place = usize::try_from(row.place - 1).unwrap_or_default();
            if let Some((consumer, event)) = pending.get(place) {
                seen.insert((*consumer, event.aggregate_type.to_string(), event.partition), row.position);
            }
        }
        drop(seen);
        self.drop_reached(pending);
        Ok(())
    }
}

/// Returns the positions to wait for: each position once for every consumer that reads its aggregate type.
fn pending(consumers: Consumers<'_>, positions: &[EventPosition]) -> Pending {
    let of = |(name, types): &(&'static str, &'static [AggregateType])| {
        let wanted = positions.iter().filter(|event| types.contains(&event.aggregate_type));
        wanted.map(|event| (*name, *event)).collect::<Vec<_>>()
    };
    consumers.iter().flat_map(of).collect()
}
