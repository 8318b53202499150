//! How fast a log is read: rebuilt into the view of chats, and verified, beside `COPY events TO STDOUT` of the same events.
//!
//! The events are stored as the program stores them: encrypted under their persons' keys, and chained.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use api::rebuild::rebuild;
use commands::event_log::{EventLog, Replayed, audit};
use futures::TryStreamExt as _;
use projections::projectors;
use sqlx::{PgPool, postgres::PgPoolCopyExt as _};

use crate::{
    database::{Database, connect, open_log},
    events, median, rate, shown,
};

pub(crate) async fn measure(count: usize, rounds: usize) -> anyhow::Result<()> {
    let database = Database::make().await?;
    let pool = connect(&database.url(), 4).await?;
    let log = open_log(pool.clone()).await?;
    events::write(&pool, &log, count).await?;
    for step in ["VACUUM (ANALYZE) events", "CHECKPOINT"] {
        sqlx::raw_sql(step).execute(&pool).await?;
    }
    let (mut copied, mut rebuilt, mut verified) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        copied.push(rate(count, copy_out(&pool).await?));
        rebuilt.push(rate(count, rebuild_chats(&log, &pool).await?));
        verified.push(rate(count, verify(&pool, count).await?));
    }
    println!("a log of {count} events, events a second");
    println!("COPY events TO STDOUT    {}", shown(&copied, 0));
    let ratio = |figures: &[f64]| median(figures) / median(&copied);
    println!("rebuild of the chats     {}, {:.2} of COPY", shown(&rebuilt, 0), ratio(&rebuilt));
    println!("audit verify             {}, {:.2} of COPY", shown(&verified, 0), ratio(&verified));
    drop(log);
    pool.close().await;
    database.remove().await
}

async fn copy_out(pool: &PgPool) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let mut stream = pool.copy_out_raw("COPY events TO STDOUT").await?;
    let mut bytes = 0;
    while let Some(chunk) = stream.try_next().await? {
        bytes += chunk.len();
    }
    ensure!(bytes > 0, "nothing was copied");
    Ok(started.elapsed())
}

/// From the first event to the switch, with all indexes.
async fn rebuild_chats(log: &EventLog, pool: &PgPool) -> anyhow::Result<Duration> {
    let projector = projectors().into_iter().find(|it| it.name() == "chats").context("there is no such view")?;
    let started = Instant::now();
    rebuild(projector, log, pool, Arc::new(Replayed::default())).await?;
    Ok(started.elapsed())
}

async fn verify(pool: &PgPool, count: usize) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let found = audit(pool, 1, None, &[], None).await?;
    ensure!(found.fault.is_none() && usize::try_from(*found.walked.end())? == count, "the log is not whole: {found:?}");
    Ok(started.elapsed())
}
