//! Bundles of spans of time: how long the program takes for them, and the most memory of its process.

use std::{
    fs,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use tokio::process::Command;

use super::{Limits, Measured, ORIGIN};
use crate::MASTER_KEY;

const EVENTS: u64 = 100_000;
/// In megabytes.
const MEMORY_LIMIT: u64 = 150;
const LOOK: Duration = Duration::from_millis(5);

pub(super) async fn measure(measured: &Measured, limits: &mut Limits) -> anyhow::Result<()> {
    let most = EVENTS.min(measured.written.events / 2);
    let key = measured.proofs.key().await?.verifier().to_string();
    println!("\nbundles of spans of time, by the program");
    for events in [most / 10, most] {
        let bundle = measured.folder.path().join(format!("bundle-{events}"));
        let path = bundle.to_str().context("a path of text")?;
        let (from, until) = span(measured, events).await?;
        let (took, memory) = run(measured, &["audit", "export", path, "--from", &from, "--until", &until]).await?;
        let lines = fs::read_to_string(bundle.join("events.jsonl"))?.lines().count();
        // At its borders are events of the same time.
        ensure!(lines.abs_diff(usize::try_from(events)?) < 100, "the bundle has {lines} events");
        println!("export of {lines} events: {took:.1} s");
        limits.hold("memory of the export, in MB", &memory.to_string(), "150", memory < MEMORY_LIMIT);
        let (took, memory) = run(measured, &["audit", "verify-bundle", path, "--key", &key]).await?;
        println!("verification of them: {took:.1} s");
        limits.hold("memory of the verification, in MB", &memory.to_string(), "150", memory < MEMORY_LIMIT);
        fs::remove_dir_all(bundle)?;
    }
    Ok(())
}

/// The times of so many events in the middle of the log.
async fn span(measured: &Measured, events: u64) -> anyhow::Result<(String, String)> {
    let first = (measured.written.events - events) / 2 + 1;
    let mut times = Vec::new();
    for position in [first, first + events] {
        let time: String = sqlx::query_scalar("SELECT metadata ->> 'recorded_at' FROM events WHERE position = $1")
            .bind(i64::try_from(position)?)
            .fetch_one(&measured.pool)
            .await?;
        times.push(time);
    }
    Ok((times[0].clone(), times[1].clone()))
}

/// Runs the program; returns the seconds that it took, and the most memory that it had, in MB.
async fn run(measured: &Measured, arguments: &[&str]) -> anyhow::Result<(f64, u64)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ayushma"));
    command.args(arguments).current_dir(measured.folder.path()).env_remove("KAFKA_BROKERS").env("LOG", "warn");
    command.env("DATABASE_URL", &measured.url).env("MASTER_KEY", MASTER_KEY).env("PROOFS_ORIGIN", ORIGIN);
    command.env("DATA_DIR", measured.folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    let started = Instant::now();
    let mut child = command.spawn()?;
    let process = format!("/proc/{}/status", child.id().context("it has just begun")?);
    let mut most = 0;
    let status = loop {
        // The highest use so far, as Linux keeps it.
        let status = fs::read_to_string(&process).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
        most = peak.unwrap_or(0).max(most);
        if let Ok(ended) = tokio::time::timeout(LOOK, child.wait()).await {
            break ended?;
        }
    };
    ensure!(status.success(), "{arguments:?} failed");
    Ok((started.elapsed().as_secs_f64(), most / 1_024))
}
