//! The walk along the hash chain, event by event, and the classification of a break in it.

use std::collections::VecDeque;

use super::finding::Fault;
use crate::stored::{ChainHash, StoredEvent, chain_link};

/// The maximum number of inserted events with fitting hashes, or of removed events after which the others were
/// renumbered, that is recognized.
const REACH: usize = 256;

/// A stored event, with its digest and its stored hash.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub event: StoredEvent,
    /// Of all that was read but position and hash: computed once, because it takes most of the time of a walk.
    pub digest: [u8; 32],
    pub hash: Vec<u8>,
}

impl Link {
    pub(super) fn new(event: StoredEvent, hash: Vec<u8>) -> Self {
        Self { digest: event.digest(), event, hash }
    }

    /// Returns whether the stored hash proves that this event was written at `position`, after the event with the hash
    /// `previous`.
    fn fits(&self, previous: &[u8], position: i64) -> bool {
        chain_link(previous, position, &self.digest)[..] == self.hash
    }
}

/// The state of a walk, which takes the events in the order of their positions. Its memory is bounded.
pub(super) struct Walk {
    /// The hashes of the newest events, the newest last. The first one is the hash that the walk started from.
    hashes: VecDeque<Vec<u8>>,
    /// The position of the last event that was found right.
    position: i64,
    trouble: Option<Trouble>,
}

/// A break in the chain whose cause is not determined yet.
struct Trouble {
    /// The position of the break.
    expected: i64,
    /// The hash of the last event before the break.
    previous: Vec<u8>,
    /// The first event after the break.
    suspect: Link,
    /// The hash of the newest event.
    newest: Vec<u8>,
    /// Whether the next event is the second one after the break.
    is_first: bool,
    /// The event that belongs to the position of the break, and the hash of the event before it where it was found.
    displaced: Option<(Link, Vec<u8>)>,
}

impl Walk {
    /// Creates a walk that begins after a position with its stored hash; at position 0, with the hash that every log
    /// begins with (32 zero bytes).
    pub(super) fn new(position: i64, hash: Vec<u8>) -> Self {
        Self { hashes: VecDeque::from([hash]), position, trouble: None }
    }

    /// Returns the position of the last event that was found correct.
    pub(super) const fn position(&self) -> i64 {
        self.position
    }

    /// Returns the stored hash at [`Self::position`].
    pub(super) fn hash(&self) -> &[u8] {
        self.hashes.back().map_or(&[], Vec::as_slice)
    }

    /// Takes the next event. Returns the fault if this event determines it; `None` while there is no break or more
    /// events are needed.
    pub(super) fn take(&mut self, link: Link) -> Option<Fault> {
        if let Some(trouble) = &mut self.trouble {
            return trouble.verify(link);
        }
        let expected = self.position + 1;
        if link.event.position < expected {
            return Some(Fault::Inserted { position: link.event.position, count: 1 });
        }
        if link.event.position == expected && link.fits(self.hash(), expected) {
            self.position = expected;
            if self.hashes.len() > REACH {
                self.hashes.pop_front();
            }
            self.hashes.push_back(link.hash);
            return None;
        }
        // If this event fits at an earlier position, the events between, whose hashes fit, were inserted.
        let before = self.hashes.iter().rev().skip(1).zip(1..);
        for (hash, count) in before {
            if link.event.position == expected && link.fits(hash, expected - count) {
                return Some(Fault::Inserted { position: expected - count, count });
            }
        }
        let newest = link.hash.clone();
        let previous = self.hash().to_vec();
        self.trouble = Some(Trouble { expected, previous, suspect: link, newest, is_first: true, displaced: None });
        None
    }

    /// Returns the fault when there are no more events.
    pub(super) fn end(self) -> Option<Fault> {
        self.trouble.map(Trouble::end)
    }
}

impl Trouble {
    fn verify(&mut self, link: Link) -> Option<Fault> {
        if let Some((displaced, _)) = &self.displaced {
            let goes_on = link.fits(&displaced.hash, self.expected + 1);
            return Some(if goes_on { self.inserted_before(displaced) } else { self.reordered(displaced) });
        }
        let next = self.expected + 1;
        if std::mem::take(&mut self.is_first) && self.suspect.event.position == self.expected {
            let computed: ChainHash = chain_link(&self.previous, self.expected, &self.suspect.digest);
            if link.fits(&self.suspect.hash, next) || link.fits(&computed, next) {
                return Some(Fault::Altered { position: self.expected });
            }
            let removed = (1..).take(REACH).find(|count| link.fits(&self.suspect.hash, next + count));
            if let Some(count) = removed {
                return Some(Fault::Removed { position: self.expected, count });
            }
        }
        let before = std::mem::replace(&mut self.newest, link.hash.clone());
        if link.fits(&self.previous, self.expected) {
            self.displaced = Some((link, before));
        }
        None
    }

    fn end(self) -> Fault {
        let position = self.expected;
        match &self.displaced {
            Some((displaced, before)) => {
                let changed_places = self.suspect.fits(&displaced.hash, position + 1)
                    || self.suspect.fits(before, displaced.event.position);
                if changed_places { self.reordered(displaced) } else { self.inserted_before(displaced) }
            }
            None if self.suspect.fits(&self.previous, position) => {
                Fault::Reordered { position, stands_at: self.suspect.event.position }
            }
            None if self.suspect.event.position > position => {
                Fault::Removed { position, count: self.suspect.event.position - position }
            }
            None => Fault::Altered { position },
        }
    }

    fn inserted_before(&self, displaced: &Link) -> Fault {
        // Nothing can have been inserted after a missing position: the event that belongs there was moved.
        if self.suspect.event.position > self.expected {
            return self.reordered(displaced);
        }
        // The event that belongs here may have the same position as the inserted one.
        Fault::Inserted { position: self.expected, count: (displaced.event.position - self.expected).max(1) }
    }

    const fn reordered(&self, displaced: &Link) -> Fault {
        Fault::Reordered { position: self.expected, stands_at: displaced.event.position }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const EVENTS: i64 = 12;

    fn log() -> Vec<Link> {
        let mut hash = vec![0; 32];
        (1..=EVENTS)
            .map(|position| {
                let event = event(position, &format!("{{\"number\":{position}}}"));
                hash = event.chain_hash(&hash).to_vec();
                Link::new(event, hash.clone())
            })
            .collect()
    }

    fn event(position: i64, payload: &str) -> StoredEvent {
        StoredEvent {
            position,
            aggregate_type: "chat".to_owned(),
            aggregate_id: Uuid::nil().to_string(),
            sequence: position,
            event_type: "Retitled".to_owned(),
            event_version: "1".to_owned(),
            payload: payload.to_owned(),
            metadata: "{}".to_owned(),
            partition: 0,
            command_id: Uuid::nil(),
        }
    }

    /// Returns the fault that a walk finds in these rows, ordered by position as the database returns them.
    fn fault(mut links: Vec<Link>) -> Option<Fault> {
        links.sort_by_key(|link| link.event.position);
        // They were altered in the database, before they were read.
        for link in &mut links {
            link.digest = link.event.digest();
        }
        let mut walk = Walk::new(0, vec![0; 32]);
        links.into_iter().find_map(|link| walk.take(link)).or_else(|| walk.end())
    }

    fn tampered(tamper: impl FnOnce(&mut Vec<Link>)) -> Option<Fault> {
        let mut links = log();
        tamper(&mut links);
        fault(links)
    }

    fn at(position: i64) -> usize {
        usize::try_from(position - 1).expect("positions begin with 1")
    }

    fn each(first: i64, last: i64, check: impl Fn(i64)) {
        (first..=last).for_each(check);
    }

    #[test]
    fn a_log_as_it_was_written_has_no_fault() {
        assert_eq!(tampered(|_| {}), None);
    }

    #[test]
    fn an_altered_event_or_hash_is_named_wherever_it_is() {
        each(1, EVENTS, |position| {
            let altered = Some(Fault::Altered { position });
            assert_eq!(tampered(|links| links[at(position)].event.payload.push(' ')), altered);
            assert_eq!(tampered(|links| links[at(position)].hash[7] ^= 1), altered);
            assert_eq!(tampered(|links| links[at(position)].hash = vec![]), altered);
        });
    }

    #[test]
    fn an_event_whose_hash_was_made_anew_breaks_the_chain_behind_it() {
        each(1, EVENTS - 1, |position| {
            let fault = tampered(|links| {
                let previous = if position == 1 { vec![0; 32] } else { links[at(position - 1)].hash.clone() };
                links[at(position)].event.payload.push(' ');
                links[at(position)].hash = links[at(position)].event.chain_hash(&previous).to_vec();
            });
            assert_eq!(fault, Some(Fault::Altered { position: position + 1 }));
        });
    }

    #[test]
    fn removed_events_are_named_with_a_hole_or_without() {
        each(1, EVENTS - 1, |position| {
            let removed = Some(Fault::Removed { position, count: 1 });
            assert_eq!(tampered(|links| drop(links.remove(at(position)))), removed);
        });
        each(1, EVENTS - 2, |position| {
            let fault = tampered(|links| {
                links.drain(at(position)..=at(position + 1));
                links[at(position)..].iter_mut().for_each(|link| link.event.position -= 2);
            });
            // The last event alone does not show whether it was altered or events before it were removed.
            let removed = Fault::Removed { position, count: 2 };
            assert_eq!(fault, Some(if position < EVENTS - 2 { removed } else { Fault::Altered { position } }));
        });
    }

    #[test]
    fn an_inserted_event_is_named_whatever_its_hash() {
        each(1, EVENTS, |position| {
            let insert = |links: &mut Vec<Link>, hash: fn(&StoredEvent, &[u8]) -> Vec<u8>| {
                links[at(position)..].iter_mut().for_each(|link| link.event.position += 1);
                let previous = if position == 1 { vec![0; 32] } else { links[at(position - 1)].hash.clone() };
                let event = event(position, "{\"forged\":true}");
                links.push(Link::new(event.clone(), hash(&event, &previous)));
            };
            let inserted = Some(Fault::Inserted { position, count: 1 });
            assert_eq!(tampered(|links| insert(links, |_, _| vec![9; 32])), inserted);
            assert_eq!(
                tampered(|links| insert(links, |event, previous| event.chain_hash(previous).to_vec())),
                inserted
            );
        });
        for place in [0, at(EVENTS)] {
            let twice = tampered(|links| links.insert(place, Link::new(event(5, "{}"), vec![9; 32])));
            assert_eq!(twice, Some(Fault::Inserted { position: 5, count: 1 }));
        }
    }

    #[test]
    fn events_that_changed_places_are_named_however_far_apart() {
        each(1, EVENTS, |one| {
            each(one + 1, EVENTS, |other| {
                let fault = tampered(|links| {
                    links[at(one)].event.position = other;
                    links[at(other)].event.position = one;
                });
                assert_eq!(fault, Some(Fault::Reordered { position: one, stands_at: other }));
            });
        });
        let moved_away = tampered(|links| links[4].event.position = 20);
        assert_eq!(moved_away, Some(Fault::Reordered { position: 5, stands_at: 20 }));
    }
}
