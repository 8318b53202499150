//! Limits on connections, on the time that clients may take, and on the size of their requests.

use std::{num::NonZeroUsize, time::Duration};

use clap::{Args, value_parser};

const KILOBYTE: usize = 1_024;
const MEGABYTE: usize = 1_024 * KILOBYTE;
/// The number of uploads of the greatest size that fit into the memory for bodies by default.
const UPLOADS_AT_ONCE: usize = 4;

/// Limits of each process on the connections and request bodies of clients.
#[derive(Debug, Clone, Args)]
pub struct ConnectionSettings {
    /// Connections of clients that a process holds, and requests in work on them, but at most half as many as it may open files
    #[arg(long, env, default_value = "4096")]
    pub max_connections: NonZeroUsize,

    /// Connections from one client address, and requests in work on them (a trusted proxy is no client)
    #[arg(long, env, default_value = "512")]
    pub max_connections_per_address: NonZeroUsize,

    /// Seconds that a client may take for the head of a request
    #[arg(long, env, default_value_t = 30, value_parser = value_parser!(u64).range(1..))]
    pub head_timeout_seconds: u64,

    /// Seconds after which a connection without a request is closed: longer than a reverse proxy keeps one
    #[arg(long, env, default_value_t = 75, value_parser = value_parser!(u64).range(1..))]
    pub idle_timeout_seconds: u64,

    /// Bytes a second that a client must send of its request's body, or take of its answer, while any are outstanding; 0 is
    /// no limit
    #[arg(long, env, default_value_t = 1_000)]
    pub min_bytes_per_second: usize,

    /// Seconds over which they are averaged
    #[arg(long, env, default_value_t = 20, value_parser = value_parser!(u64).range(1..))]
    pub min_rate_seconds: u64,

    /// Megabytes of memory for the bodies of requests in work, beside the first 64 KB of each
    /// [default: four times MAX_UPLOAD_MB]
    #[arg(long, env)]
    pub body_memory_mb: Option<usize>,

    /// Kilobytes that a body of JSON or an urlencoded one may have
    #[arg(long, env, default_value = "1024")]
    pub max_json_kb: NonZeroUsize,

    /// Host names by which clients call the server, such as ayushma.example,.clinic.example (a dot in front: and those
    /// below it; `*`: any); requests for another are refused [default: any]
    #[arg(long, env, value_delimiter = ',')]
    pub allowed_hosts: Vec<String>,
}

impl ConnectionSettings {
    pub const fn head_timeout(&self) -> Duration {
        Duration::from_secs(self.head_timeout_seconds)
    }

    pub const fn idle_timeout(&self) -> Duration {
        Duration::from_secs(self.idle_timeout_seconds)
    }

    /// Returns the lowest rate at which a client must send or read.
    pub fn least_rate(&self) -> LeastRate {
        let period = Duration::from_secs(self.min_rate_seconds);
        let seconds = usize::try_from(self.min_rate_seconds).unwrap_or(usize::MAX);
        LeastRate { bytes: self.min_bytes_per_second.saturating_mul(seconds), period }
    }

    pub const fn json_bytes(&self) -> usize {
        self.max_json_kb.get().saturating_mul(KILOBYTE)
    }

    /// Returns the memory for bodies, in bytes: at least that of one body of the greatest size.
    pub fn body_memory(&self, greatest: usize) -> usize {
        let set = self.body_memory_mb.map(|megabytes| megabytes.saturating_mul(MEGABYTE));
        set.unwrap_or(greatest.saturating_mul(UPLOADS_AT_ONCE)).max(greatest)
    }

    /// Returns the allowed host names in lower case; an empty list allows any host.
    pub fn allowed_hosts(&self) -> Vec<String> {
        let names = self.allowed_hosts.iter().map(|name| name.trim().to_ascii_lowercase());
        let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
        if names.iter().any(|name| name == "*") { Vec::new() } else { names }
    }
}

/// A minimum number of bytes in each period; zero bytes mean no minimum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeastRate {
    pub bytes: usize,
    pub period: Duration,
}
