//! A case names its subject by an id, and reasons by codes: nothing in its events is personal.

use super::event::ErasureEvent;
use crate::personal::{PersonalField, PersonalFields};

impl PersonalFields for ErasureEvent {
    fn personal_mut(&mut self) -> Vec<PersonalField<'_>> {
        match self {
            Self::ErasureRequested { request_id: _, kind: _, reason: _, file_number: _, requester: _, rule: _ }
            | Self::ErasureApproved { request_id: _, approver: _, rule: _ }
            | Self::ErasureRejected { request_id: _, by: _ }
            | Self::LegalHoldPlaced { hold_id: _, reason: _, file_number: _ }
            | Self::LegalHoldLifted { hold_id: _ }
            | Self::KeysDestroyed { request_id: _ }
            | Self::StoreErased { request_id: _, store: _, count: _ }
            | Self::StoreFailed { request_id: _, store: _, fault: _ }
            | Self::ErasureCompleted { request_id: _, certificate: _ } => vec![],
        }
    }
}
