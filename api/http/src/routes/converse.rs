//! `converse`: a question, and its answer as a stream or as a whole.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use commands::{
    answering::{Ask, Asked, Turn, TurnEvent},
    execute::Context,
};
use domain::{
    chat::Stage,
    envelope::Actor,
    ids::{ChatId, MessageId, ProjectId},
};
use ports::Recording;
use projections::chats::{self, MessageView};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{
    access::{Scope, at},
    caller::{API_KEY, CallerInfo},
    chats::{ChatPath, check},
    http_state::{HttpState, Origin, ProviderKey},
    reading::Reading,
};
use crate::{
    contract::{
        fields::is_within,
        ids::PathIds,
        input::{Input, UnreadBody, Upload},
        problem::ApiError,
        sse::AnswerFrame,
    },
    limits::Action,
    openapi::{
        bodies::{AnswerEvent, Question},
        parameters::{Idempotency, ProviderKey as ProviderKeyHeader},
    },
};

mod frames;
use frames::Taking;

const DEFAULT_TOP_K: u32 = 100;
const DEFAULT_TEMPERATURE: f64 = 0.1;
const MAX_LANGUAGE_CHARS: usize = 10;
const MAX_NONCE_CHARS: usize = 100;
/// The time that transcribing and translating a question may take before the stream begins without its outcome: proxies
/// wait a minute for the first byte.
const PATIENCE: Duration = Duration::from_secs(10);
/// The seconds after which an answer that could not be read back may be readable (`Retry-After`).
const RETRY_AFTER: u64 = 5;
/// The base of the URLs of files in whole answers of `converse`, which are relative.
const RELATIVE_MEDIA: &str = "/media/";

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(converse), components(schemas(AnswerFrame)))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    at(state, "/api/projects/{project}/chats/{id}/converse").post(converse).served()
}

/// Asks a question.
///
/// Streamed, each event is an `AnswerFrame` as JSON; the last one has `stop`, and `error` if the answer failed.
#[utoipa::path(
    post,
    path = "/api/projects/{project}/chats/{id}/converse",
    params(ProviderKeyHeader, Idempotency),
    request_body(content = Question, content_type = "multipart/form-data"),
    responses((status = 200, description = "The answer", content(
        (Answer = "application/json"),
        (AnswerEvent = "text/event-stream"),
    )))
)]
async fn converse(
    State(state): State<HttpState>,
    reading: Reading,
    scope: Scope,
    caller: CallerInfo,
    path: Result<ChatPath, ApiError>,
    headers: HeaderMap,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    throttle(&state, reading.origin(), &caller.actor())?;
    let PathIds((project, chat)) = path?;
    check(&state, &reading, scope, project, chat).await?;
    if headers.contains_key(API_KEY) && state.service(&headers).await?.is_none() {
        return Err(ApiError::error("APIKey matching query does not exist."));
    }
    let input = body.read_multipart().await.map_err(as_error)?;
    let (key, allow_key) = (ProviderKey::of(&headers), caller.may_use_server_key());
    let asking = Asking { project: Some(project), chat, key, allow_key };
    let context = reading.origin().context_of_creation(&caller, &input);
    answer(state.clone(), asking, &input, &context, state.media_base(&headers)).await
}

/// Counts a question, typed or spoken, against the limits of the client's address and of the asking account.
///
/// # Errors
/// A 429 if one of the limits is exceeded.
pub(super) fn throttle(state: &HttpState, origin: &Origin, asker: &Actor) -> Result<(), ApiError> {
    state.throttle(Action::Converse, origin.address)?;
    state.throttle_account(Action::Converse, &asker.to_string())
}

/// The chat in which a question is asked, and the provider key that pays for it.
pub(super) struct Asking {
    pub project: Option<ProjectId>,
    pub chat: ChatId,
    pub key: ProviderKey,
    pub allow_key: bool,
}

/// Asks the question of the form and answers as a stream or as a whole, as the form requests.
pub(super) async fn answer(
    state: HttpState,
    asking: Asking,
    input: &Input,
    context: &Context,
    media_base: String,
) -> Result<Response, ApiError> {
    let request = Request::read(input, state.app.texts.max_question_chars)?;
    let (chat, project, stream) = (asking.chat, asking.project, request.stream);
    let (answering, context) = (state.app.answering.clone(), context.clone());
    let mut taking: Taking = Box::pin(async move { answering.ask(request.into_ask(asking), &context).await });
    let patience = if stream { PATIENCE } else { Duration::MAX };
    let turn = match tokio::time::timeout(patience, &mut taking).await {
        Ok(turn) => turn?,
        Err(_) if is_by_assistant(&state, project).await? => taking.await?,
        Err(_) => return Ok(frames::stream_when_taken(state, chat, taking, media_base)),
    };
    if turn.by_assistant {
        plain_answer(state, chat, turn).await
    } else if stream {
        frames::stream_answer(state, chat, turn, media_base).await
    } else {
        whole_answer(state, chat, turn).await
    }
}

async fn is_by_assistant(state: &HttpState, project: Option<ProjectId>) -> Result<bool, ApiError> {
    match project {
        Some(project) => Ok(state.app.answering.is_by_assistant(project).await?),
        None => Ok(false),
    }
}

/// A question, and the options of its answer.
pub(super) struct Request {
    question: Asked,
    transcription: Option<Stage>,
    language: String,
    temperature: f64,
    top_k: u32,
    nonce: Option<String>,
    pub stream: bool,
    speaks: bool,
}

/// Returns the language of a recording or a question: `en` unless the client names another.
pub(super) fn language_of(input: &Input) -> Result<String, ApiError> {
    let language = input.text("language").map(str::trim).filter(|text| !text.is_empty()).unwrap_or("en");
    if language.chars().count() > MAX_LANGUAGE_CHARS || language.contains('\0') {
        return Err(ApiError::error(format!("language has more than {MAX_LANGUAGE_CHARS} characters")));
    }
    Ok(language.to_owned())
}

/// Returns the uploaded recording, if there is one; an empty file is refused.
pub(super) fn recording_of(input: &Input) -> Result<Option<Recording>, ApiError> {
    let Some(Upload { file_name, bytes, .. }) = input.file("audio") else { return Ok(None) };
    if bytes.is_empty() {
        return Err(ApiError::error("The submitted file is empty."));
    }
    Ok(Some(Recording { bytes: bytes.to_vec(), file_name: file_name.clone() }))
}

impl Request {
    /// Reads a question of at most this many characters. All errors of this endpoint are `{"error": …}`.
    pub(super) fn read(input: &Input, max_chars: usize) -> Result<Self, ApiError> {
        let field = |name: &str| input.text(name).map(str::trim).filter(|text| !text.is_empty());
        let text = field("text").map(|text| text.replace('\0', "")).filter(|text| !text.trim().is_empty());
        if text.as_ref().is_some_and(|text| !is_within(text, max_chars)) {
            return Err(ApiError::error(format!("The question is too long: it may have {max_chars} characters.")));
        }
        let question = recording_of(input)?.map(Asked::Speech).or_else(|| text.map(Asked::Text));
        let language = language_of(input)?;
        let nonce = field("noonce");
        if nonce.is_some_and(|nonce| nonce.chars().count() > MAX_NONCE_CHARS) {
            return Err(ApiError::error(format!("noonce has more than {MAX_NONCE_CHARS} characters")));
        }
        let seconds = |name: &str| field(name).and_then(|text| text.parse::<f64>().ok());
        let temperature = field("temperature").map_or(Ok(DEFAULT_TEMPERATURE), str::parse::<f64>);
        let top_k = field("top_k").map_or(Ok(DEFAULT_TOP_K), str::parse::<u32>);
        Ok(Self {
            question: question.ok_or_else(|| ApiError::error("Please provide text or audio to generate transcript"))?,
            transcription: seconds("transcript_start_time")
                .zip(seconds("transcript_end_time"))
                .and_then(|(start, end)| Stage::between_epoch_seconds(start, end)),
            language,
            temperature: temperature
                .ok()
                .filter(|number| (0.0..=2.0).contains(number))
                .ok_or_else(|| ApiError::error("temperature must be a number from 0 to 2"))?,
            top_k: top_k
                .ok()
                .filter(|number| *number > 0)
                .ok_or_else(|| ApiError::error("top_k must be a positive whole number"))?,
            nonce: nonce.map(str::to_owned),
            stream: field("stream") != Some("false"),
            speaks: field("generate_audio") != Some("false"),
        })
    }

    pub(super) fn into_ask(self, asking: Asking) -> Ask {
        Ask {
            project: asking.project,
            chat: asking.chat,
            question: self.question,
            transcription: self.transcription,
            language: self.language,
            temperature: self.temperature,
            top_k: self.top_k,
            nonce: self.nonce,
            provider_key: asking.key.0,
            allow_key: asking.allow_key,
            shows_failure: self.stream,
            speaks: self.speaks,
        }
    }
}

/// Converts the errors for a malformed body and for another content type to the 400 `{"error": …}` of this endpoint.
pub(super) fn as_error(error: ApiError) -> ApiError {
    match error {
        ApiError::Malformed(detail)
        | ApiError::Detail { detail, status: StatusCode::BAD_REQUEST | StatusCode::UNSUPPORTED_MEDIA_TYPE } => {
            ApiError::error(detail)
        }
        other => other,
    }
}

/// A complete answer.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Answer {
    Message(Box<MessageView>),
    ByAssistant { message: String },
}

async fn message(state: &HttpState, id: MessageId) -> Result<MessageView, ApiError> {
    chats::message(&state.app.views, id, RELATIVE_MEDIA).await?.ok_or_else(ApiError::not_found)
}

async fn whole_answer(state: HttpState, chat: ChatId, turn: Turn) -> Result<Response, ApiError> {
    Ok(Json(Answer::Message(Box::new(finished(&state, chat, turn).await?))).into_response())
}

/// Returns the outcome of a question that is asked again: its answer, or the message of its failure.
///
/// # Errors
/// A 409 if the question has no answer yet.
async fn first_outcome(
    state: &HttpState,
    chat: ChatId,
    turn: &Turn,
    media_base: &str,
) -> Result<Result<MessageView, String>, ApiError> {
    state.settled(&turn.committed).await;
    if let Some(failure) = state.app.answering.failure_of(chat, turn.answer_id).await? {
        return Ok(Err(failure));
    }
    let message = chats::message(&state.app.views, turn.answer_id, media_base).await?;
    message
        .map(Ok)
        .ok_or_else(|| ApiError::detail(StatusCode::CONFLICT, "The question was asked before and has no answer yet."))
}

/// Waits until the answer is complete and can be read back, and returns its message.
pub(super) async fn finished(state: &HttpState, chat: ChatId, turn: Turn) -> Result<MessageView, ApiError> {
    let Some(mut events) = turn.events else {
        return first_outcome(state, chat, &turn, RELATIVE_MEDIA).await?.map_err(ApiError::error);
    };
    while let Some(event) = events.recv().await {
        match event {
            TurnEvent::Delta(_) => {}
            TurnEvent::Completed { committed, .. } => {
                let readable = state.settled(&committed).await;
                let message = message(state, turn.answer_id).await;
                // The answer is recorded: if the view is behind, a 503 asks the client to retry.
                return message.map_err(|error| if readable { error } else { ApiError::unavailable(RETRY_AFTER) });
            }
            TurnEvent::Failed { message, committed } => {
                if let Some(committed) = committed {
                    state.settled(&committed).await;
                }
                return Err(ApiError::error(message));
            }
        }
    }
    Err(ApiError::error("The answer was interrupted."))
}

/// Responds with an assistant's answer, which is its text alone.
async fn plain_answer(state: HttpState, chat: ChatId, turn: Turn) -> Result<Response, ApiError> {
    let Some(mut events) = turn.events else {
        let outcome = first_outcome(&state, chat, &turn, RELATIVE_MEDIA).await?;
        let message = outcome.map_err(ApiError::error)?.message;
        return Ok(Json(Answer::ByAssistant { message }).into_response());
    };
    while let Some(event) = events.recv().await {
        match event {
            TurnEvent::Delta(_) => {}
            TurnEvent::Completed { text, committed, .. } => {
                let answer = Answer::ByAssistant { message: text };
                return state.respond_after_commit(&committed, async || Ok(Json(answer).into_response())).await;
            }
            TurnEvent::Failed { message, committed } => {
                if let Some(committed) = committed {
                    state.settled(&committed).await;
                }
                return Err(ApiError::error(message));
            }
        }
    }
    Err(ApiError::error("The answer was interrupted."))
}
