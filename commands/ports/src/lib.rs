//! The outside world as this system needs it: one trait for each port, with the adapters in a crate of their own.
//!
//! No port is called while a database transaction is open.
//!
//! See `docs/adding/adapter.md`.

mod captcha;
mod files;
mod mail;
mod names;

use std::{error::Error, ops::Range, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{chat::AnswerFailure, ids::DocumentId};
use futures::stream::BoxStream;
use secrecy::SecretString;
use tokio_util::bytes::Bytes;

use knowledge::extraction::FileHints;
pub use knowledge::retrieval::{Hit, Passage};

pub use captcha::{Captcha, CaptchaError, SharedCaptcha};
pub use files::{Content, CutText, DocumentReader, ReadError};
pub use mail::{Mail, MailError, Mailer, SharedMailer};
pub use names::{is_kept_in_names, is_possible_name};

mod speech;
mod vectors;
pub use speech::{
    Recording, SharedSpeechToText, SharedTextToSpeech, SharedTranslator, Speech, SpeechRequest, SpeechToText,
    SpeechToTextEngines, TextToSpeech, TextToSpeechEngines, TranscriptionError, TranscriptionRequest,
    TranslationRequest, Translator,
};
pub use vectors::{Collection, IndexError, SharedIndex, VectorIndex};

/// A question to a model, with the passages that the answer may be made from.
#[derive(Debug, Clone)]
pub struct AnswerRequest {
    /// The name of the model, as the provider knows it.
    pub model: String,
    /// The complete system message: the project's prompt with `{reference}` expanded.
    pub system: String,
    /// Earlier turns of the conversation, oldest first, in English.
    pub history: Vec<Exchange>,
    /// The question, in English.
    pub question: String,
    /// The passages behind `{reference}`, best first. Language models ignore them; the built-in answerer quotes them.
    pub passages: Vec<Passage>,
    /// The sampling temperature, 0.0 to 2.0.
    pub temperature: f64,
    /// The provider's key for this request, if it is not the configured one.
    pub api_key: Option<SecretString>,
}

/// The name of the built-in answerer where others name their model.
pub const BUILT_IN_ANSWERER: &str = "built-in-extractive";

/// A message of the conversation that a language model continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// `system`, `user` or `assistant`, as providers call them.
    pub role: &'static str,
    pub content: String,
}

impl AnswerRequest {
    /// The conversation as a language model gets it: the system message, earlier turns, the question.
    pub fn messages(&self) -> Vec<Message> {
        let message = |role, content: &String| Message { role, content: content.clone() };
        let turns = self
            .history
            .iter()
            .flat_map(|Exchange { question, answer }| [message("user", question), message("assistant", answer)]);
        let system = [message("system", &self.system)];
        system.into_iter().chain(turns).chain([message("user", &self.question)]).collect()
    }
}

/// A conversation that a model is to continue with one JSON object.
#[derive(Debug, Clone)]
pub struct JsonRequest {
    /// The name of the model, as the provider knows it.
    pub model: String,
    /// The system message: the task of the model.
    pub system: String,
    /// The conversation in the provider's protocol: objects with `role` and `content`.
    pub messages: Vec<serde_json::Value>,
    /// The most tokens that the answer may have.
    pub max_tokens: u32,
    /// The provider's key for this request, if it is not the configured one.
    pub api_key: Option<SecretString>,
}

/// An earlier question with its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    pub question: String,
    pub answer: String,
}

/// A piece of a model's answer, in the order in which it came.
#[derive(Debug, Clone, PartialEq)]
pub enum AnswerChunk {
    /// Text to append.
    Delta(String),
    /// The provider's metadata of the answer. Comes at most once, as the last chunk, or never.
    Finished(Finish),
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finish {
    /// The model that answered, as the provider names it.
    pub model: Option<String>,
    pub reason: Option<String>,
    pub prompt_tokens: Option<u32>,
    pub completion_tokens: Option<u32>,
    /// The documents that were used, best first, from a model that names them beside its text; `None` if it names
    /// them in its text.
    pub citations: Option<Vec<DocumentId>>,
}

/// The meaning of a provider's reason for the end of an answer, ordered by how much of the answer may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    Whole,
    /// Something other than the model ended it.
    Stopped,
    /// The model reached a limit of length.
    CutOff,
    /// A filter held back the rest, or all of it.
    Withheld,
    /// The provider failed before the end.
    Broken,
}

impl Ending {
    /// Classifies a reason; servers have names of their own. An unknown reason counts as [`Ending::Stopped`], because
    /// half an answer must not be taken for a whole one; so does a wish to call a tool (`tool_calls` and the like), because
    /// none is offered and the text ends where the tool should have been asked. A missing reason counts as [`Ending::Whole`]: such servers
    /// mark the end by other means.
    pub fn of(reason: Option<&str>) -> Self {
        match reason.unwrap_or_default().to_ascii_lowercase().as_str() {
            "" | "stop" | "stop_sequence" | "stop_token" | "stopped" | "eos" | "eos_token" | "end_turn" | "end"
            | "complete" | "completed" | "finished" | "done" => Self::Whole,
            "length"
            | "max_tokens"
            | "max_output_tokens"
            | "max_length"
            | "model_length"
            | "model_context_window_exceeded" => Self::CutOff,
            "content_filter"
            | "content_filtered"
            | "safety"
            | "recitation"
            | "prohibited_content"
            | "blocklist"
            | "spii"
            | "refusal"
            | "guardrail_intervened"
            | "error_toxic"
            | "sensitive" => Self::Withheld,
            "error" | "abort" | "aborted" | "cancelled" | "canceled" | "insufficient_system_resource" => Self::Broken,
            _ => Self::Stopped,
        }
    }
}

/// A failure of a provider. The provider's text is for the log only; it may contain parts of keys and is never shown to
/// a client.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    #[error("the provider refused the key")]
    Unauthorized,
    #[error("the provider limits the rate of requests")]
    RateLimited,
    #[error("the provider refused the request")]
    Refused(#[source] detail::Detail),
    #[error("the provider cannot be reached or failed")]
    Unavailable(#[source] detail::Detail),
}

/// Converts a failure to the form in which events record it.
impl From<&ProviderError> for AnswerFailure {
    fn from(error: &ProviderError) -> Self {
        match error {
            ProviderError::Unauthorized => Self::Unauthorized,
            ProviderError::RateLimited => Self::RateLimited,
            ProviderError::Refused(_) => Self::Refused,
            ProviderError::Unavailable(_) => Self::ProviderUnavailable,
        }
    }
}

impl ProviderError {
    /// Whether the same request may succeed later.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::RateLimited | Self::Unavailable(_))
    }

    pub fn refused(detail: impl Into<String>) -> Self {
        Self::Refused(detail::Detail(detail.into()))
    }

    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::Unavailable(detail::Detail(detail.into()))
    }
}

mod detail {
    /// A provider's text, kept as the source of an error so that it reaches the log and never a client.
    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    pub struct Detail(pub String);
}
pub use detail::Detail as ProviderDetail;

/// A language model that answers a question from passages, piece by piece.
#[async_trait]
pub trait LanguageModel: Send + Sync {
    /// Starts an answer. An error in the stream ends it.
    async fn answer(&self, request: AnswerRequest) -> Result<AnswerStream, ProviderError>;

    /// Returns one JSON object as text, chosen with the least randomness (temperature 0).
    async fn complete_json(&self, request: JsonRequest) -> Result<String, ProviderError>;

    /// True for the built-in answerer, which needs no provider's key.
    fn is_built_in(&self) -> bool;
}

pub type AnswerStream = BoxStream<'static, Result<AnswerChunk, ProviderError>>;

/// Turns texts into vectors. Passages and questions may be treated differently.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// The name of the vectors' model; vectors of different models are never compared.
    fn model(&self) -> &str;

    /// One vector for each text, in the same order, each of length 1 (or all zero for a text without words).
    async fn embed(&self, texts: &[String], kind: TextKind) -> Result<Vec<Vec<f32>>, ProviderError>;

    /// The part, 0.0 to 1.0, of a project's weight for vectors that these vectors get.
    fn weight(&self) -> f32 {
        1.0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextKind {
    Passage,
    Question,
}

/// The metadata of a stored file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaInfo {
    /// The size in bytes.
    pub size: u64,
    pub modified_at: DateTime<Utc>,
}

/// The bytes of a file, piece by piece; an error ends them.
pub type MediaBytes = BoxStream<'static, Result<Bytes, MediaError>>;

/// Stores the bytes of uploaded files by name. The content of a name never changes.
///
/// Files are added through the use case of uploads, which chooses their names.
#[async_trait]
pub trait MediaStore: Send + Sync {
    /// Stores the bytes under this name, unless it is taken; returns whether they were stored.
    async fn create(&self, name: &str, bytes: Bytes) -> Result<bool, MediaError>;

    /// The metadata of a file; `None` if there is no such name.
    async fn describe(&self, name: &str) -> Result<Option<MediaInfo>, MediaError>;

    /// The bytes of a range of a file; `None` if there is no such name. The range is not empty and lies within the
    /// file.
    async fn read(&self, name: &str, range: Range<u64>) -> Result<Option<MediaBytes>, MediaError>;

    /// Removes a file. A missing one is no error.
    async fn remove(&self, name: &str) -> Result<(), MediaError>;
}

#[derive(Debug, thiserror::Error)]
#[error("the media store failed")]
pub struct MediaError(#[source] Box<dyn Error + Send + Sync>);

impl MediaError {
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(source.into())
    }

    /// The error for a file that disappeared while it was used.
    fn gone(name: &str) -> Self {
        Self::new(format!("{name} was removed meanwhile"))
    }
}

/// Fetches pages of the web.
#[async_trait]
pub trait WebPages: Send + Sync {
    /// Fetches the page at the address, which may be any text.
    async fn fetch(&self, address: &str) -> Result<Page, PageError>;
}

/// The content that a web server sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub bytes: Vec<u8>,
    /// Its media type and name, as far as the server and the address tell.
    pub hints: FileHints,
}

/// The reason for which a page could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    #[error("the address is no http or https URL")]
    BadAddress,
    #[error("the address is not on the public internet, and nobody has allowed it")]
    Forbidden,
    #[error("the page is redirected too often")]
    TooManyRedirects,
    #[error("the server answered with status {0}")]
    Status(u16),
    #[error("the page is too large")]
    TooLarge,
    #[error("the page is compressed, though nobody asked for that")]
    Compressed,
    #[error("the page cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl PageError {
    /// Whether the same request may succeed later.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Status(429 | 500..=599))
    }
}

pub type SharedLanguageModel = Arc<dyn LanguageModel>;
pub type SharedEmbedder = Arc<dyn Embedder>;
pub type SharedMediaStore = Arc<dyn MediaStore>;
pub type SharedDocumentReader = Arc<dyn DocumentReader>;
pub type SharedWebPages = Arc<dyn WebPages>;
