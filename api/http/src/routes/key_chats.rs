//! `chats`: the chats of hospitals' clients, which have an API key. These chats belong to no project.

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use commands::{
    chats::{KeyChatChanges, NewKeyChat as NewChatOfKey, Started},
    execute::{Context, IdempotencyKey},
};
use domain::{access::AccessKind, chat::ChatOwner, ids::ChatId, values::Model};
use projections::{
    chats::{self, ChatDetail, ChatHead, MessageView},
    listing::Page,
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::{OpenApi, ToSchema};

use super::{
    access::at,
    caller::ServiceCaller,
    chats::ShownChat,
    converse::{Asking, Request, answer, as_error, finished, throttle},
    http_state::{HttpState, ProviderKey},
    projects::MODELS,
    reading::{Reading, Thing},
};
use crate::{
    contract::{
        ids::{Own, PathIds},
        input::{Input, UnreadBody},
        paging::ListQuery,
        problem::ApiError,
    },
    openapi::{
        bodies::{
            AnswerEvent, Question,
            key_chats::{KeyChatChange, NewKeyChat},
        },
        parameters::{Idempotency, Listing, ProviderKey as ProviderKeyHeader, Search},
    },
};

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(list, start, get, change, converse))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    Router::new()
        .merge(at(state, "/api/chats").get(list).post(start).served())
        .merge(at(state, "/api/chats/{id}").get(get).patch(change).served())
        .merge(at(state, "/api/chats/{id}/converse").post(converse).served())
}

/// Returns the head of a chat of this key. It is read before memory is taken, so that another's chat takes none.
async fn head(state: &HttpState, reading: &Reading, service: ServiceCaller, id: ChatId) -> Result<ChatHead, ApiError> {
    let head = chats::head_anywhere(&state.app.views, id).await?.ok_or_else(ApiError::not_found)?;
    if head.owner() == Some(ChatOwner::ApiKey(service.key)) {
        return Ok(head);
    }
    Err(reading.refuses(state, AccessKind::Chat, Thing::chat(id, head.owner())).await)
}

/// Responds with a chat and all of its messages.
async fn shown(
    state: &HttpState,
    reading: &Reading,
    service: ServiceCaller,
    id: ChatId,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let head = head(state, reading, service, id).await?;
    let (chat, share) = state.chat_of(head, headers).await?;
    Ok(share.json(chat).await)
}

/// The chats of the API key with their messages, oldest first.
#[utoipa::path(
    get,
    path = "/api/chats",
    params(Listing, Search),
    responses((status = 200, description = "A part of the list", body = Page<ShownChat>))
)]
async fn list(
    State(state): State<HttpState>,
    service: ServiceCaller,
    query: ListQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let window = query.window(chats::key_chat_ordering_column);
    let media_base = state.media_base(&headers);
    let views = &state.app.views;
    let page = chats::page_of_key(views, service.key, &query.search_words(), &window).await?;
    let share = state.memory_for(chats::weight(views, &page.results).await?).await?;
    let chats = chats::details(views, &page.results, &media_base).await?;
    Ok(share.json(page.with_rows(chats)).await)
}

/// A new chat, with the answer to its first question if one came with it.
#[derive(Serialize, ToSchema)]
struct StartedChat {
    #[serde(flatten)]
    #[schema(value_type = ShownChat)]
    chat: ChatDetail,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    response: Option<MessageView>,
}

/// Begins a chat of the API key, and may ask its first question.
#[utoipa::path(
    post,
    path = "/api/chats",
    params(ProviderKeyHeader, Idempotency),
    request_body = NewKeyChat,
    responses(
        (status = 201, description = "Begun", body = StartedChat),
        (status = 200, description = "Begun, and the question is answered", body = StartedChat)
    )
)]
async fn start(
    State(state): State<HttpState>,
    reading: Reading,
    service: ServiceCaller,
    key: ProviderKey,
    headers: HeaderMap,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let texts = state.app.texts;
    let input = body.read().await?;
    let (title, prompt, model, message) = input.create(|fields| {
        let title = fields.value("title").required();
        let prompt = fields.text("prompt").bounded(texts.max_prompt_chars).allow_blank().nullable().or(None);
        let model = fields.choice("model", MODELS).nullable().or(None);
        (title, prompt, model, fields.object("message").nullable().or(None))
    })?;
    let message = message.filter(|message| !message.is_empty());
    let question = message.map(|message| first_question(&message, texts.max_question_chars)).transpose()?;
    if question.is_some() {
        throttle(&state, reading.origin(), &service.actor())?;
        // The provider key is checked first: without one the chat would be begun, but never answered.
        state.app.answering.choose_key(None, key.0.clone(), service.allow_key).await?;
    }
    let new = NewChatOfKey {
        service: service.service,
        key: service.key,
        title,
        prompt: prompt.filter(|prompt| !prompt.is_empty()),
        model: model.and_then(Model::from_number),
    };
    let context = reading.origin().context_of_creation(&service, &input);
    let Started { id, committed } = state.app.chats.start_with_key(new, &context).await?;
    state
        .respond_after_commit(&committed, async || {
            let (mut chat, share) = state.chat_of(head(&state, &reading, service, id).await?, &headers).await?;
            let Some(question) = question else {
                let mut begun = share.json(StartedChat { chat, response: None }).await;
                if begun.status() == StatusCode::OK {
                    *begun.status_mut() = StatusCode::CREATED;
                }
                return Ok(begun);
            };
            // A repeated request gets the response of the first one, in which the chat had no messages yet.
            chat.chats.clear();
            drop(share);
            let asking = Asking { project: None, chat: id, key, allow_key: service.allow_key };
            let turn = state.app.answering.ask(question.into_ask(asking), &of_first_question(context)).await?;
            let response = Some(finished(&state, id, turn).await?);
            Ok(Json(StartedChat { chat, response }).into_response())
        })
        .await
}

/// Derives the idempotency key of the first question from that of the request, which the chat has used. The line break
/// keeps the derived keys distinct, because no header contains one.
fn of_first_question(context: Context) -> Context {
    let idempotency =
        context.idempotency.map(|given| IdempotencyKey { key: format!("{}\nquestion", given.key), ..given });
    Context { idempotency, ..context }
}

/// Reads the first question from a JSON object with the fields of the form of `converse`.
fn first_question(message: &Map<String, Value>, max_chars: usize) -> Result<Request, ApiError> {
    let texts = message.iter().filter_map(|(name, value)| {
        let text = match value {
            Value::Null => return None,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some((name.clone(), text))
    });
    let question = Request::read(&Input::of_texts(texts), max_chars)?;
    if question.stream {
        // An answer within JSON cannot be streamed. This is the original's message.
        return Err(ApiError::error("'StreamingHttpResponse' object has no attribute 'data'"));
    }
    Ok(question)
}

/// A chat of the API key with its messages.
#[utoipa::path(
    get,
    path = "/api/chats/{id}",
    responses((status = 200, description = "The chat", body = ShownChat))
)]
async fn get(
    State(state): State<HttpState>,
    reading: Reading,
    service: ServiceCaller,
    PathIds(id): PathIds<Own<ChatId>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    shown(&state, &reading, service, id, &headers).await
}

/// Changes the title, the prompt or the model of a chat.
#[utoipa::path(
    patch,
    path = "/api/chats/{id}",
    request_body = KeyChatChange,
    responses((status = 200, description = "The chat, changed", body = ShownChat))
)]
async fn change(
    State(state): State<HttpState>,
    reading: Reading,
    service: ServiceCaller,
    PathIds(id): PathIds<Own<ChatId>>,
    headers: HeaderMap,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    head(&state, &reading, service, id).await?;
    let max_chars = state.app.texts.max_prompt_chars;
    let (title, prompt, model) = body.read().await?.partial(|fields| {
        let title = fields.value("title").optional();
        let prompt = fields.text("prompt").bounded(max_chars).allow_blank().nullable().optional();
        (title, prompt, fields.choice("model", MODELS).nullable().optional())
    })?;
    let changes = KeyChatChanges {
        title,
        prompt: prompt.map(|prompt| prompt.filter(|prompt| !prompt.is_empty())),
        model: model.map(|model| model.and_then(Model::from_number)),
    };
    let committed = state.app.chats.change(id, changes, &reading.origin().context(service.actor())).await?;
    state.respond_after_commit(&committed, async || shown(&state, &reading, service, id, &headers).await).await
}

/// Asks a question, which is answered without documents.
///
/// Streamed, each event is an `AnswerFrame` as JSON; the last one has `stop`, and `error` if the answer failed.
#[utoipa::path(
    post,
    path = "/api/chats/{id}/converse",
    params(ProviderKeyHeader, Idempotency),
    request_body(content = Question, content_type = "multipart/form-data"),
    responses((status = 200, description = "The answer", content(
        (MessageView = "application/json"),
        (AnswerEvent = "text/event-stream"),
    )))
)]
async fn converse(
    State(state): State<HttpState>,
    reading: Reading,
    service: ServiceCaller,
    chat: Result<PathIds<Own<ChatId>>, ApiError>,
    key: ProviderKey,
    headers: HeaderMap,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    throttle(&state, reading.origin(), &service.actor())?;
    let PathIds(chat) = chat?;
    head(&state, &reading, service, chat).await?;
    let input = body.read_multipart().await.map_err(as_error)?;
    let asking = Asking { project: None, chat, key, allow_key: service.allow_key };
    let context = reading.origin().context_of_creation(&service, &input);
    answer(state.clone(), asking, &input, &context, state.media_base(&headers)).await
}
