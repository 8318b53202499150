//! Pages of a timeline, and a long chat as it was: what a request or a command does, up to the JSON.

use std::time::Instant;

use anyhow::{Context as _, ensure};
use commands::event_log::{Codec, Histories, HistoryFilter, Moment, PastStates};
use domain::AggregateType;
use http_api::{as_of::AsOf, timeline::Timeline};
use uuid::Uuid;

use super::{Measured, limits::compare};
use crate::{median, shown};

/// As the API has it when nothing is asked for.
const PAGE: i64 = 100;
const PAGE_LIMIT: f64 = 50.0;
const AS_OF_LIMIT: f64 = 200.0;
/// Chats of which the first page is read.
const CHATS: usize = 200;

pub(super) async fn measure(measured: &Measured, rounds: usize) -> anyhow::Result<()> {
    let codec = || Codec::new(measured.keys.clone());
    let histories = Histories::new(measured.pool.clone(), codec());
    let long = (AggregateType::Chat, measured.written.long_chat);
    let places = places_of_pages(&histories, long).await?;
    let last = places.len() - 1;
    println!("\nthe long chat has {} pages of {PAGE} events; times in ms, to the JSON", places.len());
    for (name, place) in [("first", 0), ("middle", last / 2), ("last", last)] {
        let mut times = Vec::new();
        for _ in 0..rounds {
            times.push(page(&histories, long, places[place]).await?);
        }
        let name = format!("timeline of the long chat, {name} page");
        compare(&name, &shown(&times, 1), "50", median(&times) < PAGE_LIMIT);
    }
    let mut times = Vec::new();
    for chat in measured.written.chats.iter().take(CHATS) {
        times.push(page(&histories, (AggregateType::Chat, *chat), 0).await?);
    }
    compare("timeline of other chats, each read once", &shown(&times, 1), "50", median(&times) < PAGE_LIMIT);

    let states = PastStates::new(measured.pool.clone(), codec());
    let middle = i64::try_from(measured.written.events / 2)?;
    for (name, moment) in [
        ("now", Moment::Now),
        ("at a position", Moment::Position { log_id: None, position: middle }),
        ("at a time", Moment::Time(measured.written.until)),
    ] {
        let (mut times, mut messages) = (Vec::new(), 0);
        for _ in 0..rounds {
            let started = Instant::now();
            let was = AsOf::from(states.at(long, moment, false).await?);
            ensure!(!serde_json::to_vec(&was)?.is_empty(), "nothing was written");
            times.push(started.elapsed().as_secs_f64() * 1e3);
            messages = was.messages.map_or(0, |messages| messages.len());
        }
        let name = format!("the long chat as of {name}, {messages} messages");
        compare(&name, &shown(&times, 0), "200", median(&times) < AS_OF_LIMIT);
    }
    Ok(())
}

/// The positions after which the pages begin.
async fn places_of_pages(histories: &Histories, of: (AggregateType, Uuid)) -> anyhow::Result<Vec<i64>> {
    let mut places = vec![0];
    loop {
        let after = *places.last().context("there is a first page")?;
        match histories.page(of, &HistoryFilter::default(), after, PAGE).await?.next_after {
            Some(next) => places.push(next),
            None => return Ok(places),
        }
    }
}

async fn page(histories: &Histories, of: (AggregateType, Uuid), after: i64) -> anyhow::Result<f64> {
    let started = Instant::now();
    let page = histories.page(of, &HistoryFilter::default(), after, PAGE).await?;
    ensure!(!serde_json::to_vec(&Timeline::from(page))?.is_empty(), "nothing was written");
    Ok(started.elapsed().as_secs_f64() * 1e3)
}
