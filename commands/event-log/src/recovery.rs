//! Recovery: snapshots of aggregates, and replays of the log into rebuilt views.

pub(crate) mod replay;
pub(crate) mod snapshots;
