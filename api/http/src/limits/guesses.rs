//! Rate limits of guesses at the secrets of an account, which slow down the guessing clients only.
//!
//! Two things are counted: the failures of one client address at one account, with a pause that doubles from failure
//! to failure; and the guesses of all strangers at an account together, so that guessing from many addresses is
//! bounded. An address from which somebody has logged in to the account before is not a stranger: no number of others
//! can lock it out.

use std::{
    collections::HashMap,
    net::IpAddr,
    time::{Duration, Instant},
};

use commands::counters::Bound;
use parking_lot::Mutex;

use super::{Limiter, throttled};
use crate::{client_network::whole_client, config::Rate, contract::problem::ApiError};

/// The failures of a stranger before the first pause: fewer than the limit of all strangers together, so that one
/// address alone does not use that up.
const FREE: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pauses: of a stranger, and of a known address, which many people may share.
const LONGEST_PAUSE: Duration = Duration::from_mins(15);
const LONGEST_OF_KNOWN: Duration = Duration::from_secs(8);
/// The time without another attempt after which failures are forgotten.
const MEMORY: Duration = Duration::from_hours(1);
/// The maximum number of pairs. When it is reached, the expired pairs are removed; if that is not enough, all pairs.
const MOST_PAIRS: usize = 100_000;

type Pair = (String, IpAddr);

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
    free_at: Instant,
}

/// The counters of guesses at one kind of secret, in this process.
pub(super) struct Guesses {
    /// The failures of a known address before the first pause.
    free_of_known: u32,
    free: u32,
    pairs: Mutex<HashMap<Pair, Failures>>,
    strangers: Option<Limiter<String>>,
}

impl Guesses {
    /// Creates counters with this rate of guesses of all strangers at an account.
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            free_of_known: rate.count.get().saturating_mul(2),
            free: FREE.min(rate.count.get()),
            pairs: Mutex::default(),
            strangers: Limiter::new(rate),
        }
    }

    /// Counts an attempt as failed until [`succeeded`](Self::succeeded) is called, so that of many concurrent attempts
    /// no more are allowed than of successive ones.
    ///
    /// # Errors
    /// A 429 with the seconds until the next attempt is allowed.
    pub(super) fn begin(&self, account: &str, address: IpAddr, is_known: bool) -> Result<(), ApiError> {
        self.begin_at(Instant::now(), account, address, is_known)
    }

    fn begin_at(&self, now: Instant, account: &str, address: IpAddr, is_known: bool) -> Result<(), ApiError> {
        let mut pairs = self.pairs.lock();
        let pair = (account.to_owned(), whole_client(address));
        let before = pairs.get(&pair).filter(|failures| now < failures.last + MEMORY);
        if let Some(failures) = before.filter(|failures| now < failures.free_at) {
            Bound::FailedLogIns.met();
            return Err(throttled(failures.free_at - now));
        }
        let count = before.map_or(0, |failures| failures.count).saturating_add(1);
        if let Some(strangers) = self.strangers.as_ref().filter(|_| !is_known) {
            strangers.check(&pair.0, Bound::RequestsOfAccount)?;
        }
        let (free, longest) =
            if is_known { (self.free_of_known, LONGEST_OF_KNOWN) } else { (self.free, LONGEST_PAUSE) };
        forget(&mut pairs, now);
        pairs.insert(pair, Failures { count, last: now, free_at: now + pause_after(count, free, longest) });
        Ok(())
    }

    /// Forgets the failures of this address at the account: the attempt has succeeded.
    pub(super) fn succeeded(&self, account: &str, address: IpAddr) {
        self.pairs.lock().remove(&(account.to_owned(), whole_client(address)));
    }
}

/// Returns the pause after this many failures, of which `free` are without a pause.
fn pause_after(failures: u32, free: u32, longest: Duration) -> Duration {
    match failures.checked_sub(free) {
        None => Duration::ZERO,
        Some(doublings) => FIRST_PAUSE.saturating_mul(1 << doublings.min(20)).min(longest),
    }
}

fn forget(pairs: &mut HashMap<Pair, Failures>, now: Instant) {
    if pairs.len() < MOST_PAIRS {
        return;
    }
    pairs.retain(|_, failures| now < failures.last + MEMORY);
    if pairs.len() >= MOST_PAIRS {
        pairs.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const GUESSER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 1));

    fn guesses(limit: &str) -> Guesses {
        let limit: crate::config::Limit = limit.parse().expect("a limit");
        Guesses::new(limit.by_account.expect("there is one"))
    }

    const SECOND: Duration = Duration::from_secs(1);

    /// Returns how many of `attempts` attempts, a second apart, are allowed.
    fn let_through(guesses: &Guesses, start: Instant, address: IpAddr, is_known: bool, attempts: u32) -> usize {
        let begin = |attempt: &u32| guesses.begin_at(start + SECOND * *attempt, "asha", address, is_known);
        (0..attempts).filter(|attempt| begin(attempt).is_ok()).count()
    }

    #[test]
    fn the_pause_of_whoever_guesses_doubles() {
        let (guesses, start) = (guesses("0,1000/minute"), Instant::now());
        // Five, and one each after pauses of 1, 2, 4 … 256 seconds.
        assert_eq!(let_through(&guesses, start, GUESSER, false, 600), 5 + 9);
        guesses.succeeded("asha", GUESSER);
        assert!(
            guesses.begin_at(start + SECOND * 600, "asha", GUESSER, false).is_ok(),
            "who is let in has not guessed"
        );
    }

    #[test]
    fn one_address_that_guesses_keeps_nobody_else_out() {
        let (guesses, start) = (guesses("0,10/minute"), Instant::now());
        let_through(&guesses, start, GUESSER, false, 12);
        let now = start + SECOND * 12;
        assert!(guesses.begin_at(now, "asha", OWNER, false).is_ok(), "not even at an address that was never let in");
        assert!(guesses.begin_at(now, "meera", GUESSER, false).is_ok(), "nor another account");
    }

    #[test]
    fn many_addresses_are_slowed_down_together_but_one_that_was_let_in_before_is_not() {
        let guesses = guesses("0,10/hour");
        let begin = |last: u8| guesses.begin("asha", IpAddr::from([203, 0, 113, last]), false);
        assert_eq!((1..=100).filter(|last| begin(*last).is_ok()).count(), 10, "all of them together");
        assert!(guesses.begin("asha", OWNER, true).is_ok());
    }

    #[test]
    fn a_known_address_waits_for_seconds_only() {
        let (guesses, start) = (guesses("0,10/minute"), Instant::now());
        let_through(&guesses, start, OWNER, true, 40);
        assert!(guesses.begin_at(start + SECOND * 40 + LONGEST_OF_KNOWN, "asha", OWNER, true).is_ok());
    }
}
