//! Specification of the feedback's rules, as given / when / then.

use cqrs_es::test::TestFramework;
use uuid::Uuid;

use super::{Feedback, FeedbackCommand, FeedbackError, FeedbackEvent, Opinion};
use crate::{
    aggregate::StoredAggregate,
    ids::{ResultId, RunId, SubjectId, UserId},
    values::Rating,
};

type FeedbackSpec = TestFramework<Feedback>;

const AUTHOR: UserId = UserId::new(Uuid::from_u128(1));
const RUN: RunId = RunId::new(Uuid::from_u128(2));
const RESULT: ResultId = ResultId::new(Uuid::from_u128(3));

fn opinion() -> Opinion {
    Opinion { rating: Rating::Good, notes: "Clear".to_owned() }
}

fn given() -> FeedbackEvent {
    let Opinion { rating, notes } = opinion();
    FeedbackEvent::Given { author: AUTHOR, run_id: RUN, result_id: RESULT, rating, notes: notes.into() }
}

#[test]
fn feedback_is_given_once() {
    let give = FeedbackCommand::Give { author: AUTHOR, run_id: RUN, result_id: RESULT, opinion: opinion() };
    FeedbackSpec::with(()).given_no_previous_events().when(give.clone()).then_expect_events(vec![given()]);
    FeedbackSpec::with(()).given(vec![given()]).when(give).then_expect_error(FeedbackError::AlreadyGiven);
}

#[test]
fn only_what_differs_becomes_an_event() {
    FeedbackSpec::with(())
        .given(vec![given()])
        .when(FeedbackCommand::Change { rating: Some(Rating::Wrong), notes: Some("Clear".to_owned()) })
        .then_expect_events(vec![FeedbackEvent::RatingChanged { rating: Rating::Wrong }]);
}

#[test]
fn deleted_feedback_is_not_found() {
    for command in [FeedbackCommand::Delete, FeedbackCommand::Change { rating: None, notes: None }] {
        FeedbackSpec::with(())
            .given(vec![given(), FeedbackEvent::Deleted {}])
            .when(command)
            .then_expect_error(FeedbackError::NotFound);
    }
}

#[test]
fn the_notes_belong_to_the_author_whoever_changes_them() {
    let feedback = Feedback::Given { author: AUTHOR, opinion: opinion() };
    assert_eq!(feedback.subject(Uuid::nil()), Some(SubjectId::new(AUTHOR.value())));
}
