//! `ayushma parked`: events that a consumer could not apply.

use std::process::ExitCode;

use anyhow::ensure;
use clap::{Args, Subcommand};
use commands::{
    counted,
    event_log::{ParkedEvent, parked_events},
};
use sqlx::PgPool;
use uuid::Uuid;

use super::in_process::{BackgroundWork, with_app, with_database};
use crate::{app::App, config::Settings, parts::consumers, shutdown::Shutdown, terminal::say};

/// Show events that could not be applied, try them again, or give them up
///
/// A projection or handler that cannot apply an event parks it, and the later events of the same aggregate behind it, so that
/// their order is kept; all others go on. What is parked is also tried again at every start, and every five minutes. Works beside
/// a running server and without one.
#[derive(Debug, Subcommand)]
#[command(after_long_help = "\
Example:
  ayushma parked list
  ayushma parked retry --consumer chats
  ayushma parked drop --consumer chats --position 4711
  ayushma parked retry --consumer chats")]
pub(super) enum Parked {
    /// Show what is parked and why, and what was given up
    List(List),
    /// Try parked events again, each aggregate in order up to the first that fails
    Retry(Retry),
    /// Give a parked event up: the projection lacks it from then on, and `status` says so; what waits behind it can be retried
    Drop(Drop),
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Only of this projection or handler
    #[arg(long, value_parser = consumer_name())]
    consumer: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Retry {
    /// Only of this projection or handler
    #[arg(long, value_parser = consumer_name())]
    consumer: Option<String>,

    /// Only of this aggregate, as `list` shows it
    #[arg(long)]
    aggregate: Option<Uuid>,
}

#[derive(Debug, Args)]
pub(super) struct Drop {
    /// The projection or handler that shall do without the event
    #[arg(long, value_parser = consumer_name())]
    consumer: String,

    /// The event's position in the log, as `list` shows it
    #[arg(long)]
    position: i64,
}

fn consumer_name() -> clap::builder::PossibleValuesParser {
    consumers().iter().map(|consumer| consumer.name()).collect::<Vec<_>>().into()
}

impl Parked {
    pub(super) async fn run(self, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        let helps = BackgroundWork::Nothing;
        match self {
            Self::List(list) => with_database(settings, shutdown, async |pool| list.run(pool).await).await,
            Self::Retry(retry) => with_app(settings, shutdown, helps, async |app| retry.run(app).await).await,
            Self::Drop(drop) => with_app(settings, shutdown, helps, async |app| drop.run(app).await).await,
        }
    }
}

impl List {
    async fn run(self, pool: &PgPool) -> anyhow::Result<ExitCode> {
        let parked = parked_events(pool, self.consumer.as_deref()).await?;
        if parked.is_empty() {
            say("nothing is parked, and nothing was dropped");
        }
        for event in &parked {
            say(&line_of(event));
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn line_of(event: &ParkedEvent) -> String {
    let ParkedEvent { consumer, position, aggregate_type, aggregate_id, parked_at, waiting, .. } = event;
    let event_type = event.event_type.as_deref().unwrap_or("unknown");
    let place = format!("{consumer}  position {position}  {aggregate_type} {aggregate_id}  {event_type}");
    if let Some(dropped_at) = event.dropped_at {
        return format!("{place}\n  dropped at {}", dropped_at.format("%F %T UTC"));
    }
    let error = event.error.as_deref().unwrap_or("it waited behind an event that was dropped: retry it");
    let behind = if *waiting == 0 { String::new() } else { format!(", {waiting} later events wait behind it") };
    format!("{place}\n  parked at {}{behind}: {error}", parked_at.format("%F %T UTC"))
}

impl Retry {
    /// Retries the events; the exit code is a failure if any of them has failed again.
    async fn run(self, app: &App) -> anyhow::Result<ExitCode> {
        let wanted = consumers().into_iter();
        let (mut applied, mut failed) = (0, 0);
        for consumer in wanted.filter(|it| self.consumer.as_deref().is_none_or(|name| name == it.name())) {
            let retried = app.commands.log().retry_parked(consumer, self.aggregate).await?;
            applied += retried.applied;
            failed += retried.failed;
        }
        say(&format!("applied {}", counted(applied, "event")));
        if failed == 0 {
            return Ok(ExitCode::SUCCESS);
        }
        say(&format!("still waiting: {}; see `ayushma parked list`", counted(failed, "aggregate")));
        Ok(ExitCode::FAILURE)
    }
}

impl Drop {
    async fn run(self, app: &App) -> anyhow::Result<ExitCode> {
        let Self { consumer, position } = self;
        let dropped = app.commands.log().drop_parked(&consumer, position).await?;
        ensure!(dropped, "{consumer} has nothing parked at position {position}: see `ayushma parked list`");
        say(&format!("{consumer} does without position {position} now: `ayushma parked retry` goes on behind it"));
        Ok(ExitCode::SUCCESS)
    }
}
