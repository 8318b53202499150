//! `ayushma audit explain` and `ayushma audit views`: why a row of a view looks so.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, builder::PossibleValuesParser, value_parser};
use commands::{counted, event_log::KeyRing};
use http_api::explain::{
    self, Asked, ColumnChange, ExplainedRow, ExplainedStep, ExplainedStop, ExplainedThing, ExplainedView, LiveRow,
    RowEffect,
};
use projections::steps::{Columns, TABLES, ViewTable};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use super::timeline::shortened;
use crate::terminal::say;

/// Show why a row of a view looks so: each event that changed it, in order, with the columns before and after
///
/// The events are folded by the projector that folds them for the view, into temporary tables that nobody else sees. Text of a
/// person who was erased reads "erased" in brackets. The last line compares the result with the row that everybody reads.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ayushma audit explain chats 7f81988b-3811-448c-b9e3-01709e573ae6
  ayushma audit explain document_versions 5d2f…:2 --json | jq '.steps[].changes'
  ayushma audit explain users 0e11… --all
  ayushma audit views                                      how the rows of each view are named")]
pub(super) struct Explain {
    /// The table of a view
    #[arg(value_name = "VIEW", value_parser = PossibleValuesParser::new(TABLES.iter().map(|table| table.name)))]
    view: String,

    /// The key of the row: its id, or the columns that `ayushma audit views` names, with colons between them
    #[arg(value_name = "KEY")]
    key: String,

    /// The id of the chat, suite and so on that made the row, if the view does not have the row
    #[arg(long, value_name = "ID")]
    of: Option<Uuid>,

    /// Only steps behind this position of the log
    #[arg(long, default_value_t = 0, value_parser = value_parser!(i64).range(0..), value_name = "POSITION")]
    after: i64,

    /// At most so many steps
    #[arg(long, default_value_t = 100, value_parser = value_parser!(u16).range(1..=10_000))]
    limit: u16,

    /// Show events that left the row as it was, too
    #[arg(long)]
    all: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Show the tables of all views, with the columns that name a row
#[derive(Debug, Args)]
pub(super) struct ListViews {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Explain {
    pub(super) async fn run(self, keys: KeyRing, pool: &PgPool) -> anyhow::Result<ExitCode> {
        let Self { view, key: text, of, after, limit, all, json } = self;
        let table = ViewTable::named(&view).context("there is no such view")?;
        let key = table.key_of(&text)?;
        let asked = Asked { of, after, limit: limit.into(), all, most: u64::MAX };
        let row = explain::explain((pool, &keys), (table, key, &text), asked).await?;
        if json {
            say(&serde_json::to_string_pretty(&row)?);
        } else {
            row.steps.iter().for_each(|step| say(&lines_of(step)));
            say(&ending(&row));
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl ListViews {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let list = explain::views();
        if self.json {
            say(&serde_json::to_string_pretty(&list)?);
            return Ok(ExitCode::SUCCESS);
        }
        for ExplainedView { view, projection, key, made_by, folds } in list.views {
            let (key, folds) = (key.join(":"), folds.join(", "));
            say(&format!("{view}  {key}  made by the events of a {made_by} (projection {projection}, of: {folds})"));
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn lines_of(step: &ExplainedStep) -> String {
    let ExplainedStep { position, recorded_at, event_type, actor, effect, changes, row, .. } = step;
    let ExplainedThing { kind, id } = &step.of;
    let principal = step.on_behalf_of.as_ref().map(|person| format!(" on behalf of {person}")).unwrap_or_default();
    let effect_word = if *effect == RowEffect::None { "not changed" } else { effect.name() };
    let head = format!("{position}  {recorded_at}  {event_type} of {kind} {id}  by {actor}{principal}: {effect_word}");
    let columns: Vec<String> = match (effect, row) {
        (RowEffect::Made, Some(row)) => row.iter().map(|(name, value)| of_column(name, value)).collect(),
        _ => changes.iter().map(of_change).collect(),
    };
    std::iter::once(head).chain(columns).collect::<Vec<_>>().join("\n")
}

fn of_column(name: &str, value: &Value) -> String {
    format!("    {name}: {}", shortened(value))
}

fn of_change(ColumnChange { column, before, after }: &ColumnChange) -> String {
    format!("    {column}: {} -> {}", shortened(before), shortened(after))
}

/// What is to be said behind the steps.
fn ending(row: &ExplainedRow) -> String {
    let ExplainedRow { view, events, next_after, stopped, live, position, .. } = row;
    if let Some(position) = next_after {
        return format!("there may be further steps: --after {position}");
    }
    if let Some(ExplainedStop { position, reason }) = stopped {
        return format!("the event at position {position} cannot be applied, which is why the steps end: {reason}");
    }
    let read = format!("{} up to position {position}", counted(events, "event"));
    match live {
        Some(LiveRow { row: None, differences }) if differences.is_empty() => {
            format!("{read}: there is no row, neither here nor in {view}")
        }
        Some(LiveRow { row: Some(_), differences }) if differences.is_empty() => format!("{read}: {view} has this row"),
        Some(LiveRow { row: live, differences }) => {
            let found = live.as_ref().map_or_else(|| "no such row".to_owned(), |_: &Columns| "another row".to_owned());
            let lines: Vec<String> = differences.iter().map(of_change).collect();
            format!(
                "{read}: {view} has {found}; its projection may be behind (`ayushma status`) or wait for a parked event \
                 (`ayushma parked list`)\n{}",
                lines.join("\n")
            )
        }
        None => read,
    }
}
