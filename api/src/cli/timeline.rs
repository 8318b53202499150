//! `ayushma audit timeline`: what happened to a chat, a project, a document, a suite, a run, a user or a service.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::{
    Args, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
    value_parser,
};
use commands::event_log::{Acting, Change, Codec, Histories, HistoryEvent, HistoryFilter, HistoryPage, KeyRing};
use domain::{AggregateType, envelope::Actor, event::every_event_type};
use http_api::timeline;
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use crate::terminal::say;

/// The longest text of a value that is printed in one line, in characters; `--json` has the whole.
const MAX_VALUE: usize = 200;

/// Show every event of one thing in order: when, who, in which role, why, and what changed
///
/// Only reads. Roles are those that the person held at that moment. Text of a person who was erased reads "erased" in brackets.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ayushma audit timeline chat 7f81988b-3811-448c-b9e3-01709e573ae6
  ayushma audit timeline project 5d2f… --type PromptChanged --json | jq '.events[].changes'
  ayushma audit timeline user 0e11… --from 2026-11-01T00:00:00Z --until 2026-12-01T00:00:00Z")]
pub(super) struct Timeline {
    /// What it is
    kind: Kind,

    /// Its id
    id: Uuid,

    /// Only events behind this position of the log
    #[arg(long, default_value_t = 0, value_parser = value_parser!(i64).range(0..), value_name = "POSITION")]
    after: i64,

    /// At most so many events
    #[arg(long, default_value_t = 100, value_parser = value_parser!(i64).range(1..=10_000))]
    limit: i64,

    /// Only events of this type; may be given several times
    #[arg(long = "type", value_name = "TYPE", value_parser = event_type())]
    types: Vec<String>,

    /// Only what this actor did or had done: user:ID, service:ID or system:PART
    #[arg(long)]
    actor: Option<Actor>,

    /// Only events of this time or later, such as 2026-12-01T08:30:00Z
    #[arg(long, value_name = "TIME")]
    from: Option<DateTime<Utc>>,

    /// Only events before this time
    #[arg(long, value_name = "TIME")]
    until: Option<DateTime<Utc>>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What has a history.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Kind {
    Chat,
    Project,
    Document,
    Suite,
    Run,
    /// A reviewer's rating of an answer of a run
    Feedback,
    User,
    Service,
    /// The record that somebody read what is another person's
    Access,
}

impl From<Kind> for AggregateType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Chat => Self::Chat,
            Kind::Project => Self::Project,
            Kind::Document => Self::Document,
            Kind::Suite => Self::TestSuite,
            Kind::Run => Self::TestRun,
            Kind::Feedback => Self::Feedback,
            Kind::User => Self::User,
            Kind::Service => Self::Service,
            Kind::Access => Self::Access,
        }
    }
}

/// The parser of the name of a type of events; the help lists none, because there are too many.
fn event_type() -> impl TypedValueParser<Value = String> {
    let mut names: Vec<&str> = every_event_type().collect();
    names.sort_unstable();
    names.dedup();
    PossibleValuesParser::new(names)
}

impl Timeline {
    pub(super) async fn run(self, keys: KeyRing, pool: &PgPool) -> anyhow::Result<ExitCode> {
        let Self { kind, id, after, limit, types, actor, from, until, json } = self;
        let filter = HistoryFilter { event_types: types, actor, from, until };
        let histories = Histories::new(pool.clone(), Codec::new(keys));
        let page = histories.page((kind.into(), id), &filter, after, limit).await?;
        if json {
            say(&serde_json::to_string_pretty(&timeline::Timeline::from(page))?);
            return Ok(ExitCode::SUCCESS);
        }
        let HistoryPage { events, next_after } = &page;
        if events.is_empty() {
            say("no event of it is as it was asked for");
        }
        for event in events {
            say(&lines_of(event));
        }
        if let Some(position) = next_after {
            say(&format!("there are further events: --after {position}"));
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn lines_of(event: &HistoryEvent) -> String {
    let HistoryEvent { position, recorded_at, event_type, actor, command_id, correlation_id, .. } = event;
    let principal = event.on_behalf_of.as_ref().map(|person| format!(" on behalf of {}", acting(person)));
    let cause = event.causation_id.map(|cause| format!(", because of event {cause}"));
    let place = event.client_address.as_ref().map(|address| format!(", from {address}"));
    let (principal, cause, place) =
        (principal.unwrap_or_default(), cause.unwrap_or_default(), place.unwrap_or_default());
    let head = format!("{position}  {recorded_at}  {event_type}  by {}{principal}", acting(actor));
    let why = format!("    command {command_id}, request {correlation_id}{cause}{place}");
    let changes = event.changes.iter().map(|Change { field, before, after }| match before {
        Some(before) => format!("    {field}: {} -> {}", shortened(before), shortened(after)),
        None => format!("    {field}: {}", shortened(after)),
    });
    std::iter::once(head).chain(changes).chain([why]).collect::<Vec<_>>().join("\n")
}

fn acting(acting: &Acting) -> String {
    let Some(roles) = &acting.roles else { return acting.who.clone() };
    let held = roles.names();
    if held.is_empty() { format!("{} (no role)", acting.who) } else { format!("{} ({})", acting.who, held.join(", ")) }
}

/// A value as JSON in one line, cut off behind [`MAX_VALUE`] characters.
pub(super) fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(MAX_VALUE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
