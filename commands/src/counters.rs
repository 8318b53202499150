//! How often each limit was met, in this process: counted for whoever watches it, and said in the log, but not every time.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use strum::{EnumCount, IntoEnumIterator};

/// Seconds between two log lines about the same limit: whoever runs into it on purpose must not fill the log.
const QUIET_SECONDS: u64 = 10;

/// A limit that refuses something, or cuts it off. A variant for each, named as metrics would show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumCount, strum::EnumIter, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Bound {
    /// A text that is longer than its field may be.
    LongText,
    /// A model's answer that was cut off because of its length.
    LongAnswer,
    /// Requests of one client address in a time.
    RequestsOfAddress,
    /// Requests by, or about, one account in a time.
    RequestsOfAccount,
    /// Failed log-ins of one client address to one account.
    FailedLogIns,
    /// Passwords that wait to be hashed.
    PasswordsWaiting,
    /// Memory for lists that are answered at the same time.
    ListsAtOnce,
    /// Connections of clients: in all, and from one address. One more was refused.
    ConnectionsInAll,
    ConnectionsOfAddress,
    /// Requests in work at the same time, on all connections of an address or in all. One more was refused.
    RequestsInWork,
    /// Idle connections that were closed to make room for others.
    ConnectionsEvicted,
    /// Files and connections that the system lets the process have: a new connection had to wait.
    OpenFiles,
    /// Heads of requests that did not come in time.
    LateHeads,
    /// Bodies of requests that came too slowly, and answers that were read too slowly.
    SlowBodies,
    UnreadAnswers,
    /// Memory for the bodies of requests: none was free in time.
    BodyMemory,
}

struct Counter {
    met: AtomicU64,
    /// Since [`STARTED`], in seconds, plus one; 0 is never.
    said_at: AtomicU64,
}

static COUNTERS: [Counter; Bound::COUNT] =
    [const { Counter { met: AtomicU64::new(0), said_at: AtomicU64::new(0) } }; Bound::COUNT];
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Bound {
    /// Counts that the limit was met. The log is told how often that was so far, at most every ten seconds.
    pub fn met(self) {
        let counter = self.counter();
        let met = counter.met.fetch_add(1, Ordering::Relaxed) + 1;
        let now = STARTED.elapsed().as_secs() + 1;
        let said_at = counter.said_at.load(Ordering::Relaxed);
        let is_time = said_at == 0 || now >= said_at + QUIET_SECONDS;
        // Of several at once, one says it.
        if is_time && counter.said_at.compare_exchange(said_at, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            tracing::warn!(limit = <&str>::from(self), met, "a limit was met");
        }
    }

    /// How often the limit was met since the process began.
    pub fn count(self) -> u64 {
        self.counter().met.load(Ordering::Relaxed)
    }

    /// Every limit's name, and how often it was met.
    pub fn counts() -> impl Iterator<Item = (&'static str, u64)> {
        Self::iter().map(|bound| (bound.into(), bound.count()))
    }

    fn counter(self) -> &'static Counter {
        &COUNTERS[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_counted_for_itself_under_its_name() {
        let before = (Bound::LongText.count(), Bound::LongAnswer.count());
        Bound::LongText.met();
        Bound::LongText.met();
        assert_eq!((Bound::LongText.count(), Bound::LongAnswer.count()), (before.0 + 2, before.1));
        assert!(Bound::counts().any(|(name, count)| name == "long_text" && count >= 2));
    }
}
