//! The HTTP half: the wire contract, the endpoints, and the server of connections.
//!
//! It does not know how a process is put together: the composition root, which is the crate `api`, fills an
//! [`AppState`](app_state::AppState) and hands it over.
//!
//! Its chapter is `docs/adding/route.md`.

pub mod access_table;
pub mod app_state;
mod client_network;
pub mod config;
pub mod contract;
pub mod health;
pub mod http_server;
pub mod limits;
pub mod open_files;
pub mod openapi;
pub mod routes;
