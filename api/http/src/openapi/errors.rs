//! The schemas of error bodies, which `contract::problem` and `contract::refusal_shape` write.

use std::collections::BTreeMap;

use utoipa::{
    ToResponse, ToSchema,
    openapi::{Content, Ref, RefOr, Response, ResponseBuilder},
};

/// Everything that is not about a field.
#[derive(ToSchema)]
pub struct Detail {
    pub detail: String,
}

/// The same where nothing else may stand beside it.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OnlyDetail {
    pub detail: String,
}

/// What speaks against serving the request now, in the keys that the page which sends such requests shows.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum Refused {
    General(GeneralRefusal),
    Question(QuestionRefusal),
    DocumentForm(DocumentRefusal),
}

/// Where the page shows `non_field_errors`; where it shows a field alone, that has the list too.
#[derive(ToSchema)]
pub struct GeneralRefusal {
    pub detail: String,
    pub non_field_errors: Vec<String>,
    #[schema(nullable = false)]
    pub password: Option<Vec<String>>,
    #[schema(nullable = false)]
    pub title: Option<Vec<String>>,
    #[schema(nullable = false)]
    pub name: Option<Vec<String>>,
}

/// Of endpoints that begin chats, answer and transcribe.
#[derive(ToSchema)]
pub struct QuestionRefusal {
    pub detail: String,
    pub error: String,
}

/// Of documents that are added or changed: all are lists.
#[derive(ToSchema)]
pub struct DocumentRefusal {
    pub non_field_errors: Vec<String>,
    /// Of a file that is too large.
    #[schema(nullable = false)]
    pub file: Option<Vec<String>>,
}

/// As endpoints beyond the contract have it (RFC 9457).
#[derive(ToSchema)]
pub struct Problem {
    /// `about:blank`: what the status says.
    #[schema(rename = "type")]
    pub kind: String,
    pub title: String,
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    pub detail: String,
}

impl Problem {
    /// Returns a response with problem details or, for refusals by middleware, the contract's `detail`.
    fn response(description: &str) -> RefOr<Response> {
        let content = |schema| Content::new(Some(Ref::from_schema_name(schema)));
        let response = ResponseBuilder::new().description(description);
        response
            .content("application/problem+json", content(Self::name()))
            .content("application/json", content(Detail::name()))
            .build()
            .into()
    }
}

/// The 404 of endpoints that are not part of the contract.
pub struct NoSuchObject;

impl<'r> ToResponse<'r> for NoSuchObject {
    fn response() -> (&'r str, RefOr<Response>) {
        ("NoSuchObject", Problem::response("There is no such object"))
    }
}

/// The 400 of endpoints that are not part of the contract.
pub struct WrongParameter;

impl<'r> ToResponse<'r> for WrongParameter {
    fn response() -> (&'r str, RefOr<Response>) {
        ("WrongParameter", Problem::response("A parameter is unknown, malformed or out of range"))
    }
}

/// The 409 of endpoints that are not part of the contract; the one of the contract is named `Conflict` there.
pub struct StateConflict;

impl<'r> ToResponse<'r> for StateConflict {
    fn response() -> (&'r str, RefOr<Response>) {
        ("StateConflict", Problem::response("The state of the object speaks against the request"))
    }
}

/// The refusal of a repeated request whose response is shown only once, such as one with a new API key.
pub struct ShownOnce;

impl<'r> ToResponse<'r> for ShownOnce {
    fn response() -> (&'r str, RefOr<Response>) {
        ("ShownOnce", Problem::response("The request was answered before, or somebody else was faster"))
    }
}

/// As endpoints that answer questions have it.
#[derive(ToSchema)]
pub struct ErrorMessage {
    pub error: String,
    /// What was said, where it is too long to be asked.
    #[schema(nullable = false)]
    pub transcript: Option<String>,
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
    Detail(OnlyDetail),
    Error(ErrorMessage),
    Messages(Vec<String>),
}
