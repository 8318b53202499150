//! `chats/transcribe` and `chats/completion`: what hospitals' clients let speech and language models do without a chat.

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
};
use domain::values::SttEngine;
use serde_json::{Value, json};

use super::{
    access::at,
    caller::ServiceCaller,
    converse::as_error,
    web::{ProviderKey, Web},
};
use crate::contract::{
    input::{Input, UnreadBody},
    problem::ApiError,
};

/// The one task of `completion`.
const FILL_FORM: &str = "ai_form_fill";

pub(super) fn router(web: &Web) -> Router<Web> {
    Router::new()
        .merge(at(web, "/api/chats/transcribe").post(transcribe).served())
        .merge(at(web, "/api/chats/completion").post(complete).served())
}

fn message(text: &str) -> ApiError {
    ApiError::Messages(vec![text.to_owned()])
}

/// By whom the recording shall be transcribed, as the client has named it.
fn engine_of(input: &Input) -> Result<SttEngine, ApiError> {
    let engine = input.text("engine").map(str::trim).filter(|engine| !engine.is_empty());
    let (Some(_), Some(engine)) = (input.file("audio"), engine) else {
        return Err(message("audio and engine are required"));
    };
    match engine.to_ascii_lowercase().as_str() {
        "whisper" => Ok(SttEngine::Whisper),
        "google" => Ok(SttEngine::Google),
        "self_hosted" => Ok(SttEngine::SelfHosted),
        _ => Err(ApiError::error("None is not a valid STTEngine")),
    }
}

async fn transcribe(_: ServiceCaller, body: UnreadBody) -> Result<Response, ApiError> {
    let input = body.read().await.map_err(as_error)?;
    let engine = match engine_of(&input)? {
        SttEngine::Whisper => "whisper",
        SttEngine::Google => "google",
        SttEngine::SelfHosted => "self_hosted",
    };
    Err(ApiError::error(format!(
        "[Speech to Text] Failed to transcribe speech with {engine} engine: the engine is not configured"
    )))
}

async fn complete(
    State(web): State<Web>,
    service: ServiceCaller,
    key: ProviderKey,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let input = body.read().await?;
    match input.text("task").filter(|task| !task.is_empty()) {
        None => return Err(message("task is required")),
        Some(FILL_FORM) => {}
        Some(_) => return Err(message("Invalid task")),
    }
    let messages = conversation(&input)?;
    let response = web.app.answering.fill_form(messages, key.0, service.allow_key).await?;
    Ok(Json(json!({ "response": response })).into_response())
}

/// The messages, which go to the provider as they are; at least one.
fn conversation(input: &Input) -> Result<Vec<Value>, ApiError> {
    let messages = match input.json("messages") {
        Some(Value::Array(messages)) if !messages.is_empty() => messages,
        // The original's words.
        None | Some(Value::Null | Value::Array(_)) => return Err(message("audio and engine are required")),
        Some(_) => return Err(ApiError::error("messages must be a list")),
    };
    if messages.iter().all(|message| message["role"].is_string() && !message["content"].is_null()) {
        Ok(messages.clone())
    } else {
        Err(ApiError::error("every message must be an object with role and content"))
    }
}
