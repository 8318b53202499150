//! The settings of HTTP, by flag or environment variable; the composition root parses them.

mod connections;
mod limits;
mod texts;

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    num::NonZeroUsize,
    time::Duration,
};

use clap::{Args, ValueEnum};
use ipnet::IpNet;

pub use connections::{ConnectionSettings, LeastRate};
pub use limits::{Limit, LimitSettings, Rate};
pub use texts::TextSettings;

/// How requests are served.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "HTTP (flag, environment variable or .env file)")]
pub struct HttpSettings {
    /// Address on which HTTP is served
    #[arg(long, env, default_value = "127.0.0.1:8000", value_parser = parse_listen)]
    pub listen: SocketAddr,

    /// Address under which clients reach the server, for links to files [default: the request's Host]
    #[arg(long, env)]
    pub public_url: Option<String>,

    /// Megabytes that an uploaded file may have
    #[arg(long, env, default_value = "25")]
    pub max_upload_mb: NonZeroUsize,

    /// Networks of the reverse proxies before this server, such as 10.0.0.0/8,::1/128: only what they say of a client's
    /// address (X-Forwarded-For) is believed
    #[arg(long, env, value_delimiter = ',', value_parser = limits::parse_network)]
    pub trusted_proxies: Vec<IpNet>,

    #[command(flatten)]
    pub connections: ConnectionSettings,

    #[command(flatten)]
    pub limits: LimitSettings,

    /// Megabytes for long lists and chats that are answered at the same time; others wait, up to ten seconds
    #[arg(long, env, default_value_t = 128)]
    pub list_memory_mb: usize,

    /// Whether who opens another person's chat has to say why, in the header X-Access-Reason, once in a log-in
    #[arg(long, env, value_enum, default_value_t = AccessReason::Optional)]
    pub access_reason: AccessReason,

    /// Milliseconds for which the answer to a write waits until it can be read back
    #[arg(long, env, default_value_t = 5_000)]
    pub write_wait_ms: u64,
}

/// Whether a reason is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AccessReason {
    Optional,
    Required,
}

impl HttpSettings {
    /// Returns the configured `public_url` without slashes at its end; `None` if it is unset or empty.
    pub fn public_url(&self) -> Option<&str> {
        self.public_url.as_deref().map(|url| url.trim().trim_end_matches('/')).filter(|url| !url.is_empty())
    }

    /// Returns the URL by which a browser on this machine reaches the server that listens on this address.
    pub fn base_url(&self, listening: SocketAddr) -> String {
        if let Some(url) = self.public_url() {
            return url.to_owned();
        }
        let mut reachable = listening;
        if listening.ip().is_unspecified() {
            reachable.set_ip(if listening.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
        }
        format!("http://{reachable}")
    }

    pub const fn write_wait(&self) -> Duration {
        Duration::from_millis(self.write_wait_ms)
    }
}

/// Parses the address to listen on: an IP address with a port. A host name is refused, because it may have several
/// addresses.
fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "give the number of an address and a port, such as 127.0.0.1:8000, 0.0.0.0:8000 (for other machines) or [::1]:8000".to_owned()
    })
}
