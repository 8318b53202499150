//! What makes commands on a busy aggregate cheap. Nothing is decided here: the appender checks every version.

use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use tokio::{sync::OwnedMutexGuard, time::timeout};
use uuid::Uuid;

/// Aggregates with fewer events are read anew each time.
const LONG: i64 = 32;
/// The most aggregates that are kept.
const MAX_KEPT: usize = 1_000;
/// How long a command waits for its turn. Without it, it may lose a race and be decided anew, which is slower but right.
const PATIENCE: Duration = Duration::from_secs(5);
/// Locks of aggregates that nobody waits for are thrown away when there are so many.
const MAX_LOCKS: usize = 1_024;

type Kept = HashMap<(&'static str, Uuid), (i64, Arc<dyn Any + Send + Sync>)>;

/// States of long aggregates, as of some event: loading them needs only the events after it.
#[derive(Clone, Default)]
pub(super) struct LongAggregates(Arc<Mutex<Kept>>);

impl LongAggregates {
    /// A state that was kept, with the sequence of its last event.
    pub(super) fn get<A: Clone + 'static>(&self, aggregate_type: &'static str, id: Uuid) -> Option<(A, i64)> {
        let kept = self.0.lock().expect("no holder of the lock panics").get(&(aggregate_type, id)).cloned();
        let (sequence, state) = kept?;
        Some((state.downcast_ref::<A>()?.clone(), sequence))
    }

    pub(super) fn keep<A: Clone + Send + Sync + 'static>(
        &self,
        aggregate_type: &'static str,
        id: Uuid,
        state: &A,
        sequence: i64,
    ) {
        if sequence < LONG {
            return;
        }
        let mut kept = self.0.lock().expect("no holder of the lock panics");
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert((aggregate_type, id), (sequence, Arc::new(state.clone())));
    }
}

/// Commands of this process on one aggregate, one after the other: side by side all but one of them would lose.
#[derive(Clone, Default)]
pub(crate) struct Turns(Arc<Mutex<HashMap<Uuid, Weak<tokio::sync::Mutex<()>>>>>);

impl Turns {
    /// Waits for the turn on an aggregate, which lasts until the guard is dropped; `None` if that takes too long.
    pub(crate) async fn take(&self, id: Uuid) -> Option<OwnedMutexGuard<()>> {
        timeout(PATIENCE, self.lock_of(id).lock_owned()).await.ok()
    }

    fn lock_of(&self, id: Uuid) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.0.lock().expect("no holder of the lock panics");
        if let Some(lock) = locks.get(&id).and_then(Weak::upgrade) {
            return lock;
        }
        if locks.len() >= MAX_LOCKS {
            locks.retain(|_, lock| lock.strong_count() > 0);
        }
        let lock = Arc::default();
        locks.insert(id, Arc::downgrade(&lock));
        lock
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn only_long_aggregates_are_kept() {
        let long = LongAggregates::default();
        let id = Uuid::from_u128(1);
        long.keep("chat", id, &"short", LONG - 1);
        assert_eq!(long.get::<&str>("chat", id), None);
        long.keep("chat", id, &"long", LONG);
        assert_eq!(long.get::<&str>("chat", id), Some(("long", LONG)));
        assert_eq!(long.get::<&str>("user", id), None);
    }

    #[tokio::test]
    async fn a_turn_lasts_until_its_guard_is_dropped() {
        let turns = Turns::default();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let first = turns.take(one).await.expect("nobody else is there");
        assert!(turns.take(other).await.is_some());
        assert!(turns.take(one).now_or_never().is_none());
        drop(first);
        assert!(turns.take(one).await.is_some());
    }
}
