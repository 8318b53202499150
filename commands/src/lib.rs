//! The write side: all that may change the world.
//!
//! Commands are executed on aggregates ([`execute`]), their events are kept in the [`event_log`], use cases and handlers
//! combine them with the outside world, which they know by its [`ports`] only.
//!
//! Its chapter is "The walk of a command" in `docs/architecture.md`.

pub mod accesses;
pub mod accounts;
pub mod answering;
pub mod auditing;
pub mod chats;
pub mod counters;
pub mod documents;
pub mod erasure;
pub mod evaluation;
pub mod holds;
pub mod passage_store;
pub mod projects;
pub mod proofs;
mod resources;
pub mod retention;
pub mod services;
pub mod uploads;

pub use resources::Resources;

pub use domain::wording::{counted, error_chain};
pub use event_log::{self, clock, clock_jumps, execute, heartbeats, jobs, scheduler};
