//! Rate limits of requests that anybody may make about any account, such as for a mail: strangers use up only the
//! allowance of strangers.

use std::{net::IpAddr, num::NonZeroU32};

use commands::counters::Bound;

use super::Limiter;
use crate::{client_network::whole_client, config::Rate, contract::problem::ApiError};

/// The limiters of one kind of requests, in this process.
pub(super) struct Requests {
    /// Per account and known address: one from which somebody has logged in to the account before.
    known: Option<Limiter<(String, IpAddr)>>,
    /// Per account and unknown address: half of the limit of all strangers, so that one alone does not use that up.
    stranger: Option<Limiter<(String, IpAddr)>>,
    strangers: Option<Limiter<String>>,
}

impl Requests {
    pub(super) fn new(rate: Rate) -> Self {
        let half = NonZeroU32::new(rate.count.get().div_ceil(2)).unwrap_or(rate.count);
        Self {
            known: Limiter::new(rate),
            stranger: Limiter::new(Rate { count: half, ..rate }),
            strangers: Limiter::new(rate),
        }
    }

    pub(super) fn check(&self, account: &str, address: IpAddr, is_known: bool) -> Result<(), ApiError> {
        let pair = (account.to_owned(), whole_client(address));
        let check = |limiter: Option<&Limiter<(String, IpAddr)>>| {
            limiter.map_or(Ok(()), |limiter| limiter.check(&pair, Bound::RequestsOfAccount))
        };
        if is_known {
            return check(self.known.as_ref());
        }
        check(self.stranger.as_ref())?;
        self.strangers.as_ref().map_or(Ok(()), |limiter| limiter.check(&pair.0, Bound::RequestsOfAccount))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_use_up_their_own_share_only() {
        let limit: crate::config::Limit = "0,4/day".parse().expect("a limit");
        let requests = Requests::new(limit.by_account.expect("there is one"));
        let ask = |last: u8, is_known| requests.check("asha", IpAddr::from([192, 0, 2, last]), is_known).is_ok();
        assert_eq!([ask(1, false), ask(1, false), ask(1, false)], [true, true, false], "one of them has half");
        assert_eq!([ask(2, false), ask(2, false), ask(3, false)], [true, true, false], "and all have four");
        assert!((0..4).all(|_| ask(9, true)), "who was let in before has as many");
        assert!(!ask(9, true));
    }
}
