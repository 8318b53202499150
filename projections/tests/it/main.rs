//! The views on a real PostgreSQL: events in, the contract's JSON out.

mod assistants;
mod batches;
mod chats;
mod connections;
mod documents;
mod feedback;
mod history;
mod lists;
mod messages;
mod projects;
mod services;
mod tables;
mod test_runs;
mod users;
