//! The stream: the log on Kafka, and what its partitions are owed.

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
