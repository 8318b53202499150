//! The parts of answers as JSON that auditors are shown: events, passages, prompts, and how answers were made.

use chrono::{DateTime, SecondsFormat, Utc};
use commands::auditing::{CitationSeen, EventLink, GenerationSeen, PassageSeen, PromptSeen};
use domain::{
    chat::{Stage, Usage},
    document::StoredFile,
};
use ports::Message;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// An event of the log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditedEvent {
    /// The position in the whole log.
    #[schema(minimum = 1)]
    position: i64,
    /// The position in the timeline of what it is about.
    #[schema(minimum = 1)]
    sequence: i64,
    event_id: Uuid,
    event_type: &'static str,
    /// In RFC 3339 format with microseconds.
    recorded_at: String,
    /// `user:…`, `service:…` or `system:…`.
    actor: String,
    /// On whose behalf, if not the actor's own.
    on_behalf_of: Option<String>,
    /// Where the event is in its timeline.
    timeline: String,
    /// Where its receipt is, once it is published.
    proof: String,
}

/// When something began and ended, in RFC 3339 format with microseconds, by the server's clock.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditedStage {
    started_at: String,
    ended_at: String,
    /// Negative if the clock was put back meanwhile.
    duration_ms: i64,
}

/// A passage that was found for a question.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditedPassage {
    /// Best first.
    #[schema(minimum = 1)]
    rank: usize,
    document_id: Uuid,
    #[schema(minimum = 1)]
    document_version: u32,
    chunk_id: Uuid,
    /// The SHA-256 of headings and text as it was recorded with the answer, in hex.
    content_hash: String,
    /// Comparable within one search only.
    score: f32,
    /// The title of the document at that time; null if it is not known.
    title: Option<String>,
    /// The headings above the passage, separated by ` › `; null if they are not known any more.
    headings: Option<String>,
    /// The page or slide, if it has any and it is known.
    #[schema(minimum = 1)]
    page: Option<u32>,
    /// Null if it is not stored any more.
    text: Option<String>,
    /// `stored` and `cut_again`: the text has the recorded SHA-256. `different`: it has another one. `not_stored`: there is
    /// no text any more.
    origin: &'static str,
    /// Why there is no text, or what is to be known of it.
    note: Option<String>,
    /// The event that gave the document this version; null if the log has none.
    version_event: Option<AuditedEvent>,
}

/// The prompt of an answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditedPrompt {
    /// `project`, or the name of the built-in one; null for answers that failed.
    version: Option<String>,
    /// The SHA-256 of the template as it was recorded with the answer, in hex; null for answers that failed.
    hash: Option<String>,
    /// The text with this SHA-256; null if none was found.
    template: Option<String>,
    /// The event since which it was used.
    set_by: Option<AuditedEvent>,
    /// Whether a language model was asked. False for the built-in answerer, which gets no prompt; null if that is not
    /// recorded.
    is_sent: Option<bool>,
    /// The conversation that the model was sent, made again of what was recorded; null if a part of it is missing, or
    /// if none was sent.
    messages: Option<Vec<AuditedMessage>>,
    /// The parts that are not known (any more), in words.
    missing: Vec<String>,
}

/// A message of the conversation that a language model was sent.
#[derive(Debug, Serialize, ToSchema)]
struct AuditedMessage {
    /// `system`, `user` or `assistant`.
    role: &'static str,
    content: String,
}

/// How an answer was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditedGeneration {
    model_requested: String,
    /// The one that the provider says has answered.
    model_returned: Option<String>,
    temperature: f64,
    /// As the provider counted them; null if it did not.
    prompt_tokens: Option<u32>,
    completion_tokens: Option<u32>,
    /// Why the model stopped, in the provider's words.
    finish_reason: Option<String>,
    /// The documents that the answer names as its sources, best first.
    citations: Vec<AuditedCitation>,
}

/// A document that an answer names as its source.
#[derive(Debug, Serialize, ToSchema)]
struct AuditedCitation {
    document_id: Uuid,
    #[schema(minimum = 1)]
    document_version: Option<u32>,
    /// The title at that time.
    title: Option<String>,
}

/// A file of the media store.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditedFile {
    name: String,
    /// In bytes.
    #[schema(minimum = 0)]
    size: u64,
    /// In hex.
    sha256: String,
}

/// A time in RFC 3339 format with microseconds.
pub(crate) fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The length of a stage in milliseconds.
pub(crate) fn milliseconds(stage: Stage) -> i64 {
    (stage.ended_at - stage.started_at).num_milliseconds()
}

impl From<Stage> for AuditedStage {
    fn from(stage: Stage) -> Self {
        let Stage { started_at, ended_at } = stage;
        Self { started_at: time(started_at), ended_at: time(ended_at), duration_ms: milliseconds(stage) }
    }
}

impl From<EventLink> for AuditedEvent {
    fn from(link: EventLink) -> Self {
        let EventLink { aggregate_type, aggregate_id, position, sequence, event_id, event_type, .. } = link;
        let timeline =
            format!("/api/audit/{aggregate_type}/{aggregate_id}/timeline?after={}&limit=1", position.saturating_sub(1));
        Self {
            position,
            sequence,
            event_id,
            event_type,
            recorded_at: time(link.recorded_at),
            actor: link.actor,
            on_behalf_of: link.on_behalf_of,
            timeline,
            proof: format!("/api/audit/proofs/{position}"),
        }
    }
}

impl From<PassageSeen> for AuditedPassage {
    fn from(seen: PassageSeen) -> Self {
        Self {
            rank: seen.rank,
            document_id: seen.document_id.value(),
            document_version: seen.document_version,
            chunk_id: seen.chunk_id.value(),
            content_hash: seen.content_hash,
            score: seen.score,
            title: seen.title,
            headings: seen.headings,
            page: seen.page,
            text: seen.text,
            origin: seen.origin.into(),
            note: seen.note,
            version_event: seen.version_event.map(AuditedEvent::from),
        }
    }
}

impl From<PromptSeen> for AuditedPrompt {
    fn from(seen: PromptSeen) -> Self {
        let PromptSeen { version, hash, template, set_by, is_sent, messages, missing } = seen;
        let message = |Message { role, content }| AuditedMessage { role, content };
        let messages = messages.map(|messages| messages.into_iter().map(message).collect());
        Self { version, hash, template, set_by: set_by.map(AuditedEvent::from), is_sent, messages, missing }
    }
}

impl From<GenerationSeen> for AuditedGeneration {
    fn from(seen: GenerationSeen) -> Self {
        let GenerationSeen { model_requested, model_returned, temperature, usage, finish_reason, citations } = seen;
        let (prompt_tokens, completion_tokens) =
            usage.map(|Usage { prompt_tokens, completion_tokens }| (prompt_tokens, completion_tokens)).unzip();
        let citation = |CitationSeen { document_id, document_version, title }| AuditedCitation {
            document_id: document_id.value(),
            document_version,
            title,
        };
        Self {
            model_requested,
            model_returned,
            temperature,
            prompt_tokens,
            completion_tokens,
            finish_reason,
            citations: citations.into_iter().map(citation).collect(),
        }
    }
}

impl From<StoredFile> for AuditedFile {
    fn from(StoredFile { name, size, sha256 }: StoredFile) -> Self {
        Self { name, size, sha256 }
    }
}
