//! The write side: all that may change the world.
//!
//! Commands are executed on aggregates ([`execute`]), their events are kept in the [`event_log`], use cases and handlers
//! combine them with the outside world, which they know by its [`ports`] only.
//!
//! Its chapter is "The walk of a command" in `docs/architecture.md`.

pub mod accounts;
pub mod adapters;
pub mod answering;
pub mod chats;
pub mod clock;
pub mod clock_jumps;
pub mod counters;
pub mod documents;
pub mod erasure;
pub mod evaluation;
pub mod event_log;
pub mod execute;
pub mod heartbeats;
pub mod jobs;
pub mod library;
pub mod ports;
pub mod projects;
pub mod prompt;
pub mod reading_process;
pub mod sandbox;
pub mod scheduler;
pub mod services;
pub mod uploads;

/// So many of something that has a plain plural, in a sentence.
pub fn counted(number: impl std::fmt::Display, name: &str) -> String {
    let number = number.to_string();
    if number == "1" { format!("1 {name}") } else { format!("{number} {name}s") }
}

/// An error with its sources, for a log line.
pub fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
