//! `ayushma audit provenance`: what an answer was made from.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use commands::{
    answering::message_of,
    auditing::{Auditing, Provenance as Found},
};
use domain::{
    chat::Stage,
    ids::{ChatId, MessageId},
};
use http_api::provenance;
use projections::{Views, chats};
use sqlx::PgPool;

use super::replay::{generation, named, passage, prompt, quoted, time};
use crate::terminal::say;

/// Show what an answer was made from: question, passages, prompt, model, parameters, citations, tokens, times, ratings
///
/// Only reads. Each part is as it was then; what is not known any more is named. Failed answers have a provenance too.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ayushma audit provenance 0193a5c2-7b1e-7c0a-9f0e-3d1f0a5b6c7d
  ayushma audit provenance 0193… --chat 7f81988b-3811-448c-b9e3-01709e573ae6 --json | jq '.passages[].content_hash'")]
pub(super) struct Provenance {
    /// Id of the answer's message
    answer: MessageId,

    /// Its chat; needed where the view of messages has it no more, and for failures that left no message
    #[arg(long)]
    chat: Option<ChatId>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Provenance {
    pub(super) async fn run(self, auditing: &Auditing, pool: &PgPool) -> anyhow::Result<ExitCode> {
        let Self { answer, chat, json } = self;
        let found = auditing.provenance(chat_of(answer, chat, pool).await?, answer).await?;
        if json {
            say(&serde_json::to_string_pretty(&provenance::Provenance::from(found))?);
        } else {
            say(&lines_of(&found).join("\n"));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Returns the chat of an answer: the one that was named, or that of the view of messages.
pub(super) async fn chat_of(answer: MessageId, chat: Option<ChatId>, pool: &PgPool) -> anyhow::Result<ChatId> {
    match chat {
        Some(chat) => Ok(chat),
        None => chats::chat_of_message(&Views::beside(pool), answer)
            .await?
            .map(|(chat, _)| chat)
            .with_context(|| format!("no open chat shows a message {answer}: name its chat with --chat")),
    }
}

fn lines_of(found: &Found) -> Vec<String> {
    let question = &found.question;
    let project = found.project.map(|project| format!(", project {project}")).unwrap_or_default();
    let mut lines = vec![format!("answer {} of chat {}{project}", found.answer, found.chat)];
    let (language, temperature, top_k) = (&question.language, question.temperature, question.top_k);
    lines.push(format!("question, asked {}", time(question.at)));
    lines.push(format!("    language {language}, temperature {temperature}, at most {top_k} passages"));
    lines.extend(question.transcription.map(|stage| spent("transcribed", stage)));
    lines.extend(quoted(&question.text));
    lines.extend(question.translation.map(|stage| spent("translated", stage)));
    lines.extend(question.english_text.iter().flat_map(|text| quoted(text)));
    lines.push("passages".to_owned());
    lines.extend(found.retrieval.map(|stage| spent("looked for", stage)));
    lines.extend(found.passages.iter().flat_map(passage));
    lines.push("prompt".to_owned());
    lines.extend(prompt(&found.prompt));
    lines.push("answer".to_owned());
    lines.extend(found.response.map(|stage| spent("written", stage)));
    lines.extend(found.english_text.iter().flat_map(|text| quoted(text)));
    lines.extend(found.translation.map(|stage| spent("translated", stage)));
    lines.extend(found.text.iter().flat_map(|text| quoted(text)));
    lines.extend(found.generation.iter().flat_map(generation));
    if let Some((reason, notice)) = &found.failure {
        lines.push(format!("    failed: {}", message_of(*reason)));
        lines.extend(notice.iter().map(|notice| format!("    the conversation shows: {notice}")));
    }
    lines.extend(found.speech.iter().map(|spoken| {
        format!("{}: {}, SHA-256 {}", spent("spoken", spoken.speech), spoken.file.name, spoken.file.sha256)
    }));
    for rating in &found.ratings {
        let verdict = if rating.liked { "of help" } else { "of no help" };
        lines.push(format!("rated {verdict} by {}, {}", rating.event.actor, time(rating.event.recorded_at)));
        lines.extend(rating.text.iter().flat_map(|text| quoted(text)));
    }
    lines.push("events".to_owned());
    lines.extend(found.events.iter().map(|event| format!("    {}  {}", time(event.recorded_at), named(event))));
    lines
}

fn spent(what: &str, stage: Stage) -> String {
    let took = (stage.ended_at - stage.started_at).num_milliseconds();
    format!("    {what} {}, {took} ms", time(stage.started_at))
}
