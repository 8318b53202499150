//! Tests of the API as its users see it, in one binary.

mod cli;
mod installation;
mod outages;
#[path = "../../../commands/tests/it/proxy.rs"]
#[expect(dead_code, reason = "shared with the tests of the event log, which use all of it")]
mod proxy;
mod streams;
