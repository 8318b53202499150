//! Events of older versions are read as the current ones.

use cqrs_es::Aggregate;
use domain::{
    AggregateType,
    chat::Chat,
    event::Event,
    upcast::{Upcaster, to_newest},
};
use serde_json::{Value, json};

/// As if a chat's title had had other names before: the current version is 1, so these are older than it.
const FORMER_NAMES: [Upcaster; 3] = {
    const fn of_retitled(from: u32, upcast: fn(Value) -> Value) -> Upcaster {
        Upcaster { aggregate_type: AggregateType::Chat, event_type: "Retitled", from, upcast }
    }
    [
        of_retitled(0, |payload| json!({ "type": "Retitled", "title": payload["name"] })),
        // Of another event, or of a version that is not reached: never used.
        Upcaster { aggregate_type: AggregateType::Project, event_type: "Retitled", from: 0, upcast: |_| Value::Null },
        of_retitled(2, |_| Value::Null),
    ]
};

#[test]
fn an_older_version_is_read_as_the_current_one() {
    let old = json!({ "type": "Retitled", "name": "Zinc" });
    let read = Event::decode_with(&FORMER_NAMES, Chat::TYPE, "Retitled", "0", old.clone());
    let current = Event::decode(Chat::TYPE, "Retitled", "1", json!({ "type": "Retitled", "title": "Zinc" }));
    assert_eq!(read.expect("there is an upcaster"), current.expect("it is the current version"));
    let unread = Event::decode(Chat::TYPE, "Retitled", "0", old);
    assert!(unread.is_err(), "without the upcaster nobody knows what it means: {unread:?}");
}

#[test]
fn upcasters_follow_each_other_from_version_to_version() {
    let to_minutes = |payload: Value| json!({ "minutes": payload["hours"].as_u64().map(|hours| hours * 60) });
    let to_seconds = |payload: Value| json!({ "seconds": payload["minutes"].as_u64().map(|minutes| minutes * 60) });
    let upcaster = |from, upcast| Upcaster { aggregate_type: AggregateType::Chat, event_type: "Worked", from, upcast };
    // In any order.
    let upcasters = [upcaster(2, to_seconds), upcaster(1, to_minutes)];
    for (version, stored) in
        [("1", json!({ "hours": 2 })), ("2", json!({ "minutes": 120 })), ("3", json!({ "seconds": 7200 }))]
    {
        let newest = to_newest(&upcasters, AggregateType::Chat, "Worked", version, stored);
        assert_eq!(newest, ("3".to_owned(), json!({ "seconds": 7200 })));
    }
    for version in ["4", "one", ""] {
        assert_eq!(
            to_newest(&upcasters, AggregateType::Chat, "Worked", version, json!({})),
            (version.to_owned(), json!({}))
        );
    }
}
