//! How fast a log becomes a view: a million events of chats, rebuilt, beside `COPY events TO STDOUT` of the same events.
//!
//!     make bench-projection                      (or with DATABASE_URL: a superuser's, of a server on this machine)
//!     make bench-projection EVENTS=100000 RUNS=5
//!
//! The events are stored as the program stores them: encrypted under their persons' keys, and chained.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement is a program of its own")]

mod events;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use api::rebuild::rebuild;
use commands::{
    clock::SystemClock,
    event_log::{EventLog, MasterKey, Replayed},
};
use futures::TryStreamExt as _;
use projections::projectors;
use sqlx::{
    Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolCopyExt as _, PgPoolOptions},
};

const DATABASE: &str = "ayushma_bench_projection";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let number = |name: &str, default: usize| -> anyhow::Result<usize> {
        std::env::var(name).map_or(Ok(default), |text| text.parse().with_context(|| format!("{name} is no number")))
    };
    let (count, runs) = (number("EVENTS", 1_000_000)?, number("RUNS", 3)?);
    let url = std::env::var("DATABASE_URL").context("DATABASE_URL is not set")?;
    let server: PgConnectOptions = url.parse()?;
    let mut admin = PgConnection::connect_with(&server).await?;
    let drop = format!("DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)");
    sqlx::raw_sql(&drop).execute(&mut admin).await?;
    sqlx::raw_sql(&format!("CREATE DATABASE {DATABASE}")).execute(&mut admin).await?;
    let result = measure(server.database(DATABASE), count, runs).await;
    sqlx::raw_sql(&drop).execute(&mut admin).await?;
    result
}

async fn measure(options: PgConnectOptions, count: usize, runs: usize) -> anyhow::Result<()> {
    migrations::MIGRATOR.run(&mut PgConnection::connect_with(&options).await?).await?;
    // As the program connects.
    let planned = [("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off"), ("jit", "off")];
    let pool = PgPoolOptions::new().max_connections(4).connect_with(options.options(planned)).await?;
    let key = MasterKey::from_hex(&"5".repeat(64))?;
    let (log, _) = EventLog::open(pool.clone(), key, Arc::new(SystemClock)).await?;
    let started = Instant::now();
    events::write(&pool, &log, count).await?;
    for step in ["VACUUM (ANALYZE) events", "CHECKPOINT"] {
        sqlx::raw_sql(step).execute(&pool).await?;
    }
    println!("{count} events written in {:.0} s", started.elapsed().as_secs_f64());

    let (mut copied, mut rebuilt) = (Vec::new(), Vec::new());
    for run in 1..=runs {
        copied.push(rate(count, copy_out(&pool).await?));
        rebuilt.push(rate(count, rebuild_chats(&log, &pool).await?));
        println!("run {run}: COPY {:.0} events/s, rebuild {:.0} events/s", copied[run - 1], rebuilt[run - 1]);
    }
    let (copied, rebuilt) = (median(copied), median(rebuilt));
    println!("median: COPY {copied:.0} events/s, rebuild {rebuilt:.0} events/s, {:.2} of it", rebuilt / copied);
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a count of events is far below 2^53")]
fn rate(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn copy_out(pool: &PgPool) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let mut stream = pool.copy_out_raw("COPY events TO STDOUT").await?;
    let mut bytes = 0;
    while let Some(chunk) = stream.try_next().await? {
        bytes += chunk.len();
    }
    anyhow::ensure!(bytes > 0, "nothing was copied");
    Ok(started.elapsed())
}

/// From the first event to the switch, with all indexes.
async fn rebuild_chats(log: &EventLog, pool: &PgPool) -> anyhow::Result<Duration> {
    let projector = projectors().into_iter().find(|it| it.name() == "chats").context("there is no such view")?;
    let started = Instant::now();
    rebuild(projector, log, pool, Arc::new(Replayed::default())).await?;
    Ok(started.elapsed())
}
