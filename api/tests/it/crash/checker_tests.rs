//! The checker finds what it is there for.

use super::{super::record::Kind, *};

/// A log of these events, of one chat: their commands by number, their types, and which request they are of.
fn log(events: &[(u128, &str, &str)]) -> Vec<Logged> {
    let logged = events.iter().zip(1..).map(|((command, event_type, trace), position)| Logged {
        event: StoredEvent {
            position,
            aggregate_type: "chat".to_owned(),
            aggregate_id: Uuid::nil().to_string(),
            sequence: position,
            event_type: (*event_type).to_owned(),
            event_version: "1".to_owned(),
            payload: r#"{"answer_id":"a"}"#.to_owned(),
            metadata: "{}".to_owned(),
            partition: 0,
            command_id: Uuid::from_u128(*command),
        },
        hash: Vec::new(),
        trace: (*trace).to_owned(),
        actor: "user:somebody".to_owned(),
    });
    logged.collect()
}

fn wish(kind: Kind, has_key: bool, attempts: &[(&str, Outcome)]) -> Wish {
    let attempt = |(trace, outcome): &(&str, Outcome)| Attempt {
        trace: (*trace).to_owned(),
        outcome: outcome.clone(),
        said: String::new(),
    };
    Wish { client: 0, kind, has_key, attempts: attempts.iter().map(attempt).collect(), made: None }
}

fn check(log: &[Logged], wishes: Vec<Wish>) -> Violations {
    let mut violations = Violations::default();
    check_wishes(log, &[Report { wishes, chats: vec![], reads: 0, stale: vec![] }], &mut violations);
    violations
}

fn counts(violations: &Violations) -> (usize, usize, usize) {
    (violations.lost, violations.duplicated, violations.lines.len())
}

use Outcome::{Acknowledged, Refused, Unknown};

#[test]
fn what_is_as_it_was_told_is_no_violation() {
    let log =
        log(&[(1, "Started", "00-b"), (2, "QuestionAsked", "00-c"), (2, "Retitled", "00-c"), (3, "Retitled", "00-d")]);
    let wishes = vec![
        wish(Kind::StartChat, true, &[("00-a", Unknown), ("00-b", Unknown), ("00-x", Acknowledged)]),
        wish(Kind::Ask, false, &[("00-c", Unknown)]),
        wish(Kind::RenameChat, false, &[("00-d", Acknowledged)]),
        wish(Kind::DeleteChat, false, &[("00-e", Unknown), ("00-f", Refused(404))]),
    ];
    assert_eq!(counts(&check(&log, wishes)), (0, 0, 0));
}

#[test]
fn an_acknowledged_command_that_is_not_in_the_log_is_lost() {
    let violations = check(&log(&[]), vec![wish(Kind::StartChat, true, &[("00-a", Acknowledged)])]);
    assert_eq!(counts(&violations), (1, 0, 1));
    // Only the request before it was executed, and that was another one.
    let wishes = vec![wish(Kind::RenameChat, false, &[("00-a", Unknown), ("00-b", Acknowledged)])];
    assert_eq!(counts(&check(&log(&[(1, "Retitled", "00-a")]), wishes)), (1, 0, 1));
}

#[test]
fn a_request_that_was_executed_twice_is_duplicated() {
    let log = log(&[(1, "Retitled", "00-a"), (2, "Retitled", "00-a")]);
    let violations = check(&log, vec![wish(Kind::RenameChat, false, &[("00-a", Acknowledged)])]);
    assert_eq!(counts(&violations), (0, 1, 1));
}

#[test]
fn a_creation_that_was_executed_for_two_requests_with_one_key_is_duplicated() {
    let log = log(&[(1, "Started", "00-a"), (2, "Started", "00-b")]);
    let wishes = vec![wish(Kind::StartChat, true, &[("00-a", Unknown), ("00-b", Acknowledged)])];
    assert_eq!(counts(&check(&log, wishes)), (0, 1, 1));
}

#[test]
fn half_an_execution_and_what_nobody_has_asked_for_are_named() {
    let half = check(&log(&[(1, "Retitled", "00-a")]), vec![wish(Kind::Ask, false, &[("00-a", Unknown)])]);
    assert_eq!(counts(&half), (0, 0, 1));
    assert_eq!(counts(&check(&log(&[(1, "Started", "00-a")]), vec![])), (0, 0, 1));
    assert_eq!(counts(&check(&log(&[(1, "Started", "")]), vec![])), (0, 0, 1));
}

#[test]
fn what_was_refused_but_executed_and_what_is_out_of_order_are_named() {
    let refused = wish(Kind::RenameChat, false, &[("00-a", Refused(404))]);
    assert_eq!(counts(&check(&log(&[(1, "Retitled", "00-a")]), vec![refused])), (0, 0, 1));
    let disordered = ["00-b", "00-a"].map(|trace| wish(Kind::RenameChat, false, &[(trace, Acknowledged)]));
    let log = log(&[(1, "Retitled", "00-a"), (2, "Retitled", "00-b")]);
    assert_eq!(counts(&check(&log, disordered.into())), (0, 0, 1));
}

#[test]
fn a_question_has_one_outcome_unless_its_chat_was_deleted() {
    let outcomes = |events: &[(u128, &str, &str)]| {
        let mut violations = Violations::default();
        assert_eq!(check_outcomes(&log(events), &mut violations), (1, 0));
        counts(&violations)
    };
    let (asked, completed, failed) =
        ((1, "QuestionAsked", "00-a"), (2, "AnswerCompleted", "00-a"), (3, "AnswerFailed", ""));
    assert_eq!(outcomes(&[asked, completed]), (0, 0, 0));
    assert_eq!(outcomes(&[asked, (2, "Deleted", "00-b")]), (0, 0, 0));
    assert_eq!(outcomes(&[asked]), (1, 0, 1));
    assert_eq!(outcomes(&[asked, completed, failed]), (0, 1, 1));
}
