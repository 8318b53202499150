//! Commands that do their work in their own process, beside a running server or without one.

use anyhow::anyhow;
use commands::{event_log::Committed, execute::Context};
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

/// What else the command's process does while it works.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum BackgroundWork {
    /// It only looks, or must not be in the way.
    Nothing,
    Projecting,
    ProjectingAndWorking,
}

/// Opens the application of an installation that is there, does the work, and closes everything on every way out.
pub(super) async fn with_app<T>(
    settings: &Settings,
    shutdown: &Shutdown,
    helps: BackgroundWork,
    work: impl AsyncFnOnce(&App) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    with_app_for(Purpose::Using, settings, shutdown, helps, work).await
}

/// The same for work that may be the first in an installation.
pub(super) async fn with_new_app<T>(
    settings: &Settings,
    shutdown: &Shutdown,
    helps: BackgroundWork,
    work: impl AsyncFnOnce(&App) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    with_app_for(Purpose::Beginning, settings, shutdown, helps, work).await
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
    // The log itself is read, also where the server streams over Kafka: joining its consumer groups for a moment would
    // only disturb them.
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

/// Who acts: the person at the keyboard has no account here.
pub(super) fn context(app: &App) -> Context {
    Context::system("command-line", app.clock.new_id())
}

/// Waits until HTTP shows what was written.
pub(super) async fn wait_until_readable(app: &App, committed: &Committed) {
    if !app.wait_for_views(committed, VIEWS_PATIENCE).await {
        tracing::warn!("it was written, but the views do not show it yet");
    }
}

/// Waits until nothing of the erased can be read, also where no server runs that would see to it.
pub(super) async fn finish_erasure(app: &App, committed: &Committed) -> anyhow::Result<()> {
    wait_until_readable(app, committed).await;
    AbandonedRebuilds(app.pool.clone()).remove().await?;
    Ok(())
}
