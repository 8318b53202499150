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

/// For the replay's workers and what they read ahead; what is left looks after the keys.
const CONNECTIONS: u32 = 8;
/// A version that lacks fewer events is made readable; what is missing then is applied while the view stands still.
const NEAR: u64 = 5_000;
/// How long the view may stand still. Who writes waits so long, and who reads not at all.
const STANDSTILL: Duration = Duration::from_secs(5);
/// How long readers may be kept waiting for those before them (PostgreSQL looks for deadlocks after a second: before that we
/// have let go, so that no reader is chosen to fail), and how long the view may stand still for a process that hangs.
const SWITCH_LIMITS: &str = "SET LOCAL lock_timeout = '300ms'; SET LOCAL idle_in_transaction_session_timeout = '10s'";
/// How often the switch is tried while readers do not let go.
const ATTEMPTS: u32 = 30;
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Fills a new version of the projector's tables and lets it take their place. What an interrupted rebuild by the same program
/// has filled is used.
///
/// # Errors
/// If the same view is being rebuilt already, an event cannot be projected, the database fails, or readers never let go of
/// the old version. The view is as it was then.
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

/// Like those of the pool, but that they find the new version's tables and that a statement may take its time.
fn connect_options(version: &NextVersion, pool: &PgPool) -> PgConnectOptions {
    let limits = [("statement_timeout", "0"), ("lock_timeout", "0")];
    PgConnectOptions::clone(&pool.connect_options())
        .options([("search_path", version.search_path().as_str())])
        .options(limits)
}

/// One rebuild of a view at a time: the lock lives as long as the connection. Says whether it was had.
async fn reserve(name: &str, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS "is_ours!""#,
        advisory_locks::rebuild(name),
    )
    .fetch_one(connection)
    .await
}

/// Takes up what an interrupted rebuild by this program has left, or begins anew: also if somebody was erased meanwhile, whose
/// text it may hold.
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

/// How often somebody was erased, as it is noted at a version that is begun.
async fn erasures(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    let last = sqlx::query_scalar!(r#"SELECT coalesce(max(erasure), 0) AS "last!" FROM subject_keys"#);
    Ok(format!(", after erasure {}", last.fetch_one(connection).await?))
}

/// Removes what rebuilds that nobody goes on with have left, if somebody was erased since they were begun: no event can reach
/// that copy of the text any more. A rebuild that is at work applies the erasure itself.
pub struct AbandonedRebuilds(pub PgPool);

impl AbandonedRebuilds {
    /// Says how many were removed.
    ///
    /// # Errors
    /// The database's.
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

/// What tells one build of the program, on one state of one log's database, from another: what two of them make must not be mixed.
async fn program(connection: &mut PgConnection) -> anyhow::Result<String> {
    let migrations = connection.list_applied_migrations().await?;
    let migration = migrations.iter().map(|applied| applied.version).max().unwrap_or_default();
    let log = sqlx::query_scalar!("SELECT log_id FROM log_head").fetch_one(connection).await?;
    let file = std::env::current_exe().and_then(std::fs::metadata).context("the program's own file cannot be seen")?;
    let (size, built) = (file.len(), file.modified()?.duration_since(std::time::UNIX_EPOCH)?.as_nanos());
    let version = env!("CARGO_PKG_VERSION");
    Ok(format!("ayushma {version} of {size} bytes, {built}, migration {migration}, log {log}"))
}

/// Tries until no reader stands in the way.
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
    // No migration can come between any more: it would need the locks that we hold.
    ensure!(self::program(tx).await? == program, "the schema or the program has changed meanwhile: run this again");
    Ok(())
}

/// Whether a lock was not had in time.
fn is_impatience(error: &anyhow::Error) -> bool {
    let code = error.downcast_ref::<sqlx::Error>().and_then(|error| error.as_database_error()?.code());
    code.is_some_and(|code| ["55P03", "40P01"].contains(&code.as_ref()))
}
