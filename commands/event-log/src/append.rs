//! Appending events: the request, the task that groups requests into batches, and the two ways in which a batch is
//! written.

pub(crate) mod appender;
pub(crate) mod connection;
pub(crate) mod fast_batch;
pub(crate) mod idempotency;
pub(crate) mod job_queue;
pub(crate) mod preconditions;
pub(crate) mod request;
pub(crate) mod rows;
pub(crate) mod transaction;
