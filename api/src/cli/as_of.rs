//! `ayushma audit as-of`: what a chat, a project, a document, a suite, a run, a user or a service was at a moment.

use std::process::ExitCode;

use clap::Args;
use commands::event_log::{Codec, KeyRing, Moment, PastStates};
use http_api::as_of::{AsOf, AsOfChange, AsOfComparison, AsOfDocument, AsOfListChanges, AsOfMessage, AsOfMoment};
use sqlx::PgPool;
use uuid::Uuid;

use super::timeline::{Kind, shortened};
use crate::terminal::say;

/// Show one thing exactly as it was at a moment, or what is different at another one
///
/// Only reads the log: what a thing was is folded from its events by the code that folds today's state. Text of a person who was
/// erased reads "erased" in brackets, also of moments before.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ayushma audit as-of chat 7f81988b-3811-448c-b9e3-01709e573ae6 --at 1200
  ayushma audit as-of project 5d2f… --at 2026-11-01T00:00:00Z --documents
  ayushma audit as-of project 5d2f… --at 2026-11-01T00:00:00Z --compare 2026-12-01T00:00:00Z --json | jq .compared.changes")]
pub(super) struct AsOfCommand {
    /// What it is
    kind: Kind,

    /// Its id
    id: Uuid,

    /// Behind the event at this position of the log (1200, or LOG_ID@1200 to be sure that it is that log), or behind the last one that was
    /// recorded at or before this time (2026-12-01T08:30:00Z) [default: the end of the log]
    #[arg(long, value_name = "MOMENT", allow_negative_numbers = true)]
    at: Option<Moment>,

    /// Show what is different at this moment
    #[arg(long, value_name = "MOMENT", allow_negative_numbers = true)]
    compare: Option<Moment>,

    /// List the documents of a project, too
    #[arg(long)]
    documents: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl AsOfCommand {
    pub(super) async fn run(self, keys: KeyRing, pool: &PgPool) -> anyhow::Result<ExitCode> {
        let Self { kind, id, at, compare, documents, json } = self;
        let states = PastStates::new(pool.clone(), Codec::new(keys));
        let of = (kind.into(), id);
        let mut was = AsOf::from(states.at(of, at.unwrap_or_default(), documents).await?);
        if let Some(moment) = compare {
            was = was.compared_with(states.at(of, moment, documents).await?.into())?;
        }
        if json {
            say(&serde_json::to_string_pretty(&was)?);
            return Ok(ExitCode::SUCCESS);
        }
        match &was.compared {
            Some(compared) => differences(&was, compared).iter().for_each(|line| say(line)),
            None => whole(&was).iter().for_each(|line| say(line)),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn whole(was: &AsOf) -> Vec<String> {
    let AsOf { kind, id, at, state, fields, messages, documents, .. } = was;
    let head = format!("{kind} {id} {}: {state}", moment(at));
    let fields = fields.iter().map(|(name, value)| format!("    {name}: {}", shortened(value)));
    let messages = messages.iter().flatten().map(|message| format!("    {}", of_message(message)));
    let documents = documents.iter().flatten().map(|document| format!("    {}", of_document(document)));
    std::iter::once(head).chain(fields).chain(messages).chain(documents).collect()
}

fn differences(was: &AsOf, compared: &AsOfComparison) -> Vec<String> {
    let AsOfComparison { with, state, changes, messages, documents } = compared;
    let mut lines = vec![
        format!("{} {} {}: {}", was.kind, was.id, moment(&was.at), was.state),
        format!("compared {}: {state}", moment(with)),
    ];
    lines.extend(changes.iter().map(|change| format!("    {}", of_change(change))));
    if let Some(list) = messages {
        lines.extend(of_list(list, "message", of_message));
    }
    if let Some(list) = documents {
        lines.extend(of_list(list, "document", of_document));
    }
    if lines.len() == 2 && was.state == *state {
        lines.push("    nothing is different".to_owned());
    }
    lines
}

fn of_list<T>(list: &AsOfListChanges<T>, name: &str, line: impl Fn(&T) -> String) -> Vec<String> {
    let AsOfListChanges { added, removed, changed } = list;
    let removed = removed.iter().map(|item| format!("  - {}", line(item)));
    let changed = changed.iter().flat_map(|item| {
        let head = format!("  ~ {name} {}", item.id);
        std::iter::once(head).chain(item.changes.iter().map(|change| format!("        {}", of_change(change))))
    });
    let added = added.iter().map(|item| format!("  + {}", line(item)));
    removed.chain(changed).chain(added).collect()
}

fn of_change(change: &AsOfChange) -> String {
    let AsOfChange { field, before, after } = change;
    let value = |value: &Option<_>| value.as_ref().map_or_else(|| "none".to_owned(), shortened);
    format!("{field}: {} -> {}", value(before), value(after))
}

fn of_message(message: &AsOfMessage) -> String {
    let AsOfMessage { id, kind, position, recorded_at, text, failure, ratings, .. } = message;
    let failure = failure.as_ref().map(|_| " (failed)").unwrap_or_default();
    let ratings = match ratings.len() {
        0 => String::new(),
        count => format!(" (ratings: {count})"),
    };
    format!("{position}  {recorded_at}  {kind} {id}{failure}{ratings}: {}", shortened(&text.as_str().into()))
}

fn of_document(document: &AsOfDocument) -> String {
    let AsOfDocument { id, title, version, state, .. } = document;
    format!("document {id} in version {version} ({state}): {}", shortened(&title.as_str().into()))
}

fn moment(at: &AsOfMoment) -> String {
    let AsOfMoment { log_id, position, recorded_at } = at;
    let time = recorded_at.as_ref().map(|time| format!(", recorded at {time}")).unwrap_or_default();
    format!("at position {position} of the log {log_id}{time}")
}
