//! `ayushma audit publish`, `receipt` and `verify-receipt`: proofs of single events in the open formats of
//! `docs/proof-formats.md`.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context as _, bail, ensure};
use clap::{Args, value_parser};
use commands::{
    auditing::Auditing,
    counted,
    event_log::KeyRing,
    proofs::{Proofs, PublishedLog},
};
use domain::ids::{ChatId, MessageId};
use sqlx::PgPool;
use transparency_log::{leaf::Leaf, note::VerifierKey, policy::Policy, receipt::Receipt};

use super::provenance::chat_of;
use crate::{config::Settings, terminal::say};

/// The types of the events by which answers are completed, or fail.
const ENDS_OF_ANSWERS: [&str; 2] = ["AnswerCompleted", "AnswerFailed"];

/// The folder of a transparency log.
#[derive(Debug, Args)]
struct Published {
    /// Folder of the checkpoint and the tiles, which any web server can serve [default: the one of this log in PROOFS_DIR]
    #[arg(long)]
    folder: Option<PathBuf>,
}

/// Publish what is new in the log as tiles with a signed checkpoint (C2SP), by which receipts of events are verified
///
/// A server with the role workers does so by itself, as often as it signs the head of the log. Writes to the folder alone. It holds
/// a small record of each event (position, types, time, digest) and no payload. Each event is held against the hash chain on the
/// way. A log that was restored has a folder of its own.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ayushma audit publish
  ayushma audit publish --folder /srv/ayushma-log --proofs-origin hospital.example/ayushma")]
pub(super) struct Publish {
    #[command(flatten)]
    published: Published,
}

/// Make the receipt of an event: proof that the published log has it, which needs neither the database nor our program to verify
#[derive(Debug, Args)]
#[command(visible_alias = "proof")]
#[command(after_long_help = "\
Examples:
  ayushma audit receipt 4711 > 4711.tlog-proof
  ayushma audit receipt --answer 0193a5c2-7b1e-7c0a-9f0e-3d1f0a5b6c7d > answer.tlog-proof")]
pub(super) struct MakeReceipt {
    /// Position of the event in the log
    #[arg(value_parser = value_parser!(u64).range(1..), required_unless_present = "answer", conflicts_with = "answer")]
    position: Option<u64>,

    /// Id of an answer's message, in place of the position: the receipt is that of the event that completed it
    #[arg(long)]
    answer: Option<MessageId>,

    /// Chat of the answer; needed where the view of messages has it no more, and for failures that left no message
    #[arg(long, requires = "answer")]
    chat: Option<ChatId>,

    #[command(flatten)]
    published: Published,
}

/// Verify a receipt without database, network and master key
///
/// Ends with 0 and prints the record of the event if the receipt is right, and with 1 and the reason otherwise.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ayushma audit verify-receipt 4711.tlog-proof --key hospital.example/ayushma/log/0190…+1a2b3c4d+AZ…
  ayushma audit verify-receipt 4711.tlog-proof --policy policy.txt")]
pub(super) struct VerifyReceipt {
    /// File of the receipt
    receipt: PathBuf,

    /// Verifier key of the log, as `ayushma audit publish` prints it
    #[arg(long, required_unless_present = "policy", conflicts_with = "policy")]
    key: Option<VerifierKey>,

    /// File of a policy (C2SP tlog-policy), in place of the key: which logs are taken, and how many witnesses must have cosigned
    #[arg(long)]
    policy: Option<PathBuf>,
}

impl Published {
    fn proofs(self, settings: &Settings, keys: KeyRing, pool: &PgPool) -> anyhow::Result<Proofs> {
        let mut place = settings.proof_place();
        place.folder = self.folder;
        Ok(Proofs::new(pool.clone(), keys, place).witnessed_by(settings.witnesses()?))
    }
}

impl Publish {
    pub(super) async fn run(self, settings: &Settings, keys: KeyRing, pool: &PgPool) -> anyhow::Result<ExitCode> {
        let (PublishedLog { folder, key, events, .. }, new) =
            self.published.proofs(settings, keys, pool)?.publish().await?;
        let events = i64::try_from(events)?;
        say(&format!("{} in {}, {new} of them new", counted(events, "event"), folder.display()));
        say(&format!("verifier key: {key}"));
        Ok(ExitCode::SUCCESS)
    }
}

impl MakeReceipt {
    pub(super) async fn run(
        self,
        settings: &Settings,
        keys: KeyRing,
        auditing: &Auditing,
        pool: &PgPool,
    ) -> anyhow::Result<ExitCode> {
        let position = match (self.position, self.answer) {
            (Some(position), _) => position,
            (None, Some(answer)) => position_of(answer, self.chat, auditing, pool).await?,
            (None, None) => bail!("name a position or an answer"),
        };
        let receipt = self.published.proofs(settings, keys, pool)?.receipt(position).await?;
        say(receipt.to_string().trim_end_matches('\n'));
        Ok(ExitCode::SUCCESS)
    }
}

/// Returns the position of the event by which an answer was completed, or failed.
async fn position_of(
    answer: MessageId,
    chat: Option<ChatId>,
    auditing: &Auditing,
    pool: &PgPool,
) -> anyhow::Result<u64> {
    let found = auditing.provenance(chat_of(answer, chat, pool).await?, answer).await?;
    let event = found.events.iter().rfind(|event| ENDS_OF_ANSWERS.contains(&event.event_type));
    let event = event.with_context(|| format!("the answer {answer} is not complete yet"))?;
    Ok(u64::try_from(event.position)?)
}

impl VerifyReceipt {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let file = self.receipt.display();
        let bytes = fs::read(&self.receipt).with_context(|| format!("{file} cannot be read"))?;
        let receipt = Receipt::parse(&bytes).with_context(|| format!("{file} is refused"))?;
        let Some(entry) = receipt.extra.clone() else { bail!("{file} does not hold the record of its event") };
        let verified = match (&self.key, &self.policy) {
            (Some(key), _) => receipt.verify(&entry, key),
            (None, Some(policy)) => {
                let name = policy.display();
                let text = fs::read_to_string(policy).with_context(|| format!("{name} cannot be read"))?;
                receipt.verify_by(&entry, &Policy::parse(&text).with_context(|| format!("{name} is refused"))?)
            }
            (None, None) => bail!("name a key or a policy"),
        };
        let checkpoint = verified.with_context(|| format!("{file} is refused"))?;
        let leaf = Leaf::parse(&entry).with_context(|| format!("{file} is refused"))?;
        ensure!(leaf.index() == receipt.index, "{file} is refused: the record is of another position");
        say(leaf.to_string().trim_end_matches('\n'));
        say(&format!("is in the log {}, which has {} entries", checkpoint.origin, checkpoint.size));
        Ok(ExitCode::SUCCESS)
    }
}
