//! Events of older versions: what the log holds is never rewritten, so it is brought to today's shape when it is read.
//!
//! An upcaster knows two neighbouring versions of one event. It is pure, and it stays for ever.

use serde_json::Value;

use crate::AggregateType;

/// Brings a payload from one version of an event to the next one.
#[derive(Debug, Clone, Copy)]
pub struct Upcaster {
    /// The type of the aggregate.
    pub aggregate_type: AggregateType,
    /// The type of the event, as stored.
    pub event_type: &'static str,
    /// The version that it reads; it makes the one after it.
    pub from: u32,
    /// The payload comes in clear text and with its tag `type`, and so it leaves.
    pub upcast: fn(Value) -> Value,
}

/// All there are: none yet, every event is in its first version.
pub const UPCASTERS: &[Upcaster] = &[];

/// The payload in the newest version that the upcasters lead to, with that version.
pub fn to_newest(
    upcasters: &[Upcaster],
    aggregate_type: AggregateType,
    event_type: &str,
    stored_version: &str,
    mut payload: Value,
) -> (String, Value) {
    // What is no number has no next one; who reads the payload will refuse it.
    let Ok(mut version) = stored_version.parse::<u32>() else { return (stored_version.to_owned(), payload) };
    let leads_on = |from| {
        let mut of_type =
            upcasters.iter().filter(|it| (it.aggregate_type, it.event_type) == (aggregate_type, event_type));
        of_type.find(|it| it.from == from)
    };
    while let Some(upcaster) = leads_on(version) {
        payload = (upcaster.upcast)(payload);
        version += 1;
    }
    (version.to_string(), payload)
}
