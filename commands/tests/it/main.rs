//! The event log on a real PostgreSQL and a real Kafka (`scripts/with-test-services.sh` starts both).
//!
//! Every test has a database and topics of its own. A [`Node`](support::Node) stands for a process of the program:
//! two of them share nothing but the database.

mod appending;
mod busy;
mod consuming;
mod erasing;
mod evaluation;
mod kafka;
mod outages;
mod owning;
mod personal_text;
mod proxy;
mod relaying;
mod scheduling;
mod services;
mod streaming;
mod support;
mod uploads;
