//! A source of time and ids, injected so that tests can control both.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use uuid::Uuid;

/// A source of the current time and of new ids.
pub trait Clock: Send + Sync {
    /// Returns the current time in whole microseconds, the precision of PostgreSQL.
    fn now(&self) -> DateTime<Utc>;

    /// Returns a new id, greater than all ids before it.
    fn new_id(&self) -> Uuid;
}

pub type SharedClock = Arc<dyn Clock>;

/// The system clock, with UUIDv7 ids.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else is given")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the source of ids that everybody else is given")]
    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}
