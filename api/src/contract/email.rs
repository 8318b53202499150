//! What passes for an e-mail address: a dotted or quoted local part, and a domain name or an address in brackets.

use std::net::{Ipv4Addr, Ipv6Addr};

const MAX_LENGTH: usize = 320;

pub(super) fn is_valid(address: &str) -> bool {
    let Some((local, domain)) = address.rsplit_once('@') else {
        return false;
    };
    address.chars().count() <= MAX_LENGTH && is_local_part(local) && is_domain(domain)
}

fn is_local_part(local: &str) -> bool {
    let dotted = local.split('.').all(|atom| {
        !atom.is_empty() && atom.chars().all(|c| c.is_ascii_alphanumeric() || "-!#$%&'*+/=?^_`{}|~".contains(c))
    });
    dotted || is_quoted(local)
}

fn is_quoted(local: &str) -> bool {
    let Some(inner) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return false;
    };
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        let fine = match c {
            '\\' => characters.next().is_some_and(|escaped| escaped.is_ascii() && !"\0\n\r".contains(escaped)),
            '"' | '\0' | '\t' | '\n' | '\r' | ' ' => false,
            other => other.is_ascii(),
        };
        if !fine {
            return false;
        }
    }
    true
}

fn is_domain(domain: &str) -> bool {
    if let Some(literal) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return literal.parse::<Ipv4Addr>().is_ok() || literal.parse::<Ipv6Addr>().is_ok();
    }
    if domain.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let Some((names, top)) = domain.rsplit_once('.') else {
        return false;
    };
    names.split('.').all(is_label) && is_label(top) && top.chars().count() >= 2
}

/// Letters of any script, because internationalised names are in use.
fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.chars().count())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(|c| c.is_alphanumeric() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn ordinary_and_unusual_addresses_pass() {
        for address in [
            "nurse@example.com",
            "first.last+tag@sub.example.co.in",
            "a@localhost",
            "\"quoted\"@example.com",
            "x@[127.0.0.1]",
            "x@[::1]",
            "x@müller.example",
        ] {
            assert!(is_valid(address), "{address}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for address in [
            "",
            "nope",
            "@example.com",
            "a@",
            "a@b",
            "a..b@example.com",
            ".a@example.com",
            "a b@example.com",
            "a@-example.com",
            "a@example-.com",
            "a@example.c",
            "a@exa mple.com",
            "a@b@example.com",
            "a@[300.0.0.1]",
            "a@example..com",
            "ü@example.com",
        ] {
            assert!(!is_valid(address), "{address}");
        }
    }
}
