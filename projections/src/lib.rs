//! The read side: projectors (rows out of events) and queries (views out of rows), one file a view.
//!
//! A projector writes the rows of its own view and does nothing else; a view struct is the body of an HTTP response.
//! Nothing here appends events, and no rule is decided on what is read here.
//!
//! Its chapter is `docs/adding/projection.md`.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod assistants;
pub mod chats;
mod connections;
pub mod documents;
pub mod listing;
mod next_version;
pub mod projector;
pub mod projects;
pub mod run_feedback;
pub mod services;
pub mod test_runs;
pub mod test_suites;
pub mod timestamps;
pub mod users;

pub use connections::Views;
pub use next_version::NextVersion;
pub use projector::{ProjectionError, Projector, projectors};

/// Where connections find the tables that projectors write: the setting `search_path`. The write side's are found first. Without
/// blanks, which would end it.
pub const SEARCH_PATH: (&str, &str) = ("search_path", "public,views");

/// A view cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the view cannot be read")]
pub struct QueryError(#[from] sqlx::Error);

impl QueryError {
    /// What the database said.
    pub fn into_inner(self) -> sqlx::Error {
        self.0
    }
}
