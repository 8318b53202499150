//! Rate limits by client address and by account.

use std::{net::IpAddr, num::NonZeroU32, str::FromStr, time::Duration};

use clap::Args;
use ipnet::IpNet;

/// A number of actions in a period: a burst of `count` is allowed, and the allowance refills evenly over the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub count: NonZeroU32,
    pub period: Duration,
}

/// The rates of one action: from one client address, and by or against one account. `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub by_address: Option<Rate>,
    pub by_account: Option<Rate>,
}

/// The error for a text that is not a limit.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the limit for an address and that for an account, both, such as 60/minute,10/hour; 0 is no limit")]
pub struct LimitError;

impl FromStr for Limit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        // Both rates have to be given: a default for a missing one would silently switch that limit off.
        let (by_address, by_account) = match text.split_once(',') {
            None if text.trim() == "0" => ("0", "0"),
            parts => parts.ok_or(LimitError)?,
        };
        Ok(Self { by_address: parse_rate(by_address)?, by_account: parse_rate(by_account)? })
    }
}

fn parse_rate(text: &str) -> Result<Option<Rate>, LimitError> {
    let (count, period) = text.split_once('/').unwrap_or((text, "minute"));
    let seconds = match period.trim() {
        "second" => 1,
        "minute" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        _ => return Err(LimitError),
    };
    let count: u32 = count.trim().parse().map_err(|_| LimitError)?;
    Ok(NonZeroU32::new(count).map(|count| Rate { count, period: Duration::from_secs(seconds) }))
}

/// Parses a network in CIDR notation, or a single address as a network of its own.
pub(super) fn parse_network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    text.parse()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| "expected networks such as 10.0.0.0/8".to_owned())
}

/// Limits for one client address and for one account, each like 60/minute (or second, hour, day); 0 is no limit, and alone none at all. Each
/// process counts for itself. Many people may work behind one address.
#[derive(Debug, Clone, Args)]
pub struct LimitSettings {
    /// Log-ins: from an address; wrong ones at an account, by all addresses together from which it was never let in
    #[arg(long, env, default_value = "120/minute,10/minute")]
    pub limit_login: Limit,

    /// Registrations: from an address
    #[arg(long, env, default_value = "60/minute,0")]
    pub limit_register: Limit,

    /// Requests for a new password: from an address; for an account, by those who were never let in
    #[arg(long, env, default_value = "60/minute,10/hour")]
    pub limit_forgot: Limit,

    /// Codes for a new password that are checked or used: from an address; wrong ones for an account, as log-ins
    #[arg(long, env, default_value = "120/minute,30/minute")]
    pub limit_verify: Limit,

    /// Questions: from an address, by an account
    #[arg(long, env, default_value = "1200/minute,60/minute")]
    pub limit_converse: Limit,

    /// Uploaded files and documents: from an address, by an account
    #[arg(long, env, default_value = "1200/minute,300/minute")]
    pub limit_upload: Limit,

    /// Refused accesses to what is another's that are put on record: by an account; the first number counts nothing
    #[arg(long, env, default_value = "0,60/minute")]
    pub limit_refused_accesses: Limit,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(count: u32, seconds: u64) -> Option<Rate> {
        NonZeroU32::new(count).map(|count| Rate { count, period: Duration::from_secs(seconds) })
    }

    #[test]
    fn a_limit_is_one_for_an_address_and_one_for_an_account() {
        for (text, by_address, by_account) in [
            ("60/minute,10/hour", rate(60, 60), rate(10, 3_600)),
            (" 5/second , 1/day ", rate(5, 1), rate(1, 86_400)),
            ("30,0", rate(30, 60), None),
            ("0,10", None, rate(10, 60)),
            ("0", None, None),
        ] {
            assert_eq!(text.parse(), Ok(Limit { by_address, by_account }), "{text}");
        }
        for text in ["", "30", "60/minute", "many", "-1", "10/fortnight", "1,2,3"] {
            assert_eq!(text.parse::<Limit>(), Err(LimitError), "{text}");
        }
    }

    #[test]
    fn a_network_may_be_one_address() {
        assert_eq!(parse_network("10.1.2.3").map(|network| network.to_string()), Ok("10.1.2.3/32".to_owned()));
        assert_eq!(parse_network(" ::1/128").map(|network| network.to_string()), Ok("::1/128".to_owned()));
        assert!(parse_network("nginx").is_err());
    }
}
