//! The shapes of error bodies, which `contract::problem` writes.

use std::collections::BTreeMap;

use utoipa::ToSchema;

/// Everything that is not about a field.
#[derive(ToSchema)]
pub struct Detail {
    pub detail: String,
}

/// As endpoints that answer questions have it.
#[derive(ToSchema)]
pub struct ErrorMessage {
    pub error: String,
}

/// About the whole object, as some endpoints have it.
#[derive(ToSchema)]
pub struct NonFieldError {
    pub non_field_errors: String,
}

/// About a code for a new password that nobody was sent.
#[derive(ToSchema)]
pub struct TokenError {
    pub token: String,
}

/// Messages by field, all failing fields at once; `non_field_errors` are about the whole object.
#[derive(ToSchema)]
pub struct FieldErrors(pub BTreeMap<String, FieldMessages>);

/// What is wrong with a field, or with which items of a list.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum FieldMessages {
    Whole(Vec<String>),
    Items(BTreeMap<String, Vec<String>>),
}

/// What is wrong with the request.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum BadRequest {
    Fields(FieldErrors),
    NonField(NonFieldError),
    Token(TokenError),
    Detail(Detail),
    Error(ErrorMessage),
    Messages(Vec<String>),
}
