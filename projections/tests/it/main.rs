//! The views on a real PostgreSQL: events in, the contract's JSON out.

mod chats;
mod documents;
mod history;
mod lists;
mod messages;
mod projects;
mod services;
mod users;
