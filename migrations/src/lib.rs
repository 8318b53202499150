//! The migrations of the database, and the one migrator that all crates and tests share.
//!
//! The SQL files are beside this crate's `Cargo.toml`, one for each step, forward only: a released step is never
//! edited.
//!
//! See `docs/adding/projection.md`.

use sqlx::migrate::Migrator;

/// Migrates a database to the newest step. (The macro accepts no bare `.` as a path.)
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");
