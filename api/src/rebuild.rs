//! Rebuilds a view from the log while it is read and written: a second version is filled beside it and takes its place.
//!
//! Only projectors can be rebuilt, and a projector has no effect but its rows.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, bail, ensure};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use commands::{
    event_log::{EventLog, Replay, Replayed, advisory_locks, make_replay_tables},
    scheduler::{Expiry, ExpiryError},
};
use projections::{NextVersion, Projector, projectors};
use sqlx::{
    Connection as _, PgConnection, PgPool, PgTransaction,
    migrate::Migrate as _,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::projection::Projection;

/// Connections of a replay: for its workers and what they read ahead; the rest are for the keys of personal text.
const CONNECTIONS: u32 = 8;
/// The number of events in one round of the replay up to which the new version counts as nearly complete: it is made
/// readable, and what is still missing is applied while the view stands still.
const NEAR: u64 = 5_000;
/// How long the view may stand still. Writers wait that long, readers not at all.
const STANDSTILL: Duration = Duration::from_secs(5);
/// The time limits of a switch. While it waits for its table locks, new readers wait behind it, for at most 300 ms:
/// PostgreSQL looks for deadlocks after a second, and could choose a reader to fail. If this process hangs, the view
/// stands still for at most 10 s.
const SWITCH_LIMITS: &str = "SET LOCAL lock_timeout = '300ms'; SET LOCAL idle_in_transaction_session_timeout = '10s'";
/// The number of attempts to switch while readers hold locks on the view.
const ATTEMPTS: u32 = 30;
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Fills a new version of the projector's tables, which then replaces them. Continues an interrupted rebuild if the
/// same program began it.
///
/// # Errors
/// If the same view is being rebuilt already, the log cannot be replayed, the database fails, the schema or the program
/// changes meanwhile, or readers hold locks on the old version during all attempts. The view is unchanged then.
pub async fn rebuild(
    projector: Arc<dyn Projector>,
    log: &EventLog,
    pool: &PgPool,
    replayed: Arc<Replayed>,
) -> anyhow::Result<()> {
    let version = NextVersion::of(projector.as_ref());
    let options = connect_options(&version, pool);
    let mut connection = PgConnection::connect_with(&options).await?;
    ensure!(reserve(projector.name(), &mut connection).await?, "{} is being rebuilt already", projector.name());
    let program = program(&mut connection).await?;
    begin(&version, &program, &mut connection).await?;

    let connections = PgPoolOptions::new().max_connections(CONNECTIONS).connect_lazy_with(options);
    let replay = log.replay(Arc::new(Projection(projector)), connections.clone(), replayed);
    replay.begin().await?;
    while replay.catch_up().await.context("the log cannot be replayed")? > NEAR {}
    version.make_readable(&mut connection).await?;
    switch(&version, &program, &replay, &mut connection).await?;
    connections.close().await;
    connection.close().await?;
    Ok(())
}

/// The options of the pool's connections, but with the new version's tables on the search path and without time limits
/// for statements and locks.
fn connect_options(version: &NextVersion, pool: &PgPool) -> PgConnectOptions {
    let limits = [("statement_timeout", "0"), ("lock_timeout", "0")];
    PgConnectOptions::clone(&pool.connect_options())
        .options([("search_path", version.search_path().as_str())])
        .options(limits)
}

/// Takes the lock that allows one rebuild of a view at a time; it is held for as long as the connection lives. Returns
/// whether it was free.
async fn reserve(name: &str, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS "is_ours!""#,
        advisory_locks::rebuild(name),
    )
    .fetch_one(connection)
    .await
}

/// Continues an interrupted rebuild by this program, or starts over. It also starts over if there was an erasure since,
/// because the tables may hold the erased text.
async fn begin(version: &NextVersion, program: &str, connection: &mut PgConnection) -> anyhow::Result<()> {
    let maker = format!("{program}{}", erasures(connection).await?);
    if version.maker(connection).await?.as_deref() == Some(&maker) {
        tracing::info!(schema = version.schema(), "an interrupted rebuild is taken up");
        return Ok(());
    }
    let mut tx = connection.begin().await?;
    version.make(&maker, &mut tx).await?;
    make_replay_tables(version.schema(), &mut tx).await?;
    Ok(tx.commit().await?)
}

/// The number of the last erasure, as the text that ends the note on a version that is begun.
async fn erasures(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    let last = sqlx::query_scalar!(r#"SELECT coalesce(max(erasure), 0) AS "last!" FROM subject_keys"#);
    Ok(format!(", after erasure {}", last.fetch_one(connection).await?))
}

/// Removes the tables of abandoned rebuilds if there was an erasure since these were begun: no event can reach that
/// copy of the text any more. A rebuild that is running applies the erasure itself.
pub struct AbandonedRebuilds(pub PgPool);

impl AbandonedRebuilds {
    /// Removes the tables, and returns the number of rebuilds that were removed.
    ///
    /// # Errors
    /// An error of the database.
    pub async fn remove(&self) -> Result<u64, sqlx::Error> {
        let mut removed = 0;
        for projector in projectors() {
            // The lock belongs to this connection, and ends with it on every way out.
            let mut connection = self.0.acquire().await?.detach();
            let version = NextVersion::of(projector.as_ref());
            let Some(maker) = version.maker(&mut connection).await? else { continue };
            let is_stale = !maker.ends_with(&erasures(&mut connection).await?);
            if is_stale && reserve(projector.name(), &mut connection).await? {
                version.drop(&mut connection).await?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

#[async_trait]
impl Expiry for AbandonedRebuilds {
    fn name(&self) -> &'static str {
        "rebuilds that nobody went on with"
    }

    async fn expire(&self, _: DateTime<Utc>) -> Result<u64, ExpiryError> {
        Ok(self.remove().await?)
    }
}

/// The identity of this build of the program, the schema's last migration and the log. Tables that were begun with one
/// identity must not be continued with another.
async fn program(connection: &mut PgConnection) -> anyhow::Result<String> {
    let migrations = connection.list_applied_migrations().await?;
    let migration = migrations.iter().map(|applied| applied.version).max().unwrap_or_default();
    let log = sqlx::query_scalar!("SELECT log_id FROM log_head").fetch_one(connection).await?;
    let file = std::env::current_exe().and_then(std::fs::metadata).context("the program's own file cannot be seen")?;
    let (size, built) = (file.len(), file.modified()?.duration_since(std::time::UNIX_EPOCH)?.as_nanos());
    let version = env!("CARGO_PKG_VERSION");
    Ok(format!("ayushma {version} of {size} bytes, {built}, migration {migration}, log {log}"))
}

/// Lets the new version take the place of the old one, in several attempts if readers hold locks on it.
async fn switch(
    version: &NextVersion,
    program: &str,
    replay: &Replay,
    connection: &mut PgConnection,
) -> anyhow::Result<()> {
    let mut pause = Duration::from_millis(100);
    for _ in 0..ATTEMPTS {
        while replay.catch_up().await.context("the log cannot be replayed")? > NEAR {}
        let mut tx = connection.begin().await?;
        match tokio::time::timeout(STANDSTILL, switch_in(version, program, replay, &mut tx)).await {
            Ok(Ok(())) => return Ok(tx.commit().await?),
            Ok(Err(error)) if !is_impatience(&error) => return Err(error),
            Ok(Err(_)) | Err(_) => tx.rollback().await?,
        }
        tracing::info!("the view is in use, the switch is tried again");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    bail!("somebody does not let go of the view: look for a long transaction in pg_stat_activity and run this again")
}

async fn switch_in(
    version: &NextVersion,
    program: &str,
    replay: &Replay,
    tx: &mut PgTransaction<'_>,
) -> anyhow::Result<()> {
    sqlx::raw_sql(SWITCH_LIMITS).execute(&mut **tx).await?;
    replay.hold_consumer(tx).await?;
    replay.catch_up().await?;
    replay.hand_over(tx).await?;
    version.take_place(tx).await?;
    // Under the table locks, which a migration would need as well: none can change the schema after this check.
    ensure!(self::program(tx).await? == program, "the schema or the program has changed meanwhile: run this again");
    Ok(())
}

/// Whether a lock was not available in time (SQLSTATE 55P03), or waiting for it was a deadlock (40P01).
fn is_impatience(error: &anyhow::Error) -> bool {
    let code = error.downcast_ref::<sqlx::Error>().and_then(|error| error.as_database_error()?.code());
    code.is_some_and(|code| ["55P03", "40P01"].contains(&code.as_ref()))
}
