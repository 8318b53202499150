//! `ayushma keys`.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand};
use commands::{
    counted,
    event_log::{MasterKey, rewrap_keys},
};
use sqlx::PgPool;
use tokio::time::{Instant, sleep};

use crate::terminal::say;
use crate::{
    config::Settings,
    database::{APPLICATION_NAME, Database, Purpose},
    shutdown::Shutdown,
};

/// How long sessions that were just closed, those of this process included, may take to disappear from PostgreSQL.
const GOODBYE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(200);

/// Change the master key, which wraps the keys of all personal text
///
/// The keys in the database are wrapped anew in one transaction; no event changes. Stop all processes before, and start
/// them with the new key: one that still has the old one ends, and is refused when it starts again.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  ayushma keys rotate --new-master-key-file /safe/place/master.key")]
pub(super) struct Keys {
    #[command(subcommand)]
    change: Change,
}

#[derive(Debug, Subcommand)]
enum Change {
    /// Wrap all keys with another master key; do it again if it was interrupted
    Rotate(Rotate),
}

#[derive(Debug, Args)]
struct Rotate {
    /// File with the new master key; it is made if there is none
    #[arg(long)]
    new_master_key_file: PathBuf,

    /// Do it although other processes use the database; they end, because the key that they have fits no more
    #[arg(long)]
    force: bool,
}

impl Keys {
    pub(super) async fn run(self, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        let Change::Rotate(rotate) = self.change;
        let database = Database::open(settings, Purpose::Using, shutdown).await?;
        let rotated = rotate.run(settings, &database.pool).await;
        database.close().await;
        rotated?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Rotate {
    /// Wraps all keys with the new master key. It is written to its file before any key is wrapped with it, and the old
    /// one stays in its own file until all keys are: after an interruption at any point one of the two fits, and the
    /// same command can be run again.
    async fn run(&self, settings: &Settings, pool: &PgPool) -> anyhow::Result<()> {
        if !self.force {
            refuse_beside_others(pool).await?;
        }
        let place = settings.master_key_file();
        let old = settings.master_key()?.with_context(|| format!("there is no master key file {}", place.display()))?;
        let new = match MasterKey::from_file(&self.new_master_key_file)? {
            Some(key) => key,
            None => MasterKey::new_in_file(&self.new_master_key_file)?,
        };
        let wrapped = rewrap_keys(pool, &old, &new).await?;
        say(&format!("wrapped {} anew", counted(wrapped, "key")));
        let file = self.new_master_key_file.display();
        if settings.master_key.is_some() {
            say(&format!(
                "set MASTER_KEY to what is in {file}, or MASTER_KEY_FILE to that file, and keep a backup of it"
            ));
        } else {
            new.replace_file(&place)?;
            say(&format!("the new master key is in {} now, too: keep a backup of it", place.display()));
        }
        Ok(())
    }
}

/// Fails if other processes use the database. They are recognized by their sessions: a running process always has one,
/// because it keeps asking for the log's end.
async fn refuse_beside_others(pool: &PgPool) -> anyhow::Result<()> {
    let until = Instant::now() + GOODBYE;
    loop {
        let others: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity
             WHERE application_name = $1 AND datname = current_database() AND pid <> pg_backend_pid()",
        )
        .bind(APPLICATION_NAME)
        .fetch_one(pool)
        .await?;
        if others == 0 {
            return Ok(());
        }
        ensure!(
            Instant::now() < until,
            "other processes use this database: stop them, or add --force, and they end by themselves"
        );
        sleep(PAUSE).await;
    }
}
