//! Test runs: all questions of a suite asked of some models, with scores against the answers of people.

mod aggregate;
mod event;
mod personal;
#[cfg(test)]
mod spec;

pub use aggregate::{RunChanges, TestRun, TestRunCommand, TestRunError};
pub use event::{ResultFailure, RunFailure, RunPlan, RunResult, TestRunEvent};
