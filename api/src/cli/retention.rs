//! `ayushma retention`: what is due, and the proof that nothing was erased too early or kept too long.

use std::process::ExitCode;

use anyhow::ensure;
use clap::{Args, Subcommand};
use commands::{
    clock::{Clock as _, SystemClock},
    counted,
    retention::{ClassStatus, Due, Proof, RetentionRules, prove_retention, retention_status},
};
use sqlx::PgPool;

use super::in_process::with_database;
use crate::{config::Settings, shutdown::Shutdown, terminal::say};

/// The exit code if something was erased too early or kept too long. (1 is any other failure, 2 a wrong command line.)
const WRONG: u8 = 3;
/// The things that are named of each class, unless all are asked for.
const NAMED: usize = 20;

/// Show what has to be erased by the RETENTION_… settings, and prove that they were obeyed
///
/// Both commands only read the log, and need no key. Nothing is deleted: erasures are made by `ayushma user erase`, `chat erase` and
/// `erasure`, and documents are deleted by staff.
#[derive(Debug, Subcommand)]
#[command(after_long_help = "\
Examples:
  RETENTION_CONTENT=not_before=365d,not_after=3650d ayushma retention status
  ayushma retention verify && ayushma audit verify")]
pub(super) enum Retention {
    /// Show how much of each class is due, held by a legal hold, or overdue
    Status(Status),
    /// Name everything that was erased too early, erased while held, or kept too long; ends with 3 if there is anything
    Verify,
}

#[derive(Debug, Args)]
pub(super) struct Status {
    /// Name everything that is due, held or overdue, and not only the oldest
    #[arg(long)]
    all: bool,
}

impl Retention {
    pub(super) async fn run(self, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        let rules = settings.retention.rules();
        ensure!(!rules.0.is_empty(), "no class has a rule: see the settings RETENTION_…");
        with_database(settings, shutdown, async |pool| match self {
            Self::Status(status) => status.run(pool, &rules).await,
            Self::Verify => verify(pool, &rules).await,
        })
        .await
    }
}

impl Status {
    async fn run(self, pool: &PgPool, rules: &RetentionRules) -> anyhow::Result<ExitCode> {
        for ClassStatus { class, rule, kept, erased } in retention_status(pool, rules, SystemClock.now()).await? {
            let name = <&str>::from(class);
            let count = |due| kept.iter().filter(|kept| kept.due == due).count();
            say(&format!(
                "{name} ({rule}): {} to be kept, {} due, {} held, {} overdue, {erased} erased",
                count(Due::NotYet),
                count(Due::Due),
                count(Due::Held),
                count(Due::Overdue),
            ));
            let limit = if self.all { usize::MAX } else { NAMED };
            for (due, word) in [(Due::Overdue, "overdue"), (Due::Held, "held"), (Due::Due, "due")] {
                for kept in kept.iter().filter(|kept| kept.due == due).take(limit) {
                    say(&format!("  {word} {} since {}", kept.id, kept.since));
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn verify(pool: &PgPool, rules: &RetentionRules) -> anyhow::Result<ExitCode> {
    let Proof { position, looked_at, offenders } = prove_retention(pool, rules, SystemClock.now()).await?;
    for (class, count) in looked_at {
        say(&format!("{}: looked at {}", <&str>::from(class), counted(count, "thing")));
    }
    for offender in &offenders {
        say(&format!("WRONG: {offender}"));
    }
    say(&format!("by the log up to position {position}; `ayushma audit verify` proves the log itself"));
    if offenders.is_empty() {
        say("nothing was erased too early or kept too long");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::from(WRONG))
}
