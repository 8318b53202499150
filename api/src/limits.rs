//! Rate limits, counted in this process: by the client's address, and by the account that acts or is acted upon.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::atomic::{AtomicU32, Ordering},
};

use governor::{
    DefaultKeyedRateLimiter, Quota,
    clock::{Clock, DefaultClock},
};

use crate::{
    config::{Limit, LimitSettings, Rate},
    contract::problem::ApiError,
};

/// After so many checks those who could act freely anyway are forgotten.
const CLEANING: u32 = 4_096;

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// By the login page or by Basic authentication.
    LogIn,
    Register,
    /// Ask for a code for a new password.
    Forget,
    /// Show such a code.
    TryCode,
    Converse,
    Upload,
}

/// The limits of all actions.
pub struct Limits {
    log_in: Limiters,
    register: Limiters,
    forget: Limiters,
    try_code: Limiters,
    converse: Limiters,
    upload: Limiters,
}

struct Limiters {
    by_address: Option<Limiter<IpAddr>>,
    by_account: Option<Limiter<String>>,
}

struct Limiter<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    checks: AtomicU32,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    fn new(rate: Rate) -> Option<Self> {
        let quota = Quota::with_period(rate.period / rate.count.get())?.allow_burst(rate.count);
        Some(Self { limiter: DefaultKeyedRateLimiter::keyed(quota), checks: AtomicU32::new(0) })
    }

    fn check(&self, key: &K) -> Result<(), ApiError> {
        if self.checks.fetch_add(1, Ordering::Relaxed) % CLEANING == CLEANING - 1 {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(key).map_err(|refusal| {
            let wait = refusal.wait_time_from(DefaultClock::default().now());
            ApiError::throttled(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
        })
    }
}

impl Limiters {
    fn new(limit: Limit) -> Self {
        Self {
            by_address: limit.by_address.and_then(Limiter::new),
            by_account: limit.by_account.and_then(Limiter::new),
        }
    }
}

impl Limits {
    pub fn new(settings: &LimitSettings) -> Self {
        Self {
            log_in: Limiters::new(settings.limit_login),
            register: Limiters::new(settings.limit_register),
            forget: Limiters::new(settings.limit_forgot),
            try_code: Limiters::new(settings.limit_verify),
            converse: Limiters::new(settings.limit_converse),
            upload: Limiters::new(settings.limit_upload),
        }
    }

    /// Counts one for the address.
    ///
    /// # Errors
    /// A 429 that says when the next one is free.
    pub fn check_address(&self, action: Action, address: IpAddr) -> Result<(), ApiError> {
        self.of(action).by_address.as_ref().map_or(Ok(()), |limiter| limiter.check(&whole_client(address)))
    }

    /// Counts one for the account: an e-mail address without regard to case, or whoever acts.
    ///
    /// # Errors
    /// A 429 that says when the next one is free.
    pub fn check_account(&self, action: Action, account: &str) -> Result<(), ApiError> {
        self.of(action).by_account.as_ref().map_or(Ok(()), |limiter| limiter.check(&account.to_owned()))
    }

    const fn of(&self, action: Action) -> &Limiters {
        match action {
            Action::LogIn => &self.log_in,
            Action::Register => &self.register,
            Action::Forget => &self.forget,
            Action::TryCode => &self.try_code,
            Action::Converse => &self.converse,
            Action::Upload => &self.upload,
        }
    }
}

/// A client of IPv6 has a whole network of 64 bits to itself.
fn whole_client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiters(limit: &str) -> Limiters {
        Limiters::new(limit.parse().expect("a limit"))
    }

    #[test]
    fn so_many_are_free_and_the_next_one_waits() {
        let limiters = limiters("3/hour");
        let limiter = limiters.by_address.expect("there is a limit");
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        for _ in 0..3 {
            assert!(limiter.check(&one).is_ok());
        }
        let Err(ApiError::RetryLater { after_seconds, .. }) = limiter.check(&one) else {
            panic!("the fourth one waits")
        };
        assert!((1_190..=1_201).contains(&after_seconds), "{after_seconds}");
        assert!(limiter.check(&other).is_ok(), "another client does not");
    }

    #[test]
    fn a_limit_of_zero_is_none() {
        let limiters = limiters("0,0");
        assert!(limiters.by_address.is_none() && limiters.by_account.is_none());
    }

    #[test]
    fn addresses_of_one_network_of_ipv6_are_one_client() {
        let client = |text: &str| whole_client(text.parse().expect("an address"));
        assert_eq!(client("2001:db8:0:7::1"), client("2001:db8:0:7:ffff::2"));
        assert_ne!(client("2001:db8:0:7::1"), client("2001:db8:0:8::1"));
        assert_eq!(client("::ffff:192.0.2.1"), IpAddr::from([192, 0, 2, 1]));
    }
}
