//! `chats/transcribe` and `chats/completion`: speech and language models for hospitals' clients, without a chat.

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
};
use commands::answering::TimedText;
use domain::values::SttEngine;
use serde::Serialize;
use serde_json::Value;
use utoipa::{OpenApi, ToSchema};

use super::{
    access::at,
    caller::ServiceCaller,
    converse::{as_error, language_of, recording_of, throttle},
    http_state::{HttpState, Origin, ProviderKey},
};
use crate::{
    contract::{
        fields::is_within,
        input::{Input, UnreadBody},
        problem::ApiError,
    },
    openapi::{
        bodies::key_chats::{NewCompletion, NewTranscript},
        parameters::ProviderKey as ProviderKeyHeader,
    },
};

/// The one task of `completion`.
const FILL_FORM: &str = "ai_form_fill";

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(transcribe, complete))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    Router::new()
        .merge(at(state, "/api/chats/transcribe").post(transcribe).served())
        .merge(at(state, "/api/chats/completion").post(complete).served())
}

fn message(text: &str) -> ApiError {
    ApiError::Messages(vec![text.to_owned()])
}

/// Returns the speech-to-text engine that the client names.
fn engine_of(input: &Input) -> Result<SttEngine, ApiError> {
    let engine = input.text("engine").map(str::trim).filter(|engine| !engine.is_empty());
    let engine = engine.ok_or_else(|| message("audio and engine are required"))?;
    match engine.to_ascii_lowercase().as_str() {
        "whisper" => Ok(SttEngine::Whisper),
        "google" => Ok(SttEngine::Google),
        "self_hosted" => Ok(SttEngine::SelfHosted),
        // The original's message.
        _ => Err(ApiError::error("None is not a valid STTEngine")),
    }
}

/// What was said.
#[derive(Serialize, ToSchema)]
struct PlainTranscript {
    transcript: String,
}

/// Transcribes a recording, in no chat.
#[utoipa::path(
    post,
    path = "/api/chats/transcribe",
    params(ProviderKeyHeader),
    request_body(content = NewTranscript, content_type = "multipart/form-data"),
    responses((status = 200, description = "What was said", body = PlainTranscript))
)]
async fn transcribe(
    State(state): State<HttpState>,
    origin: Origin,
    service: ServiceCaller,
    key: ProviderKey,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    throttle(&state, &origin, &service.actor())?;
    let input = body.read().await.map_err(as_error)?;
    let recording = recording_of(&input)?.ok_or_else(|| message("audio and engine are required"))?;
    let engine = engine_of(&input)?;
    let language = language_of(&input)?;
    let answering = &state.app.answering;
    // Only the model provider's own engine needs a provider key.
    let key = match engine {
        SttEngine::Whisper => answering.choose_key(None, key.0, service.allow_key).await?.into_key(),
        SttEngine::Google | SttEngine::SelfHosted => None,
    };
    let TimedText { text, .. } = answering.transcribe(engine, recording, &language, key).await?;
    Ok(Json(PlainTranscript { transcript: text }).into_response())
}

/// What the model has made of the messages.
#[derive(Serialize, ToSchema)]
struct FilledForm {
    #[schema(content_media_type = "application/json")]
    response: String,
}

/// Lets the model provider fill in a form. Nothing that is built in can.
#[utoipa::path(
    post,
    path = "/api/chats/completion",
    params(ProviderKeyHeader),
    request_body = NewCompletion,
    responses((status = 200, description = "The form", body = FilledForm))
)]
async fn complete(
    State(state): State<HttpState>,
    origin: Origin,
    service: ServiceCaller,
    key: ProviderKey,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    throttle(&state, &origin, &service.actor())?;
    let input = body.read().await?;
    match input.text("task").filter(|task| !task.is_empty()) {
        None => return Err(message("task is required")),
        Some(FILL_FORM) => {}
        Some(_) => return Err(message("Invalid task")),
    }
    let messages = conversation(&input, state.app.texts.max_prompt_chars)?;
    let response = state.app.answering.fill_form(messages, key.0, service.allow_key).await?;
    Ok(Json(FilledForm { response }).into_response())
}

/// Returns the messages, which are sent to the provider unchanged: at least one, and as JSON at most `max_chars`
/// characters together.
fn conversation(input: &Input, max_chars: usize) -> Result<Vec<Value>, ApiError> {
    let messages = match input.json("messages") {
        Some(Value::Array(messages)) if !messages.is_empty() => messages,
        // The original's message.
        None | Some(Value::Null | Value::Array(_)) => return Err(message("audio and engine are required")),
        Some(_) => return Err(ApiError::error("messages must be a list")),
    };
    if !is_within(&Value::from(messages.as_slice()).to_string(), max_chars) {
        return Err(ApiError::error(format!(
            "The messages are too long: they may have {max_chars} characters in all."
        )));
    }
    if messages.iter().all(|message| message["role"].is_string() && !message["content"].is_null()) {
        Ok(messages.clone())
    } else {
        Err(ApiError::error("every message must be an object with role and content"))
    }
}
