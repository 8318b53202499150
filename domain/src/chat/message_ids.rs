//! The set of ids of a chat's messages, which is cheap to copy and to deserialize even with thousands of ids.

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use crate::ids::MessageId;

/// Ids in `new` beyond which they are merged into `sorted`.
const MAX_NEW: usize = 128;
const LENGTH: usize = 16;

/// A set of ids. Copies share the sorted part.
#[derive(Debug, Default, Clone)]
pub(super) struct MessageIds {
    /// The ids in order, without those in `new`.
    sorted: Arc<[Uuid]>,
    new: BTreeSet<Uuid>,
}

impl MessageIds {
    pub(super) fn contains(&self, id: MessageId) -> bool {
        self.new.contains(&id.value()) || self.sorted.binary_search(&id.value()).is_ok()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.new.is_empty() && self.sorted.is_empty()
    }

    pub(super) fn insert(&mut self, id: MessageId) {
        if !self.contains(id) {
            self.new.insert(id.value());
        }
        if self.new.len() > MAX_NEW {
            self.sorted = self.all().into();
            self.new.clear();
        }
    }

    pub(super) fn remove(&mut self, id: MessageId) {
        // Most removed ids were added a moment ago.
        if !self.new.remove(&id.value()) && self.sorted.binary_search(&id.value()).is_ok() {
            self.sorted = self.sorted.iter().copied().filter(|it| *it != id.value()).collect();
        }
    }

    /// All ids in order.
    fn all(&self) -> Vec<Uuid> {
        let mut all: Vec<Uuid> = self.sorted.iter().chain(&self.new).copied().collect();
        all.sort_unstable();
        all
    }
}

impl PartialEq for MessageIds {
    fn eq(&self, other: &Self) -> bool {
        self.all() == other.all()
    }
}

impl Eq for MessageIds {}

/// Serializes to a list in human-readable formats, else to sixteen bytes for each id.
impl Serialize for MessageIds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_seq(self.all());
        }
        let bytes: Vec<u8> = self.all().into_iter().flat_map(Uuid::into_bytes).collect();
        serializer.serialize_bytes(&bytes)
    }
}

impl<'de> Deserialize<'de> for MessageIds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut ids = if deserializer.is_human_readable() {
            Vec::deserialize(deserializer)?
        } else {
            deserializer.deserialize_bytes(Packed)?
        };
        if !ids.is_sorted() {
            ids.sort_unstable();
        }
        Ok(Self { sorted: ids.into(), new: BTreeSet::new() })
    }
}

struct Packed;

impl de::Visitor<'_> for Packed {
    type Value = Vec<Uuid>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "bytes, {LENGTH} an id")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Vec<Uuid>, E> {
        let (ids, []) = bytes.as_chunks::<LENGTH>() else {
            return Err(E::invalid_length(bytes.len(), &self));
        };
        Ok(ids.iter().copied().map(Uuid::from_bytes).collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set_however_many_come_and_go(steps in vec((any::<bool>(), 0..400_u128), 0..1_000)) {
            let (mut ids, mut model) = (MessageIds::default(), BTreeSet::new());
            for (comes, number) in steps {
                let id = Uuid::from_u128(number);
                if comes {
                    ids.insert(MessageId::new(id));
                    model.insert(id);
                } else {
                    ids.remove(MessageId::new(id));
                    model.remove(&id);
                }
            }
            for number in 0..400 {
                let id = Uuid::from_u128(number);
                prop_assert_eq!(ids.contains(MessageId::new(id)), model.contains(&id));
            }
            prop_assert_eq!(ids.all(), Vec::from_iter(model));
            let text = serde_json::to_string(&ids).expect("JSON");
            prop_assert_eq!(&serde_json::from_str::<MessageIds>(&text).expect("the same"), &ids);
            let bytes = rmp_serde::to_vec_named(&ids).expect("bytes");
            prop_assert_eq!(rmp_serde::from_slice::<MessageIds>(&bytes).expect("the same"), ids);
        }
    }
}
