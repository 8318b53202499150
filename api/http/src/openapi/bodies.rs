//! The schemas of request bodies, and of responses that are not views.
//!
//! A request may have more fields: unknown ones are ignored. Where a text is expected, a number is accepted, too; where
//! a number or a boolean is expected, its text is accepted, too.

pub mod accounts;
pub mod evaluation;
pub mod key_chats;
pub mod services;

use utoipa::ToSchema;
use uuid::Uuid;

#[derive(ToSchema)]
pub struct NewProject {
    #[schema(min_length = 1, max_length = 50)]
    pub title: String,
    pub description: Option<String>,
    /// What the model is told; `{reference}` stands for the passages that were found.
    #[schema(min_length = 1, nullable = false)]
    pub prompt: Option<String>,
    #[schema(minimum = 1, maximum = 3, default = 1, nullable = false)]
    pub stt_engine: Option<i16>,
    #[schema(minimum = 1, maximum = 2, default = 2, nullable = false)]
    pub tts_engine: Option<i16>,
    #[schema(minimum = 1, maximum = 8, default = 1, nullable = false)]
    pub model: Option<i16>,
    /// Makes it the default in place of any other.
    #[schema(default = false, nullable = false)]
    pub is_default: Option<bool>,
    #[schema(default = false, nullable = false)]
    pub archived: Option<bool>,
    #[schema(max_length = 100)]
    pub assistant_id: Option<String>,
    #[schema(max_length = 100, write_only)]
    pub open_ai_key: Option<String>,
    pub preset_questions: Option<Vec<String>>,
}

/// Only what is named is changed.
#[derive(ToSchema)]
pub struct ProjectChange {
    #[schema(min_length = 1, max_length = 50, nullable = false)]
    pub title: Option<String>,
    pub description: Option<String>,
    /// An empty one gives way to the built-in prompt.
    #[schema(nullable = false)]
    pub prompt: Option<String>,
    #[schema(minimum = 1, maximum = 3, nullable = false)]
    pub stt_engine: Option<i16>,
    #[schema(minimum = 1, maximum = 2, nullable = false)]
    pub tts_engine: Option<i16>,
    #[schema(minimum = 1, maximum = 8, nullable = false)]
    pub model: Option<i16>,
    #[schema(nullable = false)]
    pub is_default: Option<bool>,
    #[schema(nullable = false)]
    pub archived: Option<bool>,
    #[schema(max_length = 100)]
    pub assistant_id: Option<String>,
    #[schema(max_length = 100, write_only)]
    pub open_ai_key: Option<String>,
    pub preset_questions: Option<Vec<String>>,
}

/// With a file or a text.
#[derive(ToSchema)]
pub struct NewDocument {
    #[schema(min_length = 1, max_length = 50)]
    pub title: String,
    #[schema(nullable = false)]
    pub description: Option<String>,
    /// 1: a file, 2: the address of a page, 3: a text.
    #[schema(minimum = 1, maximum = 3, default = 1, nullable = false)]
    pub document_type: Option<i16>,
    #[schema(value_type = Option<String>, format = Binary, nullable = false)]
    pub file: Option<Vec<u8>>,
    #[schema(nullable = false)]
    pub text_content: Option<String>,
}

/// With a file or a text; the page of a web address is fetched again if there is neither.
#[derive(ToSchema)]
pub struct NewVersion {
    #[schema(value_type = Option<String>, format = Binary, nullable = false)]
    pub file: Option<Vec<u8>>,
    #[schema(nullable = false)]
    pub text_content: Option<String>,
}

/// Only what is named is changed.
#[derive(ToSchema)]
pub struct DocumentChange {
    #[schema(min_length = 1, max_length = 50, nullable = false)]
    pub title: Option<String>,
    #[schema(nullable = false)]
    pub description: Option<String>,
}

#[derive(ToSchema)]
pub struct NewChat {
    #[schema(min_length = 1, max_length = 50)]
    pub title: String,
}

/// Only what is named is changed.
#[derive(ToSchema)]
pub struct ChatChange {
    #[schema(min_length = 1, max_length = 50, nullable = false)]
    pub title: Option<String>,
}

/// A question, typed or spoken.
#[derive(ToSchema)]
pub struct Question {
    #[schema(nullable = false)]
    pub text: Option<String>,
    /// Wins over the text.
    #[schema(value_type = Option<String>, format = Binary, nullable = false)]
    pub audio: Option<Vec<u8>>,
    /// Of the question, and so of the answer.
    #[schema(max_length = 10, default = "en", nullable = false)]
    pub language: Option<String>,
    #[schema(minimum = 1, default = 100, nullable = false)]
    pub top_k: Option<u32>,
    #[schema(minimum = 0, maximum = 2, default = 0.1, nullable = false)]
    pub temperature: Option<f64>,
    /// Whether the answer is streamed, as `text/event-stream`; only `false` says no.
    #[schema(default = true, nullable = false)]
    pub stream: Option<bool>,
    /// Whether the answer is spoken, too; only `false` says no.
    #[schema(default = true, nullable = false)]
    pub generate_audio: Option<bool>,
    /// Refused if a question had it before.
    #[schema(max_length = 100, nullable = false)]
    pub noonce: Option<String>,
    #[schema(nullable = false)]
    pub transcript_start_time: Option<f64>,
    #[schema(nullable = false)]
    pub transcript_end_time: Option<f64>,
}

/// A spoken question.
#[derive(ToSchema)]
pub struct SpokenQuestion {
    #[schema(value_type = String, format = Binary)]
    pub audio: Vec<u8>,
    #[schema(max_length = 10, default = "en", nullable = false)]
    pub language: Option<String>,
}

#[derive(ToSchema)]
pub struct NewAssistant {
    #[schema(min_length = 1, max_length = 256)]
    pub name: String,
    #[schema(default = "", nullable = false)]
    pub instructions: Option<String>,
    /// By name, such as `gpt-4`, or by number.
    #[schema(min_length = 1, max_length = 100)]
    pub model: String,
}

/// What somebody thinks of a message.
#[derive(ToSchema)]
pub struct NewFeedback {
    pub chat_message: Uuid,
    pub liked: bool,
    pub message: Option<String>,
}

/// An event of a streamed answer.
#[derive(ToSchema)]
pub struct AnswerEvent {
    /// An `AnswerFrame`, as JSON.
    #[schema(content_media_type = "application/json")]
    pub data: String,
    /// Left out, which means `message`.
    #[schema(nullable = false)]
    pub event: Option<String>,
}

/// News of a document.
#[derive(ToSchema)]
pub struct ProgressEvent {
    /// A `TrackedDocument`, as JSON.
    #[schema(content_media_type = "application/json")]
    pub data: String,
    /// Left out, which means `message`.
    #[schema(nullable = false)]
    pub event: Option<String>,
}

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct File(pub Vec<u8>);
