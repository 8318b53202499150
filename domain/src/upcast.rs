//! Upcasters for events of older versions: stored events are never rewritten, so they are converted to the present
//! shape when they are read.
//!
//! An upcaster converts one version of an event to the next one. It is pure, and is never removed.

use serde_json::Value;

use crate::AggregateType;

/// Converts the payload of an event from one version to the next one.
#[derive(Debug, Clone, Copy)]
pub struct Upcaster {
    /// The type of the aggregate.
    pub aggregate_type: AggregateType,
    /// The type of the event, as stored.
    pub event_type: &'static str,
    /// The version that it reads; the result has the version after it.
    pub from: u32,
    /// The personal fields of that version, by the names that they had then: they are opened before the payload is upcast.
    pub personal: &'static [&'static str],
    /// The conversion; payloads are in clear text and have their tag `type`.
    pub upcast: fn(Value) -> Value,
}

/// All upcasters: none yet, because every event is in its first version.
pub const UPCASTERS: &[Upcaster] = &[];

/// The personal fields of a stored event of an older version, by the names that they had in it; `None` for an event that no
/// upcaster reads.
pub fn personal_before(
    upcasters: &[Upcaster],
    aggregate_type: &str,
    event_type: &str,
    stored_version: &str,
) -> Option<&'static [&'static str]> {
    let version: u32 = stored_version.parse().ok()?;
    let mut of_type =
        upcasters.iter().filter(|it| (it.aggregate_type.name(), it.event_type) == (aggregate_type, event_type));
    of_type.find(|it| it.from == version).map(|it| it.personal)
}

/// The payload in the newest version that the upcasters lead to, with that version.
pub fn to_newest(
    upcasters: &[Upcaster],
    aggregate_type: AggregateType,
    event_type: &str,
    stored_version: &str,
    mut payload: Value,
) -> (String, Value) {
    // A version that is no number has no next one; decoding will refuse the payload.
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
