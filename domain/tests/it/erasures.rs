//! Representatives of the events of erasures, and arbitrary commands to their cases.

use domain::{
    erasure::{
        ApprovalRule, ErasureCommand, ErasureEvent, ErasureReason, FileNumber, HoldReason, Store, StoreFault,
        SubjectKind,
    },
    ids::{ErasureId, HoldId, UserId},
};
use proptest::{option, prelude::*, sample::select};
use strum::VariantArray as _;

use crate::samples::id;

fn file_number() -> FileNumber {
    FileNumber::parse("2026/114-b").expect("well-formed")
}

pub(crate) fn full_erasures() -> Vec<ErasureEvent> {
    let (request_id, hold_id) = (ErasureId::new(id(1)), HoldId::new(id(2)));
    vec![
        ErasureEvent::LegalHoldPlaced { hold_id, reason: HoldReason::Litigation, file_number: Some(file_number()) },
        ErasureEvent::ErasureRequested {
            request_id,
            kind: SubjectKind::Person,
            reason: ErasureReason::SubjectRequest,
            file_number: Some(file_number()),
            requester: Some(UserId::new(id(3))),
            rule: ApprovalRule::Two,
        },
        ErasureEvent::ErasureRejected { request_id, by: Some(UserId::new(id(4))) },
        ErasureEvent::LegalHoldLifted { hold_id },
        ErasureEvent::ErasureApproved { request_id, approver: Some(UserId::new(id(4))), rule: ApprovalRule::Two },
        ErasureEvent::KeysDestroyed { request_id },
        ErasureEvent::StoreFailed { request_id, store: Store::Media, fault: StoreFault::Unavailable },
        ErasureEvent::StoreErased { request_id, store: Store::Media, count: 3 },
        ErasureEvent::ErasureCompleted { request_id, certificate: "ayushma erasure certificate v1\n".to_owned() },
    ]
}

pub(crate) fn minimal_erasures() -> Vec<ErasureEvent> {
    let request_id = ErasureId::new(id(5));
    vec![
        ErasureEvent::LegalHoldPlaced {
            hold_id: HoldId::new(id(6)),
            reason: HoldReason::StatutoryDuty,
            file_number: None,
        },
        ErasureEvent::ErasureRequested {
            request_id,
            kind: SubjectKind::Chat,
            reason: ErasureReason::Unspecified,
            file_number: None,
            requester: None,
            rule: ApprovalRule::One,
        },
        ErasureEvent::ErasureRejected { request_id, by: None },
        ErasureEvent::ErasureApproved { request_id, approver: None, rule: ApprovalRule::One },
    ]
}

/// Of few ids, so that commands meet.
pub(crate) fn erasure_command() -> impl Strategy<Value = ErasureCommand> {
    let request = || (1_u128..3).prop_map(|number| ErasureId::new(id(number)));
    let hold = || (1_u128..3).prop_map(|number| HoldId::new(id(number)));
    let person = || option::of((1_u128..4).prop_map(|number| UserId::new(id(number))));
    let rule = || select(ApprovalRule::VARIANTS);
    let kind = || select(SubjectKind::VARIANTS);
    let store = || select(Store::VARIANTS);
    prop_oneof![
        (request(), kind(), select(ErasureReason::VARIANTS), person(), rule()).prop_map(
            |(request_id, kind, reason, requester, rule)| ErasureCommand::Request {
                request_id,
                kind,
                reason,
                file_number: Some(file_number()),
                requester,
                rule
            }
        ),
        (request(), person(), rule()).prop_map(|(request_id, approver, rule)| ErasureCommand::Approve {
            request_id,
            approver,
            rule
        }),
        (request(), person()).prop_map(|(request_id, by)| ErasureCommand::Reject { request_id, by }),
        (request(), kind(), person(), rule()).prop_map(|(request_id, kind, by, rule)| ErasureCommand::EraseAtOnce {
            request_id,
            kind,
            by,
            rule
        }),
        (request(), kind()).prop_map(|(request_id, kind)| ErasureCommand::EraseAgain { request_id, kind }),
        (hold(), select(HoldReason::VARIANTS)).prop_map(|(hold_id, reason)| ErasureCommand::PlaceHold {
            hold_id,
            reason,
            file_number: None
        }),
        hold().prop_map(ErasureCommand::LiftHold),
        (request(), store(), 0_u64..9).prop_map(|(request_id, store, count)| ErasureCommand::RecordErased {
            request_id,
            store,
            count
        }),
        (request(), store(), select(StoreFault::VARIANTS))
            .prop_map(|(request_id, store, fault)| { ErasureCommand::RecordFailed { request_id, store, fault } }),
        (request(), store()).prop_map(|(request_id, store)| ErasureCommand::Complete {
            request_id,
            stores: vec![store],
            certificate: "signed".to_owned()
        }),
    ]
}
