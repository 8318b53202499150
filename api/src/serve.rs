//! A serving process: runs its roles until it is asked to end, then shuts them down in order.

use std::{collections::BTreeSet, convert::Infallible, future::pending, net::SocketAddr, time::Duration};

use anyhow::Context;
use clap::ValueEnum;
use http_api::{config::HttpSettings, http_server, routes, silence::DatabaseSilence};
use sqlx::postgres::PgConnectOptions;
use tokio::{net::TcpListener, sync::watch, task::JoinSet, time::timeout};

use crate::{
    app::App,
    config::Settings,
    database::{Database, Purpose},
    demo,
    languages::warn_of_silence,
    shutdown::Shutdown,
    silence,
};

/// How long after the signal answers may be finished. Then they end as failures, with the text so far, so that each
/// open stream gets a last frame.
const ANSWERS_MAY_TAKE: Duration = Duration::from_secs(5);
/// How long after the signal requests are cut off; the last frames of streams have been sent by then.
const REQUESTS_MAY_TAKE: Duration = Duration::from_millis(7_500);
/// The longest wait for each of the last steps; [`LONGEST_END`](crate::shutdown::LONGEST_END) leaves time for them all.
const LAST_STEP_MAY_TAKE: Duration = Duration::from_millis(600);

/// What a process does. Any number of processes may share a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Role {
    /// Answers HTTP requests
    Api,
    /// Publishes events to Kafka (one process at a time does; nothing to do without Kafka)
    Relay,
    /// Keeps the views up to date that HTTP reads
    Projectors,
    /// Does what follows from events, such as embedding documents
    Workers,
}

/// Runs the roles until the process is asked to end.
///
/// # Errors
/// If something cannot be started, or a part of the process ends by itself.
pub async fn serve(
    settings: &Settings,
    http: HttpSettings,
    roles: &BTreeSet<Role>,
    with_demo: bool,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    let database = Database::open(settings, Purpose::Serving, shutdown).await?;
    let result = Box::pin(run(settings, http, roles, with_demo, shutdown, &database)).await;
    database.close().await;
    result
}

async fn run(
    settings: &Settings,
    http: HttpSettings,
    roles: &BTreeSet<Role>,
    with_demo: bool,
    shutdown: &Shutdown,
    database: &Database,
) -> anyhow::Result<()> {
    let mut background = JoinSet::new();
    let mut app = App::open(settings, database.pool.clone(), &mut background).await?;
    let listener = if roles.contains(&Role::Api) { Some(listen(http.listen).await?) } else { None };
    if listener.is_some() {
        warn_of_silence(settings, &app.answering.languages).await;
    }
    if with_demo {
        let address = listener.as_ref().map_or(Ok(http.listen), TcpListener::local_addr)?;
        demo::prepare(&app, &http.base_url(address)).await.context("the demo cannot be prepared")?;
    }
    if listener.is_some() {
        let noted = watch::Sender::new(false);
        app.state.silence = DatabaseSilence::noted(&noted);
        let options = PgConnectOptions::clone(&database.pool.connect_options());
        background.spawn(async move { match silence::watch(options, noted).await {} });
    }
    if roles.contains(&Role::Projectors) {
        app.spawn_projectors(&mut background);
    }
    if roles.contains(&Role::Workers) {
        settings.launcher()?.log_report().await;
        app.spawn_workers(&mut background).await?;
    }
    if roles.contains(&Role::Relay) {
        app.spawn_relay(&mut background);
    }
    let serving = answer_requests(listener, app.clone(), http, shutdown);
    let ending = end_answers(&app, shutdown);
    tokio::pin!(serving, ending);
    let result = tokio::select! {
        result = &mut serving => result,
        error = database.watch() => Err(error),
        // Background tasks run for ever, so this is a bug: a new process is better than one that does half of its work.
        ended = background.join_next() => match ended {
            Some(Err(error)) if error.is_panic() => Err(anyhow::anyhow!("a part of the process panicked")),
            _ => Err(anyhow::anyhow!("a part of the process ended by itself")),
        },
        never = &mut ending => match never {},
    };
    // If one part has failed, the others are still shut down in order.
    shutdown.request();
    tokio::select! {
        () = finish_answers(&app, shutdown) => {}
        never = &mut ending => match never {},
    }
    if timeout(LAST_STEP_MAY_TAKE, background.shutdown()).await.is_err() {
        tracing::warn!("work that cannot be interrupted ends with the process");
    }
    drop(timeout(LAST_STEP_MAY_TAKE, app.deregister()).await);
    result
}

/// Waits until the process is asked to end, then stops taking new work, and after [`ANSWERS_MAY_TAKE`] fails the
/// answers that are not finished. Never returns.
async fn end_answers(app: &App, shutdown: &Shutdown) -> Infallible {
    shutdown.requested().await;
    app.ending.cancel();
    shutdown.requested_before(ANSWERS_MAY_TAKE).await;
    app.answering.interruption.cancel();
    pending().await
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen on {address}: choose another address with --listen or LISTEN"))
}

/// Answers requests until the process is asked to end, then finishes those that have begun. Streams end with their
/// answers; all requests are cut off after [`REQUESTS_MAY_TAKE`]. Without a listener, only waits for the end.
async fn answer_requests(
    listener: Option<TcpListener>,
    app: App,
    http: HttpSettings,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    let Some(listener) = listener else {
        shutdown.requested().await;
        return Ok(());
    };
    tracing::info!(address = %listener.local_addr()?, "serving HTTP");
    let services = routes::services(app.state, http.clone());
    let serving = http_server::serve(listener, services, &http, shutdown.requested());
    tokio::select! {
        () = serving => Ok(()),
        () = shutdown.requested_before(REQUESTS_MAY_TAKE) => {
            tracing::warn!("some requests were cut off at the end");
            Ok(())
        }
    }
}

async fn finish_answers(app: &App, shutdown: &Shutdown) {
    let answers = &app.answering.tracker;
    answers.close();
    tokio::select! {
        () = answers.wait() => {}
        () = shutdown.requested_before(REQUESTS_MAY_TAKE), if !answers.is_empty() => {
            // Another worker records them as failed.
            tracing::warn!(answers = answers.len(), "some answers were not finished");
        }
    }
}
