//! `ayushma audit verify`: whether the event log is what was written.

use std::{fs, path::PathBuf, process::ExitCode, time::Instant};

use anyhow::{Context as _, ensure};
use clap::{Args, value_parser};
use commands::{
    counted,
    event_log::{self, Audit as Finding, HeadsFile, PublicKey, StoredEvent},
    proofs::{Proofs, TreeCheck},
};
use sqlx::PgPool;
use transparency_log::{
    checkpoint::{Checkpoint, CheckpointError},
    note::{Note, VerifierKey},
    tiles::CHECKPOINT,
};

use super::log_keys::{key_ring, public_key};
use crate::{config::Settings, terminal::say};

/// The exit code if the log is not what was written. (1 is any other failure, 2 a wrong command line.)
const BROKEN: u8 = 3;
const NO_KEY: &str =
    "the key of the published log cannot be derived here: name it with --log-key, and its checkpoint with --checkpoint";

/// Walk the event log, and name the first event that was altered, removed, inserted or moved
///
/// Only reads, in one transaction: SELECT on the tables events and log_head suffices, also on a standby or on a copy of these two.
/// The log is held against the signed heads outside the database, and against the checkpoints of the published log: they show that
/// its end was not cut off, and that the chain was not computed anew. Ends with 0 if all is well, and with 3 if the log is not what was written.
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

    /// File of a checkpoint of the published log; may be repeated [default: the newest one in PROOFS_DIR, if there is any]
    #[arg(long)]
    checkpoint: Vec<PathBuf>,

    /// Verifier key of the published log, as `ayushma audit publish` prints it [default: the one that follows from the master key]
    #[arg(long, requires = "checkpoint")]
    log_key: Option<VerifierKey>,
}

impl Verify {
    /// Checks what was typed.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        ensure!(self.to.is_none_or(|to| to >= self.from), "--to is before --from");
        if let Some(heads) = &self.heads {
            ensure!(heads.exists(), "there is no file {}", heads.display());
        }
        ensure!(self.checkpoint.is_empty() || self.from == 1, "a checkpoint speaks of the whole log: leave out --from");
        Ok(())
    }

    pub(super) async fn run(self, settings: &Settings, pool: &PgPool) -> anyhow::Result<ExitCode> {
        let checkpoints = self.checkpoints(settings, pool).await?;
        let mut tree = TreeCheck::new(&checkpoints);
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
        let mut observer = |event: &StoredEvent, digest: &[u8; 32]| tree.take(event, digest);
        let observer: Option<event_log::EventObserver<'_>> =
            if checkpoints.is_empty() { None } else { Some(&mut observer) };
        let found = event_log::audit(pool, self.from, self.to, &heads, observer).await?;
        for line in report(&found, &file, started.elapsed().as_secs_f64()) {
            say(&line);
        }
        let difference = match &found.fault {
            None => difference(&tree, self.to.is_none()),
            Some(_) => None,
        };
        if let Some(difference) = &difference {
            say(&format!("BROKEN: {difference}"));
        } else if tree.agreed() > 0 {
            say(&format!("positions 1 to {} are those of the published log, by its checkpoint", tree.agreed()));
        }
        Ok(if found.fault.is_none() && difference.is_none() { ExitCode::SUCCESS } else { ExitCode::from(BROKEN) })
    }

    /// The checkpoints that the log is held against.
    async fn checkpoints(&self, settings: &Settings, pool: &PgPool) -> anyhow::Result<Vec<Checkpoint>> {
        if self.checkpoint.is_empty() {
            return if self.from == 1 { published(settings, pool).await } else { Ok(vec![]) };
        }
        let key = match &self.log_key {
            Some(key) => key.clone(),
            None => proofs(settings, pool).await.context(NO_KEY)?.key().await?.verifier().clone(),
        };
        let open = |file: &PathBuf| {
            let bytes = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
            let opened = Note::parse(&bytes).map_err(CheckpointError::from);
            let opened = opened.and_then(|note| Checkpoint::open(&note, &key));
            opened.with_context(|| format!("{} is refused", file.display()))
        };
        self.checkpoint.iter().map(open).collect()
    }
}

async fn proofs(settings: &Settings, pool: &PgPool) -> anyhow::Result<Proofs> {
    Ok(Proofs::new(pool.clone(), key_ring(settings, pool).await?, settings.proof_place()))
}

/// The newest checkpoint that was published of this log on this machine, if there is one.
async fn published(settings: &Settings, pool: &PgPool) -> anyhow::Result<Vec<Checkpoint>> {
    // The audit says what is wrong with a database that has no such table.
    let Ok(log_id) = event_log::log_id(pool).await else { return Ok(vec![]) };
    if !settings.proof_place().of_log(log_id).join(CHECKPOINT).exists() {
        return Ok(vec![]);
    }
    let proofs = match proofs(settings, pool).await {
        Ok(proofs) => proofs,
        Err(error) => {
            say(&format!("the published log was not compared: {error:#} (--checkpoint and --log-key do without)"));
            return Ok(vec![]);
        }
    };
    let published = proofs.published().await?;
    Ok(vec![Checkpoint::open(&published.checkpoint, &published.key)?])
}

/// What is different between the log and its checkpoints, although the chain has no fault. The log was walked to its end
/// if `is_whole`.
fn difference(tree: &TreeCheck, is_whole: bool) -> Option<String> {
    if let Some(size) = tree.differs() {
        return Some(format!(
            "altered, and the chain computed anew: positions 1 to {size} are not those of the published log, whose checkpoint \
             of {size} has another root"
        ));
    }
    let size = tree.beyond().filter(|_| is_whole)?;
    Some(format!(
        "removed: the published log has {} events more than this one (if the database was restored from a backup: `ayushma \
         log restored`)",
        size - tree.size()
    ))
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
