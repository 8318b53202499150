//! Specification of the case's rules, as given / when / then.

use cqrs_es::test::TestFramework;
use uuid::Uuid;

use super::{
    ApprovalRule, CaseError, ErasureCase, ErasureCommand, ErasureEvent, ErasureReason, FileNumber, HoldReason, Store,
    StoreFault, SubjectKind,
};
use crate::ids::{ErasureId, HoldId, UserId};

type CaseSpec = TestFramework<ErasureCase>;

const REQUEST: ErasureId = ErasureId::new(Uuid::from_u128(1));
const OTHER: ErasureId = ErasureId::new(Uuid::from_u128(2));
const HOLD: HoldId = HoldId::new(Uuid::from_u128(3));
const ASHA: UserId = UserId::new(Uuid::from_u128(4));
const RAVI: UserId = UserId::new(Uuid::from_u128(5));
const KIND: SubjectKind = SubjectKind::Person;

fn requested(requester: Option<UserId>, rule: ApprovalRule) -> ErasureEvent {
    let (reason, file_number) = (ErasureReason::SubjectRequest, None);
    ErasureEvent::ErasureRequested { request_id: REQUEST, kind: KIND, reason, file_number, requester, rule }
}

fn request(request_id: ErasureId) -> ErasureCommand {
    let (reason, file_number, requester) = (ErasureReason::SubjectRequest, None, Some(ASHA));
    ErasureCommand::Request { request_id, kind: KIND, reason, file_number, requester, rule: ApprovalRule::Two }
}

const fn approve(approver: Option<UserId>, rule: ApprovalRule) -> ErasureCommand {
    ErasureCommand::Approve { request_id: REQUEST, approver, rule }
}

const fn at_once(rule: ApprovalRule) -> ErasureCommand {
    ErasureCommand::EraseAtOnce { request_id: OTHER, kind: KIND, by: Some(RAVI), rule }
}

fn approved(request_id: ErasureId, approver: Option<UserId>, rule: ApprovalRule) -> Vec<ErasureEvent> {
    vec![ErasureEvent::ErasureApproved { request_id, approver, rule }, ErasureEvent::KeysDestroyed { request_id }]
}

fn held() -> ErasureEvent {
    ErasureEvent::LegalHoldPlaced { hold_id: HOLD, reason: HoldReason::Litigation, file_number: None }
}

fn destroyed() -> Vec<ErasureEvent> {
    [vec![requested(Some(ASHA), ApprovalRule::Two)], approved(REQUEST, Some(RAVI), ApprovalRule::Two)].concat()
}

#[test]
fn another_person_approves_where_it_takes_two() {
    let given = || CaseSpec::with(()).given(vec![requested(Some(ASHA), ApprovalRule::Two)]);
    given().when(approve(Some(RAVI), ApprovalRule::Two)).then_expect_events(approved(
        REQUEST,
        Some(RAVI),
        ApprovalRule::Two,
    ));
    given().when(approve(Some(ASHA), ApprovalRule::Two)).then_expect_error(CaseError::SamePerson);
    given().when(approve(None, ApprovalRule::Two)).then_expect_error(CaseError::TakesTwo);
    // Who relaxes the rule in between gains nothing.
    given().when(approve(Some(ASHA), ApprovalRule::One)).then_expect_error(CaseError::SamePerson);
}

#[test]
fn an_operator_without_an_account_is_not_one_of_two() {
    CaseSpec::with(())
        .given(vec![requested(None, ApprovalRule::Two)])
        .when(approve(Some(RAVI), ApprovalRule::Two))
        .then_expect_error(CaseError::TakesTwo);
}

#[test]
fn whoever_asked_may_approve_where_it_takes_one() {
    CaseSpec::with(())
        .given(vec![requested(Some(ASHA), ApprovalRule::One)])
        .when(approve(Some(ASHA), ApprovalRule::One))
        .then_expect_events(approved(REQUEST, Some(ASHA), ApprovalRule::One));
}

#[test]
fn what_is_erased_at_once_is_asked_for_and_approved_in_one_step() {
    let asked = ErasureEvent::ErasureRequested {
        request_id: OTHER,
        kind: KIND,
        reason: ErasureReason::Unspecified,
        file_number: None,
        requester: Some(RAVI),
        rule: ApprovalRule::One,
    };
    CaseSpec::with(())
        .given_no_previous_events()
        .when(at_once(ApprovalRule::One))
        .then_expect_events([vec![asked], approved(OTHER, Some(RAVI), ApprovalRule::One)].concat());
    CaseSpec::with(())
        .given(vec![requested(Some(ASHA), ApprovalRule::One)])
        .when(at_once(ApprovalRule::One))
        .then_expect_events(approved(REQUEST, Some(RAVI), ApprovalRule::One));
    CaseSpec::with(()).given(destroyed()).when(at_once(ApprovalRule::One)).then_expect_events(vec![]);
}

#[test]
fn nothing_is_erased_at_once_where_it_takes_two() {
    CaseSpec::with(())
        .given_no_previous_events()
        .when(at_once(ApprovalRule::Two))
        .then_expect_error(CaseError::TakesTwo);
    CaseSpec::with(())
        .given(vec![requested(Some(ASHA), ApprovalRule::Two)])
        .when(at_once(ApprovalRule::One))
        .then_expect_error(CaseError::TakesTwo);
}

#[test]
fn what_is_held_is_not_erased_until_the_hold_is_lifted() {
    let reason = CaseError::Held { hold: HOLD, reason: HoldReason::Litigation };
    let asked = requested(Some(ASHA), ApprovalRule::One);
    CaseSpec::with(()).given(vec![held()]).when(at_once(ApprovalRule::One)).then_expect_error(reason.clone());
    CaseSpec::with(())
        .given(vec![asked.clone(), held()])
        .when(approve(Some(RAVI), ApprovalRule::One))
        .then_expect_error(reason);
    CaseSpec::with(())
        .given(vec![asked, held(), ErasureEvent::LegalHoldLifted { hold_id: HOLD }])
        .when(approve(Some(RAVI), ApprovalRule::One))
        .then_expect_events(approved(REQUEST, Some(RAVI), ApprovalRule::One));
}

#[test]
fn an_erasure_can_be_asked_for_while_a_hold_is_on() {
    CaseSpec::with(())
        .given(vec![held()])
        .when(request(REQUEST))
        .then_expect_events(vec![requested(Some(ASHA), ApprovalRule::Two)]);
}

#[test]
fn what_a_backup_brought_back_is_erased_whatever_hold_it_brought_back() {
    let asked = ErasureEvent::ErasureRequested {
        request_id: OTHER,
        kind: KIND,
        reason: ErasureReason::RestoredBackup,
        file_number: None,
        requester: None,
        rule: ApprovalRule::One,
    };
    CaseSpec::with(())
        .given(vec![held()])
        .when(ErasureCommand::EraseAgain { request_id: OTHER, kind: KIND })
        .then_expect_events([vec![asked], approved(OTHER, None, ApprovalRule::One)].concat());
}

#[test]
fn a_request_is_made_once_until_it_is_rejected() {
    let asked = requested(Some(ASHA), ApprovalRule::Two);
    CaseSpec::with(())
        .given(vec![asked.clone()])
        .when(request(OTHER))
        .then_expect_error(CaseError::AlreadyRequested(REQUEST));
    CaseSpec::with(()).given(destroyed()).when(request(OTHER)).then_expect_error(CaseError::AlreadyErased(REQUEST));
    let rejected = ErasureEvent::ErasureRejected { request_id: REQUEST, by: Some(RAVI) };
    CaseSpec::with(())
        .given(vec![asked.clone()])
        .when(ErasureCommand::Reject { request_id: REQUEST, by: Some(RAVI) })
        .then_expect_events(vec![rejected.clone()]);
    CaseSpec::with(())
        .given(vec![asked.clone(), rejected.clone()])
        .when(approve(Some(RAVI), ApprovalRule::Two))
        .then_expect_error(CaseError::NotWaiting);
    CaseSpec::with(()).given(vec![rejected]).when(request(REQUEST)).then_expect_events(vec![asked]);
}

#[test]
fn a_hold_comes_too_late_for_what_is_erased_and_is_lifted_once() {
    let place = ErasureCommand::PlaceHold { hold_id: HOLD, reason: HoldReason::Litigation, file_number: None };
    CaseSpec::with(()).given(destroyed()).when(place.clone()).then_expect_error(CaseError::AlreadyErased(REQUEST));
    CaseSpec::with(()).given_no_previous_events().when(place).then_expect_events(vec![held()]);
    CaseSpec::with(())
        .given(vec![held(), ErasureEvent::LegalHoldLifted { hold_id: HOLD }])
        .when(ErasureCommand::LiftHold(HOLD))
        .then_expect_error(CaseError::NoSuchHold);
}

#[test]
fn a_store_gives_one_receipt_and_each_new_fault_is_recorded_once() {
    let (request_id, store, fault) = (REQUEST, Store::Media, StoreFault::Unavailable);
    let failed = ErasureEvent::StoreFailed { request_id, store, fault };
    let receipt = ErasureEvent::StoreErased { request_id, store, count: 2 };
    let fail = ErasureCommand::RecordFailed { request_id, store, fault };
    let erase = ErasureCommand::RecordErased { request_id, store, count: 2 };
    CaseSpec::with(()).given(destroyed()).when(fail.clone()).then_expect_events(vec![failed.clone()]);
    let once = [destroyed(), vec![failed]].concat();
    CaseSpec::with(()).given(once.clone()).when(fail.clone()).then_expect_events(vec![]);
    CaseSpec::with(()).given(once.clone()).when(erase.clone()).then_expect_events(vec![receipt.clone()]);
    let erased = [once, vec![receipt]].concat();
    CaseSpec::with(()).given(erased.clone()).when(erase.clone()).then_expect_events(vec![]);
    CaseSpec::with(()).given(erased).when(fail).then_expect_events(vec![]);
    CaseSpec::with(())
        .given(vec![requested(Some(ASHA), ApprovalRule::Two)])
        .when(erase)
        .then_expect_error(CaseError::NotCarriedOut);
}

#[test]
fn there_is_no_certificate_without_a_receipt_of_every_store() {
    let (request_id, certificate) = (REQUEST, "signed".to_owned());
    let stores = vec![Store::Keys, Store::Media];
    let complete = ErasureCommand::Complete { request_id, stores, certificate: certificate.clone() };
    let receipt = |store| ErasureEvent::StoreErased { request_id, store, count: 1 };
    let failed = ErasureEvent::StoreFailed { request_id, store: Store::Media, fault: StoreFault::StillThere };
    CaseSpec::with(())
        .given([destroyed(), vec![receipt(Store::Keys), failed.clone()]].concat())
        .when(complete.clone())
        .then_expect_error(CaseError::NoReceipt(Store::Media));
    CaseSpec::with(())
        .given([destroyed(), vec![receipt(Store::Keys), failed, receipt(Store::Media)]].concat())
        .when(complete)
        .then_expect_events(vec![ErasureEvent::ErasureCompleted { request_id, certificate }]);
}

#[test]
fn a_file_number_is_no_name() {
    for number in ["2026/114-b", "4711", "A.1_x"] {
        assert_eq!(FileNumber::parse(number).map(|number| number.as_str().to_owned()), Ok(number.to_owned()));
    }
    for text in ["", "Asha Nair", "asha", "asha@example.com1", "1\n2", &"1".repeat(65)] {
        FileNumber::parse(text).expect_err(text);
    }
}
