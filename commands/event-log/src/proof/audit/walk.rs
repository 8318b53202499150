//! The walk along the chain, one event after the other, and what a break in it looks like.

use std::collections::VecDeque;

use super::finding::Fault;
use crate::stored::{ChainHash, StoredEvent};

/// Events that were inserted with fitting hashes, or removed and the others numbered anew, are recognised up to this many.
const REACH: usize = 256;

/// An event as it is stored, with its hash.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub event: StoredEvent,
    pub hash: Vec<u8>,
}

impl Link {
    /// Whether this is the event that was written at a position behind the event with this hash.
    fn fits(&self, previous: &[u8], position: i64) -> bool {
        if self.event.position == position {
            return self.event.chain_hash(previous)[..] == self.hash;
        }
        StoredEvent { position, ..self.event.clone() }.chain_hash(previous)[..] == self.hash
    }
}

/// Takes the events of the log in the order of their positions. Its memory does not grow.
pub(super) struct Walk {
    /// The hashes of the newest events, the last one's at the end. They begin with the anchor.
    hashes: VecDeque<Vec<u8>>,
    /// The position of the last event that was found right.
    position: i64,
    trouble: Option<Trouble>,
}

/// A break in the chain, while it is looked for what was done there.
struct Trouble {
    expected: i64,
    previous: Vec<u8>,
    /// The first event behind the break.
    suspect: Link,
    /// The hash of the newest event, and whether a second one behind the break was seen.
    newest: Vec<u8>,
    is_first: bool,
    /// The event that belongs to the break, and the hash of the one before it where it stands.
    displaced: Option<(Link, Vec<u8>)>,
}

impl Walk {
    /// Begins behind a position with its stored hash: at 0, the hash that every log begins with.
    pub(super) fn new(position: i64, hash: Vec<u8>) -> Self {
        Self { hashes: VecDeque::from([hash]), position, trouble: None }
    }

    /// The position of the last event that was found right.
    pub(super) const fn position(&self) -> i64 {
        self.position
    }

    /// The stored hash there.
    pub(super) fn hash(&self) -> &[u8] {
        self.hashes.back().map_or(&[], Vec::as_slice)
    }

    /// The fault, if one more event tells what it is. `None` while all is well, or more has to be seen.
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
        // Events before this one, with hashes that fit, would be too many if this one fits in their place.
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

    /// What the break looks like when there are no more events.
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
            let computed: ChainHash = self.suspect.event.chain_hash(&self.previous);
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
        // Behind a hole nothing can have been inserted: what belongs there was moved.
        if self.suspect.event.position > self.expected {
            return self.reordered(displaced);
        }
        // The event that belongs here may have the same position as the one too many.
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
                Link { event, hash: hash.clone() }
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

    /// What a walk says of these rows, which the database hands out by position.
    fn fault(mut links: Vec<Link>) -> Option<Fault> {
        links.sort_by_key(|link| link.event.position);
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
            // Of the last one alone nobody can say whether it was altered or had events before it.
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
                links.push(Link { hash: hash(&event, &previous), event });
            };
            let inserted = Some(Fault::Inserted { position, count: 1 });
            assert_eq!(tampered(|links| insert(links, |_, _| vec![9; 32])), inserted);
            assert_eq!(
                tampered(|links| insert(links, |event, previous| event.chain_hash(previous).to_vec())),
                inserted
            );
        });
        for place in [0, at(EVENTS)] {
            let twice = tampered(|links| links.insert(place, Link { event: event(5, "{}"), hash: vec![9; 32] }));
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
