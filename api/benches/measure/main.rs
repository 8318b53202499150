//! What the event log manages, each figure beside its limit in the same run. `make bench-log` runs all parts but one against a
//! throw-away PostgreSQL with durable settings and a throw-away Kafka; `PARTS="appends relay"` picks some, `ROUNDS=3` says how often
//! each is repeated (figures are medians), `EVENTS=100000` how long the logs are that are read. `make bench-audit` runs the part for
//! auditors, which needs no Kafka.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement is a program of its own")]

mod appends;
mod audit;
mod database;
mod events;
mod hospital;
mod latency;
mod loading;
mod projection;
mod relay;

use std::{env, fmt::Display, str::FromStr};

use anyhow::{Context as _, bail};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Wraps the keys of all that is measured.
const MASTER_KEY: &str = "0f0e0d0c0b0a09080706050403020100f0e0d0c0b0a090807060504030201000";
const PARTS: [&str; 5] = ["appends", "projection", "latency", "relay", "loading"];
/// By itself, because its log is a long one.
const AUDIT: &str = "audit";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().collect();
    for (child, is_mixed) in [(appends::CHILD, false), (appends::MIXED_CHILD, true)] {
        if let Some(place) = arguments.iter().position(|argument| argument == child) {
            let writers = arguments.get(place + 1).context("the number of writers is missing")?.parse()?;
            return appends::run_child(writers, is_mixed).await;
        }
    }
    let rounds: usize = setting("ROUNDS", 5)?;
    let parts = env::var("PARTS").ok().filter(|text| !text.is_empty()).unwrap_or_else(|| PARTS.join(" "));
    println!(
        "cores: {}; rounds: {rounds}; figures are medians (lowest to highest)",
        std::thread::available_parallelism()?
    );
    for part in parts.split_whitespace() {
        println!();
        match part {
            "appends" => appends::measure(rounds).await?,
            "projection" => projection::measure(setting("EVENTS", 1_000_000)?, rounds).await?,
            "latency" => latency::measure(rounds).await?,
            "relay" => relay::measure(setting("EVENTS", 200_000)?, rounds).await?,
            "loading" => loading::measure(rounds).await?,
            AUDIT => audit::measure(setting("EVENTS", 1_000_000)?, setting("SEED", 1)?, rounds).await?,
            _ => bail!("there is no part {part}, only {} and {AUDIT}", PARTS.join(", ")),
        }
    }
    Ok(())
}

fn setting<T: FromStr<Err: Display>>(name: &str, default: T) -> anyhow::Result<T> {
    let Some(text) = env::var(name).ok().filter(|text| !text.is_empty()) else { return Ok(default) };
    text.parse().map_err(|error| anyhow::anyhow!("{name} is {text}: {error}"))
}

fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A median with its spread.
fn shown(figures: &[f64], digits: usize) -> String {
    let low = figures.iter().copied().fold(f64::INFINITY, f64::min);
    let high = figures.iter().copied().fold(0.0, f64::max);
    format!("{:.digits$} ({low:.digits$} to {high:.digits$})", median(figures))
}

#[expect(clippy::cast_precision_loss, reason = "a count of events is far below 2^53")]
fn rate(count: usize, time: std::time::Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}
