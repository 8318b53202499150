//! Rebuilds a view from the log while it is read and written: a second version is filled beside it and takes its place.
//!
//! Only projectors can be rebuilt, and a projector has no effect but its rows.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, bail, ensure};
use commands::event_log::{EventLog, Replay, Replayed, make_replay_tables};
use projections::{NextVersion, Projector};
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
/// How long readers may be kept waiting for those before them. PostgreSQL looks for deadlocks after a second: before that we
/// have let go, so that no reader is chosen to fail.
const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '300ms'";
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
    reserve(projector.name(), &mut connection).await?;
    begin(&version, &mut connection).await?;

    let connections = PgPoolOptions::new().max_connections(CONNECTIONS).connect_lazy_with(options);
    let replay = log.replay(Arc::new(Projection(projector)), connections.clone(), replayed);
    replay.begin().await?;
    while replay.catch_up().await.context("the log cannot be replayed")? > NEAR {}
    version.make_readable(&mut connection).await?;
    switch(&version, &replay, &mut connection).await?;
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

/// One rebuild of a view at a time: the lock lives as long as the connection.
async fn reserve(name: &str, connection: &mut PgConnection) -> anyhow::Result<()> {
    let is_ours = sqlx::query_scalar!(
        r#"SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS "is_ours!""#,
        format!("ayushma rebuild {name}"),
    )
    .fetch_one(connection)
    .await?;
    ensure!(is_ours, "{name} is being rebuilt already");
    Ok(())
}

/// Takes up what an interrupted rebuild by this program has left, or begins anew.
async fn begin(version: &NextVersion, connection: &mut PgConnection) -> anyhow::Result<()> {
    let program = program(connection).await?;
    if version.maker(connection).await?.as_ref() == Some(&program) {
        tracing::info!(schema = version.schema(), "an interrupted rebuild is taken up");
        return Ok(());
    }
    let mut tx = connection.begin().await?;
    version.make(&program, &mut tx).await?;
    make_replay_tables(version.schema(), &mut tx).await?;
    Ok(tx.commit().await?)
}

/// What tells one build of the program, on one state of the schema, from another: rows of two of them must not be mixed.
async fn program(connection: &mut PgConnection) -> anyhow::Result<String> {
    let migrations = connection.list_applied_migrations().await?;
    let migration = migrations.iter().map(|applied| applied.version).max().unwrap_or_default();
    let file = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/proc/self/exe"));
    let file = std::fs::metadata(file).context("the program's own file cannot be seen")?;
    let built = file.modified()?.duration_since(std::time::UNIX_EPOCH)?.as_nanos();
    Ok(format!("ayushma {} of {} bytes, {built}, migration {migration}", env!("CARGO_PKG_VERSION"), file.len()))
}

/// Tries until no reader stands in the way.
async fn switch(version: &NextVersion, replay: &Replay, connection: &mut PgConnection) -> anyhow::Result<()> {
    let mut pause = Duration::from_millis(100);
    for _ in 0..ATTEMPTS {
        while replay.catch_up().await.context("the log cannot be replayed")? > NEAR {}
        let mut tx = connection.begin().await?;
        match tokio::time::timeout(STANDSTILL, switch_in(version, replay, &mut tx)).await {
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

async fn switch_in(version: &NextVersion, replay: &Replay, tx: &mut PgTransaction<'_>) -> anyhow::Result<()> {
    sqlx::raw_sql(LOCK_TIMEOUT).execute(&mut **tx).await?;
    replay.hold_consumer(tx).await?;
    replay.catch_up().await?;
    replay.hand_over(tx).await?;
    Ok(version.take_place(tx).await?)
}

/// Whether a lock was not had in time.
fn is_impatience(error: &anyhow::Error) -> bool {
    let code = error.downcast_ref::<sqlx::Error>().and_then(|error| error.as_database_error()?.code());
    code.is_some_and(|code| ["55P03", "40P01"].contains(&code.as_ref()))
}
