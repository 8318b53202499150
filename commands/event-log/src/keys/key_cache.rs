//! The cache of subjects' keys in a process: keys in use, and the subjects whose keys were destroyed.

use std::{collections::HashSet, sync::Arc};

use domain::ids::SubjectId;
use parking_lot::Mutex;
use quick_cache::{
    DefaultHashBuilder, OptionsBuilder, UnitWeighter,
    unsync::{Cache, DefaultLifecycle},
};
use uuid::Uuid;

use crate::keys::crypto::Key;

/// The maximum number of cached keys: enough for every active person. Other keys are read again when needed.
const MAX_KEYS: usize = 20_000;
/// The fraction of the cache for keys that were requested more than once. The rest holds the keys of a whole batch,
/// which are read before its transaction begins.
const PART_OF_KNOWN: f64 = 0.5;

struct Known {
    /// Keys are evicted one at a time. An evicted key is zeroed as soon as it is not used any more.
    keys: Cache<SubjectId, Arc<Key>>,
    /// The subjects whose keys were destroyed. They are never removed, so that a key that was read just before its
    /// erasure is never cached again.
    erased: HashSet<SubjectId>,
    /// The number of the last known erasure; all earlier ones are known too.
    last_erasure: i64,
}

/// The cache. One lock guards keys and erasures together, so that after an erasure no key is returned and no late one
/// is added.
#[derive(Clone)]
pub(super) struct KeyCache(Arc<Mutex<Known>>);

impl Default for KeyCache {
    fn default() -> Self {
        Self::of_size(MAX_KEYS)
    }
}

impl KeyCache {
    fn of_size(keys: usize) -> Self {
        let options = OptionsBuilder::new()
            .estimated_items_capacity(keys)
            .weight_capacity(keys as u64)
            .hot_allocation(PART_OF_KNOWN)
            .build()
            .expect("both sizes are given");
        let keys =
            Cache::with_options(options, UnitWeighter, DefaultHashBuilder::default(), DefaultLifecycle::default());
        Self(Arc::new(Mutex::new(Known { keys, erased: HashSet::new(), last_erasure: 0 })))
    }

    /// Returns the key of a subject, or `Some(None)` if it was destroyed; `None` if nothing is known of the subject.
    #[expect(clippy::option_option, reason = "not to know is something else than to know that there is none")]
    pub(super) fn get(&self, subject: SubjectId) -> Option<Option<Arc<Key>>> {
        let known = self.0.lock();
        if known.erased.contains(&subject) { Some(None) } else { known.keys.get(&subject).cloned().map(Some) }
    }

    /// Caches a key and returns it, or `None` if it was destroyed since it was read.
    pub(super) fn remember(&self, subject: SubjectId, key: Arc<Key>) -> Option<Arc<Key>> {
        let mut known = self.0.lock();
        if known.erased.contains(&subject) {
            return None;
        }
        known.keys.insert(subject, key.clone());
        Some(key)
    }

    /// Removes destroyed keys, given as subject and number of the erasure. Returns the number of the last known
    /// erasure.
    pub(super) fn forget(&self, erased: impl IntoIterator<Item = (Uuid, i64)>) -> i64 {
        let mut known = self.0.lock();
        for (subject, erasure) in erased {
            let subject = SubjectId::new(subject);
            known.keys.remove(&subject);
            known.erased.insert(subject);
            known.last_erasure = known.last_erasure.max(erasure);
        }
        known.last_erasure
    }

    /// Returns the number of the last erasure that this process knows of.
    pub(super) fn last_erasure(&self) -> i64 {
        self.0.lock().last_erasure
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::crypto::random_key;

    fn subject(number: u128) -> SubjectId {
        SubjectId::new(Uuid::from_u128(number))
    }

    #[test]
    fn a_full_cache_keeps_the_keys_in_use_and_never_more_than_it_may() {
        let cache = KeyCache::of_size(100);
        for number in 0..1_000 {
            cache.remember(subject(number), Arc::new(random_key()));
            assert!(cache.get(subject(0)).is_some(), "the key of somebody active is gone after {number} others");
        }
        let kept = (0..1_000).filter(|number| cache.get(subject(*number)).is_some()).count();
        assert!((50..=100).contains(&kept), "{kept} of at most 100 keys");
    }

    #[test]
    fn a_destroyed_key_is_gone_at_once_and_never_comes_back() {
        let cache = KeyCache::default();
        let key = Arc::new(random_key());
        cache.remember(subject(1), key.clone());
        cache.remember(subject(2), Arc::new(random_key()));
        assert_eq!(cache.forget([(subject(1).value(), 7)]), 7);
        assert_eq!(Arc::strong_count(&key), 1, "the cache holds a destroyed key");
        assert!(matches!(cache.get(subject(1)), Some(None)));
        assert!(cache.remember(subject(1), key).is_none(), "a key that was read before the erasure came back");
        assert!(matches!(cache.get(subject(1)), Some(None)));
        assert!(matches!(cache.get(subject(2)), Some(Some(_))), "somebody else's key is gone");
        assert_eq!(cache.last_erasure(), 7);
    }
}
