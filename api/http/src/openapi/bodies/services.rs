//! The bodies of requests about services, their API keys and temp tokens.

use utoipa::ToSchema;
use uuid::Uuid;

#[derive(ToSchema)]
pub struct NewService {
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// Whether it may use the server's own provider key.
    #[schema(default = false, nullable = false)]
    pub allow_key: Option<bool>,
    /// The user who answers for it: the caller, unless another one is named.
    #[schema(nullable = false)]
    pub owner: Option<Uuid>,
}

/// Only what is named is changed.
#[derive(ToSchema)]
pub struct ServiceChange {
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    pub name: Option<String>,
    #[schema(nullable = false)]
    pub allow_key: Option<bool>,
    #[schema(nullable = false)]
    pub owner: Option<Uuid>,
}

#[derive(ToSchema)]
pub struct NewApiKey {
    #[schema(min_length = 1, max_length = 50)]
    pub title: String,
}

#[derive(ToSchema)]
pub struct NewTempToken {
    /// The address from which alone the token may be used.
    #[schema(min_length = 1, max_length = 100)]
    pub ip: String,
}
