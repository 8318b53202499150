//! The log as it should be: what an append may find there, and what it leaves behind.

use std::{
    collections::{HashMap, HashSet},
    ops::RangeInclusive,
};

use commands::event_log::{Reservation, Row};
use domain::ids::UserId;
use uuid::Uuid;

/// A value in a set.
pub(super) type Claimed = (Reservation, Vec<u8>);

/// An append, with everything that its outcome depends on.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) streams: Vec<Stream>,
    pub(super) changes: Vec<Change>,
    pub(super) repeatable: Option<Repeatable>,
}

/// Events for one aggregate.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    pub(super) id: Uuid,
    /// The version that the decision has seen is one of these.
    pub(super) expected: RangeInclusive<i64>,
    pub(super) events: i64,
}

/// An idempotency key, the request under it, and what it makes.
#[derive(Debug, Clone)]
pub(super) struct Repeatable {
    pub(super) key: String,
    pub(super) body: u8,
    pub(super) resource: Uuid,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Claim(Claimed, Uuid),
    Release(Reservation, Uuid),
    ReleaseValue(Claimed),
    Own { user: Uuid, thing: Uuid },
    OwnsNothing(Uuid),
}

impl From<&Change> for Row {
    fn from(change: &Change) -> Self {
        match change.clone() {
            Change::Claim((set, value), owner) => Self::Claim { set, value, owner },
            Change::Release(set, owner) => Self::Release { set, owner },
            Change::ReleaseValue((set, value)) => Self::ReleaseValue { set, value },
            Change::Own { user, thing } => Self::Own { user: UserId::new(user), thing },
            Change::OwnsNothing(user) => Self::OwnsNothing(UserId::new(user)),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    Conflict,
    Taken(Vec<Reservation>),
    NoSuchOwner,
    StillOwns,
    Repeats(Uuid),
    KeyReused,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    versions: HashMap<Uuid, i64>,
    pub(super) holders: HashMap<Claimed, Uuid>,
    pub(super) outcomes: HashMap<String, (u8, Uuid)>,
}

impl Model {
    /// The refusals of which the append must meet one; none if it may be accepted.
    pub(super) fn refusals(&self, request: &Request) -> Vec<Refusal> {
        if let Some(repeated) = self.repeated(request) {
            return vec![repeated];
        }
        let mut refusals = self.refusals_of_changes(&request.changes);
        if request.streams.iter().any(|stream| !stream.expected.contains(&self.version(stream.id))) {
            refusals.push(Refusal::Conflict);
        }
        refusals
    }

    /// Whether the append may be refused so.
    pub(super) fn may_refuse(&self, request: &Request, refusal: &Refusal) -> bool {
        match refusal {
            Refusal::Conflict if self.repeated(request).is_none() => request.streams.iter().any(|stream| {
                let version = self.version(stream.id);
                stream.expected != (version..=version)
            }),
            refusal => self.refusals(request).contains(refusal),
        }
    }

    /// What an accepted append leaves behind. What is given up goes first, wherever it stands.
    pub(super) fn apply(&mut self, request: &Request) {
        for stream in &request.streams {
            *self.versions.entry(stream.id).or_default() += stream.events;
        }
        for change in &request.changes {
            match change {
                Change::Release(set, owner) => self.holders.retain(|(of, _), holder| of != set || holder != owner),
                Change::ReleaseValue(claimed) => drop(self.holders.remove(claimed)),
                Change::Claim(..) | Change::Own { .. } | Change::OwnsNothing(_) => {}
            }
        }
        for change in &request.changes {
            match change {
                Change::Claim(claimed, owner) => drop(self.holders.insert(claimed.clone(), *owner)),
                Change::Own { user, thing } => drop(self.holders.entry(possession(*thing)).or_insert(*user)),
                Change::Release(..) | Change::ReleaseValue(_) | Change::OwnsNothing(_) => {}
            }
        }
        if let Some(Repeatable { key, body, resource }) = &request.repeatable {
            self.outcomes.insert(key.clone(), (*body, *resource));
        }
    }

    pub(super) fn version(&self, id: Uuid) -> i64 {
        self.versions.get(&id).copied().unwrap_or_default()
    }

    fn repeated(&self, request: &Request) -> Option<Refusal> {
        let asked = request.repeatable.as_ref()?;
        let (body, resource) = self.outcomes.get(&asked.key)?;
        Some(if *body == asked.body { Refusal::Repeats(*resource) } else { Refusal::KeyReused })
    }

    fn refusals_of_changes(&self, changes: &[Change]) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        let holds =
            |set: Reservation, user: &Uuid| self.holders.iter().any(|((of, _), holder)| *of == set && holder == user);
        let mut taken = Vec::new();
        for change in changes {
            match change {
                Change::Own { user, .. } if !holds(Reservation::Username, user) => refusals.push(Refusal::NoSuchOwner),
                Change::OwnsNothing(user) if holds(Reservation::Possession, user) => refusals.push(Refusal::StillOwns),
                Change::Claim(claimed, owner) => {
                    let holder = self.holders.get(claimed).filter(|holder| *holder != owner);
                    let is_released = |holder: &Uuid| {
                        changes.contains(&Change::Release(claimed.0, *holder))
                            || changes.contains(&Change::ReleaseValue(claimed.clone()))
                    };
                    if holder.is_some_and(|holder| !is_released(holder)) {
                        taken.push(claimed.0);
                    }
                }
                _ => {}
            }
        }
        if !taken.is_empty() {
            refusals.push(Refusal::Taken(taken));
        }
        refusals
    }
}

pub(super) fn possession(thing: Uuid) -> Claimed {
    (Reservation::Possession, thing.as_bytes().to_vec())
}

/// Leaves out what no use case writes beside the rest: a second owner of one value or thing, and something for a user
/// who comes, goes or must own nothing in the same append.
pub(super) fn sensible(changes: impl IntoIterator<Item = Change>) -> Vec<Change> {
    let mut kept: Vec<Change> = Vec::new();
    let mut given = HashSet::new();
    for change in changes {
        let is_sensible = match &change {
            Change::Claim(claimed, _) => given.insert(claimed.clone()),
            Change::Own { thing, .. } => given.insert(possession(*thing)),
            _ => true,
        };
        if is_sensible && !kept.iter().any(|other| excludes(other, &change) || excludes(&change, other)) {
            kept.push(change);
        }
    }
    kept
}

fn excludes(change: &Change, other: &Change) -> bool {
    let Change::Own { user: owner, .. } = change else { return false };
    match other {
        Change::Claim((Reservation::Username, _), user)
        | Change::Release(Reservation::Username, user)
        | Change::OwnsNothing(user) => owner == user,
        _ => false,
    }
}
