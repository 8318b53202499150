//! Appends a second, beside `pgbench` inserting rows of the same size into a table with the same indexes, one a transaction. Both
//! sides take turns. Then the same number of clients once bare, and once with a tenth of their appends under an idempotency key, with
//! an upload or with a log-in.

use std::{
    env,
    process::{Command, Stdio},
    str::FromStr as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;
use commands::{
    accounts::AccountRow,
    clock::{Clock as _, SystemClock},
    event_log::Row,
    execute::{Commands, Context, IdempotencyKey},
    uploads::KeepUpload,
};
use domain::{
    chat::{Chat, ChatCommand},
    ids::{ProjectId, SessionId, UserId},
    values::Title,
};

use crate::{
    database::{Database, connect, open_log},
    median, rate, shown,
};

const ROUND: Duration = Duration::from_secs(4);
const WRITERS: [u32; 4] = [1, 8, 32, 128];
/// Clients of which some do more than append.
const CLIENTS: u32 = 64;
/// One in so many appends is more than bare.
const RARE: u64 = 10;
/// What a process is called that does nothing but append.
pub(crate) const CHILD: &str = "--process-of";
/// The same, where one append in [`RARE`] has a key, an upload or a log-in.
pub(crate) const MIXED_CHILD: &str = "--mixed-process-of";
/// Fills an event's payload and metadata up to about 500 bytes.
const TITLE: &str = "Dosage of oral rehydration salts for a child";

pub(crate) async fn measure(rounds: usize) -> anyhow::Result<()> {
    let database = Database::make().await?;
    let url = database.url();
    let pool = connect(&url, 1).await?;
    sqlx::raw_sql("CREATE TABLE plain_events (LIKE events INCLUDING ALL); CREATE SEQUENCE plain_position")
        .execute(&pool)
        .await?;
    println!("appends a second, rounds of {} s", ROUND.as_secs());
    println!("{:>7}  {:<24} {:<32} two processes", "writers", "pgbench", "one process");
    for writers in WRITERS {
        let (mut plain, mut one, mut two) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            plain.push(insert_rows(&url, writers)?);
            one.push(append_in_processes(&url, CHILD, &[writers])?);
            if writers > 1 {
                two.push(append_in_processes(&url, CHILD, &[writers / 2, writers / 2])?);
            }
        }
        let limit = median(&plain);
        let beside_limit = |figures: &[f64]| match figures {
            [] => String::new(),
            _ => format!("{} = {:.2}", shown(figures, 0), median(figures) / limit),
        };
        println!("{writers:>7}  {:<24} {:<32} {}", shown(&plain, 0), beside_limit(&one), beside_limit(&two));
    }
    let (mut bare, mut mixed) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        bare.push(append_in_processes(&url, CHILD, &[CLIENTS])?);
        mixed.push(append_in_processes(&url, MIXED_CHILD, &[CLIENTS])?);
    }
    println!("{CLIENTS} clients, bare:                                  {}", shown(&bare, 0));
    let ratio = median(&mixed) / median(&bare);
    println!("{CLIENTS} clients, a tenth with keys, uploads or log-ins: {} = {ratio:.2}", shown(&mixed, 0));
    pool.close().await;
    database.remove().await
}

/// Transactions a second of `pgbench`: each inserts a row of an event's size into a table with the indexes of the log.
fn insert_rows(url: &str, writers: u32) -> anyhow::Result<f64> {
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
    let figure = figure.with_context(|| format!("pgbench: {}", String::from_utf8_lossy(&output.stderr)))?;
    Ok(figure.parse()?)
}

/// Commands a second that processes of so many writers each execute side by side.
pub(crate) fn append_in_processes(url: &str, child: &str, writers: &[u32]) -> anyhow::Result<f64> {
    let program = env::current_exe()?;
    let start = |writers: &u32| {
        Command::new(&program)
            .args([child, &writers.to_string()])
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

/// Prints how many commands a second so many writers execute, each one after the other, every one an event of about 500 bytes on an
/// aggregate of the writer's own.
pub(crate) async fn run_child(writers: u32, is_mixed: bool) -> anyhow::Result<()> {
    let log = open_log(connect(&env::var("DATABASE_URL")?, 8).await?).await?;
    let commands = Commands::new(log);
    let done = Arc::new(AtomicUsize::new(0));
    for _ in 0..writers {
        tokio::spawn(write(commands.clone(), is_mixed, done.clone()));
    }
    // Not counted: connections, keys and plans.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (before, begun) = (done.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(ROUND).await;
    println!("{}", rate(done.load(Ordering::Relaxed) - before, begun.elapsed()));
    Ok(())
}

async fn write(commands: Commands, is_mixed: bool, done: Arc<AtomicUsize>) {
    let clock = SystemClock;
    let (chat, owner) = (clock.new_id(), UserId::new(clock.new_id()));
    let context = Context::system("benchmark", clock.new_id());
    let title = |number: u64| Title::parse(&format!("{TITLE} {number}")).expect("it is short enough");
    let start = ChatCommand::Start { project_id: ProjectId::new(clock.new_id()), owner, title: title(0) };
    commands.execute::<Chat>(chat, start, &context).await.expect("the chat is new");
    for number in 1.. {
        let retitle = ChatCommand::Retitle(title(number));
        let mut context = context.clone();
        let mut rows = Vec::new();
        match number / RARE % 3 {
            _ if !is_mixed || number % RARE > 0 => {}
            0 => {
                let key = format!("{chat} {number}");
                context.idempotency = Some(IdempotencyKey { holder: None, request: key.clone().into_bytes(), key });
            }
            1 => rows.push(KeepUpload(format!("{chat} {number}")).into()),
            _ => rows.push(log_in(owner, SessionId::new(clock.new_id()))),
        }
        // At the end the log goes before its writers.
        let Ok(_) = commands.execute_with::<Chat>(chat, retitle, rows, &context).await else { return };
        done.fetch_add(1, Ordering::Relaxed);
    }
}

fn log_in(user: UserId, session: SessionId) -> Row {
    let (token_hash, password_hash) = (session.value().as_bytes().to_vec(), String::from("$argon2id$"));
    AccountRow::Token { token_hash, user, session, password_hash }.into()
}
