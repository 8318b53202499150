//! Tests of the API as its users see it, in one binary: the contract on the real app (`support`), and the real program
//! in processes of its own (`installation`, `cli`).

mod accounts;
mod bad_input;
mod chats;
mod cli;
mod concurrency;
mod contract;
mod converse;
mod converse_refusals;
mod default_project;
mod documents;
mod event_log;
mod idempotency;
mod installation;
mod media;
mod outages;
mod profile;
mod project_access;
mod projects;
mod provider;
mod provider_keys;
#[path = "../../../commands/tests/it/proxy.rs"]
#[expect(dead_code, reason = "shared with the tests of the event log, which use all of it")]
mod proxy;
mod read_your_writes;
mod sessions;
mod streams;
mod support;
