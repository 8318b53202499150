//! Time and ids, injected so that tests can choose them.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use uuid::Uuid;

pub trait Clock: Send + Sync {
    /// The time, in whole microseconds (what PostgreSQL keeps).
    fn now(&self) -> DateTime<Utc>;

    /// A new id, greater than those before it.
    fn new_id(&self) -> Uuid;
}

pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock, and UUIDv7.
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
