//! Commands that do their work in their own process, beside a running server or without one.

use anyhow::anyhow;
use commands::{event_log::Committed, execute::Context};
use sqlx::PgPool;
use tokio::task::JoinSet;

use std::time::Duration;

use crate::{
    app::App,
    config::Settings,
    database::{Database, Purpose},
    rebuild::AbandonedRebuilds,
    shutdown::Shutdown,
};

/// How long a command waits until what it wrote can be read over HTTP.
const VIEWS_PATIENCE: Duration = Duration::from_secs(10);

/// The work that the command's process does in the background.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum BackgroundWork {
    /// For a command that only reads, or that background work would disturb.
    Nothing,
    Projecting,
    ProjectingAndWorking,
}

/// Opens the application of an existing installation, runs `work`, and closes everything on every way out.
pub(super) async fn with_app<T>(
    settings: &Settings,
    shutdown: &Shutdown,
    helps: BackgroundWork,
    work: impl AsyncFnOnce(&App) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    // Boxed, because the futures of all commands would contain it.
    Box::pin(with_app_for(Purpose::Using, settings, shutdown, helps, work)).await
}

/// Does the same as [`with_app`], but creates the installation if there is none.
pub(super) async fn with_new_app<T>(
    settings: &Settings,
    shutdown: &Shutdown,
    helps: BackgroundWork,
    work: impl AsyncFnOnce(&App) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    Box::pin(with_app_for(Purpose::Beginning, settings, shutdown, helps, work)).await
}

async fn with_app_for<T>(
    purpose: Purpose,
    settings: &Settings,
    shutdown: &Shutdown,
    helps: BackgroundWork,
    work: impl AsyncFnOnce(&App) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let database = Database::open(settings, purpose, shutdown).await?;
    let mut background = JoinSet::new();
    // Consumers read the log in PostgreSQL, even where the server streams over Kafka: joining its consumer groups for a
    // moment would only disturb them.
    let settings = Settings { kafka_brokers: None, ..settings.clone() };
    let result = async {
        let app = App::open(&settings, database.pool.clone(), &mut background).await?;
        if helps != BackgroundWork::Nothing {
            app.spawn_projectors(&mut background);
        }
        if helps == BackgroundWork::ProjectingAndWorking {
            app.spawn_workers(&mut background).await?;
        }
        let result = tokio::select! {
            result = work(&app) => result,
            () = shutdown.requested() => Err(anyhow!("interrupted")),
            error = database.watch() => Err(error),
            _ = background.join_next() => Err(anyhow!("a part of the process ended by itself")),
        };
        background.shutdown().await;
        app.deregister().await;
        result
    }
    .await;
    background.shutdown().await;
    database.close().await;
    result
}

/// Opens the database of an existing installation for a command that only reads, runs `work`, and closes it on every way
/// out. Nothing is migrated and no key is made; the sessions refuse to write.
pub(super) async fn with_database<T>(
    settings: &Settings,
    shutdown: &Shutdown,
    work: impl AsyncFnOnce(&PgPool) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let database = Database::open(settings, Purpose::Reading, shutdown).await?;
    let result = tokio::select! {
        result = async {
            database.check_schema().await?;
            work(&database.pool).await
        } => result,
        () = shutdown.requested() => Err(anyhow!("interrupted")),
        error = database.watch() => Err(error),
    };
    database.close().await;
    result
}

/// The context of what a command writes. The system acts, because the person at the keyboard has no account here.
pub(super) fn context(app: &App) -> Context {
    Context::system("command-line", app.clock.new_id())
}

/// Waits until the views show what was written; warns if they do not within [`VIEWS_PATIENCE`].
pub(super) async fn wait_until_readable(app: &App, committed: &Committed) {
    if !app.wait_for_views(committed, VIEWS_PATIENCE).await {
        tracing::warn!("it was written, but the views do not show it yet");
    }
}

/// Waits until the views do not show the erased text any more, and removes abandoned rebuilds that may hold it: there
/// may be no server that would do so.
pub(super) async fn finish_erasure(app: &App, committed: &Committed) -> anyhow::Result<()> {
    wait_until_readable(app, committed).await;
    AbandonedRebuilds(app.pool.clone()).remove().await?;
    Ok(())
}
