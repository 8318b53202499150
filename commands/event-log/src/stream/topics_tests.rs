//! Tests of the checks of a topic that others have created.

use super::*;

#[test]
fn a_retention_is_read_and_shown_alike() {
    for text in ["forever", "7d", "90d"] {
        assert_eq!(text.parse::<Retention>().expect(text).to_string(), text);
    }
    assert_eq!("48h".parse::<Retention>().expect("hours"), Retention::For(Duration::from_hours(48)));
    for text in ["", "7", "0d", "-1d", "1w", "d", "7dd"] {
        assert!(text.parse::<Retention>().is_err(), "{text}");
    }
    assert_eq!(Retention::of_millis(-1), Retention::Forever);
    assert_eq!(Retention::of_millis(604_800_000).to_string(), "7d");
}

fn good() -> Described {
    Described {
        limit: Some(MAX_MESSAGE_BYTES),
        retention_ms: Some(-1),
        retention_bytes: Some(-1),
        cleanup: "delete".to_owned(),
        in_sync: Some(2),
    }
}

#[test]
fn a_topic_as_we_make_it_has_no_fault() {
    assert_eq!(good().refusal(&vec![3; 16]), None);
    assert!(good().complaints(Retention::Forever).is_empty());
}

#[test]
fn a_topic_as_kafka_makes_it_loses_events_after_a_week_and_refuses_large_ones() {
    let found = Described { limit: Some(1_048_588), retention_ms: Some(604_800_000), ..good() };
    let complaints = found.complaints(Retention::Forever);
    assert_eq!(complaints.len(), 2, "{complaints:?}");
    assert!(complaints[0].contains("1048588") && complaints[1].contains("7d"), "{complaints:?}");
    // A retention of a week is no problem if a week is wanted.
    assert_eq!(found.complaints("7d".parse().expect("a week")).len(), 1);
}

#[test]
fn a_compacted_topic_and_one_that_cannot_be_written_are_refused() {
    for cleanup in ["compact", "compact,delete"] {
        assert!(Described { cleanup: cleanup.to_owned(), ..good() }.refusal(&vec![3]).is_some());
    }
    assert!(good().refusal(&vec![3, 1]).is_some_and(|problem| problem.contains("min.insync.replicas")));
}
