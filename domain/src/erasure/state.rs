//! The state of a case: the last request with its receipts, and the holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::event::{ApprovalRule, ErasureEvent, ErasureReason, FileNumber, HoldReason, Store, StoreFault, SubjectKind};
use crate::{
    AggregateType,
    aggregate::StoredAggregate,
    ids::{ErasureId, HoldId, SubjectId, UserId},
};

/// The case of a subject.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureCase {
    /// The last request; `None` if nobody has asked.
    pub request: Option<ErasureRequest>,
    /// All holds, also those that were lifted, oldest first.
    pub holds: Vec<Hold>,
}

/// A request for erasure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureRequest {
    /// The request.
    pub id: ErasureId,
    /// What is to be erased.
    pub kind: SubjectKind,
    /// Why.
    pub reason: ErasureReason,
    /// The file in which more is said.
    pub file_number: Option<FileNumber>,
    /// The account of whoever asked.
    pub requester: Option<UserId>,
    /// The account of whoever approved or rejected.
    pub decider: Option<UserId>,
    /// The rule by which it is, or was, approved.
    pub rule: ApprovalRule,
    /// How far it is.
    pub stage: Stage,
    /// What is known of each store, since the keys were destroyed.
    pub stores: BTreeMap<Store, StoreState>,
    /// The signed certificate, when it is completed.
    pub certificate: Option<String>,
}

/// How far a request is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::Display, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Stage {
    /// It waits for approval.
    Requested,
    /// It was rejected.
    Rejected,
    /// The keys are destroyed; not all stores have given a receipt.
    Incomplete,
    /// All stores have given their receipts.
    Completed,
}

/// What is known of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreState {
    /// It has nothing any more.
    Erased {
        /// The things that were destroyed there, or looked at.
        count: u64,
    },
    /// It was not reached, or has something.
    Failed(StoreFault),
}

/// A legal hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The hold.
    pub id: HoldId,
    /// Why.
    pub reason: HoldReason,
    /// The file in which more is said.
    pub file_number: Option<FileNumber>,
    /// Whether it has ended.
    pub is_lifted: bool,
}

impl ErasureRequest {
    /// Whether the keys are destroyed.
    pub const fn is_destroyed(&self) -> bool {
        matches!(self.stage, Stage::Incomplete | Stage::Completed)
    }
}

impl ErasureCase {
    /// The case that these events, all of one subject, lead to.
    pub fn of(events: impl IntoIterator<Item = ErasureEvent>) -> Self {
        let mut case = Self::default();
        events.into_iter().for_each(|event| case.fold(event));
        case
    }

    /// The oldest hold that was not lifted.
    pub fn hold(&self) -> Option<&Hold> {
        self.holds.iter().find(|hold| !hold.is_lifted)
    }

    pub(super) fn fold(&mut self, event: ErasureEvent) {
        match event {
            ErasureEvent::ErasureRequested { request_id, kind, reason, file_number, requester, rule } => {
                self.request = Some(ErasureRequest {
                    id: request_id,
                    kind,
                    reason,
                    file_number,
                    requester,
                    decider: None,
                    rule,
                    stage: Stage::Requested,
                    stores: BTreeMap::new(),
                    certificate: None,
                });
            }
            ErasureEvent::LegalHoldPlaced { hold_id, reason, file_number } => {
                self.holds.push(Hold { id: hold_id, reason, file_number, is_lifted: false });
            }
            ErasureEvent::LegalHoldLifted { hold_id } => {
                self.holds.iter_mut().filter(|hold| hold.id == hold_id).for_each(|hold| hold.is_lifted = true);
            }
            event @ (ErasureEvent::ErasureApproved { .. }
            | ErasureEvent::ErasureRejected { .. }
            | ErasureEvent::KeysDestroyed { .. }
            | ErasureEvent::StoreErased { .. }
            | ErasureEvent::StoreFailed { .. }
            | ErasureEvent::ErasureCompleted { .. }) => {
                if let Some(request) = &mut self.request {
                    request.fold(event);
                }
            }
        }
    }
}

impl ErasureRequest {
    fn fold(&mut self, event: ErasureEvent) {
        match event {
            ErasureEvent::ErasureApproved { request_id: _, approver, rule } => {
                self.decider = approver;
                self.rule = rule;
            }
            ErasureEvent::ErasureRejected { request_id: _, by } => {
                self.decider = by;
                self.stage = Stage::Rejected;
            }
            ErasureEvent::KeysDestroyed { request_id: _ } => self.stage = Stage::Incomplete,
            ErasureEvent::StoreErased { request_id: _, store, count } => {
                self.stores.insert(store, StoreState::Erased { count });
            }
            ErasureEvent::StoreFailed { request_id: _, store, fault } => {
                self.stores.insert(store, StoreState::Failed(fault));
            }
            ErasureEvent::ErasureCompleted { request_id: _, certificate } => {
                self.stage = Stage::Completed;
                self.certificate = Some(certificate);
            }
            // These events are handled by the case itself.
            ErasureEvent::ErasureRequested { .. }
            | ErasureEvent::LegalHoldPlaced { .. }
            | ErasureEvent::LegalHoldLifted { .. } => {}
        }
    }
}

impl StoredAggregate for ErasureCase {
    const AGGREGATE_TYPE: AggregateType = AggregateType::Erasure;
    const SNAPSHOT_VERSION: i32 = 1;

    /// None: what is on record of an erasure has to be readable after it.
    fn subject(&self, _: Uuid) -> Option<SubjectId> {
        None
    }
}
