//! Who may be connected: so many clients in all, and so many from one address.
//!
//! Who asks for nothing makes room for who comes: of the address that has most, those that are idle longest.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use super::activity::Activity;

/// How many make room at once at most, so that a flood does not cost a look at every connection each time; and which part of
/// those who could.
const EVICTED_AT_ONCE: usize = 32;
const EVICTED_PART: usize = 8;

/// How many there may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caps {
    pub(super) total: usize,
    pub(super) by_address: usize,
}

/// Why somebody may not be connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Total,
    Address,
}

/// Those who are connected.
pub(super) struct Admission {
    caps: Caps,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, Connection>,
    by_address: HashMap<IpAddr, usize>,
}

struct Connection {
    /// `None` for a proxy, which stands for many.
    client: Option<IpAddr>,
    activity: Arc<Activity>,
}

impl Admission {
    pub(super) fn new(caps: Caps) -> Arc<Self> {
        Arc::new(Self { caps, open: Mutex::default() })
    }

    /// A place for a connection from this address (`None`: one that is not capped). Gives how many had to make room, too.
    pub(super) fn admit(
        self: &Arc<Self>,
        client: Option<IpAddr>,
        activity: &Arc<Activity>,
    ) -> Result<(Place, usize), Refusal> {
        let mut open = self.open.lock().expect("no holder of the lock panics");
        let mut evicted = 0;
        if let Some(address) = client
            && open.of(address) >= self.caps.by_address
        {
            evicted = open.evict(|connection| connection.client == client);
            if evicted == 0 {
                return Err(Refusal::Address);
            }
        }
        if open.connections.len() >= self.caps.total {
            evicted += open.evict(|_| true);
            if open.connections.len() >= self.caps.total {
                return Err(Refusal::Total);
            }
        }
        let id = open.next;
        open.next += 1;
        open.connections.insert(id, Connection { client, activity: activity.clone() });
        if let Some(address) = client {
            *open.by_address.entry(address).or_default() += 1;
        }
        Ok((Place { admission: self.clone(), id }, evicted))
    }

    #[cfg(test)]
    fn count(&self) -> usize {
        self.open.lock().expect("no holder of the lock panics").connections.len()
    }

    /// Lets some that are idle make room for whatever else needs it. Gives how many.
    pub(super) fn make_room(&self) -> usize {
        self.open.lock().expect("no holder of the lock panics").evict(|_| true)
    }
}

impl Open {
    fn of(&self, address: IpAddr) -> usize {
        self.by_address.get(&address).copied().unwrap_or_default()
    }

    fn evict(&mut self, may_be: impl Fn(&Connection) -> bool) -> usize {
        let quiet =
            self.connections.iter().filter(|(_, connection)| may_be(connection)).filter_map(|(id, connection)| {
                let siblings = connection.client.map_or(0, |address| self.of(address));
                Some(((siblings, connection.activity.quiet_for()?), *id))
            });
        let mut quiet: Vec<((usize, Duration), u64)> = quiet.collect();
        quiet.sort_unstable_by(|one, other| other.cmp(one));
        quiet.truncate(EVICTED_AT_ONCE.min(quiet.len().div_ceil(EVICTED_PART)));
        for (_, id) in &quiet {
            if let Some(connection) = self.remove(*id) {
                connection.activity.evict();
            }
        }
        quiet.len()
    }

    fn remove(&mut self, id: u64) -> Option<Connection> {
        let connection = self.connections.remove(&id)?;
        if let Some(address) = connection.client
            && let Some(count) = self.by_address.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&address);
            }
        }
        Some(connection)
    }
}

/// A place, until it is dropped.
pub(super) struct Place {
    admission: Arc<Admission>,
    id: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.admission.open.lock().expect("no holder of the lock panics").remove(self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    /// Somebody with a request in work.
    struct Busy {
        activity: Arc<Activity>,
        _answer: Arc<super::super::activity::Answer>,
    }

    fn busy() -> Busy {
        let activity = Activity::new();
        Busy { _answer: activity.request(false), activity }
    }

    #[tokio::test]
    async fn the_one_with_most_connections_makes_room_for_one_who_comes() {
        let admission = Admission::new(Caps { total: 4, by_address: 4 });
        let hoarder: Vec<_> = (0..3).map(|_| Activity::new()).collect();
        let _places: Vec<_> = hoarder
            .iter()
            .map(|activity| admission.admit(Some(address(1)), activity).expect("there is room"))
            .collect();
        let nurse = Activity::new();
        let _place = admission.admit(Some(address(2)), &nurse).expect("there is room");
        let newcomer = Activity::new();
        let (_newest, evicted) = admission.admit(Some(address(3)), &newcomer).expect("the idle ones make room");
        assert_eq!((evicted, admission.count()), (1, 4));
        let asked = futures::future::select_all(hoarder.iter().map(|activity| Box::pin(activity.evicted())));
        tokio::time::timeout(Duration::from_secs(5), asked).await.expect("one of the hoarder's is asked to go");
    }

    #[test]
    fn who_has_a_request_in_work_keeps_his_place() {
        let admission = Admission::new(Caps { total: 3, by_address: 2 });
        let (one, other, third) = (busy(), busy(), busy());
        let first = admission.admit(Some(address(1)), &one.activity).expect("there is room");
        let _second = admission.admit(Some(address(1)), &other.activity).expect("there is room");
        assert_eq!(admission.admit(Some(address(1)), &Activity::new()).err(), Some(Refusal::Address));
        let _third = admission.admit(None, &third.activity).expect("there is room");
        assert_eq!(admission.admit(None, &Activity::new()).err(), Some(Refusal::Total));
        drop(first);
        assert_eq!(admission.count(), 2);
        assert!(admission.admit(Some(address(1)), &Activity::new()).is_ok());
    }
}
