//! The HTTP edge and the composition root, as a library so that tests can call its parts.

pub mod app;
pub mod config;
pub mod contract;
pub mod embedded_postgres;
pub mod routes;
