//! Test runs: every question of a suite put to some models, and how near their answers come to those of people.

mod aggregate;
mod event;
#[cfg(test)]
mod spec;

pub use aggregate::{RunChanges, TestRun, TestRunCommand, TestRunError};
pub use event::{ResultFailure, RunFailure, RunPlan, RunResult, TestRunEvent};
