//! Status: how far consumers, jobs and processes are.

pub(crate) mod readings;
pub(crate) mod report;
