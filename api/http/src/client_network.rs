//! The unit that counts as one client where clients are limited by address.

use std::net::{IpAddr, Ipv6Addr};

/// Maps an address to its client: IPv4 addresses to themselves, IPv6 addresses to their /64 network, all of whose
/// addresses one client may use.
pub(crate) fn whole_client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_network_of_ipv6_are_one_client() {
        let client = |text: &str| whole_client(text.parse().expect("an address"));
        assert_eq!(client("2001:db8:0:7::1"), client("2001:db8:0:7:ffff::2"));
        assert_ne!(client("2001:db8:0:7::1"), client("2001:db8:0:8::1"));
        assert_eq!(client("::ffff:192.0.2.1"), IpAddr::from([192, 0, 2, 1]));
    }
}
