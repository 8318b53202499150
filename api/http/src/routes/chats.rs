//! `projects/{id}/chats`.

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use commands::{
    chats::{NewChat as NewChatOf, Started},
    execute::Context,
};
use domain::{
    access::AccessKind,
    chat::ChatOwner,
    ids::{ChatId, ProjectId},
    values::Title,
};
use projections::{
    chats::{self, ChatDetail, ChatSummary, FeedbackView, Filter, MessageView, ThreadMessage},
    listing::Page,
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{
    access::{Scope, at},
    caller::CallerInfo,
    http_state::{HttpState, Origin, ProviderKey, empty},
    reading::{Reading, Thing},
};
use crate::{
    contract::{
        ids::{Own, Parent, PathIds},
        input::{Input, UnreadBody},
        paging::ListQuery,
        problem::ApiError,
    },
    openapi::{
        bodies::{ChatChange, NewChat},
        parameters::{AccessReason, Fetch, Idempotency, Listing, ProviderKey as ProviderKeyHeader, Search},
    },
};

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(list, list_all, feedbacks, start, get, retitle, delete), components(schemas(ShownMessage)))]
pub(super) struct Api;

/// The ids in the path of a chat.
pub(super) type ChatPath = PathIds<(Parent<ProjectId>, Own<ChatId>)>;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    Router::new()
        .merge(at(state, "/api/projects/{project}/chats").get(list).post(start).served())
        .merge(at(state, "/api/projects/{project}/chats/list_all").get(list_all).served())
        .merge(at(state, "/api/projects/{project}/chats/{id}/feedbacks").get(feedbacks).served())
        .merge(at(state, "/api/projects/{project}/chats/{id}").get(get).patch(retitle).delete(delete).served())
}

/// The caller's chats in the project, newest first.
#[utoipa::path(
    get,
    path = "/api/projects/{project}/chats",
    params(Listing, Search, Fetch, AccessReason),
    responses((status = 200, description = "A part of the list", body = Page<ChatSummary>))
)]
async fn list(
    State(state): State<HttpState>,
    scope: Scope,
    PathIds(project): PathIds<Parent<ProjectId>>,
    query: ListQuery,
    reading: Reading,
) -> Result<Response, ApiError> {
    let filter = Filter { owner: scope.only_user(), search: query.search_words() };
    // Unlike other lists, this one cannot be ordered: it is always newest first.
    let window = query.window(|_| None);
    let page = chats::list(&state.app.views, project, &filter, &window).await?;
    if !reading.is_own_scope(scope) {
        let shown: Vec<Thing> =
            page.results.iter().map(|chat| Thing::chat(ChatId::new(chat.external_id), chat.owner)).collect();
        reading.lists(&state, AccessKind::ChatList, &[Thing::project(project)], &shown).await?;
    }
    Ok(Json(page).into_response())
}

/// A message as chats show it: with less about it where an assistant answers.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the document is made from its variants")]
pub(super) enum ShownMessage {
    Answered(Box<MessageView>),
    ByAssistant(ThreadMessage),
}

/// A chat as it is shown with its messages.
pub(super) type ShownChat = ChatDetail<ShownMessage>;

/// The caller's chats in the project with their messages; everybody's for superusers.
#[utoipa::path(
    get,
    path = "/api/projects/{project}/chats/list_all",
    params(AccessReason),
    responses((status = 200, description = "All of them", body = Vec<ShownChat>))
)]
async fn list_all(
    State(state): State<HttpState>,
    scope: Scope,
    PathIds(project): PathIds<Parent<ProjectId>>,
    headers: HeaderMap,
    reading: Reading,
) -> Result<Response, ApiError> {
    let views = &state.app.views;
    let ids = chats::ids_in(views, project, scope.only_user()).await?;
    let share = state.memory_for(chats::weight(views, &ids).await?).await?;
    if !reading.is_own_scope(scope) {
        let owners = chats::owners(views, &ids).await?;
        let shown: Vec<Thing> = owners.into_iter().map(|(id, owner)| Thing::chat(ChatId::new(id), owner)).collect();
        reading.lists(&state, AccessKind::Chat, &[Thing::project(project)], &shown).await?;
    }
    let chats = chats::details(views, &ids, &state.media_base(&headers)).await?;
    // All chats are of one project, so the first one tells for all whether an assistant answers.
    if chats.first().is_some_and(|chat| chat.by_assistant) {
        let threads: Vec<_> = chats.into_iter().map(chats::ChatDetail::into_thread).collect();
        return Ok(share.json(threads).await);
    }
    Ok(share.json(chats).await)
}

/// The ratings of the messages of a chat.
#[derive(Serialize, ToSchema)]
struct FeedbackOfChat {
    data: Vec<FeedbackView>,
}

/// The ratings of the messages of a chat.
#[utoipa::path(
    get,
    path = "/api/projects/{project}/chats/{id}/feedbacks",
    params(Fetch, AccessReason),
    responses((status = 200, description = "All of them", body = FeedbackOfChat))
)]
async fn feedbacks(
    State(state): State<HttpState>,
    scope: Scope,
    PathIds((project, id)): ChatPath,
    reading: Reading,
) -> Result<Response, ApiError> {
    let owner = check(&state, &reading, scope, project, id).await?;
    reading.shows(&state, AccessKind::Ratings, &[Thing::chat(id, owner)]).await?;
    let data = chats::feedback_of_chat(&state.app.views, id).await?;
    Ok(Json(FeedbackOfChat { data }).into_response())
}

/// Checks that the chat is within the scope of the request, and returns its owner.
///
/// # Errors
/// A 404 if there is no such chat or it is outside of the scope, which is put on record.
pub(super) async fn check(
    state: &HttpState,
    reading: &Reading,
    scope: Scope,
    project: ProjectId,
    id: ChatId,
) -> Result<Option<ChatOwner>, ApiError> {
    match chats::owner(&state.app.views, project, id).await? {
        Some(owner) if scope.covers(owner) => Ok(owner),
        Some(owner) => Err(reading.refuses(state, AccessKind::Chat, Thing::chat(id, owner)).await),
        None => Err(ApiError::not_found()),
    }
}

/// Returns a chat of this project.
async fn find(state: &HttpState, project: ProjectId, id: ChatId) -> Result<ChatSummary, ApiError> {
    chats::find(&state.app.views, project, id).await?.ok_or_else(ApiError::not_found)
}

fn title_of(input: &Input) -> Result<Title, ApiError> {
    input.create(|fields| fields.value("title").required())
}

/// Begins a chat.
///
/// A key of the model provider is needed, if one answers: the project's, the client's own, or the server's, which only some users may use.
#[utoipa::path(
    post,
    path = "/api/projects/{project}/chats",
    params(ProviderKeyHeader, Idempotency),
    request_body = NewChat,
    responses((status = 201, description = "Begun", body = ChatSummary))
)]
async fn start(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds(project_id): PathIds<Parent<ProjectId>>,
    key: ProviderKey,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let input = body.read().await?;
    let title = title_of(&input)?;
    let new = NewChatOf {
        project: project_id,
        owner: caller.id(),
        title,
        provider_key: key.0,
        allow_key: caller.may_use_server_key(),
    };
    let context = origin.context_of_creation(&caller, &input);
    let Started { id, committed } = state.app.chats.start(new, &context).await?;
    state
        .respond_after_commit(&committed, async || {
            let chat = chats::find(&state.app.views, project_id, id).await?.ok_or_else(ApiError::not_found)?;
            Ok((StatusCode::CREATED, Json(chat)).into_response())
        })
        .await
}

/// A chat with its messages.
#[utoipa::path(
    get,
    path = "/api/projects/{project}/chats/{id}",
    params(Fetch, AccessReason),
    responses((status = 200, description = "The chat", body = ShownChat))
)]
async fn get(
    State(state): State<HttpState>,
    scope: Scope,
    PathIds((project, id)): ChatPath,
    headers: HeaderMap,
    reading: Reading,
) -> Result<Response, ApiError> {
    let views = &state.app.views;
    let head = chats::head(views, project, id).await?.ok_or_else(ApiError::not_found)?;
    let thing = Thing::chat(id, head.owner());
    // The owner is checked first, so that a request for another's chat takes no memory.
    if !scope.covers(head.owner()) {
        return Err(reading.refuses(&state, AccessKind::Chat, thing).await);
    }
    let things = [thing];
    // The record is written while the chat is read.
    let recorded = reading.shows(&state, AccessKind::Chat, &things);
    let (recorded, shown) = tokio::join!(recorded, state.chat_of(head, &headers));
    recorded?;
    let (chat, share) = shown?;
    Ok(if chat.by_assistant { share.json(chat.into_thread()).await } else { share.json(chat).await })
}

/// Changes a chat's title.
#[utoipa::path(
    patch,
    path = "/api/projects/{project}/chats/{id}",
    params(Fetch, AccessReason),
    request_body = ChatChange,
    responses((status = 200, description = "The chat, changed", body = ChatSummary))
)]
async fn retitle(
    State(state): State<HttpState>,
    scope: Scope,
    caller: CallerInfo,
    PathIds((project, id)): ChatPath,
    reading: Reading,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let owner = check(&state, &reading, scope, project, id).await?;
    let chat = find(&state, project, id).await?;
    let title = body.read().await?.partial(|fields| fields.value("title").if_sent())?;
    // The answer has the title, which is the beginning of the first question.
    reading.shows(&state, AccessKind::Chat, &[Thing::chat(id, owner)]).await?;
    let Some(title) = title else { return Ok(Json(chat).into_response()) };
    let context: Context = reading.origin().context(caller.actor());
    let committed = state.app.chats.retitle(id, title, &context).await?;
    state.respond_after_commit(&committed, async || Ok(Json(find(&state, project, id).await?).into_response())).await
}

/// Deletes a chat.
#[utoipa::path(
    delete,
    path = "/api/projects/{project}/chats/{id}",
    params(Fetch),
    responses((status = 204, description = "Deleted"))
)]
async fn delete(
    State(state): State<HttpState>,
    scope: Scope,
    caller: CallerInfo,
    PathIds((project, id)): ChatPath,
    reading: Reading,
) -> Result<Response, ApiError> {
    check(&state, &reading, scope, project, id).await?;
    let context = reading.origin().context(caller.actor());
    let committed = state.app.chats.delete(id, &context).await?;
    state.respond_after_commit(&committed, async || Ok(empty(StatusCode::NO_CONTENT))).await
}
