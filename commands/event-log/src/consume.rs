//! Consuming: events in their order, from the log or from Kafka, to whoever makes something of them, and the marks of how far each has come.

pub(crate) mod consumer;
pub(crate) mod parked;
pub(crate) mod progress;
pub(crate) mod runner;
pub(crate) mod source;
