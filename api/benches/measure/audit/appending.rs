//! What publishing costs those who append: both in turns, in processes of their own.

use std::time::Duration;

use commands::proofs::{ProofError, Proofs};
use tokio::task::JoinSet;

use super::{Measured, limits::compare};
use crate::{
    appends::{CHILD, append_in_processes},
    median, shown,
};

const WRITERS: u32 = 8;
/// More often than a server does, so that each round has some.
const PERIOD: Duration = Duration::from_secs(1);
/// Of the appends without publishing.
const LIMIT: f64 = 0.98;

pub(super) async fn measure(measured: &Measured, rounds: usize) -> anyhow::Result<()> {
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        // What was appended without it is no work of the round beside it, and the other way round.
        catch_up(&measured.proofs).await?;
        alone.push(append(measured).await?);
        catch_up(&measured.proofs).await?;
        let mut publishing = JoinSet::new();
        publishing.spawn(measured.proofs.clone().run(PERIOD));
        beside.push(append(measured).await?);
        publishing.shutdown().await;
    }
    println!(
        "\nappends a second of {WRITERS} writers, alone and while the log is published every second; both in turns"
    );
    println!("alone                        {}", shown(&alone, 0));
    let ratio = median(&beside) / median(&alone);
    let figure = format!("{} = {ratio:.3}", shown(&beside, 0));
    compare("beside the publishing worker", &figure, "0.98 of alone", ratio >= LIMIT);
    Ok(())
}

/// Publishes what is new, behind a worker that may still be at it.
async fn catch_up(proofs: &Proofs) -> anyhow::Result<()> {
    loop {
        match proofs.publish().await {
            Err(ProofError::Busy(_)) => tokio::time::sleep(Duration::from_millis(10)).await,
            published => return Ok(published.map(drop)?),
        }
    }
}

async fn append(measured: &Measured) -> anyhow::Result<f64> {
    let url = measured.url.clone();
    // It waits for processes.
    tokio::task::spawn_blocking(move || append_in_processes(&url, CHILD, &[WRITERS])).await?
}
