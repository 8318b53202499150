//! `projects`.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use commands::projects::ProjectUpdate;
use domain::{
    ids::ProjectId,
    project::{Assistant, ProjectChanges, Settings},
    values::{Model, SttEngine, TtsEngine},
};
use projections::{
    assistants, chats,
    listing::Page,
    projects::{self, Filter, ProjectRow, ProjectView, StaffProjectView},
};
use secrecy::SecretString;
use serde::Serialize;
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::{
    access::{Scope, at},
    assistants::known_model,
    caller::CallerInfo,
    http_state::{HttpState, Origin, empty},
};
use crate::{
    contract::{
        ids::{Own, PathIds},
        input::UnreadBody,
        paging::ListQuery,
        problem::ApiError,
    },
    openapi::{
        bodies::{NewProject, ProjectChange},
        parameters::{Idempotency, Listing, Search},
    },
};

pub(super) const MODELS: &[i64] = &[1, 2, 3, 4, 5, 6, 7, 8];
const STT_ENGINES: &[i64] = &[1, 2, 3];
const TTS_ENGINES: &[i64] = &[1, 2];
const MAX_SHORT_TEXT: usize = 100;

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(list, get, create, change, delete))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    Router::new()
        .merge(at(state, "/api/projects").get(list).post(create).served())
        .merge(at(state, "/api/projects/{id}").get(get).patch(change).delete(delete).served())
}

/// A project, as far as the caller may see it: staff see more.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Shown {
    ToStaff(StaffProjectView),
    ToOthers(ProjectView),
}

fn view(project: ProjectRow, to_staff: bool) -> Shown {
    if to_staff { Shown::ToStaff(project.into_staff_view()) } else { Shown::ToOthers(project.into_view()) }
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the document is made from its fields")]
struct Filters {
    /// Anything but a boolean is no filter.
    #[param(required = false)]
    archived: bool,
}

/// Projects, the default one first: all of them for staff, else the default one.
#[utoipa::path(
    get,
    path = "/api/projects",
    params(Listing, Search, Filters),
    responses((status = 200, description = "A part of the list", body = Page<Shown>))
)]
async fn list(State(state): State<HttpState>, scope: Scope, query: ListQuery) -> Result<Response, ApiError> {
    let staff = scope == Scope::All;
    let filter = Filter { staff, archived: query.flag("archived"), search: query.search_words() };
    let column = if staff { projects::staff_ordering_column } else { projects::ordering_column };
    let page = projects::list(&state.app.views, &filter, &query.window(column)).await?;
    Ok(Json(page.map(|project| view(project, staff))).into_response())
}

/// Returns a project that the caller may see. Anybody with the link may see one that is not archived; an archived one
/// is for staff and for users who have chats in it.
async fn visible(state: &HttpState, scope: Scope, caller: &CallerInfo, id: ProjectId) -> Result<ProjectRow, ApiError> {
    let project = projects::find(&state.app.views, id).await?.ok_or_else(ApiError::not_found)?;
    let is_visible = scope == Scope::All
        || !project.is_archived
        || chats::user_has_chat_in(&state.app.views, id, caller.id()).await?;
    if is_visible { Ok(project) } else { Err(ApiError::not_found()) }
}

/// A project. An archived one is shown to staff and to those who have chats in it.
#[utoipa::path(get, path = "/api/projects/{id}", responses((status = 200, description = "The project", body = Shown)))]
async fn get(
    State(state): State<HttpState>,
    scope: Scope,
    caller: CallerInfo,
    PathIds(id): PathIds<Own<ProjectId>>,
) -> Result<Response, ApiError> {
    let project = visible(&state, scope, &caller, id).await?;
    Ok(Json(view(project, caller.user.is_staff)).into_response())
}

async fn written(
    state: &HttpState,
    caller: &CallerInfo,
    id: ProjectId,
    committed: &commands::event_log::Committed,
    status: StatusCode,
) -> Result<Response, ApiError> {
    state
        .respond_after_commit(committed, async || {
            let project = projects::find(&state.app.views, id).await?.ok_or_else(ApiError::not_found)?;
            Ok((status, Json(view(project, caller.user.is_staff))).into_response())
        })
        .await
}

/// Makes a project.
#[utoipa::path(
    post,
    path = "/api/projects",
    params(Idempotency),
    request_body = NewProject,
    responses((status = 201, description = "Made", body = StaffProjectView))
)]
async fn create(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let texts = state.app.texts;
    let input = body.read().await?;
    let (settings, update) = input.create(|fields| {
        let title = fields.value("title").required();
        let description = fields.text("description").bounded(texts.max_note_chars).allow_blank().nullable().or(None);
        let stt_engine = fields.choice("stt_engine", STT_ENGINES).or(1);
        let tts_engine = fields.choice("tts_engine", TTS_ENGINES).or(2);
        let model = fields.choice("model", MODELS).or(1);
        let is_default = fields.boolean("is_default").or(false);
        let archived = fields.boolean("archived").or(false);
        let assistant_id = fields.text("assistant_id").max(MAX_SHORT_TEXT).nullable().or(None);
        let prompt = fields.text("prompt").bounded(texts.max_prompt_chars).or(String::new());
        let provider_key = fields.text("open_ai_key").max(MAX_SHORT_TEXT).nullable().or(None);
        let preset_questions = fields.strings("preset_questions").bounded(texts.max_question_chars).nullable().or(None);
        let settings = Settings {
            title,
            description,
            prompt,
            model: Model::from_number(model).unwrap_or(Model::Gpt35),
            stt_engine: SttEngine::from_number(stt_engine).unwrap_or(SttEngine::Whisper),
            tts_engine: TtsEngine::from_number(tts_engine).unwrap_or(TtsEngine::Google),
            preset_questions,
            assistant_id,
        };
        let update = ProjectUpdate {
            changes: ProjectChanges::default(),
            is_default: is_default.then_some(true),
            is_archived: archived.then_some(true),
            provider_key: provider_key.map(|key| Some(key.into())),
        };
        (settings, update)
    })?;
    let id = ProjectId::new(state.app.clock.new_id());
    let context = origin.context_of_creation(&caller, &input);
    let committed = state.app.projects.create(id, settings, update, &context).await?;
    let id = committed.repeats.map_or(id, ProjectId::new);
    written(&state, &caller, id, &committed, StatusCode::CREATED).await
}

/// Changes a project.
#[utoipa::path(
    patch,
    path = "/api/projects/{id}",
    request_body = ProjectChange,
    responses((status = 200, description = "The project, changed", body = StaffProjectView))
)]
async fn change(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds(id): PathIds<Own<ProjectId>>,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let project = projects::find(&state.app.views, id).await?.ok_or_else(ApiError::not_found)?;
    let has_assistant = match &project.assistant_id {
        Some(assistant) => assistants::find(&state.app.views, assistant).await?.is_some(),
        None => false,
    };
    let texts = state.app.texts;
    let mut update = body.read().await?.partial(|fields| ProjectUpdate {
        changes: ProjectChanges {
            title: fields.value("title").if_sent(),
            description: fields.text("description").bounded(texts.max_note_chars).allow_blank().nullable().optional(),
            stt_engine: fields.choice("stt_engine", STT_ENGINES).optional().and_then(SttEngine::from_number),
            tts_engine: fields.choice("tts_engine", TTS_ENGINES).optional().and_then(TtsEngine::from_number),
            model: (!has_assistant)
                .then(|| fields.choice("model", MODELS).optional().and_then(Model::from_number))
                .flatten(),
            assistant_model: has_assistant.then(|| fields.text("model").max(MAX_SHORT_TEXT).optional()).flatten(),
            assistant: None,
            assistant_id: fields.text("assistant_id").max(MAX_SHORT_TEXT).nullable().optional(),
            // An empty prompt clears the project's own: then the built-in one is used.
            prompt: fields.text("prompt").bounded(texts.max_prompt_chars).allow_blank().optional(),
            preset_questions: fields
                .strings("preset_questions")
                .bounded(texts.max_question_chars)
                .nullable()
                .optional(),
        },
        is_default: fields.boolean("is_default").optional(),
        is_archived: fields.boolean("archived").optional(),
        provider_key: fields
            .text("open_ai_key")
            .max(MAX_SHORT_TEXT)
            .allow_blank()
            .nullable()
            .optional()
            .map(|key| key.map(SecretString::from)),
    })?;
    let changes = &mut update.changes;
    // Clients send all settings back: the number of the project's own model in `assistant_model` is not a change.
    let assistant_model = changes.assistant_model.take().filter(|model| *model != project.model.to_string());
    changes.assistant_model = assistant_model.map(known_model).transpose()?;
    if let Some(Some(wanted)) = &changes.assistant_id {
        changes.assistant = assistants::find(&state.app.views, wanted).await?.map(|found| Assistant {
            id: found.id,
            name: found.name,
            instructions: found.instructions,
            model: found.model,
        });
        // A project may have been created with the id of an unknown assistant, which clients send back with all
        // settings.
        if changes.assistant.is_none() && project.assistant_id.as_ref() != Some(wanted) {
            return Err(ApiError::field("assistant_id", "There is no such assistant."));
        }
    }
    let committed = state.app.projects.update(id, update, &origin.context(caller.actor())).await?;
    written(&state, &caller, id, &committed, StatusCode::OK).await
}

/// Deletes a project; chats in it stay.
#[utoipa::path(delete, path = "/api/projects/{id}", responses((status = 204, description = "Deleted")))]
async fn delete(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds(id): PathIds<Own<ProjectId>>,
) -> Result<Response, ApiError> {
    let committed = state.app.projects.delete(id, &origin.context(caller.actor())).await?;
    state.respond_after_commit(&committed, async || Ok(empty(StatusCode::NO_CONTENT))).await
}
