//! The addresses that may be fetched for a user who entered them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// A host or network that an operator allows although it is not on the public internet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reachable {
    target: Target,
    /// The allowed port; `None` for all.
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Network(IpNet),
    /// A host name in lower case.
    Host(String),
}

impl Target {
    fn parse(text: &str) -> Option<Self> {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        let network = bare.parse::<IpNet>().ok().or_else(|| bare.parse::<IpAddr>().ok().map(IpNet::from));
        let is_host = |text: &str| {
            text.bytes().any(|byte| byte.is_ascii_alphabetic())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        };
        network.map(Self::Network).or_else(|| is_host(text).then(|| Self::Host(text.to_ascii_lowercase())))
    }
}

impl Reachable {
    /// Parses a network, an address or a host name, with or without `:port`; IPv6 with a port is in brackets. `None` if
    /// it is malformed.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(target) = Target::parse(text) {
            return Some(Self { target, port: None });
        }
        let (target, port) = text.rsplit_once(':')?;
        Some(Self { target: Target::parse(target)?, port: Some(port.parse().ok()?) })
    }

    fn allows(&self, host: &str, address: SocketAddr) -> bool {
        let is_target = match &self.target {
            Target::Network(network) => network.contains(&address.ip().to_canonical()),
            Target::Host(name) => name == host,
        };
        is_target && self.port.is_none_or(|port| port == address.port())
    }
}

/// Whether this address of a host may be connected to.
pub(super) fn may_reach(allowed: &[Reachable], host: &str, address: SocketAddr) -> bool {
    is_public(address.ip()) || allowed.iter().any(|reachable| reachable.allows(host, address))
}

/// Whether an address is public: not private, local, shared, reserved, documentation, multicast or a cloud's own
/// service.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => !NOT_PUBLIC_V4.iter().any(|network| network.contains(&address)),
        IpAddr::V6(address) => match translated(address) {
            Some(address) => is_public(IpAddr::V4(address)),
            None => GLOBAL_V6.contains(&address) && !NOT_PUBLIC_V6.iter().any(|network| network.contains(&address)),
        },
    }
}

/// The IPv4 address within a NAT64 address, by which networks without IPv4 reach the rest of the internet.
fn translated(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., first, second, third, fourth] = address.octets();
    NAT64.contains(&address).then(|| Ipv4Addr::new(first, second, third, fourth))
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(a: u16, b: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), prefix)
}

const NOT_PUBLIC_V4: [Ipv4Net; 17] = [
    v4(0, 0, 0, 0, 8),
    v4(10, 0, 0, 0, 8),
    v4(100, 64, 0, 0, 10), // carriers' shared addresses, and the metadata service of one cloud
    v4(127, 0, 0, 0, 8),
    v4(168, 63, 129, 16, 32), // the host's own services in another cloud
    v4(169, 254, 0, 0, 16),   // link-local, and most clouds' metadata
    v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),
    v4(192, 0, 2, 0, 24),
    v4(192, 31, 196, 0, 24),
    v4(192, 88, 99, 0, 24),
    v4(192, 168, 0, 0, 16),
    v4(198, 18, 0, 0, 15),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
    v4(224, 0, 0, 0, 4), // multicast
    v4(240, 0, 0, 0, 4), // reserved, and broadcast
];

const NAT64: Ipv6Net = v6(0x64, 0xff9b, 96);

/// The only part of IPv6 that is allocated for the public internet.
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 3);

const NOT_PUBLIC_V6: [Ipv6Net; 4] = [
    v6(0x2001, 0, 23), // protocol assignments; Teredo carries an IPv4 address
    v6(0x2001, 0xdb8, 32),
    v6(0x2002, 0, 16), // 6to4 carries an IPv4 address
    v6(0x3fff, 0, 20),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(allowed: &[&str], host: &str, address: &str) -> bool {
        let allowed: Vec<_> = allowed.iter().map(|text| Reachable::parse(text).expect("it can be parsed")).collect();
        may_reach(&allowed, host, address.parse().expect("an address with a port"))
    }

    #[test]
    fn public_addresses_are_reached() {
        for address in ["93.184.215.14:80", "8.8.8.8:443", "[2606:4700::1111]:443", "[64:ff9b::808:808]:80"] {
            assert!(reached(&[], "example.com", address), "{address}");
        }
    }

    #[test]
    fn everything_else_is_not() {
        for address in [
            "0.0.0.0:80",
            "10.1.2.3:80",
            "100.100.100.200:80",
            "127.0.0.1:80",
            "127.255.255.254:80",
            "168.63.129.16:80",
            "169.254.169.254:80",
            "172.16.0.1:80",
            "172.31.255.255:80",
            "192.0.0.192:80",
            "192.168.1.1:80",
            "198.19.0.1:80",
            "224.0.0.1:80",
            "255.255.255.255:80",
            "[::]:80",
            "[::1]:80",
            "[::ffff:127.0.0.1]:80",
            "[::ffff:a9fe:a9fe]:80",
            "[::127.0.0.1]:80",
            "[fc00::1]:80",
            "[fd00:ec2::254]:80",
            "[fe80::1]:80",
            "[fec0::1]:80",
            "[ff02::1]:80",
            "[2001::1]:80",
            "[2001:db8::1]:80",
            "[2002:7f00:1::]:80",
            "[64:ff9b::7f00:1]:80",
            "[64:ff9b:1::7f00:1]:80",
        ] {
            assert!(!reached(&[], "example.com", address), "{address}");
        }
    }

    #[test]
    fn what_is_allowed_is_reached_and_no_more() {
        assert!(reached(&["10.2.0.0/16"], "x", "10.2.3.4:8080"));
        assert!(!reached(&["10.2.0.0/16"], "x", "10.3.0.1:8080"));
        assert!(reached(&["127.0.0.1:8080"], "localhost", "127.0.0.1:8080"));
        assert!(reached(&["127.0.0.1"], "localhost", "[::ffff:127.0.0.1]:8080"));
        assert!(!reached(&["127.0.0.1:8080"], "localhost", "127.0.0.1:8081"));
        assert!(reached(&["Intranet.example:80"], "intranet.example", "10.0.0.1:80"));
        assert!(!reached(&["intranet.example:80"], "intranet.example.evil.example", "10.0.0.1:80"));
        assert!(reached(&["fd00::/8", "x.example"], "y", "[fd12::1]:443"));
        assert!(reached(&["[::1]:81"], "y", "[::1]:81") && !reached(&["[::1]:81"], "y", "[::1]:82"));
    }

    #[test]
    fn what_is_neither_a_network_nor_a_host_is_refused() {
        for text in ["", "10.0.0.0/33", "10.0.0.0.0", "a b", "host:99999", "http://host", ":80"] {
            assert_eq!(Reachable::parse(text), None, "{text}");
        }
    }
}
