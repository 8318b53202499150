//! The crash test: processes of every role over a real PostgreSQL and a real Apache Kafka, many clients that write, and a
//! seeded schedule of everything that can go wrong. Then a checker holds log, topics, views and jobs against each other and
//! against what the clients were told.
//!
//! `CRASH_SECONDS` says how long things go wrong (a minute), `SEED` repeats a schedule, `CRASH_FOLDER` keeps everything there.

#![expect(
    clippy::disallowed_methods,
    reason = "the test is told by its environment how long it runs, and waits for its own tasks"
)]
#![expect(clippy::print_stdout, reason = "its figures are for people")]

mod checker;
mod clients;
mod faults;
mod fleet;
mod record;
mod servers;
mod settle;
mod stream;
mod views;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use sqlx::PgPool;
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use self::{
    checker::Violations,
    clients::{CLIENTS, Place, Report},
    faults::{Fault, World, schedule},
    fleet::{DATABASE, Fleet},
    record::{Kind, Outcome, Wish},
    servers::{Kafka, Postgres},
};
use crate::installation::{Client, Installation, install_tls, until};

const TOPICS: &str = "crash";
const PEOPLE: usize = 4;
const PASSWORD: &str = "lantern-orbit-93";
/// How many violations are shown in full.
const SHOWN: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_crashes_nothing_acknowledged_is_lost_and_nothing_happens_twice() {
    let length = Duration::from_secs(setting("CRASH_SECONDS").unwrap_or(60));
    let seed = setting("SEED").unwrap_or_else(|| rand::random_range(0..1_000_000));
    println!("crash test: {} seconds, SEED={seed}", length.as_secs());
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut interrupt = signal(SignalKind::interrupt()).expect("signals can be heard");
    let mut terminate = signal(SignalKind::terminate()).expect("signals can be heard");
    let violations = tokio::select! {
        violations = run(folder.path(), seed, length) => violations,
        _ = interrupt.recv() => panic!("interrupted"),
        _ = terminate.recv() => panic!("terminated"),
    };
    if let Some(kept) = std::env::var_os("CRASH_FOLDER") {
        drop(std::process::Command::new("cp").arg("-a").arg(folder.path()).arg(kept).status());
    }
    assert!(
        violations.lines.is_empty(),
        "{} violations with SEED={seed}, repeat with: make crash SEED={seed} CRASH_SECONDS={}\n{}",
        violations.lines.len(),
        length.as_secs(),
        violations.lines.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("\n"),
    );
}

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text}")))
}

/// Builds the world, lets it suffer, lets it settle, and looks at it.
async fn run(folder: &Path, seed: u64, length: Duration) -> Violations {
    install_tls();
    let (postgres, kafka) = tokio::join!(Postgres::start(folder), Kafka::start(folder));
    let world = build(folder, postgres, kafka).await;
    let place = Arc::new(place(&world).await);
    let reports = suffer(&world, &place, seed, length).await;

    let mut violations = Violations::default();
    let pool = PgPool::connect_with(world.postgres.options(DATABASE)).await.expect("PostgreSQL is up");
    let settling = Instant::now();
    if let Err(left) = settle::until_settled(&pool).await {
        violations.add(format!("it does not settle: {left}"));
    }
    println!("settled {:.1} s after the last fault", settling.elapsed().as_secs_f64());
    world.fleet.stop_all().await;

    let log = checker::read_log(&pool).await;
    checker::check_log(&pool, &log, &mut violations).await;
    checker::check_wishes(&log, &reports, &mut violations);
    let (questions, documents) = checker::check_outcomes(&log, &mut violations);
    checker::check_consumers(&pool, &mut violations).await;
    checker::check_chats(&pool, &reports, &mut violations).await;
    pool.close().await;
    let reads: usize = reports.iter().map(|report| report.reads).sum();
    for stale in reports.iter().flat_map(|report| &report.stale) {
        violations.add(stale.clone());
    }
    let records = stream::check(&world.kafka.address(), TOPICS, &log, &mut violations).await;
    let rows = views::check(&world.fleet, &world.postgres, &mut violations).await;
    if let Err(fault) = world.fleet.audit().await {
        violations.add(fault);
    }
    for complaint in world.fleet.complaints() {
        violations.add(complaint);
    }
    println!("{}", figures(&world, &reports));
    println!(
        "checked: {} events, {records} records in Kafka, {rows} rows of views, {questions} questions, {documents} documents, \
         {reads} reads of what was written",
        log.len()
    );
    println!(
        "lost: {}, duplicated: {}, violations: {}",
        violations.lost,
        violations.duplicated,
        violations.lines.len()
    );
    violations
}

async fn build(folder: &Path, postgres: Postgres, kafka: Kafka) -> World {
    let server = PgPool::connect_with(postgres.options("postgres")).await.expect("PostgreSQL is up");
    sqlx::query("CREATE DATABASE ayushma").execute(&server).await.expect("it is allowed");
    server.close().await;
    let installation = Installation {
        database_url: Postgres::url(postgres.port, DATABASE),
        data_dir: tempfile::tempdir_in(folder).expect("the folder is ours"),
        prefix: TOPICS.to_owned(),
        brokers: kafka.address(),
        provider: None,
    };
    let fleet = Fleet::new(installation, folder, &postgres).await;
    World {
        fleet,
        postgres,
        kafka,
        postgres_turn: tokio::sync::Mutex::default(),
        kafka_turn: tokio::sync::Mutex::default(),
        injected: Mutex::default(),
    }
}

/// Starts the processes, and makes people and a project with something to ask about.
async fn place(world: &World) -> Place {
    let fleet = &world.fleet;
    for person in 0..PEOPLE {
        let (name, email) = (format!("person{person}"), format!("person{person}@example.com"));
        let mut command = tokio::process::Command::from(fleet.installation().command());
        command.args(["createsuperuser", "--email", &email, "--username", &name, "--password-stdin"]);
        let mut child = command.stdin(std::process::Stdio::piped()).kill_on_drop(true).spawn().expect("it starts");
        let mut input = child.stdin.take().expect("stdin is piped");
        let password = format!("{PASSWORD}\n");
        tokio::io::AsyncWriteExt::write_all(&mut input, password.as_bytes()).await.expect("it reads");
        drop(input);
        assert!(child.wait().await.expect("it ends").success(), "createsuperuser succeeds");
    }
    fleet.start_all().await;
    let urls = fleet.urls();
    let http = reqwest::Client::builder().no_proxy().connect_timeout(Duration::from_secs(3)).build();
    let http = http.expect("a client can be made");
    for url in &urls {
        let hello = || async { http.get(format!("{url}/api/users/me")).send().await.is_ok().then_some(()) };
        until("the API answers", hello).await;
    }
    let mut tokens = Vec::new();
    for person in 0..PEOPLE {
        let body = serde_json::json!({ "email": format!("person{person}@example.com"), "password": PASSWORD });
        let answer = http.post(format!("{}/api/auth/login", urls[0])).json(&body).send().await.expect("login answers");
        let answer: serde_json::Value = answer.json().await.expect("JSON");
        tokens.push(answer["token"].as_str().expect("a token").to_owned());
    }
    let client = Client { http: http.clone(), url: urls[0].clone(), token: tokens[0].clone() };
    let project = client.make_project("Ward").await;
    Place { urls, http, tokens, project }
}

/// Clients and faults side by side; then the last faults pass, and everybody is up.
async fn suffer(world: &World, place: &Arc<Place>, seed: u64, length: Duration) -> Vec<Report> {
    let stop = CancellationToken::new();
    let mut writing = JoinSet::new();
    for number in 0..CLIENTS {
        writing.spawn(clients::run(place.clone(), number, seed, stop.clone()));
    }
    let began = tokio::time::Instant::now();
    let suffering = async {
        let plan = schedule(seed, length);
        futures::future::join_all(plan.into_iter().map(|(at, fault): (Duration, Fault)| async move {
            tokio::time::sleep_until(began + at).await;
            println!("{} {fault:?}", chrono::Utc::now().format("%T%.3f"));
            world.suffer(fault).await;
        }))
        .await;
        tokio::time::sleep_until(began + length).await;
        stop.cancel();
        let mut reports = Vec::new();
        while let Some(report) = writing.join_next().await {
            reports.push(report.expect("clients do not panic"));
        }
        reports
    };
    tokio::select! {
        reports = suffering => reports,
        () = world.fleet.watch() => unreachable!("it watches for ever"),
    }
}

/// What has happened, for people.
fn figures(world: &World, reports: &[Report]) -> String {
    let wishes = || reports.iter().flat_map(|report| &report.wishes);
    let last = |wish: &Wish| wish.attempts.last().map(|attempt| attempt.outcome.clone());
    let count = |wanted: &dyn Fn(&Wish) -> bool| wishes().filter(|wish| wanted(wish)).count();
    let mut kinds: BTreeMap<Kind, (usize, usize)> = BTreeMap::new();
    for wish in wishes() {
        let (all, acknowledged) = kinds.entry(wish.kind).or_default();
        *all += 1;
        *acknowledged += usize::from(wish.is_acknowledged());
    }
    let mut text = format!(
        "commands: {} acknowledged, {} of unknown outcome, {} refused, in {} requests\n",
        count(&Wish::is_acknowledged),
        count(&|wish| last(wish) == Some(Outcome::Unknown)),
        count(&|wish| matches!(last(wish), Some(Outcome::Refused(_)))),
        wishes().map(|wish| wish.attempts.len()).sum::<usize>(),
    );
    for (kind, (all, acknowledged)) in kinds {
        text.extend([format!("  {kind:?}: {acknowledged} of {all}\n")]);
    }
    text.push_str("faults:\n");
    for (name, number) in world.injected.lock().iter() {
        text.extend([format!("  {number} x {name}\n")]);
    }
    text + &format!("processes that ended by themselves: {}", world.fleet.ended_by_themselves())
}
