//! Admission of connections and requests: places are limited in all and per client address.
//!
//! A connection has one place, which is enough for one request at a time; over HTTP/2 every further concurrent request
//! takes another one. Idle connections are evicted to make room for new ones: first those of the addresses with most
//! places, and of one address those that are idle longest.

use std::{collections::HashMap, net::IpAddr, sync::Arc, time::Duration};

use parking_lot::Mutex;

use super::{activity::Activity, in_work::InWork};

/// The number of connections that are evicted at once: an eighth of the idle ones, and at most 32. Several at once, so
/// that in a flood not every new connection costs a search of all connections.
const EVICTED_AT_ONCE: usize = 32;
const EVICTED_PART: usize = 8;

/// The maximum numbers of places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caps {
    pub(super) total: usize,
    pub(super) by_address: usize,
}

/// The cap for which a connection or request gets no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Total,
    Address,
}

/// The places and the connections that hold them.
pub(super) struct Admission {
    caps: Caps,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, Connection>,
    /// The number of places that are taken.
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

struct Connection {
    /// `None` for a trusted proxy, which stands for many clients.
    client: Option<IpAddr>,
    activity: Arc<Activity>,
    /// The requests in work, including those that the client has given up.
    requests: usize,
    /// The places that the connection holds: at least one.
    places: usize,
}

impl Admission {
    pub(super) fn new(caps: Caps) -> Arc<Self> {
        Arc::new(Self { caps, open: Mutex::default() })
    }

    /// Takes a place for a connection from this address (`None`: no cap by address). Returns it with the number of
    /// connections that were evicted for it.
    pub(super) fn admit(
        self: &Arc<Self>,
        client: Option<IpAddr>,
        activity: &Arc<Activity>,
    ) -> Result<(Arc<Place>, usize), Refusal> {
        let mut open = self.open.lock();
        let evicted = open.free_one(client, self.caps)?;
        let id = open.next;
        open.next += 1;
        open.enter(id, client, activity);
        let place = Place { admission: self.clone(), id, client, activity: activity.clone() };
        Ok((Arc::new(place), evicted))
    }

    #[cfg(test)]
    fn count(&self) -> usize {
        self.open.lock().total
    }

    /// Evicts some idle connections to free resources for others. Returns how many.
    pub(super) fn make_room(&self) -> usize {
        self.open.lock().evict(|_| true)
    }
}

impl Open {
    fn of(&self, address: IpAddr) -> usize {
        self.by_address.get(&address).copied().unwrap_or_default()
    }

    /// Ensures that one more place can be taken, by evicting idle connections if necessary. Returns how many were
    /// evicted.
    fn free_one(&mut self, client: Option<IpAddr>, caps: Caps) -> Result<usize, Refusal> {
        let mut evicted = 0;
        if let Some(address) = client
            && self.of(address) >= caps.by_address
        {
            evicted = self.evict(|connection| connection.client == client);
            if self.of(address) >= caps.by_address {
                return Err(Refusal::Address);
            }
        }
        if self.total >= caps.total {
            evicted += self.evict(|_| true);
            if self.total >= caps.total {
                return Err(Refusal::Total);
            }
        }
        Ok(evicted)
    }

    fn enter(&mut self, id: u64, client: Option<IpAddr>, activity: &Arc<Activity>) {
        self.connections.insert(id, Connection { client, activity: activity.clone(), requests: 0, places: 1 });
        self.take_one(client);
    }

    fn take_one(&mut self, client: Option<IpAddr>) {
        self.total += 1;
        if let Some(address) = client {
            *self.by_address.entry(address).or_default() += 1;
        }
    }

    fn give_back(&mut self, client: Option<IpAddr>, places: usize) {
        self.total -= places;
        if let Some(address) = client
            && let Some(count) = self.by_address.get_mut(&address)
        {
            *count -= places;
            if *count == 0 {
                self.by_address.remove(&address);
            }
        }
    }

    fn evict(&mut self, may_be: impl Fn(&Connection) -> bool) -> usize {
        let quiet = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.requests == 0 && may_be(connection))
            .filter_map(|(id, connection)| {
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
        self.give_back(connection.client, connection.places);
        Some(connection)
    }

    fn end_request(&mut self, id: u64) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.requests = connection.requests.saturating_sub(1);
        let client = connection.client;
        let freed = connection.places.saturating_sub(connection.requests.max(1));
        connection.places -= freed;
        self.give_back(client, freed);
    }
}

/// The place of a connection, given back when it is dropped.
pub(super) struct Place {
    admission: Arc<Admission>,
    id: u64,
    client: Option<IpAddr>,
    activity: Arc<Activity>,
}

impl Place {
    /// Registers a request. Over HTTP/1 the connection's place is enough: there is one request at a time. Returns the
    /// mark of the request with the number of connections that were evicted for it.
    pub(super) fn request(self: &Arc<Self>, is_http2: bool) -> Result<(InWork, usize), Refusal> {
        let mut open = self.admission.open.lock();
        if !open.connections.contains_key(&self.id) {
            // The connection was evicted while the request was on its way: it gets a place again, even beyond the caps.
            open.enter(self.id, self.client, &self.activity);
        }
        let is_another = is_http2 && open.connections.get(&self.id).is_some_and(|it| it.requests > 0);
        let mut evicted = 0;
        if is_another {
            evicted = open.free_one(self.client, self.admission.caps)?;
            open.take_one(self.client);
        }
        if let Some(connection) = open.connections.get_mut(&self.id) {
            connection.requests += 1;
            connection.places += usize::from(is_another);
        }
        Ok((InWork::until_dropped(Request(self.clone())), evicted))
    }
}

struct Request(Arc<Place>);

impl Drop for Request {
    fn drop(&mut self) {
        self.0.admission.open.lock().end_request(self.0.id);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.admission.open.lock().remove(self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    /// A connection with a request in work.
    struct Busy {
        activity: Arc<Activity>,
        _answer: Arc<super::super::activity::Answer>,
    }

    fn busy() -> Busy {
        let activity = Activity::new();
        Busy { _answer: activity.request(false, None), activity }
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

    #[test]
    fn requests_of_one_address_on_all_its_connections_share_its_places() {
        let admission = Admission::new(Caps { total: 100, by_address: 4 });
        let admit = |last| admission.admit(Some(address(last)), &Activity::new()).expect("there is room").0;
        let (one, other, neighbour) = (admit(1), admit(1), admit(2));
        let mut in_work: Vec<InWork> = vec![];
        for place in [&one, &other, &one, &other] {
            in_work.push(place.request(true).expect("there is room").0);
        }
        assert_eq!(one.request(true).map(|_| ()), Err(Refusal::Address));
        assert_eq!(admission.admit(Some(address(1)), &Activity::new()).err(), Some(Refusal::Address));
        assert!(neighbour.request(true).is_ok() && admission.admit(Some(address(2)), &Activity::new()).is_ok());
        in_work.truncate(3);
        let again = one.request(true).expect("one has ended").0;
        drop((again, in_work, one, other, neighbour));
        assert_eq!(admission.count(), 0);
    }

    #[test]
    fn one_request_after_the_other_needs_one_place() {
        let admission = Admission::new(Caps { total: 1, by_address: 1 });
        let (place, _) = admission.admit(Some(address(1)), &Activity::new()).expect("there is room");
        for is_http2 in [false, true, true, false] {
            assert!(place.request(is_http2).is_ok());
        }
        assert_eq!(admission.count(), 1);
    }

    #[test]
    fn requests_through_a_proxy_count_in_all_only() {
        let admission = Admission::new(Caps { total: 3, by_address: 1 });
        let (proxy, _) = admission.admit(None, &Activity::new()).expect("there is room");
        let _in_work = [1, 2, 3].map(|_| proxy.request(true).expect("there is room"));
        assert_eq!(proxy.request(true).map(|_| ()), Err(Refusal::Total));
    }

    #[test]
    fn who_hangs_up_does_not_get_rid_of_what_he_has_begun() {
        let admission = Admission::new(Caps { total: 1, by_address: 1 });
        let (place, _) = admission.admit(Some(address(1)), &Activity::new()).expect("there is room");
        let (in_work, _) = place.request(false).expect("a connection has one request");
        drop(place);
        assert_eq!(admission.admit(Some(address(1)), &Activity::new()).err(), Some(Refusal::Address));
        drop(in_work);
        assert!(admission.admit(Some(address(1)), &Activity::new()).is_ok());
    }

    #[test]
    fn a_request_that_was_on_its_way_when_its_connection_had_to_go_is_answered_and_counted() {
        let admission = Admission::new(Caps { total: 1, by_address: 1 });
        let (place, _) = admission.admit(Some(address(1)), &Activity::new()).expect("there is room");
        assert_eq!(admission.make_room(), 1);
        let in_work = place.request(true).expect("it came in time");
        assert_eq!(admission.count(), 1);
        drop((place, in_work));
        assert_eq!(admission.count(), 0);
    }
}
