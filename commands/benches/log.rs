//! Appends a second, beside `pgbench` inserting rows of the same size into a table with the same indexes, one a transaction.
//!
//! `make bench-log` runs it against a throw-away PostgreSQL with durable settings. Each figure is the median of several rounds, in
//! which both sides take turns.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement is a program of its own")]

use std::{
    env,
    process::{Command, Stdio},
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use commands::{
    clock::{Clock, SystemClock},
    event_log::{EventLog, MasterKey},
    execute::{Commands, Context},
};
use domain::{
    chat::{Chat, ChatCommand},
    ids::{ProjectId, UserId},
    values::Title,
};
use sqlx::{
    Connection, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use uuid::Uuid;

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(4);
const WRITERS: [u32; 4] = [1, 8, 32, 128];
/// What a process is called that is one of several.
const CHILD: &str = "--process-of";
/// Fills an event's payload and metadata up to about 500 bytes.
const TITLE: &str = "Dosage of oral rehydration salts for a child";
const MASTER_KEY: &str = "0f0e0d0c0b0a09080706050403020100f0e0d0c0b0a090807060504030201000";

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let url = env::var("DATABASE_URL").map_err(|_| "DATABASE_URL is not set: run `make bench-log`")?;
    let arguments: Vec<String> = env::args().collect();
    if let Some(place) = arguments.iter().position(|argument| argument == CHILD) {
        let writers = arguments.get(place + 1).ok_or("the number of writers is missing")?.parse()?;
        println!("{}", append_for(&url, writers, ROUND).await?);
        return Ok(());
    }
    let url = new_database(&url).await?;
    println!("{ROUNDS} rounds of {} s; appends a second: median (lowest to highest)", ROUND.as_secs());
    println!(
        "{:>9} {:>28} {:>28} {:>8} {:>28} {:>8}",
        "writers", "pgbench", "one process", "ratio", "two processes", "ratio"
    );
    for writers in WRITERS {
        let (mut plain, mut one, mut two) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            plain.push(insert_rows(&url, writers)?);
            one.push(append_in_processes(&url, &[writers])?);
            if writers > 1 {
                two.push(append_in_processes(&url, &[writers / 2, writers / 2])?);
            }
        }
        let limit = median(&plain);
        let ratio = |figures: &[f64]| {
            if figures.is_empty() { String::new() } else { format!("{:.2}", median(figures) / limit) }
        };
        println!(
            "{writers:>9} {:>28} {:>28} {:>8} {:>28} {:>8}",
            shown(&plain),
            shown(&one),
            ratio(&one),
            shown(&two),
            ratio(&two)
        );
    }
    Ok(())
}

fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn shown(figures: &[f64]) -> String {
    let bounds =
        figures.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), figure| (low.min(*figure), high.max(*figure)));
    if figures.is_empty() {
        String::new()
    } else {
        format!("{:.0} ({:.0} to {:.0})", median(figures), bounds.0, bounds.1)
    }
}

/// A database of our own, with our schema, a table for `pgbench` and the settings of the write side.
async fn new_database(url: &str) -> Result<String, Failure> {
    let name = format!("bench_{}", Uuid::new_v4().simple());
    let mut connection = PgConnection::connect(url).await?;
    sqlx::query(&format!("CREATE DATABASE {name}")).execute(&mut connection).await?;
    let mut address = url.rsplit_once('/').ok_or("DATABASE_URL names no database")?.0.to_owned();
    address.push('/');
    address.push_str(&name);
    let mut connection = PgConnection::connect(&address).await?;
    migrations::MIGRATOR.run(&mut connection).await?;
    sqlx::raw_sql(
        "CREATE TABLE plain_events (LIKE events INCLUDING ALL);
         CREATE SEQUENCE plain_position",
    )
    .execute(&mut connection)
    .await?;
    Ok(address)
}

/// Transactions a second of `pgbench`: each inserts a row of an event's size into a table with the indexes of the log.
fn insert_rows(url: &str, writers: u32) -> Result<f64, Failure> {
    let script = format!(
        "INSERT INTO plain_events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                                   position, partition, command_id, hash)
         VALUES ('chat', gen_random_uuid()::text, 1, 'Retitled', '1', '{{\"title\":\"{}\"}}', '{{\"m\":\"{}\"}}',
                 nextval('plain_position'), 7, gen_random_uuid(), '\\x{}');",
        "x".repeat(120),
        "x".repeat(370),
        "00".repeat(32),
    );
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), script.replace('\n', " "))?;
    let output = Command::new("pgbench")
        .args(["--no-vacuum", "--protocol=prepared", "--file"])
        .arg(file.path())
        .args(["--client", &writers.to_string(), "--jobs", "2", "--time", &ROUND.as_secs().to_string()])
        .arg(url)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let figure = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split_whitespace().next());
    Ok(f64::from_str(figure.ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())?)?)
}

/// Commands a second that processes of so many writers each execute side by side.
fn append_in_processes(url: &str, writers: &[u32]) -> Result<f64, Failure> {
    let program = env::current_exe()?;
    let start = |writers: &u32| {
        Command::new(&program)
            .args([CHILD, &writers.to_string()])
            .env("DATABASE_URL", url)
            .stdout(Stdio::piped())
            .spawn()
    };
    let children = writers.iter().map(start).collect::<Result<Vec<_>, _>>()?;
    let mut sum = 0.0;
    for child in children {
        let output = child.wait_with_output()?;
        sum += f64::from_str(String::from_utf8(output.stdout)?.trim())?;
    }
    Ok(sum)
}

/// Writers that each execute one command after the other, every one an event of about 500 bytes on an aggregate of its own.
async fn append_for(url: &str, writers: u32, time: Duration) -> Result<f64, Failure> {
    // As the program sets them.
    let settings = [("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off"), ("jit", "off")];
    let options = PgConnectOptions::from_str(url)?.options(settings);
    let pool = PgPoolOptions::new().max_connections(8).connect_with(options).await?;
    let (log, background) = EventLog::open(pool, MasterKey::from_hex(MASTER_KEY)?, Arc::new(SystemClock)).await?;
    tokio::spawn(background);
    let commands = Commands::new(log);
    let done = Arc::new(AtomicU64::new(0));
    let mut tasks = Vec::new();
    for _ in 0..writers {
        tasks.push(tokio::spawn(write(commands.clone(), done.clone())));
    }
    // Not counted: connections, keys and plans.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (before, begun) = (done.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(time).await;
    let appended = done.load(Ordering::Relaxed) - before;
    let rate = f64::from(u32::try_from(appended)?) / begun.elapsed().as_secs_f64();
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    Ok(rate)
}

async fn write(commands: Commands, done: Arc<AtomicU64>) {
    let clock = SystemClock;
    let (chat, owner) = (clock.new_id(), UserId::new(clock.new_id()));
    let context = Context::system("benchmark", clock.new_id());
    let title = |number: u64| Title::parse(&format!("{TITLE} {number}")).expect("it is short enough");
    let start = ChatCommand::Start { project_id: ProjectId::new(clock.new_id()), owner, title: title(0) };
    commands.execute::<Chat>(chat, start, &context).await.expect("the chat is new");
    for number in 1.. {
        commands.execute::<Chat>(chat, ChatCommand::Retitle(title(number)), &context).await.expect("it is written");
        done.fetch_add(1, Ordering::Relaxed);
    }
}
