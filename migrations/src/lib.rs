//! The migrations of the database, and the one migrator that every crate and every test shares.
//!
//! The SQL lies beside this crate's `Cargo.toml`, one file a step, forward only: a step that has been released is never edited.
//!
//! Its chapter is `docs/adding/projection.md`.

use sqlx::migrate::Migrator;

/// Brings a database to the newest step. (The macro takes no bare `.` for a path.)
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");
