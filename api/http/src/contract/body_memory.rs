//! The memory budget for request bodies, with a limit for each client address and each account.
//!
//! Memory is taken in steps for bytes that have arrived, so that announcing a body takes nothing. Partly received
//! bodies cannot deadlock: a part of the budget is reserved for the oldest body, which can therefore always go on; when
//! it is done, the next one becomes the oldest.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::Hash,
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use commands::counters::Bound;
use parking_lot::Mutex;
use tokio::{sync::Notify, time::timeout};
use uuid::Uuid;

/// Bodies of up to this size are not counted, so that questions never wait behind uploads.
const SMALL_BYTES: usize = 65_536;
const STEP_BYTES: usize = 262_144;
const PATIENCE: Duration = Duration::from_secs(30);

/// The sizes of the budget, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct RoomSizes {
    pub total: usize,
    /// The size of the greatest body; as much of the total is reserved for the oldest body.
    pub body: usize,
    /// The limits for all bodies of one address or account; its oldest body may exceed them.
    pub by_address: usize,
    pub by_account: usize,
}

impl RoomSizes {
    /// Divides the total budget for bodies of at most `body` bytes.
    ///
    /// # Panics
    /// If `total` is less than `body` and overflow checks are enabled.
    pub const fn new(total: usize, body: usize) -> Self {
        Self { total, body, by_address: (total - body) / 2, by_account: (total - body) / 3 }
    }
}

/// The sender of a body, as far as it is known.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sender {
    pub(super) address: Option<IpAddr>,
    pub(super) account: Option<Uuid>,
}

/// The error when no memory became free within the time limit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoRoom;

/// The budget. Add it to requests as an extension; without it, memory for bodies is not limited.
#[derive(Debug, Clone)]
pub struct BodyMemoryBudget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    sizes: RoomSizes,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    next: u64,
    /// The counted bodies, in the order in which they exceeded `SMALL_BYTES`: the first one is the oldest.
    bodies: BTreeMap<u64, Held>,
    /// The bodies that wait because the total is used up, not because of their client's limit.
    waiting: BTreeSet<u64>,
    addresses: HashMap<IpAddr, Share>,
    accounts: HashMap<Uuid, Share>,
}

#[derive(Debug)]
struct Held {
    sender: Sender,
    bytes: usize,
}

/// The memory and the bodies of one address or account.
#[derive(Debug, Default)]
struct Share {
    bytes: usize,
    bodies: BTreeSet<u64>,
}

impl Share {
    fn allows(&self, id: u64, more: usize, limit: usize) -> bool {
        self.bodies.first() == Some(&id) || self.bytes + more <= limit
    }
}

impl BodyMemoryBudget {
    pub fn new(sizes: RoomSizes) -> Self {
        Self(Arc::new(Shared { sizes, state: Mutex::default(), changed: Notify::new() }))
    }

    /// Returns a permit for a body. It takes no memory yet.
    pub(super) fn enter(&self, sender: Sender) -> BodyMemoryPermit {
        BodyMemoryPermit { room: self.0.clone(), sender, id: Mutex::default() }
    }
}

/// The memory that a body has taken, until it is dropped.
#[derive(Debug)]
pub(super) struct BodyMemoryPermit {
    room: Arc<Shared>,
    sender: Sender,
    id: Mutex<Option<u64>>,
}

impl BodyMemoryPermit {
    /// Takes memory until the body holds at least this many bytes in all. Waits up to 30 seconds while there is none.
    pub(super) async fn cover(&self, bytes: usize) -> Result<(), NoRoom> {
        self.cover_within(PATIENCE, bytes).await
    }

    async fn cover_within(&self, patience: Duration, bytes: usize) -> Result<(), NoRoom> {
        if bytes <= SMALL_BYTES {
            return Ok(());
        }
        let waiting = async {
            loop {
                let changed = self.room.changed.notified();
                let mut changed = std::pin::pin!(changed);
                changed.as_mut().enable();
                if self.take(bytes) {
                    return;
                }
                changed.await;
            }
        };
        timeout(patience, waiting).await.map_err(|_| {
            self.give_up();
            Bound::BodyMemory.met();
            NoRoom
        })
    }

    fn give_up(&self) {
        if let Some(id) = *self.id.lock() {
            self.room.state.lock().waiting.remove(&id);
            self.room.changed.notify_waiters();
        }
    }

    fn take(&self, bytes: usize) -> bool {
        let mut state = self.room.state.lock();
        let id = *self.id.lock().get_or_insert_with(|| state.enter(self.sender));
        let sizes = &self.room.sizes;
        let held = state.bodies[&id].bytes;
        if bytes <= held {
            return true;
        }
        // The last step may be shorter than STEP_BYTES: no body needs more than the size of the greatest.
        let more = bytes.next_multiple_of(STEP_BYTES).min(sizes.body.max(bytes)) - held;
        let is_taken = state.may_take(id, more, sizes);
        if is_taken {
            state.take(id, more);
        }
        let was_waiting = state.waiting.first() == Some(&id) && is_taken;
        if is_taken {
            state.waiting.remove(&id);
        }
        drop(state);
        if was_waiting {
            // The first of the queue is served: wake the others, because it is the next one's turn.
            self.room.changed.notify_waiters();
        }
        is_taken
    }
}

impl Drop for BodyMemoryPermit {
    fn drop(&mut self) {
        let Some(id) = *self.id.get_mut() else { return };
        self.room.state.lock().leave(id);
        self.room.changed.notify_waiters();
    }
}

impl State {
    fn enter(&mut self, sender: Sender) -> u64 {
        let id = self.next;
        self.next += 1;
        self.bodies.insert(id, Held { sender, bytes: 0 });
        enter(&mut self.addresses, sender.address, id);
        enter(&mut self.accounts, sender.account, id);
        id
    }

    /// Returns whether a body may take this many more bytes; if not because of the total, queues the body.
    fn may_take(&mut self, id: u64, more: usize, sizes: &RoomSizes) -> bool {
        if self.bodies.first_key_value().map(|(eldest, _)| *eldest) == Some(id) {
            return true;
        }
        let Sender { address, account } = self.bodies[&id].sender;
        let address = address.and_then(|address| self.addresses.get(&address));
        let account = account.and_then(|account| self.accounts.get(&account));
        if !address.is_none_or(|share| share.allows(id, more, sizes.by_address))
            || !account.is_none_or(|share| share.allows(id, more, sizes.by_account))
        {
            return false;
        }
        let is_first = self.waiting.first().is_none_or(|first| *first >= id);
        let eldest = self.bodies.first_key_value().map_or(0, |(_, eldest)| eldest.bytes);
        let is_free = self.taken - eldest + more <= sizes.total.saturating_sub(sizes.body);
        if !(is_first && is_free) {
            self.waiting.insert(id);
        }
        is_first && is_free
    }

    fn take(&mut self, id: u64, more: usize) {
        self.taken += more;
        let Some(held) = self.bodies.get_mut(&id) else { return };
        held.bytes += more;
        let Sender { address, account } = held.sender;
        let shares = [
            address.and_then(|address| self.addresses.get_mut(&address)),
            account.and_then(|account| self.accounts.get_mut(&account)),
        ];
        for share in shares.into_iter().flatten() {
            share.bytes += more;
        }
    }

    fn leave(&mut self, id: u64) {
        self.waiting.remove(&id);
        let Some(Held { sender, bytes }) = self.bodies.remove(&id) else { return };
        self.taken -= bytes;
        leave(&mut self.addresses, sender.address, id, bytes);
        leave(&mut self.accounts, sender.account, id, bytes);
    }
}

fn enter<K: Hash + Eq>(shares: &mut HashMap<K, Share>, client: Option<K>, id: u64) {
    if let Some(client) = client {
        shares.entry(client).or_default().bodies.insert(id);
    }
}

fn leave<K: Hash + Eq>(shares: &mut HashMap<K, Share>, client: Option<K>, id: u64, bytes: usize) {
    let Some(client) = client else { return };
    let Some(share) = shares.get_mut(&client) else { return };
    share.bytes -= bytes;
    share.bodies.remove(&id);
    if share.bodies.is_empty() {
        shares.remove(&client);
    }
}

#[cfg(test)]
#[path = "body_memory_tests.rs"]
mod tests;
