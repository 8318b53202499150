//! The migrations of the database, and the one migrator that all crates and tests share.
//!
//! The SQL files are beside this crate's `Cargo.toml`, one for each step, forward only: a released step is never
//! edited.
//!
//! See `docs/adding/projection.md`.

use std::collections::HashMap;

use sqlx::{
    PgConnection,
    migrate::{Migrate as _, MigrateError, Migrator},
};

/// Migrates a database to the newest step. (The macro accepts no bare `.` as a path.)
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// The reason why this program cannot read a schema.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    #[error(
        "this database has no schema of Ayushma: name another DATABASE_URL, or begin with `ayushma serve` or `ayushma migrate`"
    )]
    Missing,
    #[error(
        "the schema of this database is at step {found}, and this program reads step {known}: `ayushma migrate` brings it up \
         to date, after which servers of the older version do not start; or use the program that serves it"
    )]
    Older { found: i64, known: i64 },
    #[error(
        "the schema of this database is at step {found}, and this program knows {known}: use the program that serves it"
    )]
    Newer { found: i64, known: i64 },
    #[error("step {0} of the schema of this database is not the one of this program: use the program that serves it")]
    Different(i64),
    #[error("the steps of the schema cannot be read")]
    Database(#[source] MigrateError),
}

/// Checks that the schema of a database is the one that this program knows. Only reads.
///
/// # Errors
/// [`SchemaError::Missing`] if no migration was ever made; [`SchemaError::Older`], [`SchemaError::Newer`] and
/// [`SchemaError::Different`] if other ones were; [`SchemaError::Database`] if they cannot be read.
pub async fn check(connection: &mut PgConnection) -> Result<(), SchemaError> {
    let applied = connection.list_applied_migrations().await.map_err(|error| match &error {
        MigrateError::Execute(sqlx::Error::Database(cause)) if cause.code().as_deref() == Some("42P01") => {
            SchemaError::Missing
        }
        _ => SchemaError::Database(error),
    })?;
    let mut known: HashMap<i64, _> = MIGRATOR.iter().map(|step| (step.version, &step.checksum)).collect();
    let last = MIGRATOR.iter().map(|step| step.version).max().unwrap_or_default();
    let found = applied.iter().map(|step| step.version).max().ok_or(SchemaError::Missing)?;
    for step in &applied {
        match known.remove(&step.version) {
            Some(checksum) if *checksum == step.checksum => {}
            None if step.version > last => return Err(SchemaError::Newer { found, known: last }),
            _ => return Err(SchemaError::Different(step.version)),
        }
    }
    if known.is_empty() { Ok(()) } else { Err(SchemaError::Older { found, known: last }) }
}
