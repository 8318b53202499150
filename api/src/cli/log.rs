//! `ayushma log`.

use std::{fs, io, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use commands::{
    clock::SystemClock,
    event_log::{HeadSigner, Loss},
    proofs::ProofPlace,
};
use sqlx::PgPool;
use transparency_log::tiles::{CHECKPOINT, Folder, WriteFiles as _};
use uuid::Uuid;

use super::log_keys::signer;
use crate::terminal::say;
use crate::{
    config::Settings,
    database::{Database, Purpose},
    shutdown::Shutdown,
};

/// The file beside a checkpoint that has the last one of the log before.
const PREVIOUS: &str = "previous-checkpoint";

/// Look after the event log
#[derive(Debug, Subcommand)]
#[command(after_long_help = "\
Example (after the database was restored from a backup, while no server runs):
  ayushma audit verify
  ayushma log restored")]
pub(super) enum Log {
    Restored(Restored),
}

/// Accept a database that was restored from a backup, and has lost the newest events
///
/// Until then nothing starts on it that has seen more. The log gets a new id, so that tokens of clients and records in Kafka from
/// before are told apart; with Kafka it is published again from its beginning. Processes that run on it end. If nothing is
/// known to be missing, nothing is changed.
#[derive(Debug, Args)]
pub(super) struct Restored {
    /// Accept it also if nothing is known to be missing: it was restored all the same, from a backup that was made after the
    /// newest signed head
    #[arg(long)]
    yes: bool,
}

impl Log {
    pub(super) async fn run(self, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        let Self::Restored(restored) = self;
        let database = Database::open(settings, Purpose::Using, shutdown).await?;
        let result = async {
            let signer = signer(settings, &database.pool).await?;
            restored.accept(&signer, &settings.proof_place(), &database.pool).await
        }
        .await;
        database.close().await;
        result
    }
}

impl Restored {
    async fn accept(&self, signer: &HeadSigner, proofs: &ProofPlace, pool: &PgPool) -> anyhow::Result<ExitCode> {
        let whole = match signer.find_loss(pool).await? {
            Loss::Known => None,
            Loss::NoneUpTo(head) => Some(format!(
                "nothing is missing up to position {}, whose head was signed at {}",
                head.position, head.time
            )),
            Loss::NeverSigned => {
                Some("nothing is known to be missing, as no head of this log was ever signed".to_owned())
            }
        };
        if let Some(whole) = whole.filter(|_| !self.yes) {
            say(&format!("{whole}: there is nothing to accept, and nothing was changed"));
            say("if the database was restored all the same, from a backup that was made after that: add --yes");
            return Ok(ExitCode::SUCCESS);
        }
        let restored = signer.accept_restored(pool, &(Arc::new(SystemClock) as _)).await?;
        let (begins, before) = (restored.begins, restored.before);
        say(&format!("the log goes on after position {} as {} (it was {before})", begins.position, begins.log_id));
        if keep_checkpoint(proofs, before, begins.log_id).context("the checkpoint of the log before is not kept")? {
            say(&format!("{PREVIOUS} in {} is the last one of the log before", proofs.of_log(begins.log_id).display()));
        }
        for consumer in restored.set_back {
            say(&format!(
                "{consumer} had seen events that are lost, and goes on from there; what it made of them is still in its rows, until \
                 they are made anew: if it is a view, `ayushma rebuild {consumer}`"
            ));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Copies the last checkpoint of the log before into the folder of the one that goes on; returns whether there is one.
fn keep_checkpoint(proofs: &ProofPlace, before: Uuid, now: Uuid) -> io::Result<bool> {
    let checkpoint = match fs::read(proofs.of_log(before).join(CHECKPOINT)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        read => read?,
    };
    Folder::new(proofs.of_log(now)).write(PREVIOUS, &checkpoint)?;
    Ok(true)
}
