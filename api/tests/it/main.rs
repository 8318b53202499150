//! Tests of the API as its users see it, in one binary: the real app on real sockets over a real PostgreSQL.

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
mod streams;
mod support;
