//! The HTTP API: the wire contract, the endpoints, and the server of connections.
//!
//! This crate does not assemble the process: the composition root, which is the crate `api`, fills an
//! [`AppState`](app_state::AppState) and passes it in.
//!
//! `docs/adding/route.md` describes how to add a route.

pub mod access_page;
pub mod access_table;
pub mod app_state;
pub mod as_of;
mod audited;
mod client_network;
pub mod config;
pub mod contract;
pub mod explain;
pub mod health;
pub mod http_server;
pub mod limits;
pub mod open_files;
pub mod openapi;
pub mod provenance;
pub mod replay;
pub mod routes;
pub mod silence;
pub mod timeline;
