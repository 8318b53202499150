//! What auditors wait for on a long log, each figure beside its limit: pages of a timeline, a long chat as it was, receipts, the audit
//! of chain and tree, a bundle of a hundred thousand events, and what publishing costs those who append.
//!
//! The log is that of a [hospital](crate::hospital).

mod appending;
mod bundles;
mod limits;
mod proving;
mod reading;

use std::time::Instant;

use anyhow::Context as _;
use api::parts;
use commands::{
    event_log::{KeyRing, MasterKey},
    proofs::{ProofPlace, Proofs},
};
use sqlx::PgPool;
use tempfile::TempDir;

use crate::{
    MASTER_KEY,
    database::{Database, connect, open_log},
    hospital::{self, Plan, Written},
    rate,
};
use limits::Limits;

/// The messages of the long chat.
const LONG_CHAT: u64 = 2_000;
const ORIGIN: &str = "bench.example/ayushma";

/// A written and published log.
struct Measured {
    url: String,
    pool: PgPool,
    keys: KeyRing,
    proofs: Proofs,
    /// The data folder of commands, in which the log is published.
    folder: TempDir,
    written: Written,
}

pub(crate) async fn measure(events: u64, seed: u64, rounds: usize) -> anyhow::Result<()> {
    let database = Database::make().await?;
    let measured = prepare(&database, &Plan { events, seed, long_chat: LONG_CHAT.min(events / 20) }).await?;
    let mut limits = Limits::default();
    reading::measure(&measured, rounds).await?;
    proving::measure(&measured, rounds, &mut limits).await?;
    bundles::measure(&measured, &mut limits).await?;
    appending::measure(&measured, rounds).await?;
    measured.pool.close().await;
    database.remove().await?;
    limits.conclude()
}

async fn prepare(database: &Database, plan: &Plan) -> anyhow::Result<Measured> {
    let url = database.url();
    let pool = connect(&url, 6).await?;
    // Makes the system's key.
    drop(open_log(pool.clone()).await?);
    let keys = KeyRing::open_existing(pool.clone(), MasterKey::from_hex(MASTER_KEY)?).await?;
    let started = Instant::now();
    let written = hospital::write(&pool, keys.clone(), plan).await?;
    let took = started.elapsed();
    let count = usize::try_from(written.events)?;
    let size: i64 = sqlx::query_scalar("SELECT pg_total_relation_size('events')").fetch_one(&pool).await?;
    println!(
        "a log of {count} events, seed {}: written in {:.0} s ({:.0} a second), {size} bytes with indexes",
        plan.seed,
        took.as_secs_f64(),
        rate(count, took)
    );
    for step in ["VACUUM (ANALYZE) events", "CHECKPOINT"] {
        sqlx::raw_sql(step).execute(&pool).await?;
    }
    pass_over(&pool).await?;
    let folder = tempfile::tempdir()?;
    let place = ProofPlace { folder: None, folders: folder.path().join("proofs"), origin: ORIGIN.to_owned() };
    let proofs = Proofs::new(pool.clone(), keys.clone(), place);
    let started = Instant::now();
    let (published, _) = proofs.publish().await.context("the log cannot be published")?;
    let took = started.elapsed();
    println!(
        "published {} of them in {:.0} s ({:.0} a second)",
        published.events,
        took.as_secs_f64(),
        rate(count, took)
    );
    Ok(Measured { url, pool, keys, proofs, folder, written })
}

/// Lets all consumers believe that they have seen the log: its views stay empty, and commands that project have nothing to do.
async fn pass_over(pool: &PgPool) -> anyhow::Result<()> {
    for consumer in parts::consumers() {
        let types: Vec<String> = consumer.aggregate_types().iter().map(ToString::to_string).collect();
        sqlx::query(
            "INSERT INTO checkpoints (consumer, aggregate_type, partition, position)
             SELECT $1, type, partition, position
             FROM log_head, unnest($2::text[]) AS type, generate_series(0, partitions - 1) AS partition
             ON CONFLICT (consumer, aggregate_type, partition) DO UPDATE SET position = excluded.position",
        )
        .bind(consumer.name())
        .bind(types)
        .execute(pool)
        .await?;
    }
    Ok(())
}
