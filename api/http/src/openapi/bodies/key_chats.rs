//! The bodies of requests of hospitals' clients with an API key.

use serde_json::Value;
use utoipa::ToSchema;

#[derive(ToSchema)]
pub struct NewKeyChat {
    #[schema(min_length = 1, max_length = 50)]
    pub title: String,
    /// What the model is told.
    pub prompt: Option<String>,
    #[schema(minimum = 1, maximum = 8)]
    pub model: Option<i16>,
    /// Asked at once; an empty one is none. Only within JSON.
    pub message: Option<FirstQuestion>,
}

/// As the form of `converse`, without a recording.
#[derive(ToSchema)]
pub struct FirstQuestion {
    pub text: Option<String>,
    #[schema(max_length = 10, default = "en")]
    pub language: Option<String>,
    #[schema(minimum = 1, default = 100)]
    pub top_k: Option<u32>,
    #[schema(minimum = 0, maximum = 2, default = 0.1)]
    pub temperature: Option<f64>,
    /// Has to be false: an answer within JSON cannot be streamed.
    #[schema(default = true)]
    pub stream: Option<bool>,
    #[schema(default = true)]
    pub generate_audio: Option<bool>,
    #[schema(max_length = 100)]
    pub noonce: Option<String>,
}

/// Only what is named is changed.
#[derive(ToSchema)]
pub struct KeyChatChange {
    #[schema(min_length = 1, max_length = 50, nullable = false)]
    pub title: Option<String>,
    pub prompt: Option<String>,
    #[schema(minimum = 1, maximum = 8)]
    pub model: Option<i16>,
}

/// What shall be transcribed, and by whom.
#[derive(ToSchema)]
pub struct NewTranscript {
    #[schema(value_type = String, format = Binary)]
    pub audio: Vec<u8>,
    pub engine: Engine,
    #[schema(max_length = 10, default = "en", nullable = false)]
    pub language: Option<String>,
}

/// In capitals, too.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Engine {
    Whisper,
    Google,
    SelfHosted,
}

/// What a language model shall do.
#[derive(ToSchema)]
pub struct NewCompletion {
    pub task: Task,
    /// They go to the model as they are.
    #[schema(min_items = 1)]
    pub messages: Vec<CompletionMessage>,
}

/// Whatever the messages are about, a form is filled in with it: the answer is JSON.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Task {
    AiFormFill,
}

#[derive(ToSchema)]
pub struct CompletionMessage {
    pub role: String,
    /// A text, or parts of one; not null.
    pub content: Value,
}
