//! `feedback`: ratings of messages.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use commands::chats::Rating;
use domain::{
    access::AccessKind,
    ids::{FeedbackId, MessageId, ProjectId},
};
use projections::{
    chats::{self, FeedbackFilter, FeedbackView, Numbered},
    listing::Page,
};
use utoipa::{IntoParams, OpenApi};
use uuid::Uuid;

use super::{
    access::{Scope, at},
    caller::CallerInfo,
    http_state::HttpState,
    reading::{Reading, Thing},
};
use crate::{
    contract::{
        ids::{Own, PathIds, parent_id},
        input::UnreadBody,
        paging::ListQuery,
        problem::ApiError,
    },
    openapi::{
        bodies::NewFeedback,
        errors::{BadRequest, Detail},
        parameters::{AccessReason, Idempotency, Listing},
    },
};

const NO_CHOICE: &str = "Select a valid choice. That choice is not one of the available choices.";

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(list, get, give))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    Router::new()
        .merge(at(state, "/api/feedback").get(list).post(give).served())
        .merge(at(state, "/api/feedback/{id}").get(get).served())
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the document is made from its fields")]
struct Filters {
    /// Anything but a boolean is no filter.
    #[param(required = false)]
    liked: bool,
    /// The number of a message; a number of nothing is a 400, as below.
    #[param(required = false)]
    chat_message: i64,
    /// The number of a chat.
    #[param(required = false, rename = "chat_message__chat")]
    chat: i64,
    /// The number of a project.
    #[param(required = false, rename = "chat_message__chat__project")]
    project: i64,
}

/// Ratings of messages in the caller's chats; in everybody's for reviewers, staff and superusers.
#[utoipa::path(
    get,
    path = "/api/feedback",
    params(Listing, Filters, AccessReason),
    responses(
        (status = 200, description = "A part of the list", body = Page<FeedbackView>),
        (status = 400, description = "A filter names nothing", body = BadRequest)
    )
)]
async fn list(
    State(state): State<HttpState>,
    scope: Scope,
    query: ListQuery,
    reading: Reading,
) -> Result<Response, ApiError> {
    let filter = FeedbackFilter {
        owner: scope.only_user(),
        liked: query.flag("liked"),
        message: numbered(&state, &query, "chat_message", Numbered::Message).await?,
        chat: numbered(&state, &query, "chat_message__chat", Numbered::Chat).await?,
        project: numbered(&state, &query, "chat_message__chat__project", Numbered::Project).await?,
    };
    let window = query.window(chats::feedback_ordering_column);
    let page = chats::feedback_list(&state.app.views, &filter, &window).await?;
    if !reading.is_own_scope(scope) {
        let ids: Vec<Uuid> = page.results.iter().map(|rating| rating.external_id).collect();
        let chats = chats::rated(&state.app.views, &ids).await?;
        let shown: Vec<Thing> = chats.into_iter().map(|(id, owner)| Thing::chat(id, owner)).collect();
        let about = filter.project.map(|project| Thing::project(ProjectId::new(project)));
        reading.lists(&state, AccessKind::Ratings, about.as_slice(), &shown).await?;
    }
    Ok(Json(page).into_response())
}

/// Returns the id of the object that a filter names by number; a number of nothing is a 400.
async fn numbered(
    state: &HttpState,
    query: &ListQuery,
    name: &str,
    kind: Numbered,
) -> Result<Option<uuid::Uuid>, ApiError> {
    let Some(number) = query.get(name) else { return Ok(None) };
    let no_choice = || ApiError::field(name, NO_CHOICE);
    let position = number.trim().parse().map_err(|_| no_choice())?;
    let id = chats::at_position(&state.app.views, kind, position).await?;
    Ok(Some(id.ok_or_else(no_choice)?))
}

/// A rating.
#[utoipa::path(
    get,
    path = "/api/feedback/{id}",
    params(AccessReason),
    responses(
        (status = 200, description = "The rating", body = FeedbackView),
        (status = 400, description = "The reason is malformed", body = Detail)
    )
)]
async fn get(
    State(state): State<HttpState>,
    scope: Scope,
    PathIds(id): PathIds<Own<FeedbackId>>,
    reading: Reading,
) -> Result<Response, ApiError> {
    let (feedback, _) = chats::find_feedback(&state.app.views, id).await?.ok_or_else(ApiError::not_found)?;
    let chats = chats::rated(&state.app.views, &[id.value()]).await?;
    let rated: Vec<Thing> = chats.into_iter().map(|(chat, owner)| Thing::chat(chat, owner)).collect();
    if let Some(hidden) = rated.iter().find(|thing| !scope.covers(thing.owner)) {
        return Err(reading.refuses(&state, AccessKind::Ratings, *hidden).await);
    }
    reading.shows(&state, AccessKind::Ratings, &rated).await?;
    Ok(Json(feedback).into_response())
}

/// Rates a message.
#[utoipa::path(
    post,
    path = "/api/feedback",
    params(Idempotency),
    request_body = NewFeedback,
    responses(
        (status = 201, description = "Rated", body = FeedbackView),
        (status = 404, description = "There is no such message, or not for the caller", body = Detail)
    )
)]
async fn give(
    State(state): State<HttpState>,
    reading: Reading,
    scope: Scope,
    caller: CallerInfo,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let input = body.read().await?;
    let max_chars = state.app.texts.max_note_chars;
    let (message_id, liked, message) = input.create(|fields| {
        let message_id = fields.text("chat_message").required();
        let liked = fields.boolean("liked").required();
        (message_id, liked, fields.text("message").bounded(max_chars).allow_blank().nullable().or(None))
    })?;
    let message_id = MessageId::new(parent_id(&message_id)?);
    // A message outside of the scope is answered with 404.
    let found = chats::chat_of_message(&state.app.views, message_id).await?;
    let (chat, owner) = found.ok_or_else(ApiError::not_found)?;
    if !scope.covers(owner) {
        return Err(reading.refuses(&state, AccessKind::Ratings, Thing::chat(chat, owner)).await);
    }
    let context = reading.origin().context_of_creation(&caller, &input);
    // A repeated request shows the rating that exists, which is found by its chat.
    let rating = Rating { message: message_id, liked, note: message };
    let (feedback_id, committed) = state.app.chats.rate(chat, rating, &context).await?;
    state
        .respond_after_commit(&committed, async || {
            let feedback = match committed.repeats {
                None => chats::find_feedback(&state.app.views, feedback_id).await?.ok_or_else(ApiError::not_found)?.0,
                Some(_) => {
                    let given = chats::feedback_of_chat(&state.app.views, chat).await?;
                    let last = given.into_iter().rfind(|feedback| feedback.chat_message == message_id.value());
                    last.ok_or_else(ApiError::not_found)?
                }
            };
            Ok((StatusCode::CREATED, Json(feedback)).into_response())
        })
        .await
}
