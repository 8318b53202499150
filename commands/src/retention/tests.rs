use super::*;

fn day(number: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(number)
}

fn rule(text: &str) -> RetentionRule {
    text.parse().expect("well-formed")
}

fn item(erased_at: Option<i64>) -> Item {
    let (id, subject) = (Uuid::from_u128(1), Some(Uuid::from_u128(2)));
    Item { id, subject, since: day(0), erased_at: erased_at.map(day) }
}

fn hold(placed_at: i64, lifted_at: Option<i64>) -> HoldTime {
    let (id, subject) = (Uuid::from_u128(3), Uuid::from_u128(2));
    HoldTime { id, subject, placed_at: day(placed_at), lifted_at: lifted_at.map(day) }
}

const RULE: &str = "not_before=10d,not_after=100d";

#[test]
fn a_rule_is_read_as_it_is_written_and_nothing_else_is_one() {
    for text in [RULE, "not_before=0d", "not_after=3650d"] {
        assert_eq!(rule(text).to_string(), text);
    }
    for text in ["", "10d", "not_before=10", "not_before=-1d", "not_before=1d,not_before=2d", "never=1d"] {
        assert_eq!(text.parse::<RetentionRule>(), Err(MalformedRule::Malformed), "{text}");
    }
    assert_eq!("not_before=11d,not_after=10d".parse::<RetentionRule>(), Err(MalformedRule::Impossible));
}

#[test]
fn a_thing_is_due_from_its_first_day_and_overdue_behind_its_last() {
    let at = |now, text| due(&item(None), rule(text), &[], day(now));
    assert_eq!([9, 10, 100, 101].map(|now| at(now, RULE)), [Due::NotYet, Due::Due, Due::Due, Due::Overdue]);
    assert_eq!([9, 10, 9_999].map(|now| at(now, "not_before=10d")), [Due::NotYet, Due::Due, Due::Due]);
    assert_eq!([0, 100, 101].map(|now| at(now, "not_after=100d")), [Due::NotYet, Due::NotYet, Due::Overdue]);
}

#[test]
fn what_would_be_due_is_held_while_a_hold_is_on_and_has_time_after_it() {
    let open = [hold(50, None)];
    assert_eq!(
        [5, 60, 500].map(|now| due(&item(None), rule(RULE), &open, day(now))),
        [Due::NotYet, Due::Held, Due::Held]
    );
    let lifted = [hold(50, Some(200))];
    let at = |now| due(&item(None), rule(RULE), &lifted, day(now));
    assert_eq!([150, 201, 230, 231].map(at), [Due::Held, Due::Due, Due::Due, Due::Overdue]);
}

#[test]
fn what_was_erased_too_early_is_named() {
    let early = |at| wrong(&item(Some(at)), rule(RULE), &[], day(500));
    assert_eq!(early(9), Some(Wrong::TooEarly { erased_at: day(9), not_before: day(10) }));
    assert_eq!((early(10), early(100)), (None, None));
}

#[test]
fn what_was_kept_too_long_is_named_whether_it_is_erased_by_now_or_not() {
    let late = |erased, now| wrong(&item(erased), rule(RULE), &[], day(now));
    assert_eq!(late(Some(101), 500), Some(Wrong::TooLate { erased_at: Some(day(101)), not_after: day(100) }));
    assert_eq!(late(None, 101), Some(Wrong::TooLate { erased_at: None, not_after: day(100) }));
    assert_eq!(late(None, 100), None);
}

#[test]
fn a_hold_excuses_what_is_kept_and_accuses_what_is_erased() {
    let (open, lifted) = ([hold(50, None)], [hold(50, Some(200))]);
    assert_eq!(wrong(&item(None), rule(RULE), &open, day(9_999)), None);
    assert_eq!(wrong(&item(None), rule(RULE), &lifted, day(230)), None);
    let late = Some(Wrong::TooLate { erased_at: None, not_after: day(230) });
    assert_eq!(wrong(&item(None), rule(RULE), &lifted, day(231)), late);
    let held = Some(Wrong::WhileHeld { erased_at: day(60), hold: Uuid::from_u128(3) });
    assert_eq!(wrong(&item(Some(60)), rule(RULE), &lifted, day(500)), held);
    // One that begins behind the last day excuses nothing, and that of somebody else nothing either.
    let late = Some(Wrong::TooLate { erased_at: None, not_after: day(100) });
    assert_eq!(wrong(&item(None), rule(RULE), &[hold(101, None)], day(500)), late);
    let of_another = HoldTime { subject: Uuid::from_u128(9), ..hold(50, None) };
    assert_eq!(wrong(&item(None), rule(RULE), &[of_another], day(500)), late);
}
