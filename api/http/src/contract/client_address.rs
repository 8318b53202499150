//! Determines the client address of a request: the one place that decides which proxies are trusted.
//!
//! Every proxy appends the address that it was called from to `X-Forwarded-For`, so the header is read from its end,
//! and only as long as the addresses are those of trusted proxies. Everything before that may be forged.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::HeaderMap,
    middleware::Next,
    response::Response,
};
use ipnet::IpNet;

/// The client's address, in the extensions of every request that came over a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// The networks of the proxies whose `X-Forwarded-For` is believed.
pub type TrustedProxies = Arc<[IpNet]>;

/// Middleware that adds the [`ClientAddress`] to the request's extensions.
pub async fn find(State(trusted): State<TrustedProxies>, mut request: Request, next: Next) -> Response {
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>() {
        let address = address_of(peer.ip(), request.headers(), &trusted);
        request.extensions_mut().insert(ClientAddress(address));
    }
    next.run(request).await
}

fn address_of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut address = peer.to_canonical();
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    let mut hops = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
    while is_trusted(&address) {
        // An entry that is not an address ends the search: the entries before it cannot be trusted either.
        let Some(before) = hops.next().and_then(parse_hop) else { break };
        address = before;
    }
    address
}

/// Parses an entry: an address, to which some proxies add a port.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let address = text.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().expect("a header value"));
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().expect("a network")).collect();
        address_of(peer.parse().expect("an address"), &headers, &trusted).to_string()
    }

    #[test]
    fn nobody_is_believed_who_is_not_trusted() {
        assert_eq!(of("203.0.113.9", &["198.51.100.1"], &[]), "203.0.113.9");
        assert_eq!(of("203.0.113.9", &["198.51.100.1"], &["10.0.0.0/8"]), "203.0.113.9");
    }

    #[test]
    fn a_trusted_proxy_names_the_client() {
        assert_eq!(of("10.0.0.2", &["198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
        assert_eq!(of("::ffff:10.0.0.2", &["[2001:db8::7]:443"], &["10.0.0.0/8"]), "2001:db8::7");
    }

    #[test]
    fn what_a_client_has_written_before_is_not_believed() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(of("10.0.0.2", &["127.0.0.1, 198.51.100.1, 10.0.0.3"], &trusted), "198.51.100.1");
        assert_eq!(of("10.0.0.2", &["10.0.0.9, 198.51.100.1"], &trusted), "198.51.100.1");
        assert_eq!(of("10.0.0.2", &["192.0.2.1", "198.51.100.1,10.0.0.3"], &trusted), "198.51.100.1");
    }

    #[test]
    fn the_last_one_that_is_known_counts_where_the_header_ends_or_makes_no_sense() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(of("10.0.0.2", &[], &trusted), "10.0.0.2");
        assert_eq!(of("10.0.0.2", &["10.0.0.4, 10.0.0.3"], &trusted), "10.0.0.4");
        assert_eq!(of("10.0.0.2", &["198.51.100.1, unknown, 10.0.0.3"], &trusted), "10.0.0.3");
    }
}
