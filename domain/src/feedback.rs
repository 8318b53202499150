//! Feedback: a reviewer's opinion of a result of a test run.

mod aggregate;
mod event;
mod personal;
#[cfg(test)]
mod spec;

pub use aggregate::{Feedback, FeedbackCommand, FeedbackError};
pub use event::{FeedbackEvent, Opinion};
