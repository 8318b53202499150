//! A serving process: its roles at work until it is asked to end, and an orderly end.

use std::{collections::BTreeSet, convert::Infallible, future::pending, net::SocketAddr, time::Duration};

use anyhow::Context;
use clap::ValueEnum;
use http_api::{config::HttpSettings, http_server, routes};
use tokio::{net::TcpListener, task::JoinSet, time::timeout};

use crate::{
    app::App,
    config::Settings,
    database::{Database, Purpose},
    demo,
    languages::warn_of_silence,
    shutdown::Shutdown,
};

/// How long after the signal answers may be finished. Then they end with what there is of them, as failures, so that each
/// open stream has a last frame.
const ANSWERS_MAY_TAKE: Duration = Duration::from_secs(5);
/// How long after the signal requests are cut off: their last words were sent before.
const REQUESTS_MAY_TAKE: Duration = Duration::from_millis(7_500);
/// How long a part that does not let go is waited for; [`LONGEST_END`](crate::shutdown::LONGEST_END) leaves time for all.
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
    let app = App::open(settings, database.pool.clone(), &mut background).await?;
    let listener = if roles.contains(&Role::Api) { Some(listen(http.listen).await?) } else { None };
    if listener.is_some() {
        warn_of_silence(settings, &app.answering.languages).await;
    }
    if with_demo {
        let address = listener.as_ref().map_or(Ok(http.listen), TcpListener::local_addr)?;
        demo::prepare(&app, &http.base_url(address)).await.context("the demo cannot be prepared")?;
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
        // All of them are endless, so this is a bug: better a new process than one that does half of its work.
        ended = background.join_next() => match ended {
            Some(Err(error)) if error.is_panic() => Err(anyhow::anyhow!("a part of the process panicked")),
            _ => Err(anyhow::anyhow!("a part of the process ended by itself")),
        },
        never = &mut ending => match never {},
    };
    // Also if something has failed, the rest ends in good order.
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

/// Once the process is asked to end, begins nothing new, and later lets answers fail that are not finished.
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

/// Answers requests until the process is asked to end, and those that have begun by then. Streams of answers end with
/// their answers, but not later than the patience allows.
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
