//! What use cases are made from.

use sqlx::PgPool;

use crate::{
    clock::SharedClock,
    event_log::{EventLog, KeyRing},
    execute::Commands,
};

/// Each use case takes of these what it needs.
#[derive(Clone)]
pub struct Resources {
    pub commands: Commands,
    pub pool: PgPool,
    pub keys: KeyRing,
    pub clock: SharedClock,
}

impl Resources {
    /// `pool` and `clock` are those of the log.
    pub fn new(log: EventLog, pool: PgPool, clock: SharedClock) -> Self {
        Self { keys: log.keys().clone(), commands: Commands::new(log), pool, clock }
    }
}
