//! In-process cache of aggregate states, and locks on aggregates, which make commands on a busy aggregate cheap.
//! Neither is needed for correctness: the appender checks every version.

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

/// The maximum number of aggregates whose states are cached.
const MAX_KEPT: usize = 2_000;
/// How long a command waits for the lock on an aggregate. A command without the lock may lose a race and be decided
/// again, which is slower but correct.
const PATIENCE: Duration = Duration::from_secs(5);
/// The number of locks at which unused ones are removed.
const MAX_LOCKS: usize = 1_024;

type AnyState = Arc<dyn Any + Send + Sync>;
type States = Cache<(AggregateType, Uuid), (i64, AnyState)>;

/// Cached states of aggregates, each with the sequence of the last event applied to it. Loading an aggregate from the
/// cache reads only the events after that sequence; deciding on a cached state reads no events, because the appender
/// detects newer ones.
#[derive(Clone)]
pub(crate) struct AggregateCache(Arc<States>);

impl Default for AggregateCache {
    fn default() -> Self {
        Self(Arc::new(Cache::new(MAX_KEPT)))
    }
}

impl AggregateCache {
    /// Returns the cached state of an aggregate, with the sequence of its last event.
    pub(crate) fn get<A: Clone + 'static>(&self, aggregate_type: AggregateType, id: Uuid) -> Option<(A, i64)> {
        let (sequence, state) = self.0.get(&(aggregate_type, id))?;
        Some((state.downcast_ref::<A>()?.clone(), sequence))
    }

    /// Caches a state, unless a state with the same or a later sequence is cached.
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

    /// Removes all states, after the erasure of a person whose text they may hold.
    pub(crate) fn forget_all(&self) {
        self.0.clear();
    }

    pub(crate) fn forget(&self, aggregate_type: AggregateType, id: Uuid) {
        self.0.remove(&(aggregate_type, id));
    }
}

/// Per-aggregate locks that serialize the commands of this process on one aggregate. Of commands that run concurrently,
/// all but one would fail with a version conflict.
#[derive(Clone, Default)]
pub(crate) struct AggregateLocks(Arc<Mutex<HashMap<Uuid, Weak<tokio::sync::Mutex<()>>>>>);

impl AggregateLocks {
    /// Waits for the lock on an aggregate, which is held until the guard is dropped. Returns `None` after a timeout of
    /// [`PATIENCE`].
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
