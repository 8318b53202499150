//! The read side: projectors (rows from events) and queries (views from rows), one file for each view.
//!
//! A projector writes the rows of its own view and does nothing else; a view struct is the body of an HTTP response.
//! Nothing here appends events, and no rule is decided on what is read here.
//!
//! See `docs/adding/projection.md`.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod accesses;
pub mod assistants;
pub mod chats;
mod connections;
pub mod documents;
pub mod erased;
pub mod findings;
pub mod listing;
mod next_version;
pub mod projector;
pub mod projects;
pub mod run_feedback;
pub mod services;
pub mod steps;
pub mod test_runs;
pub mod test_suites;
pub mod timestamps;
pub mod users;

pub use connections::Views;
pub use next_version::NextVersion;
pub use projector::{OtherStream, ProjectionError, Projector, projectors};

/// The setting `search_path` of connections that find the tables of projectors, with those of the write side first. The
/// value has no blanks, which would end it.
pub const SEARCH_PATH: (&str, &str) = ("search_path", "public,views");

/// A view could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the view cannot be read")]
pub struct QueryError(#[from] sqlx::Error);

impl QueryError {
    /// The error of the database.
    pub fn into_inner(self) -> sqlx::Error {
        self.0
    }
}
