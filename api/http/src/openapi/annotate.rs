//! Adds to the document what middleware does for all handlers: permissions, ids in paths, forms in place of JSON, and
//! refusals.

use axum::http::{Method, StatusCode};
use utoipa::openapi::{
    KnownFormat, ObjectBuilder, OpenApi, RefOr, Schema, SchemaFormat, SecurityRequirement, Type,
    path::{Operation, Parameter, ParameterIn},
    request_body::RequestBody,
};

use super::refusals;
use crate::{access_table::TABLE, contract::resource::Permission};

/// The names of the security schemes.
pub(super) const TOKEN: &str = "token";
pub(super) const BASIC: &str = "basic";
pub(super) const TEMP_TOKEN: &str = "tempToken";
pub(super) const API_KEY: &str = "apiKey";

const JSON: &str = "application/json";
const FORMS: [&str; 2] = ["application/x-www-form-urlencoded", "multipart/form-data"];

/// Returns all operations with their path and method.
pub(super) fn operations(document: &mut OpenApi) -> impl Iterator<Item = (&str, Method, &mut Operation)> {
    document.paths.paths.iter_mut().flat_map(|(path, item)| {
        [
            (Method::GET, item.get.as_mut()),
            (Method::POST, item.post.as_mut()),
            (Method::PATCH, item.patch.as_mut()),
            (Method::DELETE, item.delete.as_mut()),
        ]
        .into_iter()
        .filter_map(|(method, operation)| Some((path.as_str(), method, operation?)))
    })
}

/// Sets the operation ids of a route file to the name of the file and the name of the handler, and the tag to the file.
pub(super) fn name_operations(resource: &str, document: &mut OpenApi) {
    for (_, _, operation) in operations(document) {
        let handler = operation.operation_id.take().unwrap_or_default();
        operation.operation_id = Some(format!("{resource}_{handler}"));
        operation.tags = Some(vec![resource.to_owned()]);
    }
}

pub(super) fn annotate(document: &mut OpenApi) {
    for (path, method, operation) in operations(document) {
        let needs = permission(path, &method);
        operation.security = Some(callers(needs));
        specify_ids(path, operation);
        add_forms(operation);
        for status in refusals_of(path, &method, operation, needs) {
            add_refusal(operation, status);
        }
    }
}

/// Returns the permission in the table of permissions; `Public` for a path that is not in it.
fn permission(path: &str, method: &Method) -> Permission {
    let access = TABLE.iter().find(|access| access.path == path);
    let rule = access.and_then(|access| access.verbs.iter().find(|(verb, ..)| verb.method() == *method));
    rule.map_or(Permission::Public, |(_, needs, _)| *needs)
}

/// Returns the alternative kinds of credentials for a permission, each of which is enough.
fn callers(needs: Permission) -> Vec<SecurityRequirement> {
    let by = |scheme| SecurityRequirement::new(scheme, [""; 0]);
    match needs {
        Permission::Public => vec![SecurityRequirement::default()],
        Permission::ChatUser => vec![by(TOKEN), by(BASIC), by(TEMP_TOKEN)],
        Permission::User
        | Permission::OwnAccount
        | Permission::Auditor
        | Permission::Staff
        | Permission::Superuser
        | Permission::Reviewer => {
            vec![by(TOKEN), by(BASIC)]
        }
        Permission::ApiKey => vec![by(API_KEY)],
    }
}

/// Describes all ids of the path, whether or not the handler uses them.
fn specify_ids(path: &str, operation: &mut Operation) {
    let is_id =
        |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(it) if it.parameter_in == ParameterIn::Path);
    let parameters = operation.parameters.get_or_insert_default();
    parameters.retain(|parameter| !is_id(parameter));
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let ids = names.map(|name| {
        let mut id = Parameter::new(name);
        id.parameter_in = ParameterIn::Path;
        id.schema = Some(id_named(name));
        RefOr::T(id)
    });
    parameters.splice(0..0, ids);
}

fn id_named(name: &str) -> RefOr<Schema> {
    let id = match name {
        "username" | "name" => ObjectBuilder::new().schema_type(Type::String),
        "number" => ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)),
        _ => ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))),
    };
    Schema::from(id).into()
}

/// Adds the media types of forms to a JSON body, which may also be sent as a form.
fn add_forms(operation: &mut Operation) {
    if let Some(RefOr::T(RequestBody { content, .. })) = &mut operation.request_body
        && let Some(json) = content.get(JSON).cloned()
    {
        content.extend(FORMS.map(|form| (form.to_owned(), json.clone())));
    }
}

fn refusals_of(path: &str, method: &Method, operation: &Operation, needs: Permission) -> Vec<StatusCode> {
    let mut statuses = vec![
        StatusCode::UNAUTHORIZED,
        StatusCode::NOT_ACCEPTABLE,
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::SERVICE_UNAVAILABLE,
    ];
    // A public endpoint needs no role, so it never answers with 403.
    if needs != Permission::Public {
        statuses.push(StatusCode::FORBIDDEN);
    }
    let ids = path.matches('{').count();
    if ids > 0 {
        statuses.push(StatusCode::NOT_FOUND);
    }
    // A malformed id of a parent, which is any id but one at the end of the path, is a 400.
    if ids > 1 || (ids == 1 && !path.ends_with('}')) {
        statuses.push(StatusCode::BAD_REQUEST);
    }
    if operation.request_body.is_some() {
        statuses.extend([StatusCode::BAD_REQUEST, StatusCode::PAYLOAD_TOO_LARGE, StatusCode::UNSUPPORTED_MEDIA_TYPE]);
    }
    if method != Method::GET {
        statuses.extend([StatusCode::BAD_REQUEST, StatusCode::CONFLICT]);
    }
    if takes_idempotency_key(operation) {
        statuses.push(StatusCode::UNPROCESSABLE_ENTITY);
    }
    statuses
}

fn takes_idempotency_key(operation: &Operation) -> bool {
    let is_key = |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(it) if it.name == "Idempotency-Key");
    operation.parameters.iter().flatten().any(is_key)
}

/// Adds the shared response of a status, unless the handler describes that status itself.
fn add_refusal(operation: &mut Operation, status: StatusCode) {
    if let Some(refusal) = refusals::reference(status) {
        operation.responses.responses.entry(status.as_str().to_owned()).or_insert(refusal);
    }
}
