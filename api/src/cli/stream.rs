//! `ayushma stream`: the event stream in Kafka.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context as _, ensure};
use clap::{
    Args, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use commands::{
    counted,
    event_log::{
        self, Counting, EventLog, Expected, KafkaSettings, ParkedRecord, StreamState, parked_records, run_relay,
    },
};
use domain::AggregateType;
use sqlx::PgPool;
use tokio::time::{Instant, sleep};

use super::in_process::{BackgroundWork, with_app, with_database};
use crate::{config::Settings, shutdown::Shutdown, terminal::say};

/// How long the command waits for an elected relay that serves the stream of these settings.
const ELECTION: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(500);
/// How often the progress is printed.
const NEWS: Duration = Duration::from_secs(10);

/// Look after the event stream in Kafka
///
/// Works beside running servers, whose elected relay does what is asked, and without them: then this process does. KAFKA_BROKERS and
/// KAFKA_TOPIC_PREFIX must be those of the servers.
#[derive(Debug, Subcommand)]
#[command(after_long_help = "\
Example:
  ayushma stream parked
  ayushma stream retry
  ayushma stream republish --type chat")]
pub(super) enum Stream {
    /// Show the events that Kafka does not take, and how many wait behind each
    Parked,
    /// Try the events again that Kafka did not take, and wait until that is done
    Retry,
    /// Publish events again, such as after a topic was emptied, and wait until that is done
    ///
    /// Consumers see the events a second time, with the same ce_id and ce_position, in order within each partition. Those of Ayushma
    /// pass over what they have applied. New events of a partition wait until it has been published again.
    Republish(Republish),
}

#[derive(Debug, Args)]
#[group(id = "what", required = true, multiple = true)]
pub(super) struct Republish {
    /// All events
    #[arg(long, group = "what", conflicts_with_all = ["types", "from"])]
    all: bool,

    /// Only those of this aggregate type; may be given several times
    #[arg(long = "type", group = "what", value_name = "TYPE", value_parser = aggregate_type())]
    types: Vec<AggregateType>,

    /// Only from this position of the log on
    #[arg(long, group = "what", value_name = "POSITION", value_parser = clap::value_parser!(i64).range(1..))]
    from: Option<i64>,
}

impl Stream {
    pub(super) async fn run(self, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        let kafka = settings.kafka();
        if let Self::Parked = self {
            return with_database(settings, shutdown, async |pool| Ok(show(&parked_records(pool).await?))).await;
        }
        with_app(settings, shutdown, BackgroundWork::Nothing, async |app| {
            let log = app.commands.log();
            let kafka = kafka.context("KAFKA_BROKERS is not set: there is no stream without Kafka")?;
            tokio::select! {
                result = Box::pin(self.ask(log, &app.pool, &kafka)) => result,
                // This relay is elected if no other process is.
                () = Box::pin(run_relay(app.pool.clone(), kafka.clone(), log.head())) => unreachable!("it publishes for ever"),
            }
        })
        .await
    }

    async fn ask(self, log: &EventLog, pool: &PgPool, kafka: &KafkaSettings) -> anyhow::Result<ExitCode> {
        until_elected(log, kafka).await?;
        // Events that were never published are waited for, too: without a server, no other process would publish them.
        let end = event_log::status(pool, &Expected::default(), Counting::No).await?.head;
        let asked = match self {
            Self::Parked => 0,
            Self::Retry => log.retry_records().await?,
            Self::Republish(Republish { types, from, .. }) => log.republish(&types, from.unwrap_or(0)).await?,
        };
        say(&format!("asked for {}", counted(asked, "partition")));
        let state = until_done(log, end).await?;
        if state.parked == 0 {
            say("done");
            return Ok(ExitCode::SUCCESS);
        }
        say(&format!("done, but for {}: see `ayushma stream parked`", counted(state.parked, "partition")));
        Ok(ExitCode::FAILURE)
    }
}

/// Waits until the elected relay serves the Kafka cluster and the topic prefix of these settings.
async fn until_elected(log: &EventLog, kafka: &KafkaSettings) -> anyhow::Result<()> {
    let cluster_id = kafka.cluster_id().await?;
    let deadline = Instant::now() + ELECTION;
    loop {
        let StreamState { cluster_id: found, prefix, .. } = log.stream().await?;
        if found == cluster_id && prefix == kafka.prefix {
            return Ok(());
        }
        ensure!(
            Instant::now() < deadline,
            "the elected relay is at the prefix {prefix} of the Kafka cluster {found}, not at {} of {cluster_id}: use the settings \
             of the servers",
            kafka.prefix
        );
        sleep(POLL).await;
    }
}

/// Waits until no partition is left to be published again, and everything up to the position `end` is published.
async fn until_done(log: &EventLog, end: i64) -> anyhow::Result<StreamState> {
    let mut told = Instant::now();
    loop {
        let state = log.stream().await?;
        if state.owing == 0 && state.mark >= end {
            return Ok(state);
        }
        if told.elapsed() >= NEWS {
            told = Instant::now();
            let StreamState { owing, mark, .. } = &state;
            let left = counted(owing, "partition");
            say(&format!("still to be done: {left}; the stream is at position {mark} of {end}"));
        }
        sleep(POLL).await;
    }
}

/// Prints the parked events; the exit code is a failure if there are any.
fn show(parked: &[ParkedRecord]) -> ExitCode {
    if parked.is_empty() {
        say("nothing is parked");
        return ExitCode::SUCCESS;
    }
    for ParkedRecord { position, aggregate_type, aggregate_id, event_type, partition, error, parked_at, waiting } in
        parked
    {
        say(&format!(
            "position {position}  {aggregate_type} {aggregate_id}  {event_type}  partition {partition}\n  parked at {}, {waiting} \
             later events of the partition wait behind it: {error}",
            parked_at.format("%F %T UTC")
        ));
    }
    say(
        "mend the topic's settings (or its rights); the events are then tried again within a minute, or by `ayushma stream retry`",
    );
    ExitCode::FAILURE
}

/// The parser of the name of an aggregate type; the help lists all names.
fn aggregate_type() -> impl TypedValueParser<Value = AggregateType> {
    PossibleValuesParser::new(AggregateType::ALL.iter().map(|each| each.name())).try_map(|name| name.parse())
}
