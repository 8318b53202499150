//! An in-memory buffer of the events that this process appended last, which saves its consumers from reading them from
//! the database.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;

use crate::stored::StoredEvent;

/// The maximum size of the buffered events, in bytes of payload and metadata.
const MAX_BYTES: usize = 4_000_000;

/// The buffer, shared by the appender, which adds events, and the consumers.
#[derive(Clone, Default)]
pub(crate) struct RecentEvents(Arc<Mutex<Recent>>);

#[derive(Default)]
struct Recent {
    /// The events in the order of their positions; those that other processes appended in between are missing.
    events: VecDeque<Arc<StoredEvent>>,
    bytes: usize,
}

impl RecentEvents {
    /// Adds committed events in order, and evicts the oldest ones.
    pub(crate) fn add(&self, events: impl IntoIterator<Item = StoredEvent>) {
        let mut recent = self.0.lock();
        for event in events {
            recent.bytes += size(&event);
            recent.events.push_back(Arc::new(event));
        }
        while recent.bytes > MAX_BYTES {
            let Some(oldest) = recent.events.pop_front() else { break };
            recent.bytes -= size(&oldest);
        }
    }

    /// Returns all events after a position and up to another one, or `None` if one of them is not in the buffer.
    /// Positions have no gaps, so the number of events tells.
    pub(crate) fn between(&self, after: i64, up_to: i64) -> Option<Vec<Arc<StoredEvent>>> {
        if after >= up_to {
            return Some(vec![]);
        }
        let recent = self.0.lock();
        let from = recent.events.partition_point(|event| event.position <= after);
        let to = recent.events.partition_point(|event| event.position <= up_to);
        let found: Vec<_> = recent.events.range(from..to).cloned().collect();
        (i64::try_from(found.len()) == Ok(up_to - after)).then_some(found)
    }
}

fn size(event: &StoredEvent) -> usize {
    event.payload.len() + event.metadata.len()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn event(position: i64, payload: String) -> StoredEvent {
        StoredEvent {
            position,
            aggregate_type: "chat".to_owned(),
            aggregate_id: Uuid::nil().to_string(),
            sequence: position,
            event_type: "Retitled".to_owned(),
            event_version: "1".to_owned(),
            payload,
            metadata: "{}".to_owned(),
            partition: 0,
            command_id: Uuid::nil(),
        }
    }

    fn positions(recent: &RecentEvents, after: i64, up_to: i64) -> Option<Vec<i64>> {
        recent.between(after, up_to).map(|events| events.iter().map(|event| event.position).collect())
    }

    #[test]
    fn events_are_given_only_without_a_gap() {
        let recent = RecentEvents::default();
        recent.add([3, 4, 5, 8].map(|position| event(position, "{}".to_owned())));
        assert_eq!(positions(&recent, 3, 5), Some(vec![4, 5]));
        assert_eq!(positions(&recent, 7, 8), Some(vec![8]));
        assert_eq!(positions(&recent, 5, 5), Some(vec![]));
        assert_eq!(positions(&recent, 5, 3), Some(vec![]), "a database that was put back must not end the process");
        assert_eq!(positions(&recent, 1, 3), None);
        assert_eq!(positions(&recent, 4, 8), None);
        assert_eq!(positions(&recent, 7, 9), None);
    }

    #[test]
    fn the_oldest_events_make_room() {
        let recent = RecentEvents::default();
        recent.add((1..=3).map(|position| event(position, "x".repeat(MAX_BYTES / 2))));
        assert_eq!(positions(&recent, 1, 2), None);
        assert_eq!(positions(&recent, 2, 3), Some(vec![3]));
    }
}
