//! Conversations: questions, and the answers that were made to them.

mod aggregate;
mod event;
#[cfg(test)]
mod spec;
mod transcript;

pub use aggregate::{Chat, ChatCommand, ChatError};
pub use event::{AnswerFailure, ChatEvent, Completion, Generation, Question, RetrievedPassage, Stage, Usage};
pub use transcript::Transcript;
