//! Receipts of events anywhere in the log, and the audit of the chain with and without the tree.

use std::time::Instant;

use anyhow::ensure;
use commands::{
    event_log::{StoredEvent, audit},
    proofs::TreeCheck,
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use transparency_log::checkpoint::Checkpoint;

use super::{Limits, Measured, limits::compare};
use crate::{median, rate, shown};

const RECEIPTS: usize = 1_000;
const RECEIPT_LIMIT: f64 = 20.0;
/// Beside the checkpoint.
const RECEIPT_BYTES: usize = 1_536;
/// Of the audit of the chain alone.
const TREE_LIMIT: f64 = 0.9;

pub(super) async fn measure(measured: &Measured, rounds: usize, limits: &mut Limits) -> anyhow::Result<()> {
    receipts(measured, limits).await?;
    let published = measured.proofs.published().await?;
    let checkpoint = Checkpoint::open(&published.checkpoint, &published.key)?;
    let count = usize::try_from(measured.written.events)?;
    let (mut chain, mut tree) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        chain.push(verify(measured, None, count).await?);
        tree.push(verify(measured, Some(&checkpoint), count).await?);
    }
    println!("\naudit verify, events a second; both in turns");
    println!("the chain alone              {}", shown(&chain, 0));
    let ratio = median(&tree) / median(&chain);
    let figure = format!("{} = {ratio:.2}", shown(&tree, 0));
    compare("chain, tree and checkpoint in one pass", &figure, "0.9 of the chain", ratio >= TREE_LIMIT);
    Ok(())
}

async fn receipts(measured: &Measured, limits: &mut Limits) -> anyhow::Result<()> {
    let mut chance = StdRng::seed_from_u64(7);
    let (mut times, mut longest, mut of_checkpoint) = (Vec::new(), 0, 0);
    for _ in 0..RECEIPTS {
        let position = chance.random_range(1..=measured.written.events);
        let started = Instant::now();
        let receipt = measured.proofs.receipt(position).await?;
        let text = receipt.to_string();
        times.push(started.elapsed().as_secs_f64() * 1e3);
        of_checkpoint = receipt.checkpoint.to_string().len();
        longest = longest.max(text.len() - of_checkpoint);
    }
    println!("\n{RECEIPTS} receipts, at random positions");
    compare("a receipt, in ms", &shown(&times, 2), "20", median(&times) < RECEIPT_LIMIT);
    let figure = format!("{longest}, and {of_checkpoint} of the checkpoint");
    limits.hold("the longest receipt, in bytes", &figure, "1536 + checkpoint", longest <= RECEIPT_BYTES);
    Ok(())
}

async fn verify(measured: &Measured, checkpoint: Option<&Checkpoint>, count: usize) -> anyhow::Result<f64> {
    let mut tree = TreeCheck::new(checkpoint.map_or(&[], std::slice::from_ref));
    let started = Instant::now();
    let found = if checkpoint.is_some() {
        let mut observer = |event: &StoredEvent, digest: &[u8; 32]| tree.take(event, digest);
        audit(&measured.pool, 1, None, &[], Some(&mut observer)).await?
    } else {
        audit(&measured.pool, 1, None, &[], None).await?
    };
    let took = started.elapsed();
    ensure!(found.fault.is_none() && usize::try_from(*found.walked.end())? == count, "the log is not whole: {found:?}");
    ensure!(checkpoint.is_none_or(|it| it.size == tree.agreed()), "the published log is another one");
    Ok(rate(count, took))
}
