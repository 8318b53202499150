//! Events of older versions are read as the current ones.

use cqrs_es::Aggregate;
use domain::{
    AggregateType,
    chat::Chat,
    event::Event,
    upcast::{Upcaster, personal_before, to_newest},
};
use serde_json::{Value, json};

use crate::clear_form::in_clear;

/// As if a chat's title had had other names before: the current version is 1, so these are older than it.
const FORMER_NAMES: [Upcaster; 3] = {
    const fn of_retitled(from: u32, upcast: fn(Value) -> Value) -> Upcaster {
        Upcaster { aggregate_type: AggregateType::Chat, event_type: "Retitled", from, personal: &["name"], upcast }
    }
    [
        of_retitled(0, |payload| json!({ "type": "Retitled", "title": payload["name"] })),
        // Of another event, or of a version that is not reached: never used.
        Upcaster {
            aggregate_type: AggregateType::Project,
            event_type: "Retitled",
            from: 0,
            personal: &[],
            upcast: |_| Value::Null,
        },
        of_retitled(2, |_| Value::Null),
    ]
};

#[test]
fn an_older_version_is_read_as_the_current_one() {
    let old = json!({ "type": "Retitled", "name": "Zinc" });
    let read = Event::decode_with(&FORMER_NAMES, Chat::TYPE, "Retitled", "0", old.clone());
    let current = Event::decode(Chat::TYPE, "Retitled", "1", json!({ "type": "Retitled", "title": "Zinc" }));
    assert_eq!(read.expect("there is an upcaster"), in_clear(current.expect("it is the current version")));
    let unread = Event::decode(Chat::TYPE, "Retitled", "0", old);
    assert!(unread.is_err(), "without the upcaster nobody knows what it means: {unread:?}");
}

#[test]
fn only_what_an_upcaster_reads_is_opened_before_it() {
    let before = |version| personal_before(&FORMER_NAMES, Chat::TYPE, "Retitled", version);
    assert_eq!(before("0"), Some(["name"].as_slice()));
    assert_eq!([before("1"), before("3"), before("first")], [None; 3]);
    assert_eq!(personal_before(&FORMER_NAMES, Chat::TYPE, "Started", "0"), None);
}

#[test]
fn upcasters_follow_each_other_from_version_to_version() {
    let to_minutes = |payload: Value| json!({ "minutes": payload["hours"].as_u64().map(|hours| hours * 60) });
    let to_seconds = |payload: Value| json!({ "seconds": payload["minutes"].as_u64().map(|minutes| minutes * 60) });
    let upcaster = |from, upcast| Upcaster {
        aggregate_type: AggregateType::Chat,
        event_type: "Worked",
        from,
        personal: &[],
        upcast,
    };
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
