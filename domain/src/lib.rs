//! The domain: values, aggregates (command, decide, events, apply) and the event envelope.
//!
//! It depends on no other crate of the workspace and does no IO: no async runtime, SQL, HTTP, Kafka, clock or
//! randomness. Time and ids are part of the commands.
//!
//! See `docs/adding/aggregate.md`; the map and the invariants are in `docs/architecture.md`.

#![warn(missing_docs)]
#![warn(clippy::wildcard_enum_match_arm)]

pub mod access;
pub mod aggregate;
pub mod chat;
pub mod document;
pub mod envelope;
pub mod erasure;
pub mod event;
pub mod feedback;
pub mod ids;
pub mod metrics;
pub mod personal;
pub mod project;
pub mod reconstruction;
pub mod service;
pub mod test_run;
pub mod test_suite;
pub mod upcast;
pub mod user;
pub mod values;
pub mod wording;
pub mod words;

pub use aggregate::AggregateType;
