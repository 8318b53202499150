//! `ayushma audit replay`: a conversation as its participants saw it.

use std::process::ExitCode;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Args, ValueEnum};
use commands::{
    answering::message_of,
    auditing::{Auditing, Details, EventLink, GenerationSeen, PassageSeen, PromptSeen, Step},
    counted,
    event_log::Moment,
};
use domain::{chat::Usage, ids::ChatId};
use http_api::replay;

use crate::terminal::say;

/// Show a conversation as its participants saw it, step by step, with the time that each step took
///
/// Only reads. Passages are shown with their text at the version that the answer was made from, and prompts as the model got them; what is
/// not known any more is named. How an answer grew is not recorded: its whole is shown, with begin and end. Text of a person who was erased
/// reads "erased" in brackets.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ayushma audit replay chat 7f81988b-3811-448c-b9e3-01709e573ae6
  ayushma audit replay chat 7f81… --at 2026-12-01T08:30:00Z
  ayushma audit replay chat 7f81… --at 4711 --json | jq '.steps[].kind'")]
pub(super) struct Replay {
    /// What it is
    kind: Kind,

    /// Its id
    id: ChatId,

    /// Only up to this position of the log (1200, or LOG_ID@1200 to be sure that it is that log), or up to this time
    /// (2026-12-01T08:30:00Z) [default: now]
    #[arg(long, value_name = "MOMENT", allow_negative_numbers = true)]
    at: Option<Moment>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What can be replayed.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Chat,
}

impl Replay {
    pub(super) async fn run(self, auditing: &Auditing) -> anyhow::Result<ExitCode> {
        let Self { kind: Kind::Chat, id, at, json } = self;
        let replayed = auditing.replay(id, at.unwrap_or_default()).await?;
        if json {
            say(&serde_json::to_string_pretty(&replay::Replay::from(replayed))?);
            return Ok(ExitCode::SUCCESS);
        }
        let project = replayed.project.map(|project| format!(" in project {project}")).unwrap_or_default();
        say(&format!("chat {} of {}{project}, up to position {}", replayed.chat, replayed.owner, replayed.up_to));
        for step in &replayed.steps {
            say(&lines_of(step).join("\n"));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A time in RFC 3339 format.
pub(super) fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The event as it is named in a line.
pub(super) fn named(event: &EventLink) -> String {
    let EventLink { position, event_type, event_id, .. } = event;
    format!("{event_type} at position {position}, event {event_id}")
}

/// The lines of a text, each behind a bar.
pub(super) fn quoted(text: &str) -> Vec<String> {
    text.lines().map(|line| format!("    | {line}")).collect()
}

fn lines_of(step: &Step) -> Vec<String> {
    let kind = <&str>::from(step.kind).replace('_', " ");
    let took = step.stage.map(|stage| format!(", {} ms", (stage.ended_at - stage.started_at).num_milliseconds()));
    let head = format!("{}  {kind}{}", time(step.started_at()), took.unwrap_or_default());
    let mut lines = vec![head, format!("    {}, by {}", named(&step.event), step.event.actor)];
    lines.extend(step.message.map(|message| format!("    message {message}")));
    lines.extend(step.text.iter().flat_map(|text| quoted(text)));
    match &step.details {
        Details::None => {}
        Details::Question { language, temperature, top_k } => {
            lines.push(format!("    language {language}, temperature {temperature}, at most {top_k} passages"));
        }
        Details::Model(model) => {
            let number = model.map_or_else(|| "none".to_owned(), |model| model.number().to_string());
            lines.push(format!("    model {number}"));
        }
        Details::Passages(passages) => lines.extend(passages.iter().flat_map(passage)),
        Details::Prompt(seen) => lines.extend(prompt(seen)),
        Details::Answer(seen) => lines.extend(generation(seen)),
        Details::Failure { reason, notice } => {
            lines.push(format!("    because: {}", message_of(*reason)));
            lines.extend(notice.iter().map(|notice| format!("    the conversation shows: {notice}")));
        }
        Details::Speech(file) => {
            lines.push(format!("    {}, {}, SHA-256 {}", file.name, counted(size(file.size), "byte"), file.sha256));
        }
        Details::Rating { liked, .. } => lines.push(format!("    {}", if *liked { "of help" } else { "of no help" })),
    }
    lines
}

fn size(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

pub(super) fn passage(seen: &PassageSeen) -> Vec<String> {
    let PassageSeen { rank, document_id, document_version, content_hash, score, .. } = seen;
    let title = seen.title.as_ref().map(|title| format!(" \"{title}\"")).unwrap_or_default();
    let mut lines =
        vec![format!("    {rank}. document {document_id}{title}, version {document_version}, score {score}")];
    let page = seen.page.map(|page| format!(", page {page}")).unwrap_or_default();
    let origin = <&str>::from(seen.origin).replace('_', " ");
    lines.push(format!("    SHA-256 {content_hash}{page}: {origin}"));
    lines.extend(seen.note.iter().map(|note| format!("    {note}")));
    lines.extend(seen.headings.iter().filter(|headings| !headings.is_empty()).map(|it| format!("    under {it}")));
    lines.extend(seen.text.iter().flat_map(|text| quoted(text)));
    lines
}

pub(super) fn prompt(seen: &PromptSeen) -> Vec<String> {
    let mut lines = Vec::new();
    if let (Some(version), Some(hash)) = (&seen.version, &seen.hash) {
        lines.push(format!("    template {version}, SHA-256 {hash}"));
    }
    lines.extend(seen.set_by.iter().map(|event| format!("    set by {}", named(event))));
    if seen.is_sent == Some(false) {
        lines.push("    the built-in answerer quotes passages; no language model was asked".to_owned());
    }
    lines.extend(seen.missing.iter().map(|part| format!("    not known: {part}")));
    match &seen.messages {
        Some(messages) => {
            for message in messages {
                lines.push(format!("    {}:", message.role));
                lines.extend(quoted(&message.content));
            }
        }
        None => lines.extend(seen.template.iter().flat_map(|template| quoted(template))),
    }
    lines
}

pub(super) fn generation(seen: &GenerationSeen) -> Vec<String> {
    let returned = seen.model_returned.as_deref().unwrap_or("not told");
    let requested = &seen.model_requested;
    let mut lines = vec![format!("    model asked {requested}, answered {returned}, temperature {}", seen.temperature)];
    lines.extend(seen.usage.map(|Usage { prompt_tokens, completion_tokens }| {
        format!("    {prompt_tokens} tokens of the prompt, {completion_tokens} of the answer")
    }));
    lines.extend(seen.finish_reason.iter().map(|reason| format!("    ended: {reason}")));
    lines.extend(seen.citations.iter().map(|cited| {
        let title = cited.title.as_deref().unwrap_or("of a title that is not known");
        let version = cited.document_version.map(|version| format!(", version {version}")).unwrap_or_default();
        format!("    source: document {} \"{title}\"{version}", cited.document_id)
    }));
    lines
}
