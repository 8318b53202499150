//! `create_assistant` and `list_assistants` of a project.

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{
    ids::ProjectId,
    project::{Assistant, Project},
    values::Model,
};
use projections::assistants::{self, AssistantView};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{
    access::at,
    caller::CallerInfo,
    http_state::{HttpState, Origin},
};
use crate::{
    contract::{
        ids::{Own, PathIds},
        input::UnreadBody,
        problem::ApiError,
    },
    openapi::bodies::NewAssistant,
};

const MAX_NAME_CHARS: usize = 256;
const MAX_MODEL_CHARS: usize = 100;

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(create, list))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    Router::new()
        .merge(at(state, "/api/projects/{project}/create_assistant").post(create).served())
        .merge(at(state, "/api/projects/{project}/list_assistants").get(list).served())
}

/// Checks that an assistant's model is a known name or number. Which model of the provider it means is configuration.
pub(super) fn known_model(name: String) -> Result<String, ApiError> {
    if Model::from_name(&name).is_some() {
        return Ok(name);
    }
    Err(ApiError::error(format!("The requested model '{name}' does not exist")))
}

/// The assistant that was made.
#[derive(Serialize, ToSchema)]
struct CreatedAssistant {
    assistant_id: String,
}

/// Makes an assistant, which answers in the project from now on.
#[utoipa::path(
    post,
    path = "/api/projects/{project}/create_assistant",
    request_body = NewAssistant,
    responses((status = 200, description = "Made", body = CreatedAssistant))
)]
async fn create(
    State(state): State<HttpState>,
    origin: Origin,
    caller: CallerInfo,
    PathIds(id): PathIds<Own<ProjectId>>,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let project = state.app.projects.load(id).await?;
    if !matches!(project, Project::Existing { .. }) {
        return Err(ApiError::not_found());
    }
    let input = body.read().await?;
    let max_chars = state.app.texts.max_prompt_chars;
    let (name, instructions, model) = input.create(|fields| {
        let name = fields.text("name").max(MAX_NAME_CHARS).required();
        let instructions = fields.text("instructions").bounded(max_chars).allow_blank().or(String::new());
        (name, instructions, fields.text("model").max(MAX_MODEL_CHARS).required())
    })?;
    let assistant_id = format!("asst_{}", state.app.clock.new_id().simple());
    let assistant = Assistant { id: assistant_id.clone(), name, instructions, model: known_model(model)? };
    let context = origin.context(caller.actor());
    let committed = state.app.projects.create_assistant(id, assistant, &context).await?;
    state.respond_after_commit(&committed, async || Ok(Json(CreatedAssistant { assistant_id }).into_response())).await
}

/// The assistants of all projects: one may be taken over from another project.
#[utoipa::path(
    get,
    path = "/api/projects/{project}/list_assistants",
    responses((status = 200, description = "All of them", body = Vec<AssistantView>))
)]
async fn list(State(state): State<HttpState>) -> Result<Response, ApiError> {
    Ok(Json(assistants::list(&state.app.views).await?).into_response())
}
