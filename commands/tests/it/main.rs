//! The event log on a real PostgreSQL and a real Kafka (`scripts/with-test-services.sh` starts both).
//!
//! Every test has a database and topics of its own. A [`Node`](support::Node) stands for a process of the program:
//! two of them share nothing but the database.

mod answering;
mod appending;
mod appending_properties;
mod as_of;
mod auditing;
mod busy;
mod clock_jumps;
mod consuming;
mod erased_text;
mod erasing;
mod erasure_process;
mod evaluation;
mod exactly_once;
mod histories;
mod holds;
mod kafka;
mod liveness;
mod losing;
mod moments;
mod other_streams;
mod outages;
mod owning;
mod parking;
mod passage_store;
mod personal_text;
mod proxy;
mod refused_records;
mod relaying;
mod replaying;
mod restoring;
mod retention;
mod scheduling;
mod services;
mod signing;
mod snapshots;
mod stored_form;
mod streaming;
mod support;
mod unknown_outcomes;
mod uploads;
mod working;
