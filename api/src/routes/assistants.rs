//! `create_assistant` and `list_assistants` of a project.

use axum::{
    Json, Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::{
    ids::ProjectId,
    project::{Assistant, Project},
    values::Model,
};
use projections::assistants;
use serde_json::json;

use super::{
    access::at,
    caller::CallerInfo,
    web::{Origin, Web},
};
use crate::contract::{ids::own_id, input::UnreadBody, problem::ApiError};

const MAX_NAME_CHARS: usize = 256;
const MAX_MODEL_CHARS: usize = 100;

pub(super) fn router(web: &Web) -> Router<Web> {
    Router::new()
        .merge(at(web, "/api/projects/{project}/create_assistant").post(create).served())
        .merge(at(web, "/api/projects/{project}/list_assistants").get(list).served())
}

/// An assistant's model goes by name or by number; which provider's model it means is configuration.
pub(super) fn known_model(name: String) -> Result<String, ApiError> {
    if Model::from_name(&name).is_some() {
        return Ok(name);
    }
    Err(ApiError::error(format!("The requested model '{name}' does not exist")))
}

async fn create(
    State(web): State<Web>,
    origin: Origin,
    caller: CallerInfo,
    Path(id): Path<String>,
    body: UnreadBody,
) -> Result<Response, ApiError> {
    let id = ProjectId::new(own_id(&id)?);
    let project = web.app.projects.load(id).await?;
    if !matches!(project, Project::Existing { .. }) {
        return Err(ApiError::not_found());
    }
    let input = body.read().await?;
    let (name, instructions, model) = input.create(|fields| {
        let name = fields.text("name").max(MAX_NAME_CHARS).required();
        let instructions = fields.text("instructions").allow_blank().or(String::new());
        (name, instructions, fields.text("model").max(MAX_MODEL_CHARS).required())
    })?;
    let assistant_id = format!("asst_{}", web.app.clock.new_id().simple());
    let assistant = Assistant { id: assistant_id.clone(), name, instructions, model: known_model(model)? };
    let context = origin.context(caller.actor());
    let committed = web.app.projects.create_assistant(id, assistant, &context).await?;
    web.written(&committed, async || Ok(Json(json!({ "assistant_id": assistant_id })).into_response())).await
}

/// Of all projects: an assistant may be taken over from another one.
async fn list(State(web): State<Web>) -> Result<Response, ApiError> {
    Ok(Json(assistants::list(&web.app.pool).await?).into_response())
}
