//! How long it takes from an acknowledged write to its visible row, when another process projects: over Kafka, and without.
//!
//! This process writes, at a steady pace whatever comes back, and looks at the view of chats about every millisecond;
//! `ayushma serve --roles relay,projectors` does the rest.

use std::{
    collections::HashMap,
    env,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use commands::{
    clock::{Clock as _, SystemClock},
    execute::{Commands, Context},
};
use domain::{
    chat::{Chat, ChatCommand},
    ids::{ProjectId, UserId},
    values::Title,
};
use sqlx::PgPool;
use tokio::{
    process::{Child, Command},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::{MissedTickBehavior, interval},
};
use uuid::Uuid;

use crate::{
    MASTER_KEY,
    database::{Database, connect, open_log},
    rate, shown,
};

/// Commands a second.
const RATE: u32 = 500;
const ROUND: Duration = Duration::from_secs(8);
/// Not counted: connections, keys, plans, Kafka's groups.
const WARM_UP: Duration = Duration::from_secs(3);
/// The pause between two looks: a database that does nothing but answer them would be slow with all else.
const LOOK: Duration = Duration::from_millis(1);
const START: Duration = Duration::from_mins(1);

pub(crate) async fn measure(rounds: usize) -> anyhow::Result<()> {
    let brokers = env::var("TEST_KAFKA_BROKERS").context("TEST_KAFKA_BROKERS is not set: run `make bench-log`")?;
    println!(
        "from an acknowledged write to its visible row, in ms, at {RATE} commands a second, rounds of {} s",
        ROUND.as_secs()
    );
    for (name, brokers) in [("over Kafka", Some(&brokers)), ("without Kafka", None)] {
        let database = Database::make().await?;
        let folder = tempfile::tempdir()?;
        let mut server = serve(&database.url(), brokers, folder.path())?;
        let pool = connect(&database.url(), 10).await?;
        let result = measure_rounds(name, rounds, &pool).await;
        server.kill().await?;
        pool.close().await;
        database.remove().await?;
        result?;
    }
    Ok(())
}

/// The program, with all that is needed to make a row of an event.
fn serve(url: &str, brokers: Option<&String>, folder: &std::path::Path) -> anyhow::Result<Child> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ayushma"));
    command.args(["serve", "--roles", "relay,projectors"]).current_dir(folder);
    command.env("DATABASE_URL", url).env("MASTER_KEY", MASTER_KEY).env("DATA_DIR", folder).env("LOG", "warn");
    match brokers {
        Some(brokers) => command.env("KAFKA_BROKERS", brokers).env("KAFKA_TOPIC_PREFIX", Uuid::new_v4().to_string()),
        None => command.env_remove("KAFKA_BROKERS"),
    };
    Ok(command.stdin(Stdio::null()).kill_on_drop(true).spawn()?)
}

async fn measure_rounds(name: &str, rounds: usize, pool: &PgPool) -> anyhow::Result<()> {
    let commands = Commands::new(open_log(pool.clone()).await?);
    write_and_watch(&commands, pool, WARM_UP).await?;
    let (mut half, mut most, mut worst, mut paces) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let started = Instant::now();
        let mut times = write_and_watch(&commands, pool, ROUND).await?;
        paces.push(rate(times.len(), started.elapsed()));
        times.sort_unstable();
        let at =
            |percent: usize| times.get(times.len() * percent / 100).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3);
        half.push(at(50));
        most.push(at(99));
        worst.push(times.last().map_or(f64::NAN, |time| time.as_secs_f64() * 1e3));
    }
    println!(
        "{name:<14} p50 {}, p99 {}, longest {}; commands a second {}",
        shown(&half, 1),
        shown(&most, 1),
        shown(&worst, 0),
        shown(&paces, 0)
    );
    Ok(())
}

/// Starts chats, and says how long each was on its way into the view.
async fn write_and_watch(commands: &Commands, pool: &PgPool, length: Duration) -> anyhow::Result<Vec<Duration>> {
    let (written, to_be_seen) = unbounded_channel();
    let watching = tokio::spawn(watch(pool.clone(), to_be_seen));
    let owners: Vec<UserId> = (0..50).map(|_| UserId::new(SystemClock.new_id())).collect();
    let mut ticks = interval(Duration::from_secs(1) / RATE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let begun = Instant::now();
    for owner in owners.iter().cycle() {
        ticks.tick().await;
        if begun.elapsed() >= length {
            break;
        }
        tokio::spawn(start_chat(commands.clone(), *owner, written.clone()));
    }
    drop(written);
    watching.await?
}

async fn start_chat(commands: Commands, owner: UserId, written: UnboundedSender<(Uuid, Instant)>) {
    let id = SystemClock.new_id();
    let title = Title::parse("Dosage of oral rehydration salts for a child").expect("it is short enough");
    let start = ChatCommand::Start { project_id: ProjectId::new(Uuid::from_u128(7)), owner, title };
    let context = Context::system("benchmark", SystemClock.new_id());
    commands.execute::<Chat>(id, start, &context).await.expect("the chat is new");
    written.send((id, Instant::now())).expect("somebody watches until all are seen");
}

async fn watch(pool: PgPool, mut written: UnboundedReceiver<(Uuid, Instant)>) -> anyhow::Result<Vec<Duration>> {
    let mut pending: HashMap<Uuid, Instant> = HashMap::new();
    let mut times = Vec::new();
    loop {
        if pending.is_empty() {
            let Some((id, at)) = written.recv().await else { return Ok(times) };
            pending.insert(id, at);
        }
        while let Ok((id, at)) = written.try_recv() {
            pending.insert(id, at);
        }
        let ids: Vec<Uuid> = pending.keys().copied().collect();
        let query = sqlx::query_scalar::<_, Uuid>("SELECT id FROM views.chats WHERE id = ANY($1)").bind(&ids);
        let rows = query.fetch_all(&pool).await?;
        let now = Instant::now();
        times.extend(rows.iter().filter_map(|id| pending.remove(id)).map(|at| now.duration_since(at)));
        tokio::time::sleep(LOOK).await;
        ensure!(pending.values().all(|at| at.elapsed() < START), "a written chat has not come into the view");
    }
}
