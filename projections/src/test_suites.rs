//! Test suites, their questions, and the attachments of questions.

mod attachments;
mod projector;
mod questions;
mod suites;

pub use attachments::{find as find_attachment, list as attachments, ordering_column as attachment_ordering_column};
pub(crate) use projector::TestSuitesProjector;
pub(crate) use questions::rows as question_rows;
pub use questions::{
    QuestionView, find as find_question, list as questions, ordering_column as question_ordering_column,
};
pub use suites::{SuiteView, find, list, ordering_column};
