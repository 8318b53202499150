//! `ayushma audit publish`, `receipt` and `verify-receipt`: proofs of single events in the open formats of
//! `docs/proof-formats.md`.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context as _, bail, ensure};
use clap::{Args, value_parser};
use commands::{
    counted,
    event_log::{EventRecord, KeyRing, event_records, log_id},
};
use sqlx::PgPool;
use transparency_log::{
    leaf::Leaf,
    note::{KeyName, Note, SigningKey, VerifierKey},
    receipt::Receipt,
    tiles::{Folder, ReadFiles as _, TileReader},
    writer::LogWriter,
};
use zeroize::Zeroizing;

use crate::terminal::say;

/// The purpose that distinguishes this key from others that are derived from the system's key.
const PURPOSE: &str = "ed25519 key of the transparency log";
const CHECKPOINT: &str = "checkpoint";

/// The folder of a transparency log and the name of its owner.
#[derive(Debug, Args)]
struct Published {
    /// Folder of the checkpoint and the tiles, which any web server can serve
    folder: PathBuf,

    /// Whose log it is, such as hospital.example/ayushma; checkpoints name it with the id of the log
    #[arg(long, default_value = "ayushma")]
    origin: String,
}

/// Publish what is new in the log as tiles with a signed checkpoint (C2SP), by which receipts of events are verified
///
/// Writes to the folder alone. It holds a small record of each event (position, types, time, digest) and no payload. Each event is held
/// against the hash chain on the way. Repeat it as often as you like, by one process at a time; a log that was restored needs a new folder.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ayushma audit publish /srv/ayushma-log --origin hospital.example/ayushma")]
pub(super) struct Publish {
    #[command(flatten)]
    published: Published,
}

/// Make the receipt of an event: proof that the published log has it, which needs neither the database nor our program to verify
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ayushma audit receipt /srv/ayushma-log 4711 > 4711.tlog-proof")]
pub(super) struct MakeReceipt {
    #[command(flatten)]
    published: Published,

    /// Position of the event in the log
    #[arg(value_parser = value_parser!(u64).range(1..))]
    position: u64,
}

/// Verify a receipt without database, network and master key
///
/// Ends with 0 and prints the record of the event if the receipt is right, and with 1 and the reason otherwise.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ayushma audit verify-receipt 4711.tlog-proof --key hospital.example/ayushma/log/0190…+1a2b3c4d+AZ…")]
pub(super) struct VerifyReceipt {
    /// File of the receipt
    receipt: PathBuf,

    /// Verifier key of the log, as `ayushma audit publish` prints it
    #[arg(long)]
    key: VerifierKey,
}

impl Published {
    /// The key of the log in this database, which has a name of its own for each incarnation.
    async fn key(&self, keys: &KeyRing, pool: &PgPool) -> anyhow::Result<SigningKey> {
        let name = format!("{}/log/{}", self.origin, log_id(pool).await?);
        let seed = Zeroizing::new(keys.keyed_hash(PURPOSE, &name));
        let seed: &[u8; 32] = seed.as_slice().try_into().context("a keyed hash has 32 bytes")?;
        Ok(SigningKey::new(KeyName::parse(&name).context("--origin")?, seed))
    }

    fn files(&self) -> Folder {
        Folder::new(self.folder.clone())
    }
}

fn leaf_of(record: &EventRecord) -> anyhow::Result<Leaf> {
    let EventRecord { position, aggregate_type, event_type, recorded_at, digest } = record;
    Ok(Leaf::new(u64::try_from(*position)?, aggregate_type, event_type, *recorded_at, *digest)?)
}

impl Publish {
    pub(super) async fn run(self, keys: &KeyRing, pool: &PgPool) -> anyhow::Result<ExitCode> {
        let folder = self.published.folder.display();
        let key = self.published.key(keys, pool).await?;
        let mut writer = LogWriter::open(self.published.files(), key).with_context(|| {
            format!(
                "{folder} is not a folder of this log: one that was restored, or has another --origin, needs a new one"
            )
        })?;
        let published = writer.size();
        // The last published event is read again: a log that has another one there is not that which was published.
        let last = match published.checked_sub(1) {
            Some(index) => Some(TileReader::new(writer.files(), published).entry(index)?),
            None => None,
        };
        let after = i64::try_from(published.saturating_sub(1))?;
        let mut known = last;
        let mut append = |records: &[EventRecord]| -> anyhow::Result<()> {
            let mut entries = records.iter().map(leaf_of).collect::<anyhow::Result<Vec<_>>>()?.into_iter();
            if let Some(known) = known.take() {
                let found = entries.next().map(|leaf| leaf.to_string());
                ensure!(
                    found.as_deref().map(str::as_bytes) == Some(&known),
                    "{folder} has another event at position {published} than the log"
                );
            }
            Ok(writer.append(entries.map(|leaf| leaf.to_string()))?)
        };
        let end = event_records(pool, after, |records| append(&records).map_err(Into::into))
            .await
            .with_context(|| format!("{folder} is as it was at its last checkpoint"))?;
        let new = end - i64::try_from(published)?;
        if new > 0 || published == 0 {
            writer.publish()?;
        }
        say(&format!("{} in {folder}, {new} of them new", counted(end, "event")));
        say(&format!("verifier key: {}", writer.verifier()));
        Ok(ExitCode::SUCCESS)
    }
}

impl MakeReceipt {
    pub(super) async fn run(self, keys: &KeyRing, pool: &PgPool) -> anyhow::Result<ExitCode> {
        let folder = self.published.folder.display();
        let key = self.published.key(keys, pool).await?;
        let files = self.published.files();
        let Some(checkpoint) = files.read(CHECKPOINT)? else {
            bail!("{folder} has no checkpoint: `ayushma audit publish` makes one");
        };
        let checkpoint = Note::parse(&checkpoint)?;
        let receipt = Receipt::make(&files, self.position - 1, &checkpoint, key.verifier()).with_context(|| {
            format!(
                "{folder} gives no receipt of position {}: publish first what is new, and look at the reason",
                self.position
            )
        })?;
        say(receipt.to_string().trim_end_matches('\n'));
        Ok(ExitCode::SUCCESS)
    }
}

impl VerifyReceipt {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let file = self.receipt.display();
        let bytes = fs::read(&self.receipt).with_context(|| format!("{file} cannot be read"))?;
        let receipt = Receipt::parse(&bytes).with_context(|| format!("{file} is refused"))?;
        let Some(entry) = receipt.extra.clone() else { bail!("{file} does not hold the record of its event") };
        let checkpoint = receipt.verify(&entry, &self.key).with_context(|| format!("{file} is refused"))?;
        let leaf = Leaf::parse(&entry).with_context(|| format!("{file} is refused"))?;
        ensure!(leaf.index() == receipt.index, "{file} is refused: the record is of another position");
        say(leaf.to_string().trim_end_matches('\n'));
        say(&format!("is in the log {}, which has {} entries", checkpoint.origin, checkpoint.size));
        Ok(ExitCode::SUCCESS)
    }
}
