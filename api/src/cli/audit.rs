//! `ayushma audit`: proofs for auditors that the event log is what was written, histories, and where answers come from.

use std::{process::ExitCode, sync::Arc};

use anyhow::anyhow;
use clap::Subcommand;
use commands::auditing::{Auditing, KeptSources};
use sqlx::PgPool;

use super::{
    accesses::Accesses,
    as_of::AsOfCommand,
    explain::{Explain, ListViews},
    export::Export,
    find::Find,
    log_keys::{key_ring, public_key},
    proofs::{MakeReceipt, Publish, VerifyReceipt},
    provenance::Provenance,
    replay::Replay,
    timeline::Timeline,
    verify::Verify,
    verify_bundle::VerifyBundle,
};
use crate::terminal::say;
use crate::{
    config::Settings,
    database::{Database, Purpose},
    outside::media,
    shutdown::Shutdown,
};

/// Prove that the event log is what was written, and read histories from it
#[derive(Debug, Subcommand)]
#[command(after_long_help = "\
Examples:
  ayushma audit verify
  ayushma audit verify --from 1000000
  ayushma audit public-key
  ayushma audit receipt 4711 > 4711.tlog-proof
  ayushma audit find meera
  ayushma audit timeline chat 7f81988b-3811-448c-b9e3-01709e573ae6
  ayushma audit export ./complaint-17 --chat 7f81… --text --reason 'complaint 17'
  ayushma audit accesses --owner 0e11b0ab-6a55-4a4b-9d6e-0c2c4f0a8f0b
  ayushma audit as-of project 5d2f… --at 2026-11-01T00:00:00Z --documents
  ayushma audit explain chats 7f81988b-3811-448c-b9e3-01709e573ae6
  ayushma audit replay chat 7f81988b-3811-448c-b9e3-01709e573ae6
  ayushma audit verify --heads copy/heads.jsonl --public-key 4f1d...   (without the master key)")]
pub(super) enum Audit {
    Verify(Verify),
    Timeline(Timeline),
    Accesses(Accesses),
    Find(Find),
    AsOf(AsOfCommand),
    Explain(Explain),
    Views(ListViews),
    Replay(Replay),
    Provenance(Provenance),
    Publish(Publish),
    Receipt(MakeReceipt),
    VerifyReceipt(VerifyReceipt),
    Export(Box<Export>),
    VerifyBundle(VerifyBundle),
    /// Print the key that signed heads are verified with
    PublicKey,
}

impl Audit {
    pub(super) async fn run(self, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        if let Self::Verify(verify) = &self {
            verify.check()?;
        }
        match self {
            Self::VerifyReceipt(receipt) => receipt.run(),
            Self::VerifyBundle(bundle) => bundle.run(),
            Self::Views(views) => views.run(),
            // It writes, namely its record.
            Self::Export(export) => export.run(settings, shutdown).await,
            reading => reading.read(settings, shutdown).await,
        }
    }

    /// Runs a command that only reads.
    async fn read(self, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        // No check of the schema: a copy of the tables events and log_head can be audited, too.
        let database = Database::open(settings, Purpose::Reading, shutdown).await?;
        let pool = &database.pool;
        let result = tokio::select! {
            result = async {
                match self {
                    Self::Verify(verify) => verify.run(settings, pool).await,
                    Self::Timeline(timeline) => timeline.run(key_ring(settings, pool).await?, pool).await,
                    Self::Accesses(accesses) => accesses.run(key_ring(settings, pool).await?, pool).await,
                    Self::Find(find) => find.run(pool).await,
                    Self::AsOf(as_of) => as_of.run(key_ring(settings, pool).await?, pool).await,
                    Self::Explain(explain) => explain.run(key_ring(settings, pool).await?, pool).await,
                    Self::Views(views) => views.run(),
                    Self::Replay(replay) => replay.run(&auditing(settings, pool).await?).await,
                    Self::Provenance(provenance) => provenance.run(&auditing(settings, pool).await?, pool).await,
                    Self::Publish(publish) => publish.run(settings, key_ring(settings, pool).await?, pool).await,
                    Self::Receipt(receipt) => {
                        let keys = key_ring(settings, pool).await?;
                        receipt.run(settings, keys, &auditing(settings, pool).await?, pool).await
                    }
                    Self::VerifyReceipt(receipt) => receipt.run(),
                    Self::VerifyBundle(bundle) => bundle.run(),
                    Self::Export(_) => Err(anyhow!("it does not only read")),
                    Self::PublicKey => {
                        say(&public_key(settings, pool).await?.to_string());
                        Ok(ExitCode::SUCCESS)
                    }
                }
            } => result,
            () = shutdown.requested() => Err(anyhow!("interrupted")),
        };
        database.close().await;
        result
    }
}

/// The use case of auditors, with what documents were made from as far as it is at hand.
async fn auditing(settings: &Settings, pool: &PgPool) -> anyhow::Result<Auditing> {
    // Whoever only reads makes no folder.
    let has_media = settings.s3().is_some() || settings.media_dir().is_dir();
    let media = if has_media { Some(media(settings)?) } else { None };
    let reader = Arc::new(settings.reader()?);
    let sources = media.map(|media| KeptSources { media, reader });
    Ok(Auditing::new(pool.clone(), key_ring(settings, pool).await?, sources))
}
