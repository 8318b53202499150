//! Rate limits, counted in this process: by the client's address, and by the account that acts or is acted upon.
//!
//! Actions of an account count against that account's own limit. Actions that anybody may direct at an account, such as
//! guessing its password, are counted so that strangers slow down strangers only: see `guesses` and `requests`.

mod guesses;
mod requests;
mod unrecorded;

use std::{
    hash::Hash,
    net::{IpAddr, Ipv4Addr},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use commands::counters::Bound;

use governor::{
    DefaultKeyedRateLimiter, Quota,
    clock::{Clock, DefaultClock},
};

use self::{guesses::Guesses, requests::Requests, unrecorded::Unrecorded};
use crate::{
    client_network::whole_client,
    config::{Limit, LimitSettings, Rate},
    contract::problem::ApiError,
};

/// The number of checks after which the keys whose allowance is full again are removed.
const CLEANING: u32 = 4_096;

/// The address that stands for that of a request without a socket.
pub const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// The actions that are limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A log-in by the login page or by Basic authentication.
    LogIn,
    Register,
    /// A request for a code for a new password.
    Forget,
    /// An attempt to use such a code.
    TryCode,
    Converse,
    Upload,
    /// A refused access to what is another's that is put on record.
    RefusedAccess,
    /// A refusal because of a missing right to what is nobody's in particular that is put on record. It has an allowance of its
    /// own, or anybody could use up the one above and try others' things without a trace.
    MissingRight,
}

/// The limits of all actions.
pub struct Limits {
    log_in: Limiters,
    register: Limiters,
    forget: Limiters,
    try_code: Limiters,
    converse: Limiters,
    upload: Limiters,
    refused_access: Limiters,
    missing_right: Limiters,
    unrecorded: Unrecorded,
    passwords: Option<Guesses>,
    codes: Option<Guesses>,
    mails: Option<Requests>,
}

/// The secrets that can be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secret {
    Password,
    /// A code for a new password.
    Code,
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

    fn check(&self, key: &K, bound: Bound) -> Result<(), ApiError> {
        if self.checks.fetch_add(1, Ordering::Relaxed) % CLEANING == CLEANING - 1 {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(key).map_err(|refusal| {
            bound.met();
            throttled(refusal.wait_time_from(DefaultClock::default().now()))
        })
    }
}

/// Returns a 429 with the wait rounded up to whole seconds, so that no client retries too early.
fn throttled(wait: Duration) -> ApiError {
    ApiError::throttled(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
}

impl Limiters {
    fn new(limit: Limit) -> Self {
        Self { by_account: limit.by_account.and_then(Limiter::new), ..Self::by_address(limit) }
    }

    /// Creates the limiter by address only, for actions whose limit by account is counted in `Guesses` or `Requests`.
    fn by_address(limit: Limit) -> Self {
        Self { by_address: limit.by_address.and_then(Limiter::new), by_account: None }
    }
}

impl Limits {
    pub fn new(settings: &LimitSettings) -> Self {
        Self {
            log_in: Limiters::by_address(settings.limit_login),
            register: Limiters::new(settings.limit_register),
            forget: Limiters::by_address(settings.limit_forgot),
            try_code: Limiters::by_address(settings.limit_verify),
            converse: Limiters::new(settings.limit_converse),
            upload: Limiters::new(settings.limit_upload),
            refused_access: Limiters::new(settings.limit_refused_accesses),
            missing_right: Limiters::new(settings.limit_refused_accesses),
            unrecorded: Unrecorded::default(),
            passwords: settings.limit_login.by_account.map(Guesses::new),
            codes: settings.limit_verify.by_account.map(Guesses::new),
            mails: settings.limit_forgot.by_account.map(Requests::new),
        }
    }

    /// Counts an action for an address. All requests whose address is unknown count as one client.
    ///
    /// # Errors
    /// A 429 with the seconds until the next one is allowed.
    pub fn check_address(&self, action: Action, address: Option<IpAddr>) -> Result<(), ApiError> {
        let limiter = self.of(action).by_address.as_ref();
        let address = address.unwrap_or(NOWHERE);
        limiter.map_or(Ok(()), |limiter| limiter.check(&whole_client(address), Bound::RequestsOfAddress))
    }

    /// Counts an action for the account that acts.
    ///
    /// # Errors
    /// A 429 with the seconds until the next one is allowed.
    pub fn check_account(&self, action: Action, account: &str) -> Result<(), ApiError> {
        let limiter = self.of(action).by_account.as_ref();
        limiter.map_or(Ok(()), |limiter| limiter.check(&account.to_owned(), Bound::RequestsOfAccount))
    }

    /// Counts a refusal that may be put on record, and returns whether it may. The log is told when an account's refusals begin
    /// to be left out, and how many they were when one is on record again.
    pub fn may_record(&self, action: Action, account: &str) -> bool {
        let may = self.check_account(action, account).is_ok();
        self.unrecorded.note(action, account, may);
        may
    }

    /// Counts an attempt at a secret of the account with this e-mail address (in its comparable form) as failed, until
    /// [`Self::guess_succeeded`] is called. `is_known`: whether somebody has logged in to the account from this address
    /// before.
    ///
    /// # Errors
    /// A 429 with the seconds until the next one is allowed.
    pub fn begin_guess(&self, secret: Secret, account: &str, address: IpAddr, is_known: bool) -> Result<(), ApiError> {
        self.guesses(secret).map_or(Ok(()), |guesses| guesses.begin(account, address, is_known))
    }

    /// Forgets the failures of this address at the account: the attempt has succeeded.
    pub fn guess_succeeded(&self, secret: Secret, account: &str, address: IpAddr) {
        if let Some(guesses) = self.guesses(secret) {
            guesses.succeeded(account, address);
        }
    }

    /// Counts a requested mail to the account with this e-mail address (in its comparable form). `is_known`: whether
    /// somebody has logged in to the account from this address before.
    ///
    /// # Errors
    /// A 429 with the seconds until the next one is allowed.
    pub fn check_mail(&self, account: &str, address: IpAddr, is_known: bool) -> Result<(), ApiError> {
        self.mails.as_ref().map_or(Ok(()), |mails| mails.check(account, address, is_known))
    }

    const fn guesses(&self, secret: Secret) -> Option<&Guesses> {
        match secret {
            Secret::Password => self.passwords.as_ref(),
            Secret::Code => self.codes.as_ref(),
        }
    }

    const fn of(&self, action: Action) -> &Limiters {
        match action {
            Action::LogIn => &self.log_in,
            Action::Register => &self.register,
            Action::Forget => &self.forget,
            Action::TryCode => &self.try_code,
            Action::Converse => &self.converse,
            Action::Upload => &self.upload,
            Action::RefusedAccess => &self.refused_access,
            Action::MissingRight => &self.missing_right,
        }
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
        let limiters = limiters("3/hour,0");
        let limiter = limiters.by_address.expect("there is a limit");
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        for _ in 0..3 {
            assert!(limiter.check(&one, Bound::RequestsOfAddress).is_ok());
        }
        let Err(ApiError::RetryLater { after_seconds, .. }) = limiter.check(&one, Bound::RequestsOfAddress) else {
            panic!("the fourth one waits")
        };
        assert!((1_190..=1_201).contains(&after_seconds), "{after_seconds}");
        assert!(limiter.check(&other, Bound::RequestsOfAddress).is_ok(), "another client does not");
    }

    #[test]
    fn requests_whose_address_is_not_known_are_counted_too() {
        let one: Limit = "1/hour,0".parse().expect("a limit");
        let limits = Limits::new(&LimitSettings {
            limit_login: one,
            limit_register: one,
            limit_forgot: one,
            limit_verify: one,
            limit_converse: one,
            limit_upload: one,
            limit_refused_accesses: one,
        });
        assert!(limits.check_address(Action::LogIn, None).is_ok());
        assert!(limits.check_address(Action::LogIn, None).is_err());
        assert!(limits.check_address(Action::LogIn, Some(IpAddr::from([192, 0, 2, 1]))).is_ok());
    }

    #[test]
    fn a_limit_of_zero_is_none() {
        let limiters = limiters("0,0");
        assert!(limiters.by_address.is_none() && limiters.by_account.is_none());
    }
}
