//! Consuming events, from the log or from Kafka: ordered delivery to consumers, and their checkpoints.

pub(crate) mod consumer;
pub(crate) mod parked;
pub(crate) mod progress;
pub(crate) mod runner;
pub(crate) mod source;
