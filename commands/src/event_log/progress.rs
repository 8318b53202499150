//! How far consumers have come, for readers that wait for their own writes.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use sqlx::PgPool;
use tokio::{sync::watch, time::Instant};

use super::{
    consumer::{Checkpoint, PartitionKey},
    stored::EventPosition,
};

/// How often the checkpoints are looked at for progress made by other processes.
const POLL: Duration = Duration::from_millis(20);
/// The same where this process has moved the checkpoints so far: another one may have taken over.
const SAFETY_POLL: Duration = Duration::from_millis(200);

type Reached = HashMap<(&'static str, String, i32), i64>;

/// The checkpoints that this process has moved.
#[derive(Clone)]
pub struct Progress {
    reached: Arc<Mutex<Reached>>,
    changed: watch::Sender<()>,
}

impl Default for Progress {
    fn default() -> Self {
        Self { reached: Arc::default(), changed: watch::Sender::new(()) }
    }
}

impl Progress {
    pub(super) fn advance(&self, consumer: &'static str, checkpoints: &BTreeMap<PartitionKey, Checkpoint>) {
        let mut reached = self.reached.lock().expect("no holder of the lock panics");
        for ((aggregate_type, partition), checkpoint) in checkpoints {
            let known = reached.entry((consumer, aggregate_type.clone(), *partition)).or_default();
            *known = (*known).max(checkpoint.position);
        }
        drop(reached);
        self.changed.send_replace(());
    }

    /// Changes whenever a consumer of this process has got further.
    pub fn subscribe(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Waits until the consumers have reached the positions, but not longer than `patience`. Says whether they have.
    ///
    /// # Errors
    /// The database's, if it is asked for the progress of other processes.
    pub async fn wait_for(
        &self,
        pool: &PgPool,
        consumers: &[(&'static str, &'static [&'static str])],
        positions: &[EventPosition],
        patience: Duration,
    ) -> Result<bool, sqlx::Error> {
        let deadline = Instant::now() + patience;
        let mut changed = self.changed.subscribe();
        let mut pending: Vec<(&'static str, EventPosition)> = consumers
            .iter()
            .flat_map(|(name, types)| {
                positions.iter().filter(|event| types.contains(&event.aggregate_type)).map(|event| (*name, *event))
            })
            .collect();
        // Not started anew by every change: progress of this process must not hide that of others.
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
                _ = look.tick() => drop_stored(pool, &mut pending).await?,
                () = tokio::time::sleep_until(deadline) => return Ok(pending.is_empty()),
            }
        }
    }

    /// Whether all of these were moved by this process before.
    fn are_ours(&self, pending: &[(&'static str, EventPosition)]) -> bool {
        let reached = self.reached.lock().expect("no holder of the lock panics");
        pending.iter().all(|(consumer, event)| {
            reached.contains_key(&(*consumer, event.aggregate_type.to_owned(), event.partition))
        })
    }

    fn drop_reached(&self, pending: &mut Vec<(&'static str, EventPosition)>) {
        let reached = self.reached.lock().expect("no holder of the lock panics");
        pending.retain(|(consumer, event)| {
            let key = (*consumer, event.aggregate_type.to_owned(), event.partition);
            reached.get(&key).copied().unwrap_or(0) < event.position
        });
    }
}

async fn drop_stored(pool: &PgPool, pending: &mut Vec<(&'static str, EventPosition)>) -> Result<(), sqlx::Error> {
    let consumers: Vec<String> = pending.iter().map(|(consumer, _)| (*consumer).to_owned()).collect();
    let types: Vec<String> = pending.iter().map(|(_, event)| event.aggregate_type.to_owned()).collect();
    let partitions: Vec<i32> = pending.iter().map(|(_, event)| event.partition).collect();
    let stored = sqlx::query!(
        "SELECT consumer, aggregate_type, partition, position FROM checkpoints
         WHERE (consumer, aggregate_type, partition) IN (SELECT * FROM unnest($1::text[], $2::text[], $3::int[]))",
        &consumers,
        &types,
        &partitions,
    )
    .fetch_all(pool)
    .await?;
    pending.retain(|(consumer, event)| {
        !stored.iter().any(|row| {
            row.consumer == *consumer
                && row.aggregate_type == event.aggregate_type
                && row.partition == event.partition
                && row.position >= event.position
        })
    });
    Ok(())
}
