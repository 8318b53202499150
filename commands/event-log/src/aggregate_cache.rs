//! What makes commands on a busy aggregate cheap. Nothing is decided here: the appender checks every version.

use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, Weak},
    time::Duration,
};

use domain::AggregateType;
use parking_lot::Mutex;
use quick_cache::sync::Cache;
use tokio::{sync::OwnedMutexGuard, time::timeout};
use uuid::Uuid;

/// The most aggregates whose states are kept.
const MAX_KEPT: usize = 2_000;
/// How long a command waits for an aggregate. Without the lock, it may lose a race and be decided anew, which is slower but right.
const PATIENCE: Duration = Duration::from_secs(5);
/// Locks of aggregates that nobody waits for are thrown away when there are so many.
const MAX_LOCKS: usize = 1_024;

type AnyState = Arc<dyn Any + Send + Sync>;
type States = Cache<(AggregateType, Uuid), (i64, AnyState)>;

/// States of aggregates as of some event, with its sequence. Loading them needs only the events after it, and deciding
/// none at all if the appender finds that there are none.
#[derive(Clone)]
pub(crate) struct AggregateCache(Arc<States>);

impl Default for AggregateCache {
    fn default() -> Self {
        Self(Arc::new(Cache::new(MAX_KEPT)))
    }
}

impl AggregateCache {
    /// A state that was kept, with the sequence of its last event.
    pub(crate) fn get<A: Clone + 'static>(&self, aggregate_type: AggregateType, id: Uuid) -> Option<(A, i64)> {
        let (sequence, state) = self.0.get(&(aggregate_type, id))?;
        Some((state.downcast_ref::<A>()?.clone(), sequence))
    }

    pub(crate) fn keep<A: Send + Sync + 'static>(
        &self,
        aggregate_type: AggregateType,
        id: Uuid,
        state: A,
        sequence: i64,
    ) {
        let key = (aggregate_type, id);
        if self.0.get(&key).is_none_or(|(known, _)| known < sequence) {
            self.0.insert(key, (sequence, Arc::new(state)));
        }
    }

    /// Forgets all states: somebody was erased, and they may hold that person's text.
    pub(crate) fn forget_all(&self) {
        self.0.clear();
    }

    pub(crate) fn forget(&self, aggregate_type: AggregateType, id: Uuid) {
        self.0.remove(&(aggregate_type, id));
    }
}

/// Commands of this process on one aggregate, one after the other: side by side all but one of them would lose.
#[derive(Clone, Default)]
pub(crate) struct AggregateLocks(Arc<Mutex<HashMap<Uuid, Weak<tokio::sync::Mutex<()>>>>>);

impl AggregateLocks {
    /// Waits for the lock on an aggregate, which lasts until the guard is dropped; `None` if that takes too long.
    pub(crate) async fn lock(&self, id: Uuid) -> Option<OwnedMutexGuard<()>> {
        timeout(PATIENCE, self.lock_of(id).lock_owned()).await.ok()
    }

    fn lock_of(&self, id: Uuid) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.0.lock();
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
    fn of_two_states_the_later_one_is_kept_until_it_is_forgotten() {
        let cache = AggregateCache::default();
        let id = Uuid::from_u128(1);
        cache.keep(AggregateType::Chat, id, "second", 2);
        cache.keep(AggregateType::Chat, id, "first", 1);
        assert_eq!(cache.get::<&str>(AggregateType::Chat, id), Some(("second", 2)));
        assert_eq!(cache.get::<&str>(AggregateType::User, id), None);
        cache.forget(AggregateType::Chat, id);
        assert_eq!(cache.get::<&str>(AggregateType::Chat, id), None);
    }

    #[tokio::test]
    async fn a_turn_lasts_until_its_guard_is_dropped() {
        let locks = AggregateLocks::default();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let first = locks.lock(one).await.expect("nobody else is there");
        assert!(locks.lock(other).await.is_some());
        assert!(locks.lock(one).now_or_never().is_none());
        drop(first);
        assert!(locks.lock(one).await.is_some());
    }
}
