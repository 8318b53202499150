//! The checkpoints of a consumer, which are locked and moved in the transaction of the effects.
//!
//! The lock also fences off a consumer that others consider dead: when it gets the lock, it finds the checkpoint moved,
//! and writes nothing.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::PgTransaction;
use uuid::Uuid;

use super::Runner;
use crate::{consume::consumer::Delivery, stored::StoredEvent};

/// Aggregate type and partition.
type PartitionKey = (String, i32);

/// The checkpoint of a consumer in one partition of an aggregate type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Checkpoint {
    pub position: i64,
    /// The number of events up to the position that have taken effect.
    applied: i64,
    /// The number of events up to the position that are parked.
    parked: i64,
}

type Checkpoints = BTreeMap<PartitionKey, Checkpoint>;

/// The part of a batch that a transaction applies, under the locks of the checkpoints.
pub(super) struct Taken {
    /// The events to apply, in order: beyond the checkpoints, and not of an aggregate that has parked events.
    pub events: Vec<StoredEvent>,
    /// The checkpoints as they must be after these events have taken effect.
    pub checkpoints: Checkpoints,
    /// The checkpoints as the transaction has stored them so far.
    stored: Checkpoints,
}

impl Taken {
    /// Counts an event as parked instead of applied.
    pub(super) fn count_as_parked(&mut self, event: &StoredEvent) {
        if let Some(checkpoint) = self.checkpoints.get_mut(&key_of(event)) {
            checkpoint.applied -= 1;
            checkpoint.parked += 1;
        }
    }
}

fn key_of(event: &StoredEvent) -> PartitionKey {
    (event.aggregate_type.clone(), event.partition)
}

impl Runner {
    /// Returns the events of the batch that are beyond the checkpoints, and parks those that must wait behind a parked
    /// event. After a gap in a partition nothing more of it is taken: the missing events and those after them are read
    /// from the log, as late events are.
    pub(super) async fn take(&self, batch: &[Delivery], tx: &mut PgTransaction<'_>) -> Result<Taken, sqlx::Error> {
        let (checkpoints, stored) = self.move_checkpoints(batch, tx).await?;
        let mut taken = Taken { events: Vec::new(), checkpoints, stored };
        let mut behind_gaps = BTreeSet::new();
        for delivery in batch {
            let event = &delivery.event;
            let key = key_of(event);
            let Some(checkpoint) = taken.checkpoints.get_mut(&key) else { continue };
            if event.position <= checkpoint.position || behind_gaps.contains(&key) {
                continue;
            }
            if delivery.previous.is_some_and(|previous| previous > checkpoint.position) {
                tracing::warn!(
                    consumer = self.consumer.name(),
                    partition = event.partition,
                    from = checkpoint.position,
                    to = event.position,
                    "the stream has a gap, which is filled from the log"
                );
                behind_gaps.insert(key);
                continue;
            }
            checkpoint.position = event.position;
            checkpoint.applied += 1;
            taken.events.push(event.clone());
        }
        if taken.checkpoints.values().any(|checkpoint| checkpoint.parked > 0) {
            self.set_aside(&mut taken, tx).await?;
        }
        Ok(taken)
    }

    /// Locks the checkpoints of the batch and moves them to its end, as if all of it took effect. This takes one round
    /// trip, before the effects, which also reads new erasures. Returns the checkpoints before and after the move.
    async fn move_checkpoints(
        &self,
        batch: &[Delivery],
        tx: &mut PgTransaction<'_>,
    ) -> Result<(Checkpoints, Checkpoints), sqlx::Error> {
        let mut ends: BTreeMap<PartitionKey, (i64, i64)> = BTreeMap::new();
        for Delivery { event, .. } in batch {
            let (position, events) = ends.entry(key_of(event)).or_default();
            *position = (*position).max(event.position);
            *events += 1;
        }
        // Locked in a fixed order, so that two processes cannot deadlock. A row that another process has just moved is
        // read in its new version (READ COMMITTED).
        let rows = sqlx::query!(
            r#"WITH ends AS (
                   SELECT * FROM unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[])
                       AS ends (aggregate_type, partition, position, events)
               ), locked AS (
                   SELECT aggregate_type, partition, position, applied, parked FROM checkpoints
                   WHERE consumer = $1 AND (aggregate_type, partition) IN (SELECT aggregate_type, partition FROM ends)
                   ORDER BY aggregate_type, partition FOR UPDATE
               ), moved AS (
                   UPDATE checkpoints SET position = ends.position, applied = locked.applied + ends.events
                   FROM locked JOIN ends USING (aggregate_type, partition)
                   WHERE checkpoints.consumer = $1
                     AND checkpoints.aggregate_type = locked.aggregate_type
                     AND checkpoints.partition = locked.partition
                     AND ends.position > locked.position
               )
               SELECT aggregate_type, partition, position, applied, parked,
                      ARRAY(SELECT subject_id FROM subject_keys WHERE erasure > $6 ORDER BY erasure) AS "erased!: Vec<Uuid>",
                      ARRAY(SELECT erasure FROM subject_keys WHERE erasure > $6 ORDER BY erasure) AS "erasures!: Vec<i64>"
               FROM locked"#,
            self.consumer.name(),
            &ends.keys().map(|(aggregate_type, _)| aggregate_type.clone()).collect::<Vec<_>>(),
            &ends.keys().map(|(_, partition)| *partition).collect::<Vec<_>>(),
            &ends.values().map(|(position, _)| *position).collect::<Vec<_>>(),
            &ends.values().map(|(_, events)| *events).collect::<Vec<_>>(),
            self.codec.keys().last_erasure(),
        )
        .fetch_all(&mut **tx)
        .await?;
        // Every row has the same erasures. They include all that were committed before this transaction took the
        // decoding lock.
        if let Some(row) = rows.first() {
            self.codec.keys().forget(row.erased.iter().copied().zip(row.erasures.iter().copied()));
        }
        let before: Checkpoints = rows
            .into_iter()
            .map(|row| {
                let checkpoint = Checkpoint { position: row.position, applied: row.applied, parked: row.parked };
                ((row.aggregate_type, row.partition), checkpoint)
            })
            .collect();
        let mut stored = before.clone();
        for (key, checkpoint) in &mut stored {
            if let Some((position, events)) = ends.get(key).filter(|(position, _)| *position > checkpoint.position) {
                checkpoint.position = *position;
                checkpoint.applied += events;
            }
        }
        Ok((before, stored))
    }

    /// Corrects the checkpoints, whose locks the transaction holds: after a gap they were moved too far, and skipped or
    /// parked events were counted as applied.
    pub(super) async fn correct_checkpoints(
        &self,
        taken: &Taken,
        tx: &mut PgTransaction<'_>,
    ) -> Result<(), sqlx::Error> {
        if taken.checkpoints == taken.stored {
            return Ok(());
        }
        let types: Vec<String> = taken.checkpoints.keys().map(|(name, _)| name.clone()).collect();
        let partitions: Vec<i32> = taken.checkpoints.keys().map(|(_, partition)| *partition).collect();
        let column = |column: fn(&Checkpoint) -> i64| taken.checkpoints.values().map(column).collect::<Vec<_>>();
        sqlx::query!(
            "UPDATE checkpoints SET position = reached.position, applied = reached.applied, parked = reached.parked
             FROM unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[])
                 AS reached (aggregate_type, partition, position, applied, parked)
             WHERE checkpoints.consumer = $1
               AND checkpoints.aggregate_type = reached.aggregate_type
               AND checkpoints.partition = reached.partition",
            self.consumer.name(),
            &types,
            &partitions,
            &column(|checkpoint| checkpoint.position),
            &column(|checkpoint| checkpoint.applied),
            &column(|checkpoint| checkpoint.parked),
        )
        .execute(&mut **tx)
        .await?;
        Ok(())
    }
}
