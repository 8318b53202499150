//! The HTTP contract on the real app: real PostgreSQL, real sockets, all projectors and workers.

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
mod support;
