//! What auditors read of answers: how a conversation went, and what each answer was made from.
//!
//! Everything here only reads: the log, the passages that are stored, and the files that documents were made from.
//!
//! See "Replay and provenance" in `docs/operations/audit.md`.

mod conversation;
mod passages;
mod prompts;
mod provenance;
mod replay;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::{
    AggregateType,
    chat::Usage,
    envelope::RecordedEvent,
    ids::{ChatId, ChunkId, DocumentId, MessageId},
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::event_log::{Codec, Histories, HistoryError, KeyRing, MomentError};
use ports::{Message, SharedDocumentReader, SharedMediaStore};
pub use provenance::{Asked, Provenance, Rating, Spoken};
pub use replay::{Details, Replay, Step, StepKind};

/// The reason why a conversation or an answer cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum AuditingError {
    #[error("the log has no chat with the id {0}")]
    UnknownChat(ChatId),
    #[error("the chat {chat} has no answer with the id {answer}")]
    UnknownAnswer { chat: ChatId, answer: MessageId },
    #[error(transparent)]
    Moment(#[from] MomentError),
    #[error("there was no such chat yet: it was started at position {0}")]
    BeforeChat(i64),
    #[error("the log cannot be read")]
    History(#[from] HistoryError),
    #[error("the stored passages cannot be read")]
    Passages(#[from] sqlx::Error),
}

/// An event of the log, by which what is shown can be looked up and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct EventLink {
    pub aggregate_type: AggregateType,
    pub aggregate_id: Uuid,
    /// The position in the whole log.
    pub position: i64,
    /// The position in the history of its aggregate, from 1.
    pub sequence: i64,
    pub event_id: Uuid,
    pub event_type: &'static str,
    pub recorded_at: DateTime<Utc>,
    /// `user:…`, `service:…` or `system:…`.
    pub actor: String,
    /// On whose behalf, if not the actor's own.
    pub on_behalf_of: Option<String>,
}

impl EventLink {
    fn to(aggregate_type: AggregateType, event_type: &'static str, recorded: &RecordedEvent) -> Self {
        let metadata = &recorded.metadata;
        Self {
            aggregate_type,
            aggregate_id: recorded.aggregate_id,
            position: recorded.position,
            sequence: recorded.sequence,
            event_id: metadata.event_id.value(),
            event_type,
            recorded_at: metadata.recorded_at,
            actor: metadata.actor.to_string(),
            on_behalf_of: metadata.on_behalf_of.as_ref().map(ToString::to_string),
        }
    }
}

/// Where the text of a passage was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum TextOrigin {
    /// It is stored, and its SHA-256 is the recorded one.
    Stored,
    /// It was cut again from what its version was made of, and its SHA-256 is the recorded one.
    CutAgain,
    /// What is stored has another SHA-256 than the recorded one.
    Different,
    /// It is stored no longer.
    NotStored,
}

/// A passage that was found for a question.
#[derive(Debug, Clone, PartialEq)]
pub struct PassageSeen {
    /// From 1, best first.
    pub rank: usize,
    pub document_id: DocumentId,
    pub document_version: u32,
    pub chunk_id: ChunkId,
    /// The SHA-256 of headings and text as it was recorded with the answer, in hex.
    pub content_hash: String,
    /// Comparable within one search only.
    pub score: f32,
    /// The title of the document at that time.
    pub title: Option<String>,
    /// The headings above the passage, separated by ` › `; `None` if they are not known any more.
    pub headings: Option<String>,
    /// The page or slide, from 1, if it has any and it is known.
    pub page: Option<u32>,
    pub text: Option<String>,
    pub origin: TextOrigin,
    /// Why there is no text, or what is to be known of it.
    pub note: Option<String>,
    /// The event that gave the document this version.
    pub version_event: Option<EventLink>,
}

/// The prompt of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptSeen {
    /// The source of the template: `project`, or the name of the built-in one. Not recorded for failed answers.
    pub version: Option<String>,
    /// The SHA-256 of the template as it was recorded with the answer, in hex. Not recorded for failed answers.
    pub hash: Option<String>,
    /// The text with this SHA-256, if it was found.
    pub template: Option<String>,
    /// The event since which it was used.
    pub set_by: Option<EventLink>,
    /// Whether a language model was asked; `false` for the built-in answerer, which quotes passages and gets no prompt.
    /// `None` if that is not recorded.
    pub is_sent: Option<bool>,
    /// The conversation that the model was sent, if every part of it is still known.
    pub messages: Option<Vec<Message>>,
    /// The parts that are not known any more, in words; then there are no messages.
    pub missing: Vec<String>,
}

/// A document that an answer names as its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CitationSeen {
    pub document_id: DocumentId,
    /// `None` if the document was not among the retrieved ones.
    pub document_version: Option<u32>,
    pub title: Option<String>,
}

/// How an answer was made.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerationSeen {
    pub model_requested: String,
    pub model_returned: Option<String>,
    pub temperature: f64,
    pub usage: Option<Usage>,
    pub finish_reason: Option<String>,
    pub citations: Vec<CitationSeen>,
}

/// What documents were made from, so that passages of earlier versions can be cut again.
#[derive(Clone)]
pub struct KeptSources {
    pub media: SharedMediaStore,
    pub reader: SharedDocumentReader,
}

/// The use case of auditors who look at answers.
#[derive(Clone)]
pub struct Auditing {
    pool: PgPool,
    histories: Histories,
    sources: Option<Arc<KeptSources>>,
}

impl Auditing {
    /// Without `sources`, passages of versions that have been replaced are not cut again.
    pub fn new(pool: PgPool, keys: KeyRing, sources: Option<KeptSources>) -> Self {
        let histories = Histories::new(pool.clone(), Codec::new(keys));
        Self { pool, histories, sources: sources.map(Arc::new) }
    }
}
