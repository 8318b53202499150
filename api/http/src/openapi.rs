//! The OpenAPI 3.1 document of everything that is served.
//!
//! The attribute `#[utoipa::path]` of a handler describes its request and responses. What middleware does for all
//! endpoints of a kind is added here once (`annotate`), and the shapes of views are made exact (`strict_schemas`). A
//! test compares the document with the routes.

mod annotate;
pub mod bodies;
pub mod errors;
pub mod parameters;
mod refusals;
mod strict_schemas;

use utoipa::{
    Modify, OpenApi as _,
    openapi::{
        OpenApi,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use annotate::{API_KEY, BASIC, TEMP_TOKEN, TOKEN};

const ABOUT: &str = "\
Projects hold reference documents; people ask questions in chats, and the answers are made from the documents of the \
project. What is written can be read back at once: if it cannot, the answer says so in `X-Views-Behind`. The answer to \
a write has an `X-Consistency-Token`; a request that shows it, to whichever server, sees that write too.

Everywhere: unknown fields and query parameters are ignored; a method that a path does not have is a 405 with `Allow`; \
every answer carries `X-Request-Id`.";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Ayushma", description = ABOUT),
    components(
        schemas(errors::BadRequest, errors::Detail, errors::ErrorMessage, errors::Problem, errors::Refused),
        responses(errors::NoSuchObject, errors::ShownOnce, errors::StateConflict, errors::WrongParameter)
    ),
    modifiers(&SecuritySchemes)
)]
struct Base;

struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        let header = |name, description| {
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(name, description)))
        };
        let temp_token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("tt-…")
            .description(Some("A temp token that a service has handed out"));
        components.security_schemes.extend([
            (TOKEN.to_owned(), header("Authorization", "`Token ` and the token that a login gives").into()),
            (BASIC.to_owned(), SecurityScheme::Http(Http::new(HttpAuthScheme::Basic)).into()),
            (TEMP_TOKEN.to_owned(), SecurityScheme::Http(temp_token.build()).into()),
            (API_KEY.to_owned(), header("X-API-KEY", "The key of a service").into()),
        ]);
    }
}

/// Returns the document of these resources, each given as the name of its route file and the document of its handlers.
pub fn document(resources: impl IntoIterator<Item = (&'static str, OpenApi)>) -> OpenApi {
    let mut document = Base::openapi();
    for (name, mut resource) in resources {
        annotate::name_operations(name, &mut resource);
        document.merge(resource);
    }
    refusals::add_to(&mut document);
    annotate::annotate(&mut document);
    strict_schemas::make_views_exact(&mut document);
    document
}
