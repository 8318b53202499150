//! A whole process on a socket, people who use it, and what they get.
//!
//! It holds no rule of the contract: those are in the tests.

mod answer;
mod google;
mod person;
mod provider;
mod shape;
mod test_app;

use std::time::{Duration, Instant};

pub(crate) use answer::Answer;
pub(crate) use google::Google;
pub(crate) use person::{Person, form, multipart};
pub(crate) use provider::{Provider, SlowProvider, deltas, ending, whole};
pub(crate) use shape::shape;
pub(crate) use test_app::TestApp;

pub(crate) const NIL: &str = "00000000-0000-0000-0000-000000000000";
/// A password that the rules accept.
pub(crate) const PASSWORD: &str = "lantern-orbit-93";

/// Looks again and again until there is something to see.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < deadline, "{what}: waited in vain");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
