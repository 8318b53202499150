//! The domain: values, aggregates (command, decide, events, apply) and the event envelope.
//!
//! It knows nobody and does no IO: no async runtime, SQL, HTTP, Kafka, clock or randomness.
//! Time and ids come in with the commands.

#![warn(missing_docs)]
#![warn(clippy::wildcard_enum_match_arm)]

pub mod ids;
