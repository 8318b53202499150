//! Conversations: questions and their answers.

mod aggregate;
mod command;
mod conversation;
mod event;
mod message_ids;
mod personal;
#[cfg(test)]
mod spec;
mod transcript;

pub use aggregate::{Chat, Home, OpenChat};
pub use command::{ChatCommand, ChatError};
pub use conversation::{Conversation, Failure, Message, Rating, Recorded, Said, Spoken};
pub use event::{
    AnswerFailure, ChatEvent, ChatOwner, Completion, Generation, Question, RetrievedPassage, Stage, Usage,
};
pub use transcript::Transcript;
