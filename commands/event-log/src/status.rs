//! The status of consumers, the relay, workers and the scheduler.

pub(crate) mod readings;
pub(crate) mod report;
