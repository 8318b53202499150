//! How many files and connections the process may have open at once.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Enough for tens of thousands of connections. Some systems allow a billion, with which programs that we start and that
/// close every number there could be would be at it for minutes.
const WANTED: u64 = 65_536;
/// With fewer, an ordinary day with some hundred connections may run into it.
const FEW: u64 = 1_024;

/// Raises the soft limit as far as the system lets us. Shells and service managers set it to 1,024 for the sake of old
/// programs; each connection needs one, and so do the files that are read and written meanwhile.
pub fn raise_limit() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // `None` is no limit.
    let reachable = maximum.map_or(WANTED, |maximum| maximum.min(WANTED));
    if let Some(now) = current.filter(|now| *now < reachable) {
        let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(reachable), maximum });
        match raised {
            Ok(()) => tracing::debug!(now, reachable, "more files and connections may be open"),
            Err(error) => tracing::warn!(%error, now, "the limit of open files and connections cannot be raised"),
        }
    }
    let limit = limit();
    if limit < FEW {
        tracing::warn!(limit, "few files and connections may be open at once: raise it (ulimit -n, LimitNOFILE=)");
    }
}

/// Files and connections that the process may have open at once.
pub fn limit() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
