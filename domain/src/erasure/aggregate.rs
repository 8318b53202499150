//! asked -> approved, with the keys destroyed at once -> a receipt of every store -> completed; or asked -> rejected.
//! While a hold is on the subject, nothing is approved.

use super::{
    event::{ApprovalRule, ErasureEvent, ErasureReason, FileNumber, HoldReason, Store, StoreFault, SubjectKind},
    state::{ErasureCase, ErasureRequest, Stage, StoreState},
};
use crate::{
    aggregate::bridge_to_cqrs_es,
    ids::{ErasureId, HoldId, UserId},
};

/// A command to a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErasureCommand {
    /// Asks for the erasure.
    Request {
        /// The id of a new request.
        request_id: ErasureId,
        /// What is to be erased.
        kind: SubjectKind,
        /// Why.
        reason: ErasureReason,
        /// The file in which more is said.
        file_number: Option<FileNumber>,
        /// The account of whoever asks.
        requester: Option<UserId>,
        /// The rule that holds.
        rule: ApprovalRule,
    },
    /// Approves the request, which destroys the keys.
    Approve {
        /// The request.
        request_id: ErasureId,
        /// The account of whoever approves.
        approver: Option<UserId>,
        /// The rule that holds.
        rule: ApprovalRule,
    },
    /// Rejects the request.
    Reject {
        /// The request.
        request_id: ErasureId,
        /// The account of whoever rejects.
        by: Option<UserId>,
    },
    /// Asks for the erasure and approves it at once, or approves the request that waits; nothing if it is erased.
    EraseAtOnce {
        /// The id of a new request, if none waits.
        request_id: ErasureId,
        /// What is to be erased.
        kind: SubjectKind,
        /// The account of whoever erases.
        by: Option<UserId>,
        /// The rule that holds.
        rule: ApprovalRule,
    },
    /// Erases again what a restored backup has brought back, whatever hold it has brought back, too.
    EraseAgain {
        /// The id of a new request, if none waits.
        request_id: ErasureId,
        /// What is to be erased.
        kind: SubjectKind,
    },
    /// Stops all erasures of the subject.
    PlaceHold {
        /// The id of a new hold.
        hold_id: HoldId,
        /// Why.
        reason: HoldReason,
        /// The file in which more is said.
        file_number: Option<FileNumber>,
    },
    /// Ends a hold.
    LiftHold(HoldId),
    /// Records the receipt of a store.
    RecordErased {
        /// The request.
        request_id: ErasureId,
        /// The store.
        store: Store,
        /// The things that were destroyed there, or looked at.
        count: u64,
    },
    /// Records that a store still has something, or was not reached.
    RecordFailed {
        /// The request.
        request_id: ErasureId,
        /// The store.
        store: Store,
        /// Why.
        fault: StoreFault,
    },
    /// Ends the case.
    Complete {
        /// The request.
        request_id: ErasureId,
        /// The stores whose receipts have to be there.
        stores: Vec<Store>,
        /// The signed certificate.
        certificate: String,
    },
}

/// The reason for which a command is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaseError {
    /// A hold is on the subject.
    #[error("a legal hold is on it ({reason}), so that it must not be erased until the hold {hold} is lifted")]
    Held {
        /// The hold.
        hold: HoldId,
        /// Why.
        reason: HoldReason,
    },
    /// The rule asks for two persons, and only one acts.
    #[error("an erasure takes two persons here: one asks for it, and another one approves it")]
    TakesTwo,
    /// Whoever asked would approve.
    #[error("whoever asked for an erasure cannot approve it: another person has to")]
    SamePerson,
    /// It was asked for before.
    #[error("the erasure was asked for before, by the request {0}")]
    AlreadyRequested(ErasureId),
    /// It was erased before.
    #[error("it was erased before, by the request {0}")]
    AlreadyErased(ErasureId),
    /// There is no such request that waits.
    #[error("no such request waits for approval")]
    NotWaiting,
    /// There is no such hold.
    #[error("there is no such hold, or it was lifted")]
    NoSuchHold,
    /// The request is not being carried out.
    #[error("the erasure is not being carried out")]
    NotCarriedOut,
    /// A store has given no receipt.
    #[error("there is no receipt of the store {0}")]
    NoReceipt(Store),
}

impl ErasureCase {
    /// The events that the command leads to; none if it changes nothing.
    ///
    /// # Errors
    /// [`CaseError`] if the command is illegal in this state.
    pub fn decide(&self, command: ErasureCommand) -> Result<Vec<ErasureEvent>, CaseError> {
        match command {
            ErasureCommand::Request { request_id, kind, reason, file_number, requester, rule } => {
                match &self.request {
                    Some(known) if known.is_destroyed() => return Err(CaseError::AlreadyErased(known.id)),
                    Some(known) if known.stage == Stage::Requested => {
                        return Err(CaseError::AlreadyRequested(known.id));
                    }
                    _ => {}
                }
                Ok(vec![ErasureEvent::ErasureRequested { request_id, kind, reason, file_number, requester, rule }])
            }
            ErasureCommand::Approve { request_id, approver, rule } => {
                let request = self.waiting(request_id)?;
                self.check_holds()?;
                let rule = rule.max(request.rule);
                if rule == ApprovalRule::Two {
                    match (request.requester, approver) {
                        (Some(requester), Some(approver)) if requester == approver => {
                            return Err(CaseError::SamePerson);
                        }
                        (Some(_), Some(_)) => {}
                        _ => return Err(CaseError::TakesTwo),
                    }
                }
                Ok(approved(request_id, approver, rule))
            }
            ErasureCommand::Reject { request_id, by } => {
                self.waiting(request_id)?;
                Ok(vec![ErasureEvent::ErasureRejected { request_id, by }])
            }
            ErasureCommand::EraseAtOnce { request_id, kind, by, rule } => {
                if self.request.as_ref().is_some_and(ErasureRequest::is_destroyed) {
                    return Ok(vec![]);
                }
                self.check_holds()?;
                let waiting = self.request.as_ref().filter(|request| request.stage == Stage::Requested);
                if rule.max(waiting.map_or(ApprovalRule::One, |request| request.rule)) == ApprovalRule::Two {
                    return Err(CaseError::TakesTwo);
                }
                Ok(self.at_once(request_id, kind, ErasureReason::Unspecified, by))
            }
            ErasureCommand::EraseAgain { request_id, kind } => {
                if self.request.as_ref().is_some_and(ErasureRequest::is_destroyed) {
                    return Ok(vec![]);
                }
                Ok(self.at_once(request_id, kind, ErasureReason::RestoredBackup, None))
            }
            ErasureCommand::PlaceHold { hold_id, reason, file_number } => match &self.request {
                Some(request) if request.is_destroyed() => Err(CaseError::AlreadyErased(request.id)),
                _ if self.holds.iter().any(|hold| hold.id == hold_id) => Ok(vec![]),
                _ => Ok(vec![ErasureEvent::LegalHoldPlaced { hold_id, reason, file_number }]),
            },
            ErasureCommand::LiftHold(hold_id) => {
                let is_on = self.holds.iter().any(|hold| hold.id == hold_id && !hold.is_lifted);
                if is_on { Ok(vec![ErasureEvent::LegalHoldLifted { hold_id }]) } else { Err(CaseError::NoSuchHold) }
            }
            ErasureCommand::RecordErased { request_id, store, count } => {
                let known = self.carried_out(request_id)?.stores.get(&store);
                let is_new = !matches!(known, Some(StoreState::Erased { .. }));
                Ok(is_new.then_some(ErasureEvent::StoreErased { request_id, store, count }).into_iter().collect())
            }
            ErasureCommand::RecordFailed { request_id, store, fault } => {
                // The same fault again says nothing new, and a receipt is not taken back.
                let is_new = match self.carried_out(request_id)?.stores.get(&store) {
                    None => true,
                    Some(StoreState::Failed(known)) => *known != fault,
                    Some(StoreState::Erased { .. }) => false,
                };
                Ok(is_new.then_some(ErasureEvent::StoreFailed { request_id, store, fault }).into_iter().collect())
            }
            ErasureCommand::Complete { request_id, stores, certificate } => {
                let known = &self.carried_out(request_id)?.stores;
                let is_missing = |store: &Store| !matches!(known.get(store), Some(StoreState::Erased { .. }));
                match stores.into_iter().find(is_missing) {
                    Some(store) => Err(CaseError::NoReceipt(store)),
                    None => Ok(vec![ErasureEvent::ErasureCompleted { request_id, certificate }]),
                }
            }
        }
    }

    /// Refuses what takes something of the subject away while a hold is on it.
    ///
    /// # Errors
    /// [`CaseError::Held`] with the oldest hold that was not lifted.
    pub fn check_holds(&self) -> Result<(), CaseError> {
        self.hold().map_or(Ok(()), |hold| Err(CaseError::Held { hold: hold.id, reason: hold.reason }))
    }

    fn waiting(&self, id: ErasureId) -> Result<&ErasureRequest, CaseError> {
        self.request.as_ref().filter(|known| known.id == id && known.stage == Stage::Requested).ok_or(
            match &self.request {
                Some(known) if known.id == id && known.is_destroyed() => CaseError::AlreadyErased(id),
                _ => CaseError::NotWaiting,
            },
        )
    }

    fn carried_out(&self, id: ErasureId) -> Result<&ErasureRequest, CaseError> {
        let request = self.request.as_ref().filter(|known| known.id == id && known.stage == Stage::Incomplete);
        request.ok_or(CaseError::NotCarriedOut)
    }

    /// The events of an erasure that is asked for, unless that was done before, and approved at once.
    fn at_once(
        &self,
        request_id: ErasureId,
        kind: SubjectKind,
        reason: ErasureReason,
        by: Option<UserId>,
    ) -> Vec<ErasureEvent> {
        let rule = ApprovalRule::One;
        match self.request.as_ref().filter(|request| request.stage == Stage::Requested) {
            Some(waiting) => approved(waiting.id, by, rule),
            None => {
                let asked =
                    ErasureEvent::ErasureRequested { request_id, kind, reason, file_number: None, requester: by, rule };
                [vec![asked], approved(request_id, by, rule)].concat()
            }
        }
    }
}

/// The keys are destroyed in the append of the approval, so that no approval is forgotten.
fn approved(request_id: ErasureId, approver: Option<UserId>, rule: ApprovalRule) -> Vec<ErasureEvent> {
    vec![ErasureEvent::ErasureApproved { request_id, approver, rule }, ErasureEvent::KeysDestroyed { request_id }]
}

bridge_to_cqrs_es!(ErasureCase, ErasureCommand, ErasureEvent, CaseError);
