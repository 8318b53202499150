//! What can happen in a chat.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray, VariantNames};

use crate::{
    document::StoredFile,
    ids::{ApiKeyId, ChunkId, DocumentId, FeedbackId, MessageId, ProjectId, ServiceId, UserId},
    personal::Personal,
    values::{Model, Title},
};

/// Whose chat it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatOwner {
    /// A person's.
    User(UserId),
    /// That of a hospital's client, made with one of its keys.
    ApiKey(ApiKeyId),
}

/// A question, as it was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// The question's own message.
    pub message_id: MessageId,
    /// The message that its answer, or the notice of its failure, will be.
    pub answer_id: MessageId,
    /// What was asked, as typed or as transcribed.
    pub text: Personal<String>,
    /// The same in English, if it was asked in another language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub english_text: Option<Personal<String>>,
    /// When it was translated, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub translation: Option<Stage>,
    /// When it was transcribed, if it was spoken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcription: Option<Stage>,
    /// The language of question and answer, as the client names it (`en`, `hi`).
    pub language: String,
    /// The model's temperature.
    pub temperature: f64,
    /// How many passages may be retrieved.
    pub top_k: u32,
}

/// A passage that was found for a question, by reference: its text stays in the index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetrievedPassage {
    /// The document.
    pub document_id: DocumentId,
    /// The document's version.
    pub document_version: u32,
    /// The passage.
    pub chunk_id: ChunkId,
    /// SHA-256 of its text, in hex.
    pub content_hash: String,
    /// How well it fits; comparable within one retrieval only.
    pub score: f32,
}

/// When a stage of the work on an answer began and ended, by the server's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Its begin.
    pub started_at: DateTime<Utc>,
    /// Its end.
    pub ended_at: DateTime<Utc>,
}

impl Stage {
    /// Between two points in time that a client names in seconds since 1970; `None` if one of them is no date.
    pub fn between_epoch_seconds(started_at: f64, ended_at: f64) -> Option<Self> {
        Some(Self { started_at: instant(started_at)?, ended_at: instant(ended_at)? })
    }

    /// Its begin and its end in seconds since 1970.
    #[expect(clippy::cast_precision_loss, reason = "microseconds since 1970 fit into 53 bits until the year 2255")]
    pub const fn in_epoch_seconds(&self) -> (f64, f64) {
        (self.started_at.timestamp_micros() as f64 / 1e6, self.ended_at.timestamp_micros() as f64 / 1e6)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "what is out of range saturates, and is no date then")]
fn instant(epoch_seconds: f64) -> Option<DateTime<Utc>> {
    if epoch_seconds.is_finite() { DateTime::from_timestamp_micros((epoch_seconds * 1e6) as i64) } else { None }
}

/// Tokens, as the provider counted them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt_tokens: u32,
    /// Tokens of the answer.
    pub completion_tokens: u32,
}

/// How an answer was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Generation {
    /// The model that was asked for.
    pub model_requested: String,
    /// The model that the provider says has answered.
    pub model_returned: Option<String>,
    /// Which prompt was used: `built-in-1` or `project`.
    pub prompt_version: String,
    /// SHA-256 of the prompt's template, in hex.
    pub prompt_hash: String,
    /// The model's temperature.
    pub temperature: f64,
    /// Tokens, if the provider counted them.
    pub usage: Option<Usage>,
    /// Why the model stopped, in the provider's words.
    pub finish_reason: Option<String>,
    /// When the passages were looked for.
    pub retrieval: Stage,
    /// When the model wrote.
    pub response: Stage,
}

/// A complete answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// The answer's message, as announced with the question.
    pub answer_id: MessageId,
    /// The answer, in the question's language.
    pub text: Personal<String>,
    /// The same in English, if the question's language is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub english_text: Option<Personal<String>>,
    /// When it was translated, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub translation: Option<Stage>,
    /// The documents that the model named as its sources, best first.
    pub citations: Vec<DocumentId>,
    /// How it was made.
    #[serde(flatten)]
    pub generation: Generation,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, VariantArray)]
#[serde(rename_all = "snake_case")]
pub enum AnswerFailure {
    /// The provider refused the key.
    Unauthorized,
    /// The provider limits the rate of requests.
    RateLimited,
    /// The provider refused the request.
    Refused,
    /// The provider could not be reached or failed.
    ProviderUnavailable,
    /// The passages could not be searched.
    RetrievalFailed,
    /// The project's prompt is not usable.
    BadPrompt,
    /// The answer could not be translated into the question's language.
    TranslationFailed,
    /// The process that made the answer ended before it was complete.
    Interrupted,
    /// The provider's answer ended in the middle.
    BrokenOff,
    /// The model wrote nothing that can be shown.
    Empty,
    /// A content filter of the provider held the whole answer back.
    Withheld,
}

/// An event of a chat's stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type")]
pub enum ChatEvent {
    /// The chat was started.
    Started {
        /// The project that it belongs to.
        project_id: ProjectId,
        /// Whose chat it is.
        owner: UserId,
        /// Its title.
        title: Personal<Title>,
    },
    /// The chat was started with an API key; it belongs to no project.
    StartedWithKey {
        /// The client whose key it is.
        service_id: ServiceId,
        /// The key, which owns the chat.
        key_id: ApiKeyId,
        /// Its title.
        title: Personal<Title>,
        /// The template of the system message in place of a project's.
        prompt: Option<Personal<String>>,
        /// Which model answers.
        model: Option<Model>,
    },
    /// The chat's own prompt was changed or removed.
    PromptChanged {
        /// The new one.
        prompt: Option<Personal<String>>,
    },
    /// Another model answers from now on.
    ModelChanged {
        /// The new one.
        model: Option<Model>,
    },
    /// The title was changed, by its owner or by the first question.
    Retitled {
        /// The new one.
        title: Personal<Title>,
    },
    /// A question was asked.
    QuestionAsked(Question),
    /// Passages were found for a question.
    PassagesRetrieved {
        /// The answer that they are for.
        answer_id: MessageId,
        /// The passages, best first.
        passages: Vec<RetrievedPassage>,
    },
    /// A question was answered.
    AnswerCompleted(Completion),
    /// A question will not be answered.
    AnswerFailed {
        /// The answer that will not be.
        answer_id: MessageId,
        /// Why.
        reason: AnswerFailure,
        /// What had been written until then.
        partial_text: Personal<String>,
        /// What the conversation shows in the answer's place, if anything.
        notice: Option<String>,
    },
    /// An answer can be heard.
    AnswerSpoken {
        /// The answer.
        answer_id: MessageId,
        /// Its speech, as the media store keeps it.
        audio: StoredFile,
        /// When it was spoken.
        speech: Stage,
        /// When it was stored.
        upload: Stage,
    },
    /// Speech could not be transcribed.
    TranscriptionFailed {
        /// The message that says so.
        message_id: MessageId,
        /// What the conversation shows.
        notice: String,
    },
    /// A message was rated.
    FeedbackGiven {
        /// The rating's own id.
        feedback_id: FeedbackId,
        /// The message.
        message_id: MessageId,
        /// Whether it was of help.
        liked: bool,
        /// What there is to say of it.
        message: Option<Personal<String>>,
    },
    /// The chat was deleted.
    Deleted {},
    /// The chat of an API key was erased: the key of all that was ever said in it is destroyed.
    SubjectErased {},
}

impl ChatEvent {
    pub(crate) const fn version(&self) -> &'static str {
        match self {
            Self::Started { .. }
            | Self::StartedWithKey { .. }
            | Self::PromptChanged { .. }
            | Self::ModelChanged { .. }
            | Self::Retitled { .. }
            | Self::QuestionAsked(_)
            | Self::PassagesRetrieved { .. }
            | Self::AnswerCompleted(_)
            | Self::AnswerFailed { .. }
            | Self::AnswerSpoken { .. }
            | Self::TranscriptionFailed { .. }
            | Self::FeedbackGiven { .. }
            | Self::Deleted {}
            | Self::SubjectErased {} => "1",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_comes_back_from_the_seconds_that_it_was_told_in() {
        let stage = Stage::between_epoch_seconds(1_795_338_000.5, 1_795_338_001.25).expect("dates");
        assert_eq!(stage.in_epoch_seconds(), (1_795_338_000.5, 1_795_338_001.25));
    }

    #[test]
    fn what_is_no_date_is_no_stage() {
        for seconds in [f64::NAN, f64::INFINITY, 1e300, -1e300] {
            assert_eq!(Stage::between_epoch_seconds(0.0, seconds), None, "{seconds}");
        }
    }
}
