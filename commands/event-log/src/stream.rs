//! The stream: publishing the log to Kafka, and reading it from there.

pub(crate) mod kafka;
pub(crate) mod kafka_source;
pub(crate) mod marking;
pub(crate) mod producer;
pub(crate) mod publisher;
pub(crate) mod record;
pub(crate) mod registry;
pub(crate) mod relay;
pub(crate) mod republish;
pub(crate) mod retention;
pub(crate) mod topics;
