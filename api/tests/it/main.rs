//! Tests of the API as its users see it, in one binary: the contract on the real app (`support`), and the real program
//! in processes of its own (`installation`, `cli`).

mod access_matrix;
mod accounts;
mod assistants;
mod bad_input;
mod captcha;
mod chat_feedback;
mod chats;
mod cli;
mod concurrency;
mod consistency;
mod contract;
mod converse;
mod converse_refusals;
mod default_project;
mod deleting_users;
mod documents;
mod event_log;
mod health;
mod hostile_requests;
mod hostile_uploads;
mod idempotency;
mod installation;
mod key_chats;
mod key_tools;
mod languages;
mod mail;
mod media;
mod media_in_s3;
mod openapi;
mod outages;
mod passwords;
mod profile;
mod project_access;
mod projects;
mod provider;
mod provider_keys;
#[path = "../../../commands/tests/it/proxy.rs"]
#[expect(dead_code, reason = "shared with the tests of the event log, which use all of it")]
mod proxy;
mod rate_limits;
mod read_your_writes;
mod rebuild;
mod run_feedback;
mod services;
mod sessions;
mod speech_to_text;
mod spoken_answers;
mod streams;
mod support;
mod temp_tokens;
mod test_runs;
mod test_suites;
mod url_documents;
mod users;
