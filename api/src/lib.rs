//! The HTTP edge and the composition root, as a library so that tests can call its parts.
//!
//! Its chapter is `docs/adding/route.md`.

pub mod access_table;
pub mod app;
pub mod cli;
mod client_network;
pub mod config;
pub mod contract;
mod data_folder;
pub mod database;
pub mod demo;
pub mod health;
pub mod http_server;
mod languages;
pub mod limits;
pub mod open_files;
pub mod openapi;
mod outside;
mod passage_store;
mod projection;
pub mod rebuild;
pub mod routes;
pub mod serve;
pub mod shutdown;
pub mod telemetry;
mod terminal;
