//! `ayushma migrate`.

use std::process::ExitCode;

use clap::Args;

use crate::terminal::say;
use crate::{
    config::Settings,
    database::{Database, Purpose},
    shutdown::Shutdown,
};

/// Bring the database's schema up to date, and do nothing else
///
/// Every other command does this too when it starts; this one is for deployments that want it as a step of its own.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  ayushma migrate --database-url postgres://ayushma:secret@db.example.org/ayushma")]
pub(super) struct Migrate {}

impl Migrate {
    pub(super) async fn run(self, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        Database::open(settings, Purpose::Beginning, shutdown).await?.close().await;
        say("the database is up to date");
        Ok(ExitCode::SUCCESS)
    }
}
