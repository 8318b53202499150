//! The replay of a conversation as JSON: what the API and the command line show auditors of what its participants saw.

use commands::{
    answering::message_of,
    auditing::{self, Details},
};
use domain::{
    chat::AnswerFailure,
    ids::{MessageId, ProjectId},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::audited::{AuditedEvent, AuditedFile, AuditedGeneration, AuditedPassage, AuditedPrompt, milliseconds, time};

/// A conversation up to a moment.
#[derive(Debug, Serialize, ToSchema)]
pub struct Replay {
    chat_id: Uuid,
    /// Null for a chat of an API key.
    project_id: Option<Uuid>,
    /// `user:…`, or `service:…` for a chat of an API key.
    owner: String,
    /// The position of the last event that is shown.
    #[schema(minimum = 1)]
    up_to: i64,
    /// In the order of the log.
    steps: Vec<ReplayStep>,
}

/// A step of a conversation. Text of a person who was erased reads `[erased]`.
#[derive(Debug, Serialize, ToSchema)]
struct ReplayStep {
    /// `chat_started`, `prompt_set`, `model_set`, `retitled`, `speech_transcribed`, `question_asked`,
    /// `question_translated`, `passages_retrieved`, `prompt_sent`, `prompt_unused` (by the built-in answerer),
    /// `answer_written`, `answer_translated`, `answer_failed`, `answer_spoken`, `speech_stored`, `transcription_failed`,
    /// `rated`, `chat_deleted` or `chat_erased`.
    kind: &'static str,
    /// In RFC 3339 format with microseconds; the time of its event if it was not measured.
    started_at: String,
    /// Null if it was not measured.
    ended_at: Option<String>,
    /// Null if it was not measured; negative if the clock was put back meanwhile.
    duration_ms: Option<i64>,
    /// The question or answer that it is about.
    message_id: Option<Uuid>,
    /// The text that came of it: of an answer the whole, because how it grew is not recorded.
    text: Option<String>,
    /// Of `question_asked`.
    question: Option<ReplayQuestion>,
    /// Of `model_set`: the number of the model; null if it was taken back.
    #[schema(minimum = 1)]
    model: Option<i64>,
    /// Of `passages_retrieved`.
    passages: Option<Vec<AuditedPassage>>,
    /// Of `prompt_sent` and `prompt_unused`.
    prompt: Option<AuditedPrompt>,
    /// Of `answer_written`.
    answer: Option<AuditedGeneration>,
    /// Of `answer_failed`.
    failure: Option<AuditedFailure>,
    /// Of `answer_spoken` and `speech_stored`.
    speech: Option<AuditedFile>,
    /// Of `rated`.
    rating: Option<ReplayRating>,
    /// The event that records it.
    event: AuditedEvent,
}

/// How a question was asked.
#[derive(Debug, Serialize, ToSchema)]
struct ReplayQuestion {
    language: String,
    temperature: f64,
    #[schema(minimum = 0)]
    top_k: u32,
}

/// Why there is no answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditedFailure {
    /// As recorded, such as `rate_limited`.
    #[schema(value_type = String)]
    reason: AnswerFailure,
    /// The reason in words.
    message: &'static str,
    /// What the conversation shows in the answer's place, if anything.
    notice: Option<String>,
}

/// A rating.
#[derive(Debug, Serialize, ToSchema)]
struct ReplayRating {
    feedback_id: Uuid,
    liked: bool,
}

impl AuditedFailure {
    pub(crate) const fn new(reason: AnswerFailure, notice: Option<String>) -> Self {
        Self { reason, message: message_of(reason), notice }
    }
}

impl From<auditing::Replay> for Replay {
    fn from(replay: auditing::Replay) -> Self {
        Self {
            chat_id: replay.chat.value(),
            project_id: replay.project.map(ProjectId::value),
            owner: replay.owner,
            up_to: replay.up_to,
            steps: replay.steps.into_iter().map(ReplayStep::from).collect(),
        }
    }
}

impl From<auditing::Step> for ReplayStep {
    fn from(step: auditing::Step) -> Self {
        let started_at = time(step.started_at());
        let auditing::Step { kind, event, message, stage, text, details } = step;
        let mut shown = Self {
            kind: kind.into(),
            started_at,
            ended_at: stage.map(|stage| time(stage.ended_at)),
            duration_ms: stage.map(milliseconds),
            message_id: message.map(MessageId::value),
            text,
            question: None,
            model: None,
            passages: None,
            prompt: None,
            answer: None,
            failure: None,
            speech: None,
            rating: None,
            event: event.into(),
        };
        match details {
            Details::None => {}
            Details::Question { language, temperature, top_k } => {
                shown.question = Some(ReplayQuestion { language, temperature, top_k });
            }
            Details::Model(model) => shown.model = model.map(|model| model.number().into()),
            Details::Passages(passages) => {
                shown.passages = Some(passages.into_iter().map(AuditedPassage::from).collect());
            }
            Details::Prompt(prompt) => shown.prompt = Some((*prompt).into()),
            Details::Answer(generation) => shown.answer = Some((*generation).into()),
            Details::Failure { reason, notice } => shown.failure = Some(AuditedFailure::new(reason, notice)),
            Details::Speech(file) => shown.speech = Some(file.into()),
            Details::Rating { feedback, liked } => {
                shown.rating = Some(ReplayRating { feedback_id: feedback, liked });
            }
        }
        shown
    }
}
