//! The wire contract: how requests are read and answers are shaped, the same for every endpoint.
//!
//! It owns error bodies, body reading, field validation, paging, the `Authorization` header, CORS, methods and
//! permissions, and event frames. It never touches the database, and it knows no endpoint, with one exception:
//! `refusal_shape` knows for each endpoint where the front end's page shows a refusal.

pub mod auth_header;
pub mod body_memory;
pub mod client_address;
mod django_format;
mod drain_body;
mod field_errors;
pub mod fields;
pub mod host;
pub mod ids;
mod incoming;
pub mod input;
mod json_fault;
mod kinds;
pub mod long_answers;
pub mod middleware;
mod negotiation;
pub mod paging;
pub mod problem;
mod refusal_shape;
pub mod resource;
pub mod sse;
