//! `schema`: the OpenAPI document, and Swagger UI to view it, to which `/` redirects.

use std::sync::{Arc, LazyLock};

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use utoipa::OpenApi;
use utoipa_swagger_ui::Config;

use super::{access::at, http_state::HttpState};
use crate::contract::{paging::ListQuery, problem::ApiError};

const SCHEMA: &str = "/api/schema";
const SWAGGER: &str = "/api/schema/swagger/";

/// The OpenAPI document of the handlers below.
#[derive(OpenApi)]
#[openapi(paths(schema))]
pub(super) struct Api;

pub(super) fn router(state: &HttpState) -> Router<HttpState> {
    Router::new()
        .merge(at(state, SCHEMA).get(schema).own_forms().served())
        // Pages for people in a browser, outside the contract's rules.
        .route("/", get(to_swagger))
        .route(SWAGGER, get(async || swagger("index.html")))
        .route("/api/schema/swagger/{file}", get(async |Path(file): Path<String>| swagger(&file)))
}

/// The serialised document, which does not change while the process lives.
struct Written {
    json: String,
    yaml: String,
}

static WRITTEN: LazyLock<Written> = LazyLock::new(|| {
    let document = super::document();
    Written {
        json: document.to_json().expect("the document is made of texts, numbers and flags"),
        yaml: document.to_yaml().expect("what is JSON is YAML"),
    }
});

#[derive(Clone, Copy)]
enum Format {
    Json,
    Yaml,
}

/// Returns the format by `?format=`, else by the first type in `Accept` that is served.
fn format(query: &ListQuery, headers: &HeaderMap) -> Result<Format, ApiError> {
    match query.get("format") {
        Some("json" | "openapi-json") => return Ok(Format::Json),
        Some("yaml" | "openapi") => return Ok(Format::Yaml),
        Some(_) => return Err(ApiError::not_found()),
        None => {}
    }
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let wanted = accept.split(',').find_map(|range| match range.split(';').next().unwrap_or_default().trim() {
        "application/json" | "application/vnd.oai.openapi+json" => Some(Format::Json),
        "application/yaml" | "application/vnd.oai.openapi" | "*/*" => Some(Format::Yaml),
        _ => None,
    });
    Ok(wanted.unwrap_or(Format::Yaml))
}

#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the document is made from its fields")]
struct Formats {
    /// `json` or `yaml`; without it, as `Accept` says.
    #[param(required = false)]
    format: String,
}

/// This document.
#[utoipa::path(
    get,
    path = "/api/schema",
    params(Formats),
    responses(
        (status = 200, description = "The document", content(
            (Object = "application/json"),
            (String = "application/vnd.oai.openapi"),
        )),
        (status = 404, description = "There is no such format", body = crate::openapi::errors::Detail)
    )
)]
async fn schema(query: ListQuery, headers: HeaderMap) -> Result<Response, ApiError> {
    Ok(match format(&query, &headers)? {
        Format::Json => ([(header::CONTENT_TYPE, "application/json")], WRITTEN.json.as_str()).into_response(),
        Format::Yaml => {
            ([(header::CONTENT_TYPE, "application/vnd.oai.openapi")], WRITTEN.yaml.as_str()).into_response()
        }
    })
}

async fn to_swagger() -> Response {
    (StatusCode::FOUND, [(header::LOCATION, SWAGGER)]).into_response()
}

/// Returns a file of Swagger UI, which is part of the binary. It is configured not to call an external validator.
fn swagger(name: &str) -> Response {
    let config = Arc::new(Config::from(SCHEMA).validator_url("none"));
    match utoipa_swagger_ui::serve(name, config) {
        Ok(Some(file)) => ([(header::CONTENT_TYPE, file.content_type)], file.bytes.into_owned()).into_response(),
        Ok(None) => ApiError::not_found().into_response(),
        Err(error) => ApiError::internal(error.to_string()).into_response(),
    }
}
