//! Projects: the prompt and settings of answers, and the owner of documents and chats.

mod aggregate;
mod event;
mod personal;
#[cfg(test)]
mod spec;

pub use aggregate::{Project, ProjectChanges, ProjectCommand, ProjectError};
pub use event::{Assistant, ProjectEvent, RetrievalSettings, Settings};
