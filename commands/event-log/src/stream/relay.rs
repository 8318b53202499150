//! The relay: one elected process publishes the log to Kafka, in order.
//!
//! The mark is the position up to which everything is acknowledged, except what partitions owe, which is stored
//! separately (see [`registry`](crate::stream::registry)). After a crash or a takeover, older events may be published
//! again. No event is left out, and the first occurrences are in order: a message never times out or overtakes another,
//! and after one that Kafka refuses nothing more of its partition is sent.

use domain::wording::error_chain;
use std::{
    collections::{BTreeMap, BTreeSet},
    pin::pin,
    sync::atomic::AtomicUsize,
    time::Duration,
};

use sqlx::{PgConnection, PgPool};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use crate::{
    advisory_locks,
    consume::source::POLL,
    head::Head,
    stream::{
        kafka::{KafkaSettings, StreamError},
        marking::{Marked, Marker},
        producer::{Link, producer, take_back},
        publisher::{Publisher, Sending, Tries},
        record,
        registry::{Partition, Published, Stream},
        retention::Retention,
        topics::{Cluster, Survey},
    },
};

/// The maximum number of events in flight that Kafka has not acknowledged.
const IN_FLIGHT: usize = 4_000;
/// How often the topics are inspected.
const CHECK: Duration = Duration::from_secs(15);
/// The longest pause before an interrupted relay starts again.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// Publishes the log until the future is dropped. Failures are logged and retried.
pub async fn run_relay(pool: PgPool, settings: KafkaSettings, mut wake: watch::Receiver<Head>) {
    let (mut tries, mut known) = (Tries::default(), Vec::new());
    let mut pause = POLL;
    loop {
        let started = Instant::now();
        match lead(&pool, &settings, &mut wake, &mut tries, &mut known).await {
            Ok(()) => pause = POLL,
            Err(error) => {
                tracing::warn!(error = %error_chain(&error), "the relay is interrupted and starts again");
                pause = if started.elapsed() > CHECK { POLL } else { (pause * 2).min(MAX_PAUSE) };
            }
        }
        tokio::time::sleep(pause).await;
    }
}

/// Publishes while this process is elected. Returns at once if another process is, and when the relay must start again
/// because the topics have changed or an event was parked.
async fn lead(
    pool: &PgPool,
    settings: &KafkaSettings,
    wake: &mut watch::Receiver<Head>,
    tries: &mut Tries,
    known: &mut Vec<String>,
) -> Result<(), StreamError> {
    // The lock belongs to this connection: with it a process loses the right to move the mark.
    let mut connection = pool.acquire().await?.detach();
    let elected = sqlx::query_scalar!("SELECT pg_try_advisory_lock($1)", advisory_locks::RELAY)
        .fetch_one(&mut connection)
        .await?;
    if elected != Some(true) {
        return Ok(());
    }
    let result = relay(pool, settings, wake, tries, known, connection).await;
    if let Err(error) = &result {
        report(pool, &[interruption(error)]).await;
    }
    result
}

fn interruption(error: &StreamError) -> String {
    format!("the stream is interrupted: {}", error_chain(error))
}

async fn report(pool: &PgPool, problems: &[String]) {
    if let Err(error) = Stream::report(pool, problems).await {
        tracing::debug!(%error, "what is wrong with the stream was not written down");
    }
}

async fn relay(
    pool: &PgPool,
    settings: &KafkaSettings,
    wake: &mut watch::Receiver<Head>,
    tries: &mut Tries,
    known: &mut Vec<String>,
    mut connection: PgConnection,
) -> Result<(), StreamError> {
    // The commits need not wait for the disk: if a crash of the database undoes a move of the mark, events are only
    // published again.
    sqlx::query("SET synchronous_commit = off").execute(&mut connection).await?;
    let partitions = sqlx::query_scalar!("SELECT partitions FROM log_head").fetch_one(&mut connection).await?;
    let cluster = Cluster::new(settings)?;
    let (stream, mark) = Stream::enter(&mut connection, cluster.id().await?, settings.prefix.clone()).await?;
    let topics = Topics { pool, cluster: &cluster, stream: &stream, partitions, retention: settings.retention };
    let Inspection { survey, .. } = topics.inspect(known).await?;
    let newest = stream.published(pool).await?;
    let newest = newest.iter().filter_map(|it| Some((it.key(), it.last_offset?))).collect();
    let link = Link::default();
    let producer = producer(settings, &survey, link.clone())?;
    tracing::info!(brokers = settings.brokers, "this process relays the log to Kafka");
    let (sent, in_flight) = mpsc::channel(IN_FLIGHT);
    let waiting = AtomicUsize::new(0);
    let (stream, producer, waiting) = (&stream, &producer, &waiting);
    let with = Sending { pool, settings, stream, limits: &survey.limits, producer, waiting };
    let publisher = Publisher::new(with, sent, tries);
    let marker = Marker { pool, stream, producer, connection, waiting, newest };
    let mut marking = pin!(marker.run(in_flight));
    let end = tokio::select! {
        result = &mut marking => return result.map(drop),
        result = publisher.publish(mark, wake) => result.map(|never| match never {}),
        result = topics.watch(&survey, known) => result,
        () = link.is_lost() => Err(StreamError::Away { brokers: settings.brokers.clone() }),
    };
    if let Err(StreamError::Away { .. } | StreamError::OtherCluster { .. }) = end {
        take_back(producer);
        // Errors of the purged records are consequences of that and are ignored.
        drop(marking.await);
        return end;
    }
    // Waits for what was sent: otherwise it would be sent again and again while the reason lasts.
    match marking.await? {
        Marked::All => end,
        // The publisher's error is a consequence of that.
        Marked::Parked => Ok(()),
    }
}

/// The topics of a stream, which others may change.
struct Topics<'a> {
    pool: &'a PgPool,
    cluster: &'a Cluster,
    stream: &'a Stream,
    partitions: i32,
    retention: Retention,
}

/// The result of an inspection of the topics.
struct Inspection {
    survey: Survey,
    /// Whether a partition is published again from the beginning.
    is_anew: bool,
}

impl Topics<'_> {
    /// Inspects the topics, creates missing ones, and reports problems; those that were not known before are logged.
    async fn inspect(&self, known: &mut Vec<String>) -> Result<Inspection, StreamError> {
        // The state of another cluster says nothing about this stream.
        let found = self.cluster.id().await?;
        if found != self.stream.cluster_id {
            return Err(StreamError::OtherCluster { found, expected: self.stream.cluster_id.clone() });
        }
        // Read before the topics, so that events published meanwhile are not taken as missing there.
        let published = self.stream.published(self.pool).await?;
        let mut survey = self.cluster.survey(self.partitions).await?;
        let found = |it: &Published| survey.offsets.get(&it.key()).copied();
        let gone: Vec<Partition> = published
            .iter()
            .filter(|it| found(it).is_some_and(|offsets| it.is_gone(offsets)))
            .map(Published::key)
            .collect();
        if !gone.is_empty() {
            tracing::warn!(
                topics = names(&gone, &self.stream.prefix),
                "topics were made anew or have lost their newest records: their events are published again from the beginning"
            );
            self.stream.begin_anew(&gone, self.pool).await?;
        }
        if self.retention == Retention::Forever {
            let cut = published.iter().filter(|it| found(it).is_some_and(|offsets| it.is_cut(offsets)));
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for it in cut {
                *counts.entry(&it.aggregate_type).or_default() += 1;
            }
            survey.problems.extend(counts.iter().map(|(name, count)| {
                format!(
                    "{} has lost the first records of {count} partitions, by its retention or because somebody has deleted them: \
                     `ayushma stream republish --type {name}` publishes them again",
                    record::topic(&self.stream.prefix, name)
                )
            }));
        }
        for problem in survey.problems.iter().filter(|problem| !known.contains(problem)) {
            tracing::warn!("the stream to Kafka: {problem}");
        }
        known.clone_from(&survey.problems);
        report(self.pool, known).await;
        Ok(Inspection { survey, is_anew: !gone.is_empty() })
    }

    /// Inspects the topics periodically. Returns when the relay must start again because of a change.
    async fn watch(&self, before: &Survey, known: &mut Vec<String>) -> Result<(), StreamError> {
        loop {
            tokio::time::sleep(CHECK).await;
            match self.inspect(known).await {
                Ok(found) if found.is_anew || found.survey.limits != before.limits => return Ok(()),
                Ok(_) => {}
                // The broker may be back in a moment; events in flight wait for it.
                Err(error @ (StreamError::Away { .. } | StreamError::Kafka(_))) => {
                    report(self.pool, &[interruption(&error)]).await;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

fn names(partitions: &[Partition], prefix: &str) -> String {
    let types: BTreeSet<&str> = partitions.iter().map(|(name, _)| name.as_str()).collect();
    types.iter().map(|name| record::topic(prefix, name)).collect::<Vec<_>>().join(", ")
}
