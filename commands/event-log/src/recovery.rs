//! Recovery: states of aggregates that need not be made from all of their events, and events once more from the beginning.

pub(crate) mod replay;
pub(crate) mod snapshots;
