//! Tests of the API as its users see it, in one binary: the real app on real sockets over a real PostgreSQL.

<<<<<<< HEAD
mod accounts;
mod bad_input;
mod chats;
mod converse;
mod converse_refusals;
mod default_project;
mod documents;
mod event_log;
mod idempotency;
mod media;
mod profile;
mod project_access;
mod projects;
mod provider;
mod provider_keys;
mod read_your_writes;
mod sessions;
=======
mod cli;
mod installation;
mod outages;
#[path = "../../../commands/tests/it/proxy.rs"]
#[expect(dead_code, reason = "shared with the tests of the event log, which use all of it")]
mod proxy;
>>>>>>> main
mod streams;
mod support;
