//! Fetches pages of the public internet from addresses that users enter, and nothing else.
//!
//! A host name is resolved here, its addresses are checked, and the connection goes to a checked address, so that no
//! second resolution can lead elsewhere. Redirects are followed here, too, each checked like the first address.

mod reachable;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::{TryStreamExt, future};
use reqwest::{
    Client, Response, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, LOCATION},
    redirect::Policy,
};
use tokio::time::{Instant, sleep_until, timeout};

use self::reachable::may_reach;
use knowledge::extraction::FileHints;
use ports::{Page, PageError, WebPages};
pub use reachable::Reachable;

const MAX_REDIRECTS: usize = 5;
const MAX_BYTES: usize = 20 * 1_048_576;
/// The limit for name resolution; a refusal because of its result is delayed until then.
const LOOKUP_TIME: Duration = Duration::from_secs(4);
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// The limit for all requests of a page together.
const WHOLE_TIME: Duration = Duration::from_mins(1);
const USER_AGENT: &str = concat!("ayushma/", env!("CARGO_PKG_VERSION"));

/// [`WebPages`] on the public internet, or on hosts that an operator has allowed.
#[derive(Debug, Clone)]
pub struct GuardedWebPages {
    allowed: Vec<Reachable>,
}

impl GuardedWebPages {
    pub const fn new(allowed: Vec<Reachable>) -> Self {
        Self { allowed }
    }

    async fn follow(&self, address: &str) -> Result<Page, PageError> {
        let mut url = Url::parse(address.trim()).map_err(|_| PageError::BadAddress)?;
        for _ in 0..=MAX_REDIRECTS {
            let response = self.ask(&url).await?;
            match response.status().as_u16() {
                200 => return page(&url, response).await,
                301 | 302 | 303 | 307 | 308 => {
                    let target = text(&response, &LOCATION).unwrap_or_default();
                    url = url.join(target).map_err(|_| PageError::BadAddress)?;
                }
                status => return Err(PageError::Status(status)),
            }
        }
        Err(PageError::TooManyRedirects)
    }

    /// Makes one request to a checked address.
    async fn ask(&self, url: &Url) -> Result<Response, PageError> {
        let addresses = self.checked_addresses(url).await?;
        // A client of its own for each request, which knows these addresses only.
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIME)
            .user_agent(USER_AGENT)
            .dns_resolver(Arc::new(Checked(addresses)))
            .build()
            .map_err(not_fetched)?;
        client.get(url.clone()).send().await.map_err(not_fetched)
    }

    /// The addresses of the URL's host that may be connected to; at least one.
    async fn checked_addresses(&self, url: &Url) -> Result<Vec<SocketAddr>, PageError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(PageError::BadAddress);
        }
        // The URL parser has normalized all spellings of an IP address.
        let host = url.host_str().ok_or(PageError::BadAddress)?.trim_matches(['[', ']']);
        let port = url.port_or_known_default().ok_or(PageError::BadAddress)?;
        let answered_at = Instant::now() + LOOKUP_TIME;
        let found = timeout(LOOKUP_TIME, tokio::net::lookup_host((host, port))).await;
        let found = found.unwrap_or_else(|late| Err(late.into())).map(Iterator::collect);
        let reachable = self.reachable(url, host, found);
        if let (Err(PageError::Unreachable(_)), Some(_)) = (&reachable, url.domain()) {
            // The response time would otherwise reveal what the message hides.
            sleep_until(answered_at).await;
        }
        reachable
    }

    /// Selects the addresses of the URL's host that may be connected to. A name that only leads to private networks is
    /// refused like one that does not exist, so that names of internal hosts are not revealed.
    fn reachable(
        &self,
        url: &Url,
        host: &str,
        found: io::Result<Vec<SocketAddr>>,
    ) -> Result<Vec<SocketAddr>, PageError> {
        let found = found.map_err(|error| {
            tracing::info!(%error, "the name of a page's host is not known");
            no_address()
        })?;
        let is_known = !found.is_empty();
        let reachable: Vec<_> = found.into_iter().filter(|it| may_reach(&self.allowed, host, *it)).collect();
        if !reachable.is_empty() {
            return Ok(reachable);
        }
        if url.domain().is_none_or(is_local) {
            return Err(PageError::Forbidden);
        }
        if is_known {
            tracing::info!("the host of a page is known, but none of its addresses may be fetched (FETCH_ALLOW)");
        }
        Err(no_address())
    }
}

fn no_address() -> PageError {
    PageError::Unreachable("the host has no address that may be fetched".into())
}

#[async_trait]
impl WebPages for GuardedWebPages {
    async fn fetch(&self, address: &str) -> Result<Page, PageError> {
        timeout(WHOLE_TIME, self.follow(address)).await.map_err(unreachable)?
    }
}

/// Whether a name means this machine everywhere.
fn is_local(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

/// A resolver that returns the checked addresses for every name.
struct Checked(Vec<SocketAddr>);

impl Resolve for Checked {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses: Addrs = Box::new(self.0.clone().into_iter());
        Box::pin(future::ready(Ok(addresses)))
    }
}

async fn page(url: &Url, response: Response) -> Result<Page, PageError> {
    // No compression was requested.
    if text(&response, &CONTENT_ENCODING).is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return Err(PageError::Compressed);
    }
    let name = url.path_segments().and_then(|mut segments| segments.next_back()).map(str::to_owned);
    let hints = FileHints { name, content_type: text(&response, &CONTENT_TYPE).map(str::to_owned) };
    let mut chunks = response.bytes_stream();
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.try_next().await.map_err(not_fetched)? {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(PageError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Page { bytes, hints })
}

fn text<'a>(response: &'a Response, name: &HeaderName) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

/// The error without the address, which may contain a password or a token: errors go to the log and to jobs.
fn not_fetched(error: reqwest::Error) -> PageError {
    unreachable(error.without_url())
}

fn unreachable(error: impl std::error::Error + Send + Sync + 'static) -> PageError {
    PageError::Unreachable(Box::new(error))
}

#[cfg(test)]
mod tests;
