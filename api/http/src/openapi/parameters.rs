//! Parameters of several endpoints. Malformed values of the query parameters here are ignored, never refused.

use utoipa::IntoParams;

/// Of every list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Listing {
    /// How many: 10 if it is no positive number, 30 at most.
    #[param(required = false, default = 10)]
    pub limit: i64,
    /// How many to leave out: 0 if it is no positive number.
    #[param(required = false, default = 0)]
    pub offset: i64,
    /// Fields of the results, with `-` for descending, separated by commas; unknown ones are ignored.
    #[param(required = false, example = "-created_at,title")]
    pub ordering: String,
}

/// Of lists that the front end shows as one page.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SinglePage {
    /// How many: 100 if it is no positive number, and at most.
    #[param(required = false, default = 100)]
    pub limit: i64,
    /// How many to leave out: 0 if it is no positive number.
    #[param(required = false, default = 0)]
    pub offset: i64,
    /// Fields of the results, with `-` for descending, separated by commas; unknown ones are ignored.
    #[param(required = false, example = "-created_at,title")]
    pub ordering: String,
}

/// Of lists that can be searched.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Search {
    /// Words, separated by blanks or commas, all of which must be contained.
    #[param(required = false)]
    pub search: String,
}

/// Of chats.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Fetch {
    /// `all`, by a superuser: everybody's chats, and not only the caller's.
    #[param(required = false)]
    pub fetch: String,
}

/// Of texts that have pages.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OnePage {
    /// This page or slide alone, from 1: all of them if it is no positive number.
    #[param(required = false)]
    pub page: i64,
}

/// Of requests that make something: repeated under the same key, it is made once.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct Idempotency {
    /// Any text of the client's choice; another request under the same key is a 422.
    #[param(required = false, rename = "Idempotency-Key", max_length = 255)]
    pub idempotency_key: String,
}

/// Of requests that lead to an answer by the model provider.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct ProviderKey {
    /// The client's own key of the model provider.
    #[param(required = false, rename = "OpenAI-Key")]
    pub openai_key: String,
}

/// Of requests that may read what is another person's.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct AccessReason {
    /// Why another person's data is read, as UTF-8: for the record of accesses, and needed if the server is set so. Given for
    /// one chat, it holds for that chat until the log-out.
    #[param(required = false, rename = "X-Access-Reason", min_length = 1, max_length = 500)]
    pub access_reason: String,
}
