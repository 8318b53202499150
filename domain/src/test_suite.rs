//! Test suites: questions with the answers that a person gave to them, and how they are to be asked.

mod aggregate;
mod event;
#[cfg(test)]
mod spec;

pub use aggregate::{QuestionChanges, QuestionInSuite, SuiteChanges, TestSuite, TestSuiteCommand, TestSuiteError};
pub use event::{Attachment, Retrieval, SuiteSettings, TestQuestion, TestSuiteEvent};
