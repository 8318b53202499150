//! `ayushma audit`: proofs for auditors that the event log is what was written, histories, and where answers come from.

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Instant};

use anyhow::{Context as _, anyhow, ensure};
use clap::{Args, Subcommand, value_parser};
use commands::{
    auditing::{Auditing, KeptSources},
    counted,
    event_log::{self, Audit as Finding, HeadSigner, HeadsFile, KeyError, KeyRing, PublicKey},
};
use sqlx::PgPool;

use super::{
    accesses::Accesses,
    as_of::AsOfCommand,
    proofs::{MakeReceipt, Publish, VerifyReceipt},
    provenance::Provenance,
    replay::Replay,
    timeline::Timeline,
};
use crate::terminal::say;
use crate::{
    app::master_key,
    config::Settings,
    database::{Database, Purpose},
    outside::media,
    shutdown::Shutdown,
};

/// The exit code if the log is not what was written. (1 is any other failure, 2 a wrong command line.)
const BROKEN: u8 = 3;

/// Prove that the event log is what was written, and read histories from it
#[derive(Debug, Subcommand)]
#[command(after_long_help = "\
Examples:
  ayushma audit verify
  ayushma audit verify --from 1000000
  ayushma audit public-key
  ayushma audit publish /srv/ayushma-log --origin hospital.example/ayushma
  ayushma audit timeline chat 7f81988b-3811-448c-b9e3-01709e573ae6
  ayushma audit accesses --owner 0e11b0ab-6a55-4a4b-9d6e-0c2c4f0a8f0b
  ayushma audit as-of project 5d2f… --at 2026-11-01T00:00:00Z --documents
  ayushma audit replay chat 7f81988b-3811-448c-b9e3-01709e573ae6
  ayushma audit verify --heads copy/heads.jsonl --public-key 4f1d...   (without the master key)")]
pub(super) enum Audit {
    Verify(Verify),
    Timeline(Timeline),
    Accesses(Accesses),
    AsOf(AsOfCommand),
    Replay(Replay),
    Provenance(Provenance),
    Publish(Publish),
    Receipt(MakeReceipt),
    VerifyReceipt(VerifyReceipt),
    /// Print the key that signed heads are verified with
    PublicKey,
}

/// Walk the event log, and name the first event that was altered, removed, inserted or moved
///
/// Only reads, in one transaction: SELECT on the tables events and log_head suffices, also on a standby or on a copy of these two.
/// The log is held against the signed heads outside the database: they show that its end was not cut off, and that the chain was not
/// computed anew. Ends with 0 if all is well, and with 3 if the log is not what was written.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// First position to look at; the stored hash of the one before it is taken for granted
    #[arg(long, default_value_t = 1, value_parser = value_parser!(i64).range(1..))]
    from: i64,

    /// Last position to look at [default: the end of the log]
    #[arg(long, value_parser = value_parser!(i64).range(1..))]
    to: Option<i64>,

    /// File of signed heads, at least one of them [default: heads.jsonl in SIGNED_HEADS_DIR, which may have none yet]
    #[arg(long)]
    heads: Option<PathBuf>,

    /// Key that the signed heads are verified with: 64 hexadecimal digits [default: the one that follows from the master key]
    #[arg(long)]
    public_key: Option<PublicKey>,
}

impl Audit {
    pub(super) async fn run(self, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        if let Self::Verify(verify) = &self {
            ensure!(verify.to.is_none_or(|to| to >= verify.from), "--to is before --from");
            if let Some(heads) = &verify.heads {
                ensure!(heads.exists(), "there is no file {}", heads.display());
            }
        }
        if let Self::VerifyReceipt(receipt) = &self {
            return receipt.run();
        }
        // No check of the schema: a copy of the tables events and log_head can be audited, too.
        let database = Database::open(settings, Purpose::Reading, shutdown).await?;
        let pool = &database.pool;
        let result = tokio::select! {
            result = async {
                match self {
                    Self::Verify(verify) => verify.run(settings, pool).await,
                    Self::Timeline(timeline) => timeline.run(key_ring(settings, pool).await?, pool).await,
                    Self::Accesses(accesses) => accesses.run(key_ring(settings, pool).await?, pool).await,
                    Self::AsOf(as_of) => as_of.run(key_ring(settings, pool).await?, pool).await,
                    Self::Replay(replay) => replay.run(&auditing(settings, pool).await?).await,
                    Self::Provenance(provenance) => provenance.run(&auditing(settings, pool).await?, pool).await,
                    Self::Publish(publish) => publish.run(&key_ring(settings, pool).await?, pool).await,
                    Self::Receipt(receipt) => receipt.run(&key_ring(settings, pool).await?, pool).await,
                    Self::VerifyReceipt(receipt) => receipt.run(),
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

/// The keys of this database. Nothing is written, and no key is made.
async fn key_ring(settings: &Settings, pool: &PgPool) -> anyhow::Result<KeyRing> {
    let missing = || KeyError::MissingMasterKey { path: settings.master_key_file().display().to_string() };
    Ok(KeyRing::open_existing(pool.clone(), settings.master_key()?.ok_or_else(missing)?).await?)
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

/// The key that verifies the signed heads of the log in this database.
async fn public_key(settings: &Settings, pool: &PgPool) -> anyhow::Result<PublicKey> {
    Ok(HeadSigner::public_key_of(&key_ring(settings, pool).await?))
}

/// The signer of the heads of the log in this database.
pub(super) async fn signer(settings: &Settings, pool: &PgPool) -> anyhow::Result<HeadSigner> {
    let keys = KeyRing::open(pool.clone(), master_key(settings, pool).await?).await?;
    Ok(HeadSigner::open(&keys, &settings.heads_dir())?)
}

impl Verify {
    async fn run(self, settings: &Settings, pool: &PgPool) -> anyhow::Result<ExitCode> {
        let is_named = self.heads.is_some();
        let file = self.heads.map_or_else(|| HeadsFile::in_folder(&settings.heads_dir()), HeadsFile::new);
        let heads = match self.public_key {
            _ if !file.path().exists() => vec![],
            Some(key) => file.read(&key)?,
            None => file.read(&public_key(settings, pool).await.context(
                "the key of the signed heads cannot be derived here: name it with --public-key, as `ayushma audit public-key` \
                 prints it at the server",
            )?)?,
        };
        // A file is named in order to prove something with it, so an empty one is an error.
        ensure!(!is_named || !heads.is_empty(), "there is no signed head in {}", file.path().display());
        let started = Instant::now();
        let found = event_log::audit(pool, self.from, self.to, &heads).await?;
        for line in report(&found, &file, started.elapsed().as_secs_f64()) {
            say(&line);
        }
        Ok(if found.fault.is_none() { ExitCode::SUCCESS } else { ExitCode::from(BROKEN) })
    }
}

/// The lines that describe a finding; the audit took `seconds`.
fn report(found: &Finding, file: &HeadsFile, seconds: f64) -> Vec<String> {
    let (first, last) = (*found.walked.start(), *found.walked.end());
    let count = last - first + 1;
    let mut lines = vec![match count {
        0 => "no event was found to be as the chain says".to_owned(),
        _ => {
            format!("positions {first} to {last} are as the chain says ({} in {seconds:.1} s)", counted(count, "event"))
        }
    }];
    lines.push(match &found.proved {
        Some(head) => format!(
            "proved up to position {} by the head that was signed at {}; what was appended after it, {}, cannot be \
             proved yet: whoever has all rights over the database could have cut it off or computed its chain anew",
            head.position,
            head.time,
            counted(found.end - head.position, "event"),
        ),
        None => format!(
            "no signed head of these positions is in {}: that nothing was cut off at the end, and that the chain was not \
             computed anew, cannot be proved",
            file.path().display()
        ),
    });
    if first > 1 && found.proved.is_none() {
        lines.push(format!("the stored hash of position {} was taken for granted", first - 1));
    }
    if first > 1 {
        lines.push(format!("positions before {first} were not looked at"));
    }
    if !found.is_guarded {
        lines.push(
            "WARNING: the trigger events_are_kept, which refuses to change events, is missing or switched off"
                .to_owned(),
        );
    }
    lines.extend(found.fault.iter().map(|fault| format!("BROKEN: {fault}")));
    lines
}
