//! `speech_to_text` of a chat: transcribes a spoken question, which the user sees before it is asked.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use commands::{
    answering::{AskError, TimedText},
    execute::Context,
};
use domain::{ids::ChatId, project::Project, values::SttEngine};
use ports::TranscriptionError;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{
    access::{Scope, at},
    caller::CallerInfo,
    chats::{ChatPath, check},
    converse::{as_error, language_of, recording_of, throttle},
    http_state::{HttpState, ProviderKey},
    reading::Reading,
};
use crate::{
    contract::{ids::PathIds, input::UnreadBody, problem::ApiError},
    openapi::{bodies::SpokenQuestion, errors::ErrorMessage, parameters::ProviderKey as ProviderKeyHeader},
};

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(transcribe))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    at(state, "/api/projects/{project}/chats/{id}/speech_to_text").post(transcribe).served()
}

/// What was said, and when it was transcribed.
#[derive(Serialize, ToSchema)]
struct Transcript {
    transcript: String,
    stats: TranscriptTimes,
}

/// In seconds since 1970.
#[derive(Serialize, ToSchema)]
struct TranscriptTimes {
    transcript_start_time: f64,
    transcript_end_time: f64,
}

/// Transcribes a spoken question, which is not asked yet.
#[utoipa::path(
    post,
    path = "/api/projects/{project}/chats/{id}/speech_to_text",
    params(ProviderKeyHeader),
    request_body(content = SpokenQuestion, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "What was said", body = Transcript),
        (status = 500, description = "Nothing transcribes just now", body = ErrorMessage)
    )
)]
async fn transcribe(
    State(state): State<HttpState>,
    reading: Reading,
    scope: Scope,
    caller: CallerInfo,
    path: Result<ChatPath, ApiError>,
    key: ProviderKey,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    throttle(&state, reading.origin(), &caller.actor())?;
    let PathIds((project_id, chat)) = path?;
    let project = state.app.projects.load(project_id).await?;
    let Project::Existing { settings, .. } = &project else { return Err(ApiError::error("Project not found")) };
    check(&state, &reading, scope, project_id, chat).await?;
    let input = body.read_multipart().await.map_err(as_error)?;
    let language = language_of(&input)?;
    let recording = recording_of(&input)?.ok_or_else(|| ApiError::error("Please provide audio to transcribe"))?;
    let answering = &state.app.answering;
    let engine = settings.stt_engine;
    // Only the model provider's own engine needs a provider key.
    let key = match engine {
        SttEngine::Whisper => answering.provider_key(&project, project_id, key.0, caller.may_use_server_key()).await?,
        SttEngine::Google | SttEngine::SelfHosted => None,
    };
    match answering.transcribe(engine, recording, &language, key).await {
        Ok(TimedText { text, stage }) => {
            let (transcript_start_time, transcript_end_time) = stage.in_epoch_seconds();
            let times = TranscriptTimes { transcript_start_time, transcript_end_time };
            Ok(Json(Transcript { transcript: text, stats: times }).into_response())
        }
        Err(error) => Err(record_failure(&state, chat, error, &reading.origin().context(caller.actor())).await?),
    }
}

/// Records in the chat that a recording could not be transcribed, and returns the error for the client.
async fn record_failure(
    state: &HttpState,
    chat: ChatId,
    error: AskError,
    context: &Context,
) -> Result<ApiError, ApiError> {
    let AskError::Transcription { source, .. } = &error else { return Ok(error.into()) };
    let status = match source {
        TranscriptionError::Unavailable => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    let notice = format!("[Transcribing] Something went wrong in getting transcription.\n{error}");
    let committed = state.app.chats.record_transcription_failure(chat, notice.clone(), context).await?;
    state.settled(&committed).await;
    Ok(ApiError::Error { status, message: notice })
}
