//! The refusals that endpoints share, as reusable responses under `components/responses`.

use axum::http::StatusCode;
use utoipa::openapi::{
    Content, Header, Object, OpenApi, Ref, RefOr, Response, ResponseBuilder, Type, extensions::Extensions,
    header::HeaderBuilder,
};

use super::errors::{BadRequest, Detail, Refused};

/// A reusable response of a status: its name, its description, and its header if it has one.
struct Refusal {
    status: StatusCode,
    name: &'static str,
    description: &'static str,
    /// The name, type and description of a header that the response always has.
    header: Option<(&'static str, Type, &'static str)>,
}

const SECONDS: &str = "After how many seconds it may be tried again";

const REFUSALS: &[Refusal] = &[
    Refusal {
        status: StatusCode::BAD_REQUEST,
        name: "BadRequest",
        description: "The request is malformed, or fields are",
        header: None,
    },
    Refusal {
        status: StatusCode::UNAUTHORIZED,
        name: "Unauthorized",
        description: "Nobody is logged in, or the credentials are wrong",
        header: Some(("WWW-Authenticate", Type::String, "The scheme")),
    },
    Refusal {
        status: StatusCode::FORBIDDEN,
        name: "Forbidden",
        description: "The caller lacks the role",
        header: None,
    },
    Refusal {
        status: StatusCode::NOT_FOUND,
        name: "NotFound",
        description: "There is no such object, or not for the caller",
        header: None,
    },
    Refusal {
        status: StatusCode::METHOD_NOT_ALLOWED,
        name: "MethodNotAllowed",
        description: "The path has no such method",
        header: Some(("Allow", Type::String, "The methods that it has")),
    },
    Refusal {
        status: StatusCode::NOT_ACCEPTABLE,
        name: "NotAcceptable",
        description: "There is no answer of the type that `Accept` wants",
        header: None,
    },
    Refusal { status: StatusCode::CONFLICT, name: "Conflict", description: "Somebody else was faster", header: None },
    Refusal {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        name: "PayloadTooLarge",
        description: "The body is too large",
        header: None,
    },
    Refusal {
        status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
        name: "UnsupportedMediaType",
        description: "The body's type is not read here",
        header: None,
    },
    Refusal {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        name: "KeyReused",
        description: "The `Idempotency-Key` was used for another request",
        header: None,
    },
    Refusal {
        status: StatusCode::TOO_MANY_REQUESTS,
        name: "TooManyRequests",
        description: "Too many requests came from there",
        header: Some(("Retry-After", Type::Integer, SECONDS)),
    },
    Refusal {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        name: "ServerError",
        description: "A fault of the server",
        header: None,
    },
    Refusal {
        status: StatusCode::SERVICE_UNAVAILABLE,
        name: "Unavailable",
        description: "Nothing is wrong with the request; it may be repeated",
        header: Some(("Retry-After", Type::Integer, SECONDS)),
    },
];

impl Refusal {
    fn response(&self) -> Response {
        let body = match self.status {
            StatusCode::BAD_REQUEST => schema::<BadRequest>(),
            StatusCode::CONFLICT
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::SERVICE_UNAVAILABLE => schema::<Refused>(),
            _ => schema::<Detail>(),
        };
        let response =
            ResponseBuilder::new().description(self.description).content("application/json", Content::new(Some(body)));
        match &self.header {
            Some((name, kind, description)) => response.header(*name, always(kind.clone(), description)).build(),
            None => response.build(),
        }
    }
}

fn schema<T: utoipa::ToSchema>() -> Ref {
    Ref::from_schema_name(T::name())
}

fn always(kind: Type, description: &str) -> Header {
    HeaderBuilder::new()
        .schema(Some(Object::with_type(kind)))
        .description(Some(description))
        .extensions(Some(Extensions::from_iter([("required", true)])))
        .build()
}

/// Returns a reference to the reusable response of a status, if there is one.
pub(super) fn reference(status: StatusCode) -> Option<RefOr<Response>> {
    let refusal = REFUSALS.iter().find(|refusal| refusal.status == status)?;
    Some(Ref::from_response_name(refusal.name).into())
}

pub(super) fn add_to(document: &mut OpenApi) {
    let responses = REFUSALS.iter().map(|refusal| (refusal.name.to_owned(), refusal.response().into()));
    document.components.get_or_insert_default().responses.extend(responses);
}
