//! `ayushma log`.

use std::{process::ExitCode, sync::Arc};

use clap::Subcommand;
use commands::{clock::SystemClock, event_log::HeadSigner};
use sqlx::PgPool;

use super::{audit::signer, say};
use crate::{
    config::Settings,
    database::{Database, Purpose},
    shutdown::Shutdown,
};

/// Look after the event log
#[derive(Debug, Subcommand)]
#[command(after_long_help = "\
Example (after the database was restored from a backup, while no server runs):
  ayushma audit verify
  ayushma log restored")]
pub(super) enum Log {
    /// Accept a database that was restored from a backup, and has lost the newest events
    ///
    /// Until then nothing starts on it that has seen more. The log gets a new id, so that tokens of clients and records in Kafka from
    /// before are told apart; with Kafka it is published again from its beginning.
    Restored,
}

impl Log {
    pub(super) async fn run(self, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        let Self::Restored = self;
        let database = Database::open(settings, Purpose::Using, shutdown).await?;
        let result = async {
            let signer = signer(settings, &database.pool).await?;
            accept(&signer, &database.pool).await
        }
        .await;
        database.close().await;
        result
    }
}

async fn accept(signer: &HeadSigner, pool: &PgPool) -> anyhow::Result<ExitCode> {
    let restored = signer.accept_restored(pool, &(Arc::new(SystemClock) as _)).await?;
    let (begins, before) = (restored.begins, restored.before);
    say(&format!("the log goes on after position {} as {} (it was {before})", begins.position, begins.log_id));
    for consumer in restored.set_back {
        say(&format!(
            "{consumer} had seen events that are lost, and goes on from there; what it made of them is still in its rows, until \
             they are made anew: if it is a view, `ayushma rebuild {consumer}`"
        ));
    }
    Ok(ExitCode::SUCCESS)
}
