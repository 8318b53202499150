//! Test suites: questions with answers by people, and the settings with which they are asked.

mod aggregate;
mod event;
mod personal;
#[cfg(test)]
mod spec;

pub use aggregate::{QuestionChanges, QuestionInSuite, SuiteChanges, TestSuite, TestSuiteCommand, TestSuiteError};
pub use event::{Attachment, Retrieval, SuiteSettings, TestQuestion, TestSuiteEvent};
