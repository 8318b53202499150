//! The limit of files and connections that the process may have open at once.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The limit to which the soft limit is raised: enough for tens of thousands of connections. Some systems allow a
/// billion; child processes that close every possible descriptor would then take minutes.
const WANTED: u64 = 65_536;
/// The limit below which a warning is logged: some hundred connections, as on an ordinary day, may reach it.
const FEW: u64 = 1_024;

/// Raises the soft limit of open files to the hard limit, but at most to 65,536. Shells and service managers set it to
/// 1,024 for the sake of old programs; each connection needs a descriptor, and so do the files that are read and
/// written meanwhile. Failures are logged.
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

/// Returns the soft limit of open files; `u64::MAX` if there is none.
pub fn limit() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
