//! The composition root and the command line, as a library so that tests can call its parts. HTTP is the crate `http_api`.

pub mod app;
pub mod cli;
pub mod config;
mod data_folder;
pub mod database;
pub mod demo;
mod erasures;
mod languages;
mod outside;
pub mod parts;
mod passage_store;
mod projection;
pub mod rebuild;
pub mod serve;
pub mod shutdown;
mod silence;
pub mod telemetry;
mod terminal;
